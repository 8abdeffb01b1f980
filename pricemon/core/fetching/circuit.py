"""A breaker per host: a shop that keeps saying no is left alone for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from pricemon.core.errors import Retry
from pricemon.core.model import Reason

REFUSALS = frozenset({403, 429})
COOL_DOWN = 120.0
"""Seconds a circuit stays open, unless the host asked for longer."""


@dataclass(slots=True)
class _Host:
    refusals: int = 0
    open_until: float = 0.0


class Circuit:
    """Counts consecutive 403 and 429 answers of each host; `failures` of them open its circuit.

    While it is open, `check` raises `Retry(circuit_open)`. Then one request is let through as a
    probe: a good answer closes the circuit, another refusal opens it again. Thread-safe.
    """

    def __init__(self, failures: int, *, clock: Callable[[], float]) -> None:
        self._failures = failures
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def check(self, host: str, *, claim: bool = True) -> None:
        """Raise `Retry(circuit_open)`, with the seconds left, unless the host may be asked now.

        `claim`: the caller asks right away, so it is the probe if one is due.
        """
        with self._lock:
            state = self._hosts.get(host)
            if state is None or state.refusals < self._failures:
                return
            now = self._clock()
            if now >= state.open_until:
                if claim:
                    # The others wait for the probe's answer, or, should it get none, for another
                    # cool-down.
                    state.open_until = now + COOL_DOWN
                return
            left = state.open_until - now
        raise Retry(
            Reason.CIRCUIT_OPEN,
            f"{host} refused {self._failures} times in a row; left alone for {left:.0f} s more",
            after=left,
        )

    def record(self, host: str, status: int, *, after: float | None = None) -> None:
        """Count an answer; `after` is its Retry-After in seconds."""
        with self._lock:
            if status not in REFUSALS:
                self._hosts.pop(host, None)
                return
            state = self._hosts.setdefault(host, _Host())
            state.refusals += 1
            if state.refusals >= self._failures:
                state.open_until = self._clock() + max(COOL_DOWN, after or 0.0)
