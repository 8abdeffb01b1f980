"""What became of a product between two images of its row.

The stream carries a record for every scrape, and hardly any of them says something new: `is_quiet`
tells those apart without a call to anything.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from pricemon.core.model import Availability, Known, Product, Status

BUYABLE = frozenset({Availability.IN_STOCK, Availability.LIMITED})
UNAVAILABLE = frozenset(
    {
        Availability.OUT_OF_STOCK,
        Availability.DISCONTINUED,
        Availability.PRE_ORDER,
        Availability.BACK_ORDER,
    }
)
"""Not to be had now. An availability in neither set, or none stated, settles nothing."""


class ChangeKind(StrEnum):
    """What changed. One record can show several."""

    FIRST_PRICE = "first_price"
    PRICE_DROP = "price_drop"
    PRICE_RISE = "price_rise"
    CURRENCY_CHANGE = "currency_change"
    BACK_IN_STOCK = "back_in_stock"
    OUT_OF_STOCK = "out_of_stock"
    GONE = "gone"
    RETURNED = "returned"


def price_of(product: Product | None) -> tuple[Decimal, str] | None:
    """The last accepted price and its currency, or `None` before there is one."""
    known = product.known if product else None
    if known is None or known.price is None or known.currency is None:
        return None
    return known.price, known.currency


def is_quiet(before: Product | None, after: Product) -> bool:
    """Whether nothing that a rule looks at differs, so that the record needs no state and no call.

    Safe, because a rule's outcome depends on the price, the currency, the availability, whether
    the last job read them, and the options of the product; and what a rule holds back for later is
    remembered by its own row, not by the next record.
    """
    if before is None or (before.known is None) != (after.known is None):
        return False
    return _options(before) == _options(after) and _facts(before.known) == _facts(after.known)


def options_changed(before: Product | None, after: Product) -> bool:
    """Whether the catalogue entry was edited in a way that can change its alert rules."""
    return before is not None and _options(before) != _options(after)


def detect(before: Product | None, after: Product) -> tuple[ChangeKind, ...]:
    """Every change between the two images; empty where nothing was newly observed.

    A held or failed job changes no price, and prices in two currencies are not compared.
    """
    old, new = before.known if before else None, after.known
    if new is None or (old is not None and new.observed_at <= old.observed_at):
        return ()
    found = [*_price_changes(before, after)]
    if new.status is Status.GONE and (old is None or old.status is not Status.GONE):
        found.append(ChangeKind.GONE)
    if old is not None:
        if old.status is Status.GONE and new.status is Status.OK:
            found.append(ChangeKind.RETURNED)
        if old.availability in UNAVAILABLE and new.availability in BUYABLE:
            found.append(ChangeKind.BACK_IN_STOCK)
        if old.availability in BUYABLE and new.availability in UNAVAILABLE:
            found.append(ChangeKind.OUT_OF_STOCK)
    return tuple(found)


def _price_changes(before: Product | None, after: Product) -> tuple[ChangeKind, ...]:
    old, new = price_of(before), price_of(after)
    if new is None or old == new:
        return ()
    if old is None:
        return (ChangeKind.FIRST_PRICE,)
    if old[1] != new[1]:
        return (ChangeKind.CURRENCY_CHANGE,)
    return (ChangeKind.PRICE_DROP if new[0] < old[0] else ChangeKind.PRICE_RISE,)


def _options(product: Product) -> tuple[object, ...]:
    return product.retailer, product.tags, product.group, product.overrides


def _facts(known: Known | None) -> tuple[object, ...]:
    if known is None:
        return ()
    return known.price, known.currency, known.availability, known.status
