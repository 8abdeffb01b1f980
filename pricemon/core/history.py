"""What a price did over time: changes, statistics, days and weeks. Pure.

A price is in effect from the observation that accepted it until the next accepted one; held and
failed observations are shown and count for nothing. Prices of different currencies are never put
together: statistics are of one currency, that of the latest price unless another is named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Literal

from pricemon.core.alerting.facts import Step, prices
from pricemon.core.alerting.rule_case import percent
from pricemon.core.model import Observation, Outcome

ACCEPTED = (Outcome.ACCEPTED, Outcome.NOT_MODIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One observation, with its change against the price before in percent (`None`: no such)."""

    observation: Observation
    change_percent: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The prices of one currency between the first observation and `until`.

    `median` is over the observations, `weighted_median` over time: the price that was not exceeded
    half of the time. `time_at` gives each price's milliseconds, the cheapest first.
    """

    currency: str
    observations: int
    since: int
    until: int
    current: Decimal
    current_since: int
    lowest: Decimal
    lowest_at: int
    highest: Decimal
    highest_at: int
    median: Decimal
    weighted_median: Decimal
    changes: int
    time_at: tuple[tuple[Decimal, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One day or week that has observations (UTC; weeks begin on Monday)."""

    start: int
    first: Decimal
    last: Decimal
    lowest: Decimal
    highest: Decimal
    observations: int


def entries(observations: Iterable[Observation]) -> list[Entry]:
    """The observations, newest first, each held against the accepted price before it."""
    found: list[Entry] = []
    last: tuple[str, Decimal] | None = None
    for seen in sorted(observations, key=lambda seen: seen.timestamp):
        change = None
        if seen.price is not None and seen.currency and seen.outcome in ACCEPTED:
            if last and last[0] == seen.currency and last[1]:
                change = percent(last[1], seen.price)
            last = seen.currency, seen.price
        found.append(Entry(observation=seen, change_percent=change))
    return found[::-1]


def currency_of(observations: Iterable[Observation]) -> str | None:
    """The currency of the latest accepted price."""
    accepted = [
        seen for seen in observations if seen.price is not None and seen.outcome in ACCEPTED
    ]
    return max(accepted, key=lambda seen: seen.timestamp).currency if accepted else None


def statistics(
    observations: Iterable[Observation], *, until: int, currency: str | None = None
) -> Statistics | None:
    """The statistics up to `until` (epoch ms), or `None` where no price was accepted."""
    seen = list(observations)
    chosen = currency or currency_of(seen)
    known = [step for step in prices(seen, chosen) if step[0] <= until] if chosen else []
    if not known or chosen is None:
        return None
    held: dict[Decimal, int] = defaultdict(int)
    for start, end, price in spans(known, until):
        held[price] += end - start
    time_at = tuple(sorted(held.items()))
    steps = changes(known)
    lowest = min(known, key=lambda step: step[1])
    highest = max(known, key=lambda step: step[1])
    return Statistics(
        currency=chosen,
        observations=len(known),
        since=known[0][0],
        until=until,
        current=steps[-1][1],
        current_since=steps[-1][0],
        lowest=lowest[1],
        lowest_at=lowest[0],
        highest=highest[1],
        highest_at=highest[0],
        median=median(price for _, price in known),
        weighted_median=_weighted_median(time_at),
        changes=len(steps) - 1,
        time_at=time_at,
    )


def changes(steps: Sequence[Step]) -> list[Step]:
    """The first of the steps (oldest first), and each that differs from the one before it."""
    return [*steps[:1], *(later for earlier, later in pairwise(steps) if earlier[1] != later[1])]


def spans(steps: Sequence[Step], until: int) -> Iterator[tuple[int, int, Decimal]]:
    """From, to, price of each step; the last lasts until `until`."""
    ends = [*(start for start, _ in steps[1:]), max(until, steps[-1][0])] if steps else []
    for (start, price), end in zip(steps, ends, strict=True):
        yield start, end, price


def periods(
    observations: Iterable[Observation], by: Literal["day", "week"], *, currency: str
) -> list[Period]:
    """The days or weeks with an accepted price, newest first."""
    groups: dict[int, list[Step]] = defaultdict(list)
    for step in prices(observations, currency):
        groups[_start(step[0], by)].append(step)
    return [
        Period(
            start=start,
            first=steps[0][1],
            last=steps[-1][1],
            lowest=min(price for _, price in steps),
            highest=max(price for _, price in steps),
            observations=len(steps),
        )
        for start, steps in sorted(groups.items(), reverse=True)
    ]


def _weighted_median(time_at: Sequence[tuple[Decimal, int]]) -> Decimal:
    """The cheapest price such that for half of the time the price was no higher."""
    half = sum(held for _, held in time_at) / 2
    passed = 0
    for price, held in time_at:
        passed += held
        if passed >= half:
            return price
    return time_at[-1][0]


def _start(milliseconds: int, by: Literal["day", "week"]) -> int:
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if by == "week":
        day -= timedelta(days=day.weekday())
    return round(day.timestamp() * 1000)
