"""A product's offers → what its markup claims: one price, a choice of prices, or none.

Rules of schema.org and of how shops use it: the price is what a new customer pays now for one new
item. List, struck-through and suggested prices, prices per unit, for members, for quantities and
in instalments are something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from pricemon.core import currencies
from pricemon.core.extraction import availability
from pricemon.core.extraction.items import Item, bare, first_text, listed, types
from pricemon.core.model import Availability
from pricemon.core.money import Money, parse_machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_OFFERS = 500

_LIST_TYPES = frozenset(
    [
        "listprice",
        "strikethroughprice",
        "srp",
        "msrp",
        "regularprice",
        "invoiceprice",
        "minimumadvertisedprice",
    ]
)
_USED = ("used", "refurbished", "damaged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A price that one syntax vouches for.

    `other` is the second reading of an ambiguous notation (see `money.parse_machine`), `prices`
    every price on offer where there are several, lowest first; `price` is then the first of them.
    """

    price: Decimal
    currency: str | None
    source: str
    where: str
    text: str = ""
    availability: Availability | None = None
    other: Decimal | None = None
    prices: tuple[Decimal, ...] = ()
    list_price: Decimal | None = None
    lowest_of_one_seller: bool = False
    preferred: bool = False
    """Whether the retailer's rule has chosen `price` among `prices`."""

    @property
    def several(self) -> bool:
        """Whether the product is on offer at more than one price."""
        return len(self.prices) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One offer, reduced to what decides."""

    money: Money | None
    currency: str | None
    availability: Availability | None
    condition: str
    keys: frozenset[str]
    high: Decimal | None = None
    list_price: Decimal | None = None
    sellers: int = 0
    text: str = ""


def read(item: Item) -> list[Offer]:
    """Every offer of a product item, its variants' included."""
    every = (offer for raw in _raw_offers(item) for offer in _offers_of(raw))
    return list(islice(every, MAX_OFFERS))


def _raw_offers(item: Item) -> Iterator[tuple[Item, frozenset[str]]]:
    """The item's offers, or, when it has none with a price, those of its variants and models."""
    own = [raw for raw in listed(item.get("offers")) if isinstance(raw, dict)]
    keys = keys_of(item)
    if not own and _price_of(item) is not None:
        own = [item]
    if any(_has_price(raw) for raw in own) or not (item.get("hasVariant") or item.get("model")):
        yield from ((raw, keys | keys_of(raw)) for raw in own)
        return
    for variant in (*listed(item.get("hasVariant")), *listed(item.get("model")))[:MAX_OFFERS]:
        if isinstance(variant, dict):
            variant_keys = keys_of(variant)
            for raw in listed(variant.get("offers")):
                if isinstance(raw, dict):
                    yield raw, variant_keys | keys_of(raw)


def keys_of(item: Item) -> frozenset[str]:
    """What identifies an item: its URLs and its sku, gtin, mpn… in lower case."""
    names = ("@id", "url", "sku", "productID", "mpn", "gtin", "gtin8", "gtin12", "gtin13", "gtin14")
    values = (first_text(item.get(name)) for name in names)
    return frozenset(value.lower() for value in values if value)


def _has_price(raw: Item) -> bool:
    return _price_of(raw) is not None or any(
        isinstance(part, dict) and _price_of(part) is not None
        for name in ("priceSpecification", "offers")
        for part in listed(raw.get(name))
    )


def _price_of(raw: Item) -> Any:
    for name in ("price", "lowPrice", "Price", "minPrice"):
        for value in listed(raw.get(name)):
            plain = value
            if isinstance(value, dict):
                plain = value.get("@value", value.get("price"))
            if plain not in (None, "") and not isinstance(plain, (dict, list)):
                return plain
    return None


def _offers_of(keyed: tuple[Item, frozenset[str]]) -> Iterator[Offer]:
    raw, keys = keyed
    nested = [part for part in listed(raw.get("offers")) if isinstance(part, dict)]
    if any(_has_price(part) for part in nested):
        for part in nested[:MAX_OFFERS]:
            yield _offer({**_inherited(raw), **part}, keys | keys_of(part))
    else:
        yield _offer(raw, keys)


def _inherited(raw: Item) -> Item:
    return {
        key: raw[key] for key in ("priceCurrency", "availability", "itemCondition") if key in raw
    }


def _offer(raw: Item, keys: frozenset[str]) -> Offer:
    specification = _specification(raw)
    code = currencies.normalise(
        first_text(raw.get("priceCurrency")) or first_text(specification.get("priceCurrency"))
    )
    value = _price_of(raw)
    money = parse_machine(value, currency=code)
    if money is None or money.amount <= 0 or _is_list(raw):
        value = _price_of(specification)
        money = parse_machine(value, currency=code)
    listing = [_amount(part, code) for part in _specifications(raw) if _is_list(part)]
    high = parse_machine(first_text(raw.get("highPrice")), currency=code)
    return Offer(
        money=money if money and money.amount > 0 else None,
        currency=(money and money.currency) or code,
        availability=availability.parse(first_text(raw.get("availability"))),
        condition=bare(first_text(raw.get("itemCondition"))).lower(),
        keys=keys,
        high=high.amount if high and raw.get("lowPrice") is not None else None,
        list_price=max((amount for amount in listing if amount), default=None),
        sellers=len(listed(raw.get("seller"))),
        text=str(value)[:80] if value is not None else "",
    )


