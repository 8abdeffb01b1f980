"""Whether it can be bought: schema.org's values in every spelling, and words on the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pricemon.core.model import Availability

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPELLINGS = {
    Availability.IN_STOCK: "instock in_stock in-stock available onlineonly instockonline 1 yes "
    "true availablenow auflager enstock disponible disponibile skladem lagernd vnaličii есть",
    Availability.OUT_OF_STOCK: "outofstock out_of_stock oos soldout sold_out unavailable "
    "notavailable not_available outstock outofstockonline 0 false no nostock reserved",
    Availability.PRE_ORDER: "preorder pre_order pre-order presale preordering",
    Availability.BACK_ORDER: "backorder back_order madetoorder availableforbackorder onbackorder",
    Availability.DISCONTINUED: "discontinued endoflife",
    Availability.LIMITED: "limitedavailability limited lowstock limitedstock",
    Availability.IN_STORE_ONLY: "instoreonly in_store_only storeonly",
}
_BY_SPELLING = {
    re.sub(r"[\s_-]", "", word): state
    for state, words in _SPELLINGS.items()
    for word in words.split()
}
_OPEN = (
    Availability.IN_STOCK,
    Availability.LIMITED,
    Availability.PRE_ORDER,
    Availability.BACK_ORDER,
    Availability.IN_STORE_ONLY,
    Availability.OUT_OF_STOCK,
    Availability.DISCONTINUED,
)


def parse(value: str | None) -> Availability | None:
    """`https://schema.org/InStock`, `in stock`, `oos`, `out-of-stock`… → the state, else None."""
    if not value:
        return None
    word = re.sub(r"[?#].*$", "", value.strip()).rstrip("/").rpartition("/")[2]
    return _BY_SPELLING.get(re.sub(r"[\s_-]|schema:", "", word).lower())


def of_offers(states: Iterable[Availability | None]) -> Availability | None:
    """A product's state from its offers': it can be bought when any of them can."""
    known = {state for state in states if state}
    return next((state for state in _OPEN if state in known), None)
