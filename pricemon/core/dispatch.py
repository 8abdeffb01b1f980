"""The paced fan-out: catalogue → jobs in the queue, each due at its own second.

A *lane* is one shop's products on their way out: the last one sent, and the second in which there
is room for the next. SQS delays a message by whole seconds, up to 900, so a lane puts at most
`floor(rate)` jobs into a second, or one into every `ceil(1 / rate)` seconds: over any stretch of
whole seconds a shop gets at most its rate, rounded to the polite side. What lies beyond 900 s
is left to one continuation message that comes back when there is room.

The state of all lanes is the run's *cursor*. It is saved after every chunk sent, by the holder of
the run's lease: a fan-out that is delivered twice finds the lease taken or the work done, and one
that was cut off goes on from the last chunk saved. Only that chunk may be sent twice, with the
same jobs: their ids are (product, start of the run), and the second one finds itself done.
"""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

from pricemon.core.model import Job, Product, Status

if TYPE_CHECKING:
    from pricemon.core.messages import FanOut
    from pricemon.core.runs import Run
    from pricemon.core.settings import Settings

MAX_DELAY = 900
"""The longest delay of an SQS message, in seconds."""
LEAD = 1
"""Seconds between planning a job and its being due: the time to send it."""
RETURN_BEFORE = 60
"""Seconds before its lanes run dry that a continuation comes back."""
PAGE = 250
"""Products of one lane read, sent and saved at a time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `jobs` in every `seconds`; whole numbers, for SQS knows no others."""

    jobs: int
    seconds: int

    @classmethod
    def of(cls, rate: float) -> Pace:
        """The quickest pace that never exceeds `rate` requests per second."""
        exact = Fraction(str(rate))
        if exact >= 1:
            return cls(jobs=math.floor(exact), seconds=1)
        return cls(jobs=1, seconds=math.ceil(1 / exact))


@dataclass(frozen=True, slots=True, order=True)
class Lane:
    """One shop's way out. `second` (epoch) has room for the next job, `used` jobs are in it."""

    second: int
    retailer: str
    after: str = ""
    used: int = 0

    def not_before(self, second: int) -> Lane:
        """The same lane, if need be moved on to a second that is yet to come."""
        return self if self.second >= second else replace(self, second=second, used=0)

    def take(self, pace: Pace) -> Lane:
        """The lane after one more job in its present second."""
        if self.used + 1 < pace.jobs:
            return replace(self, used=self.used + 1)
        return replace(self, second=self.second + pace.seconds, used=0)


class Lanes:
    """The lanes of a run: those under way, the one due first in front, and those at their end."""

    def __init__(self, open_: Iterable[Lane], ended: Mapping[str, int] | None = None) -> None:
        self._open = list(open_)
        heapq.heapify(self._open)
        self._ended = dict(ended or {})

    @classmethod
    def parse(cls, cursor: str) -> Lanes:
        """The lanes of a cursor. Raises `ValueError` for anything else."""
        try:
            state = json.loads(cursor)
            lanes = [Lane(second=s, retailer=r, after=a, used=u) for r, a, s, u in state["open"]]
            return cls(lanes, {str(r): int(s) for r, s in state["ended"].items()})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a cursor: {error!r}") from error

    def cursor(self) -> str:
        """The state as text; the inverse of `parse`."""
        lanes = [[lane.retailer, lane.after, lane.second, lane.used] for lane in sorted(self._open)]
        return json.dumps({"open": lanes, "ended": self._ended}, separators=(",", ":"))

    def __bool__(self) -> bool:
        """Whether any lane is under way."""
        return bool(self._open)

    @property
    def first(self) -> Lane:
        """The lane that is due first."""
        return self._open[0]

    @property
    def busy(self) -> dict[str, int]:
        """For each shop the first second in which this run leaves room for another run's job."""
        free = {lane.retailer: lane.second + bool(lane.used) for lane in self._open}
        return self._ended | free

    def not_before(self, busy: Mapping[str, int]) -> Lanes:
        """The same lanes, behind what other runs have put on the same shops' ways."""
        lanes = [lane.not_before(busy.get(lane.retailer, 0)) for lane in self._open]
        return Lanes(lanes, self._ended)

    def advance(self, lane: Lane, *, ended: bool) -> None:
        """Put the first lane back as it is now."""
        if ended:
            heapq.heappop(self._open)
            self._ended[lane.retailer] = lane.second + bool(lane.used)
        else:
            heapq.heapreplace(self._open, lane)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A job, and the second (epoch) before which it must not be seen."""

    job: Job
    second: int

    def delay(self, now: float) -> int:
        """The DelaySeconds of a message sent `now` (epoch seconds)."""
        return min(MAX_DELAY, max(0, math.ceil(self.second - now)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What to send of a lane now, and the lane after it."""

    due: list[Due]
    lane: Lane
    ended: bool


def plan(
    lane: Lane,
    pace: Pace,
    products: Iterator[Product],
    *,
    wants: Callable[[Product], bool],
    job: Callable[[Product], Job],
    now: float,
    page: int,
) -> Chunk:
    """The next page of a lane. `products` are those after `lane.after`; not all are `wanted`.

    The page ends early where the next job would lie beyond SQS's longest delay, and the lane ends
    where its products do.
    """
    lane = lane.not_before(math.floor(now) + LEAD)
    due: list[Due] = []
    for product in islice(products, page):
        if wants(product):
            if lane.second > horizon(now):
                return Chunk(due=due, lane=lane, ended=False)
            due.append(Due(job=job(product), second=lane.second))
            lane = lane.take(pace)
        lane = replace(lane, after=product.product_id)
    return Chunk(due=due, lane=lane, ended=next(products, None) is None)


def horizon(now: float) -> int:
    """The last second that a message sent `now` can be delayed to."""
    return math.floor(now) + MAX_DELAY


def return_delay(lanes: Lanes, now: float) -> int:
    """The DelaySeconds of the message that continues a run: 0 if there is room at once."""
    room_in = lanes.first.second - now
    return max(0, min(MAX_DELAY, math.floor(room_in) - RETURN_BEFORE))


def wanted(request: FanOut, settings: Settings) -> Callable[[Product], bool]:
    """Which products a run is to scrape.

    A product that a person names is scraped whatever its state; one that merely falls under a
    filter must be enabled, not gone, and not paused by its failures.
    """

    def wants(product: Product) -> bool:
        if request.retailer not in (None, product.retailer):
            return False
        if request.tag is not None and request.tag not in product.tags:
            return False
        return bool(request.product_ids) or is_active(product, settings)

    return wants


def is_active(product: Product, settings: Settings) -> bool:
    """Whether a scheduled run scrapes the product."""
    if not product.enabled:
        return False
    known = product.known
    if known is None:
        return True
    return known.status is not Status.GONE and known.failures < max_failures(product, settings)


def max_failures(product: Product, settings: Settings) -> int:
    """The consecutive failures that pause the product."""
    retailer = settings.retailers.get(product.retailer)
    own = retailer.max_failures if retailer else None
    return settings.judge.max_failures if own is None else own


def job_for(run: Run, product: Product) -> Job:
    """The run's job for a product. The same run and product give the same job."""
    known = product.known
    return Job(
        product_id=product.product_id,
        retailer=product.retailer,
        url=product.url,
        run_id=run.run_id,
        requested_at=run.started_at,
        etag=known.etag if known else None,
        last_modified=known.last_modified if known else None,
        price=known.price if known else None,
        currency=known.currency if known else None,
    )