def _amount(raw: Item, code: str | None) -> Decimal | None:
    money = parse_machine(_price_of(raw), currency=code)
    return money.amount if money and money.amount > 0 else None


def _specifications(raw: Item) -> list[Item]:
    return [part for part in listed(raw.get("priceSpecification"))[:50] if isinstance(part, dict)]


def _specification(raw: Item) -> Item:
    """The specification of the price that is paid now for one item; an empty item when none is."""
    current = [part for part in _specifications(raw) if not _is_something_else(part)]
    with_tax = [
        p for p in current if str(first_text(p.get("valueAddedTaxIncluded"))).lower() == "true"
    ]
    priced = [part for part in with_tax or current if _price_of(part) is not None]
    sale = [part for part in priced if "sale" in bare(first_text(part.get("priceType"))).lower()]
    amounts = {str(_price_of(part)) for part in priced}
    if sale:
        return sale[0]
    return priced[0] if len(amounts) == 1 else {}


def _is_list(part: Item) -> bool:
    return bare(first_text(part.get("priceType"))).lower() in _LIST_TYPES


def _is_something_else(part: Item) -> bool:
    """A list price, one per unit, for members, for several, by instalments, or for delivery."""
    if _is_list(part) or any(
        name in part for name in ("validForMemberTier", "billingDuration", "billingIncrement")
    ):
        return True
    if any("Delivery" in name or "Payment" in name for name in types(part)):
        return True
    if part.get("referenceQuantity") or part.get("unitCode") or part.get("unitText"):
        return not _one_piece(part)
    least = [q.get("minValue") for q in listed(part.get("eligibleQuantity")) if isinstance(q, dict)]
    return any(str(first_text(value)) not in ("None", "0", "1", "1.0") for value in least)


def _one_piece(part: Item) -> bool:
    """UN/CEFACT `C62`, `EA`, `PCE`: the unit is the thing itself."""
    codes = [first_text(part.get("unitCode"))]
    for quantity in listed(part.get("referenceQuantity")):
        if isinstance(quantity, dict):
            codes.append(first_text(quantity.get("unitCode")))
            if str(first_text(quantity.get("value"))) not in ("None", "1", "1.0"):
                return False
    return all(code is None or code in ("C62", "EA", "PCE", "H87", "NIU", "XPP") for code in codes)


def claim(
    offers: list[Offer],
    *,
    source: str,
    where: str,
    keys: Iterable[str] = (),
    condition: str = "new",
    prefer: str | None = None,
) -> Claim | None:
    """What these offers come to. `keys` name the variant wanted; None when none has a price.

    `prefer` is the rule's: of several prices take the `low`, the lowest `new`, or the lowest
    `in_stock` one. Where no offer is what it asks for, it decides nothing.
    """
    priced = [offer for offer in offers if offer.money]
    chosen = _by_condition(priced, condition)
    wanted = {key.lower() for key in keys if key}
    chosen = [offer for offer in chosen if offer.keys & wanted] or chosen
    preferred = _by_preference(chosen, prefer)
    chosen = preferred or _by_stock(chosen)
    if not chosen:
        return None
    first = min(chosen, key=lambda offer: offer.money.amount if offer.money else Decimal(0))
    if first.money is None:
        return None
    codes = {offer.currency for offer in chosen}
    amounts = {offer.money.amount.normalize() for offer in chosen if offer.money}
    highs = {offer.high.normalize() for offer in chosen if offer.high}
    prices = tuple(sorted(amounts | {high for high in highs if high > first.money.amount}))
    return Claim(
        price=first.money.amount,
        currency=codes.pop() if len(codes) == 1 else None,
        source=source,
        where=where,
        text=first.text,
        availability=availability.of_offers(offer.availability for offer in chosen),
        other=first.money.other,
        prices=prices if len(prices) > 1 else (),
        list_price=first.list_price,
        lowest_of_one_seller=len(chosen) == 1 and first.sellers == 1,
        preferred=bool(preferred),
    )


def _by_condition(offers: list[Offer], condition: str) -> list[Offer]:
    """The offers in the wanted condition; where none is, all: the page's thing is what it is."""
    if condition == "new":
        wanted = [o for o in offers if not o.condition.startswith(_USED)]
    else:
        wanted = [o for o in offers if o.condition.startswith(condition)]
    return wanted or offers


def _by_preference(offers: list[Offer], prefer: str | None) -> list[Offer]:
    """The offers among which the lowest is the one that the rule prefers; empty: none is."""
    if prefer == "low":
        return offers
    if prefer == "new":
        found = [o for o in offers if "new" in o.condition]
    elif prefer == "in_stock":
        found = [o for o in offers if o.availability is Availability.IN_STOCK]
    else:
        return []
    # A span from low to high says nothing of which of its prices is meant.
    return [] if any(offer.high for offer in found) else found


def _by_stock(offers: list[Offer]) -> list[Offer]:
    """Where prices differ, only those that can be bought count, if any is said to be."""
    if len({offer.money.amount for offer in offers if offer.money}) > 1:
        return [o for o in offers if o.availability is Availability.IN_STOCK] or offers
    return offers
