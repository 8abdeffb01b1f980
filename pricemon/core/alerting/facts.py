"""What the history says about a price: the facts that rules ask for and that an alert states.

Prices are a step function: an accepted price is in effect until the next accepted one. Held and
failed readings are no prices and never enter; prices in another currency are not comparable and
do not enter either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from pricemon.core.model import Observation, Outcome

DAY = 86_400_000
"""Milliseconds."""

PRIOR_DAYS = 30
"""Days before a reduction whose lowest price is the "prior price" (EU directive 98/6/EC, 6a)."""


Step = tuple[int, Decimal]
"""Since when (epoch ms), and the price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """History before one price, and the offers beside it. Empty until `loaded`.

    `lowest_price` is the lowest known price, `lowest_since` the time since which none was as low
    as the present one (`history_since`, if none ever was), `window_low` the lowest of the last
    `lowest_in_days` days, `group_low` the lowest price of the group's other buyable offers.
    """

    loaded: bool = False
    history_since: int | None = None
    lowest_price: Decimal | None = None
    lowest_since: int | None = None
    prior_low_30d: Decimal | None = None
    window_low: Decimal | None = None
    group_low: Decimal | None = None


def prices(observations: Iterable[Observation], currency: str) -> list[Step]:
    """The accepted prices in that currency as `(since, price)`, oldest first; repeats included."""
    return sorted(
        (seen.timestamp, seen.price)
        for seen in observations
        if seen.price is not None
        and seen.currency == currency
        and seen.outcome in (Outcome.ACCEPTED, Outcome.NOT_MODIFIED)
    )


def gather(
    past: Iterable[Step],
    *,
    price: Decimal,
    at: int,
    days: int | None = None,
    group: Iterable[Decimal] = (),
) -> Facts:
    """The facts about `price`, in effect since `at`, from the prices before it, oldest first.

    `days` is the window of `lowest_in_days`, `group` the prices of the group's other offers.
    """
    known = [step for step in past if step[0] < at]
    group_low = min(group, default=None)
    if not known:
        return Facts(loaded=True, group_low=group_low)
    ends = [later for (_, _), (later, _) in pairwise(known)] + [at]
    as_low = [end for (_, was), end in zip(known, ends, strict=True) if was <= price]

    def low(window: int) -> Decimal | None:
        steps = zip(known, ends, strict=True)
        return min((was for (_, was), end in steps if end > at - window * DAY), default=None)

    return Facts(
        loaded=True,
        history_since=known[0][0],
        lowest_price=min(was for _, was in known),
        lowest_since=as_low[-1] if as_low else known[0][0],
        prior_low_30d=low(PRIOR_DAYS),
        window_low=low(days) if days else None,
        group_low=group_low,
    )
