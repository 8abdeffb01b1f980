"""Offers of the same thing, side by side: the best that can be bought now, and the spread. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from pricemon.core.alerting.changes import price_of
from pricemon.core.alerting.groups import buyable
from pricemon.core.alerting.rule_case import percent

if TYPE_CHECKING:
    from pricemon.core.model import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One product of the group. `above_best` is in percent, for buyable offers of its currency."""

    product: Product
    price: Decimal | None
    currency: str | None
    buyable: bool
    best: bool = False
    above_best: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The buyable prices of one currency; they are not compared with those of another."""

    currency: str
    offers: int
    lowest: Decimal
    highest: Decimal
    percent: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The offers, buyable ones first and the cheapest of these first, and a spread by currency."""

    offers: tuple[Offer, ...]
    spreads: tuple[Spread, ...]


def compare(members: Iterable[Product]) -> Comparison:
    """Compare the products of one group."""
    found = [_offer(member) for member in members]
    spreads = {}
    for currency in sorted({offer.currency for offer in found if offer.buyable and offer.currency}):
        prices = [
            o.price for o in found if o.buyable and o.currency == currency and o.price is not None
        ]
        low, high = min(prices), max(prices)
        spreads[currency] = Spread(
            currency=currency,
            offers=len(prices),
            lowest=low,
            highest=high,
            percent=percent(low, high) if low else None,
        )
    placed = [_placed(offer, spreads.get(offer.currency or "")) for offer in found]
    placed.sort(
        key=lambda o: (not o.buyable, o.currency or "~", o.price or 0, o.product.product_id)
    )
    return Comparison(offers=tuple(placed), spreads=tuple(spreads.values()))


def _offer(product: Product) -> Offer:
    price = price_of(product)
    return Offer(
        product=product,
        price=price[0] if price else None,
        currency=price[1] if price else None,
        buyable=buyable(product),
    )


def _placed(offer: Offer, spread: Spread | None) -> Offer:
    if not offer.buyable or spread is None or offer.price is None:
        return offer
    return Offer(
        product=offer.product,
        price=offer.price,
        currency=offer.currency,
        buyable=True,
        best=offer.price == spread.lowest,
        above_best=percent(spread.lowest, offer.price) if spread.lowest else None,
    )
