"""The demo shop's goods: what is sold, how each price moves by day, and which falls are true drops.

All of it is a function of the seed. The oracle (`true_drops`) knows the prices, not the monitor:
it applies the documented rule to the shop's own price list, in exact decimals.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")

CENT = Decimal("0.01")
DROP_PERCENT = Decimal(10)
"""The rule: at least this far below the highest price since the last alert or first reading."""


class Move(StrEnum):
    """How a price moves from day to day."""

    STEADY = "steady"
    WOBBLE = "wobble"  # a few percent down, and back up: never a drop
    RISE = "rise"
    DROP = "drop"  # 10.5 to 45 % down on odd days, back up on even ones
    EXACT = "exact"  # exactly 10 % down on day 1
    NEARLY = "nearly"  # one cent short of 10 % down on day 1
    CREEP = "creep"  # 3.5 % down every day: a drop in sum, on day 3


class Trouble(StrEnum):
    """What is wrong with a product's page."""

    NONE = "none"
    OUT_OF_STOCK = "out_of_stock"
    RESTOCKED = "restocked"  # out of stock on day 0 only
    SLOW = "slow"
    FLAKY = "flaky"  # 500 on the day's first request, then fine
    GONE = "gone"  # 404 from the start
    VANISHED = "vanished"  # 404 from day 1
    NO_PRICE = "no_price"


_MOVES = (
    (Move.DROP, 0.06),
    (Move.EXACT, 0.004),
    (Move.NEARLY, 0.004),
    (Move.CREEP, 0.04),
    (Move.WOBBLE, 0.15),
    (Move.RISE, 0.08),
)
_TROUBLES = (
    (Trouble.OUT_OF_STOCK, 0.02),
    (Trouble.RESTOCKED, 0.01),
    (Trouble.SLOW, 0.004),
    (Trouble.FLAKY, 0.01),
    (Trouble.GONE, 0.006),
    (Trouble.VANISHED, 0.003),
    (Trouble.NO_PRICE, 0.006),
)
_BRANDS = ("Alder", "Borealis", "Corvid", "Dunmore", "Elkhorn", "Fennimore", "Grayling", "Harrow")
_QUALITIES = ("Compact", "Folding", "Insulated", "Merino", "Oak", "Recycled", "Rugged", "Silent")
_THINGS = ("Backpack", "Coffee Grinder", "Desk Lamp", "Drill", "Headphones", "Kettle", "Tent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """One product of the shop. `retailer` is an index into the shop's retailers."""

    number: int
    retailer: int
    title: str
    brand: str
    kind: str
    sku: str
    base: Decimal
    move: Move
    trouble: Trouble

    def available(self, day: int) -> bool:
        """Whether it is in stock on `day`."""
        if self.trouble is Trouble.RESTOCKED:
            return day > 0
        return self.trouble is not Trouble.OUT_OF_STOCK

    def missing(self, day: int) -> bool:
        """Whether its page is a 404 on `day`."""
        return self.trouble is Trouble.GONE or (self.trouble is Trouble.VANISHED and day > 0)

    def readable(self, day: int) -> bool:
        """Whether a price can be had from its page on `day`."""
        return not self.missing(day) and self.trouble is not Trouble.NO_PRICE


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueDrop:
    """A fall that must be alerted: from the reference price to the day's price."""

    good: Good
    reference: Decimal
    price: Decimal

    @property
    def percent(self) -> Decimal:
        """How far below the reference, in percent."""
        return (self.reference - self.price) * 100 / self.reference


def stock(seed: int, count: int, retailers: int) -> tuple[Good, ...]:
    """`count` products spread over `retailers`; every kind of move and trouble occurs."""
    dice = random.Random(f"stock:{seed}")  # noqa: S311 - a reproducible demo, not a secret
    moves = _deal(dice, count, _MOVES, Move.STEADY)
    troubles = _deal(dice, count, _TROUBLES, Trouble.NONE)
    return tuple(
        _good(dice, number, number % retailers, move, trouble)
        for number, (move, trouble) in enumerate(zip(moves, troubles, strict=True))
    )


def prices(seed: int, good: Good, days: int) -> list[Decimal]:
    """The prices of `good` from day 0 to `days`, to the cent."""
    found = [good.base]
    for day in range(1, days + 1):
        dice = random.Random(f"{seed}:{good.number}:{day}")  # noqa: S311
        found.append(_next(dice, good, found[-1], day))
    return found


def drops(seed: int, goods: Sequence[Good], day: int) -> Iterator[TrueDrop]:
    """The true drops between `day - 1` and `day`, by the rule of `DROP_PERCENT`."""
    for good in goods:
        reference = None
        fell = False
        for today, price in enumerate(prices(seed, good, day)):
            fell = False
            if not good.readable(today):
                continue
            if reference is None:
                reference = price
            elif (reference - price) * 100 >= DROP_PERCENT * reference:
                fell, before, reference = True, reference, price
            else:
                reference = max(reference, price)
        if fell:
            yield TrueDrop(good=good, reference=before, price=price)


def _deal(dice: random.Random, count: int, shares: Sequence[tuple[T, float]], rest: T) -> list[T]:
    """`count` values in which each has its share, and at least one place where there is room."""
    hand = [value for value, share in shares for _ in range(max(1, round(share * count)))][:count]
    hand += [rest] * (count - len(hand))
    dice.shuffle(hand)
    return hand


def _good(dice: random.Random, number: int, retailer: int, move: Move, trouble: Trouble) -> Good:
    brand, kind = dice.choice(_BRANDS), dice.choice(_THINGS)
    whole = Decimal(int(10 ** dice.uniform(0.9, 3.3)))
    ends = "0.00" if move in {Move.EXACT, Move.NEARLY} else dice.choice(("0.99", "0.95", "0.00"))
    if trouble not in {Trouble.NONE, Trouble.SLOW, Trouble.FLAKY} and move is not Move.WOBBLE:
        move = Move.STEADY
    return Good(
        number=number,
        retailer=retailer,
        title=f"{brand} {dice.choice(_QUALITIES)} {kind} {number:04d}",
        brand=brand,
        kind=kind,
        sku=f"{brand[:2].upper()}-{number:06d}",
        base=whole + Decimal(ends),
        move=move,
        trouble=trouble,
    )


def _next(dice: random.Random, good: Good, price: Decimal, day: int) -> Decimal:
    odd = day % 2 == 1
    match good.move:
        case Move.WOBBLE:
            return _less(price, dice.uniform(1, 9.4)) if odd else good.base
        case Move.RISE:
            return _less(price, -dice.uniform(2, 20)) if odd else price
        case Move.DROP:
            return _less(price, dice.uniform(10.5, 45)) if odd else good.base
        case Move.EXACT if day == 1:
            return _less(price, 10)
        case Move.NEARLY if day == 1:
            return _less(price, 10) + CENT
        case Move.CREEP:
            return _less(price, 3.5)
        case _:
            return price


def _less(price: Decimal, percent: float) -> Decimal:
    factor = 1 - Decimal(round(percent * 100)) / 10_000
    return (price * factor).quantize(CENT, rounding=ROUND_HALF_EVEN)
