"""Prices that only a form carries: `<input type="hidden" name="price" value="49.00">`.

What a buy form sends along is the shop's own word, but filters and calculators have such fields as
well: only fields that nobody types into count, and only if all of them agree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pricemon.core.extraction import names
from pricemon.core.extraction.names import Says
from pricemon.core.extraction.offers import Claim
from pricemon.core.money import Money, parse_machine, parse_money

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from pricemon.core.extraction.document import Document

MAX_FIELDS = 300

_OF_A_FILTER = re.compile(r"(?:^|[\W_])(?:min|max|from|to|range|start|end|filter)(?:$|[\W_])")
_NOT_THE_PRICE = Says.LIST | Says.SECONDARY | Says.NOISE | Says.ZONE | Says.OTHERS


def claim(document: Document) -> Claim | None:
    """The one price that the page's fields agree on, or None."""
    found: dict[str, tuple[str, Money]] = {}
    for node in document.tree.css("input[value]")[:MAX_FIELDS]:
        name = _named_price(node)
        value = (node.attributes.get("value") or "").strip()
        money = (parse_machine(value) or parse_money(value)) if name and value else None
        if money is not None and money.amount > 0:
            found.setdefault(str(money.amount.normalize()), (name, money))
    if len(found) != 1:
        return None
    ((name, money),) = found.values()
    return Claim(
        price=money.amount, other=money.other, currency=money.currency, source="script",
        where=f"input {name}"[:80], text=str(money.amount),
    )  # fmt: skip


def _named_price(node: LexborNode) -> str:
    """The name of a field that holds a price and is not for typing; empty for any other."""
    attributes = node.attributes
    fixed = attributes.get("type") == "hidden" or "readonly" in attributes
    name = attributes.get("name") or attributes.get("id") or ""
    says = names.says(name) if fixed and name else 0
    if not says & Says.PRICE or says & _NOT_THE_PRICE or _OF_A_FILTER.search(name):
        return ""
    return name
