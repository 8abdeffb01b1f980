"""How often, and how many at a time, one worker asks one retailer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pricemon.core.errors import Retry
from pricemon.core.model import Reason


class Gate:
    """At most `concurrency` requests at a time, whose starts are at least `interval` s apart.

    The rate over all workers is the dispatcher's to keep; this keeps a backlog, handed to one
    worker at once, from reaching the shop at once. Thread-safe.
    """

    def __init__(
        self,
        concurrency: int,
        interval: float,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._permits = threading.BoundedSemaphore(max(concurrency, 1))
        self._interval = interval
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next_start = 0.0

    @contextmanager
    def turn(self, *, deadline: float, delay: float = 0.0) -> Iterator[None]:
        """Wait for a turn and hold it. `delay` is the host's Crawl-delay in seconds.

        Raises `Retry(rate_limited)` at once, and takes no turn, if it would come after `deadline`.
        """
        if not self._permits.acquire(timeout=max(deadline - self._clock(), 0.0)):
            raise Retry(Reason.RATE_LIMITED, "no connection to the shop came free in time")
        try:
            wait = self._reserve(deadline, max(self._interval, delay))
            if wait > 0:
                self._sleep(wait)
            yield
        finally:
            self._permits.release()

    def hold(self, seconds: float) -> None:
        """Start nothing for so long: the shop asked for it."""
        with self._lock:
            self._next_start = max(self._next_start, self._clock() + seconds)

    def _reserve(self, deadline: float, interval: float) -> float:
        with self._lock:
            now = self._clock()
            start = max(now, self._next_start)
            if start >= deadline:
                raise Retry(
                    Reason.RATE_LIMITED,
                    f"this shop's next turn is in {start - now:.1f} s, after the time left",
                    after=max(start - now, 0.0),
                )
            self._next_start = start + interval
            return start - now
