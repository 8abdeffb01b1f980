"""robots.txt (RFC 9309): what a host lets us fetch, and how often."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from protego import Protego

from pricemon.core.errors import GiveUp, JobError, Retry
from pricemon.core.model import Reason
from pricemon.core.urls import Target

MAX_BYTES = 512 * 1024
"""Read this much and ignore the rest; §2.5 asks for at least 500 KiB."""

FRESH = 86_400.0
"""Seconds a copy may be used; §2.4 asks for at most a day."""

FAILURE_FRESH = 60.0
"""Seconds for which an unreachable robots.txt is not asked for again."""

_OK = range(200, 300)
_UNAVAILABLE = frozenset({*range(300, 500)} - {429})
_NO_RULES = Protego.parse("")

Load = Callable[[Target], tuple[int, bytes]]
"""Fetch a robots.txt: its status and body, or a `JobError`. Follows redirects."""


@dataclass(slots=True)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    expires: float = float("-inf")
    rules: Protego | None = None
    unreachable: str = ""


class Robots:
    """The robots.txt of every origin met, each fetched once. Thread-safe."""

    def __init__(self, user_agent: str, *, clock: Callable[[], float]) -> None:
        # The product token, by which robots.txt files name a crawler (§2.2.1).
        self._agent = re.split("[/ ]", user_agent, maxsplit=1)[0] or "*"
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def check(self, target: Target, load: Load, *, deadline: float) -> float:
        """The host's Crawl-delay in seconds (0 if it names none).

        Raises `GiveUp(robots)` if the target is disallowed, and `Retry(robots)` if that could not
        be learned: a robots.txt that cannot be reached disallows everything for now (§2.3.1.4).
        One that does not exist allows everything (§2.3.1.3).
        """
        with self._lock:
            entry = self._entries.setdefault(target.origin, _Entry())
        if not entry.lock.acquire(timeout=max(deadline - self._clock(), 0.0)):
            raise Retry(Reason.ROBOTS, f"{target.origin}/robots.txt did not arrive in time")
        try:
            if self._clock() >= entry.expires:
                self._renew(entry, target, load)
        finally:
            entry.lock.release()
        rules = entry.rules
        if rules is None:
            raise Retry(
                Reason.ROBOTS,
                f"{target.origin}/robots.txt is unreachable: {entry.unreachable}",
                after=max(entry.expires - self._clock(), 0.0),
            )
        if not rules.can_fetch(target.url, self._agent):
            raise GiveUp(Reason.ROBOTS, f"robots.txt disallows {target.shown}")
        return float(rules.crawl_delay(self._agent) or 0.0)

    def _renew(self, entry: _Entry, target: Target, load: Load) -> None:
        entry.rules, entry.unreachable = _read(Target.parse(target.origin + "/robots.txt"), load)
        fresh = FAILURE_FRESH if entry.rules is None else FRESH
        entry.expires = self._clock() + fresh


def _read(target: Target, load: Load) -> tuple[Protego | None, str]:
    """The rules, or `None` and why they could not be had."""
    try:
        status, body = load(target)
    except JobError as error:
        if error.reason in (Reason.REDIRECTS, Reason.FORBIDDEN_HOST):
            return _NO_RULES, ""  # redirected away or in circles: unavailable (§2.3.1.2)
        if isinstance(error, Retry) or error.reason == Reason.BAD_ENCODING:
            return None, str(error)
        raise  # what makes the host itself impossible: its pages would meet the same
    if status in _OK:
        return Protego.parse(body.decode("utf-8", errors="replace")), ""
    if status in _UNAVAILABLE:
        return _NO_RULES, ""
    return None, f"HTTP {status}"
