"""The time of one invocation, and how it is shared out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pricemon.core.dynamo import Throttled

if TYPE_CHECKING:
    from collections.abc import Callable

WRITING = 12.0
"""Seconds kept for writing results, at most; a short function keeps `WRITING_SHARE` of its time."""
WRITING_SHARE = 0.3
MARGIN = 1.5
"""Seconds kept for the answer to Lambda itself."""


class Budget:
    """Deadlines in `clock` seconds, from the milliseconds that Lambda says remain."""

    def __init__(
        self,
        remaining_millis: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        total = remaining_millis / 1000
        self.ends = clock() + total - min(MARGIN, total / 4)
        self.fetch_until = self.ends - min(WRITING, total * WRITING_SHARE)

    @property
    def left(self) -> float:
        """Seconds until the end."""
        return self.ends - self._clock()

    def sleep(self, seconds: float) -> None:
        """Sleep if there is time for it, else raise `Throttled`: the work goes back."""
        if seconds > self.left:
            raise Throttled("no time is left to wait for AWS")
        self._sleep(seconds)
