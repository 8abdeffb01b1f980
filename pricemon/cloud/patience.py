"""Waiting: bounded, jittered, and never silent for long. Time comes from outside.

There are two kinds of wait. `retry` repeats a call whose error heals, `until` asks again until
something is so. Both tell `on_wait` what they wait for once it takes seconds, and say it again in
the error when they give up.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from pricemon.cloud.answers import sentence
from pricemon.core.errors import PricemonError

if TYPE_CHECKING:
    from pricemon.cloud.healing import Healing

T = TypeVar("T")
OnWait = Callable[[str], None]

_POLL = 2.0
"""Seconds between two looks at what takes long, at most: more would only add to the waiting."""

_AGAIN = "run the same command again: it continues where this one stopped"


@dataclass(frozen=True)
class Patience:
    """The clock, and how soon a wait is worth a word. Seconds."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    random: Callable[[], float] = random.random
    notice_after: float = 3.0
    longest_delay: float = 8.0

    def delay(self, attempt: int, first: float) -> float:
        """The pause after an attempt (0 is the first): doubling, capped, half of it jitter."""
        full = min(self.longest_delay, first * 2.0**attempt)
        return full * (0.5 + self.random() / 2)


def retry(
    attempt: Callable[[], T],
    heals: Callable[[ClientError], Healing | None],
    *,
    patience: Patience,
    on_wait: OnWait | None = None,
) -> T:
    """`attempt()`, again and again while its error heals and the row's budget lasts.

    A permanent error is raised as it comes. Raises `PricemonError` with AWS's last sentence when
    the budget is spent.
    """
    started = patience.clock()
    for count in range(1_000_000):
        try:
            return attempt()
        except ClientError as error:
            row = heals(error)
            if row is None:
                raise
            waited = patience.clock() - started
            pause = patience.delay(count, row.first_delay)
            if waited + pause > row.budget:
                raise PricemonError(
                    f"waited {waited:.0f} s for {row.waits_for}; AWS still says: {sentence(error)}",
                    hint=_AGAIN,
                ) from error
            _tell(on_wait, patience, waited, f"waiting for {row.waits_for}: {sentence(error)}")
        patience.sleep(pause)
    raise AssertionError("the budget ends every wait")  # pragma: no cover


def until(
    probe: Callable[[], T | None],
    what: str,
    *,
    patience: Patience,
    budget: float = 120.0,
    first_delay: float = 0.5,
    on_wait: OnWait | None = None,
) -> T:
    """What `probe` gives, as soon as it is not `None`. Raises `PricemonError` after `budget`."""
    started = patience.clock()
    for count in range(1_000_000):
        found = probe()
        if found is not None:
            return found
        waited = patience.clock() - started
        pause = min(_POLL, patience.delay(count, first_delay))
        if waited + pause > budget:
            raise PricemonError(f"waited {waited:.0f} s for {what}", hint=_AGAIN)
        _tell(on_wait, patience, waited, f"waiting for {what}")
        patience.sleep(pause)
    raise AssertionError("the budget ends every wait")  # pragma: no cover


def _tell(on_wait: OnWait | None, patience: Patience, waited: float, message: str) -> None:
    if on_wait is not None and waited >= patience.notice_after:
        on_wait(message)
