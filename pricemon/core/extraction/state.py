"""Prices that only a page's scripts carry: framework state and embedded product JSON.

Such data also holds carts, menus and recommendations, so a price counts only inside an object that
bears the product's own name. Looked at last, and only where nothing else has spoken.
"""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from pricemon.core import currencies
from pricemon.core.extraction import availability, js_literals, lenient_json
from pricemon.core.extraction.offers import Claim
from pricemon.core.extraction.products import alike, tokens
from pricemon.core.money import Money, parse_machine, parse_money
from pricemon.core.wordlist import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pricemon.core.extraction.document import Document

MAX_SCRIPTS = 60
MAX_STARTS = 40
MAX_VALUES = 60_000
MAX_DEPTH = 30
MAX_LITERALS = 200_000
"""What is searched for literals of a longer script: a library is none of a page's data."""

_ASSIGNED = re.compile(r"(?:=|\(|JSON\.parse\()\s*(?=\{\s*\")")
_LITERAL = re.compile(r"[=(,\[]\s*(?=\{\s*(?:['\w$]|/[/*]|\{))")
"""Where an object may start that is JavaScript and not JSON."""
_SHOPIFY = (b"Shopify.", b"cdn.shopify.com")
_NAMES = (
    "name",
    "title",
    "productName",
    "product_name",
    "displayName",
    "productTitle",
    "fullName",
    "item_name",
)
_PRICES = words(
    """
    salePrice sale_price finalPrice final_price currentPrice current_price discountedPrice
    discountPrice specialPrice special_price sellingPrice priceNow nowPrice offerPrice promoPrice
    price unitPrice productPrice product_price priceValue priceAmount
    """
)
_INNER = words("current sale final value amount now price raw selling formatted centAmount")
_CENTS = words("price_cents priceCents priceInCents price_in_cents amount_minor centAmount")
_CURRENCIES = (
    "currency",
    "currencyCode",
    "priceCurrency",
    "currency_code",
    "currencyIso",
    "currencyISO",
)
_STOCK = (
    "availability",
    "stockStatus",
    "availabilityStatus",
    "stock_status",
    "inStock",
    "in_stock",
    "available",
)


def claim(document: Document, known_as: Sequence[str]) -> Claim | None:
    """The one price that script data gives to the product called `known_as`, or None."""
    wanted = [tokens(name) for name in known_as if name]
    found: dict[Decimal, Claim] = {}
    in_cents = any(mark in document.source for mark in _SHOPIFY)
    for where, value in _values(document, wanted):
        for one in _objects(value):
            name = next((one[key] for key in _NAMES if isinstance(one.get(key), str)), None)
            if name is None or not any(_same(tokens(name), other) for other in wanted):
                continue
            code = _currency(one)
            money = _price(one, code, in_cents=in_cents)
            if money is not None and money.amount > 0:
                code = money.currency or code
                found.setdefault(
                    money.amount,
                    Claim(
                        price=money.amount, other=money.other, currency=code, source="script",
                        where=where, text=str(money.amount), availability=_stock(one),
                    ),
                )  # fmt: skip
    return next(iter(found.values())) if len(found) == 1 else None


def _same(name: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return name == other or (alike(name, other) and len(name) > 1)


def _values(document: Document, wanted: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, Any]]:
    inline = [
        (script, kind, attributes.get("id") or "script")
        for script, kind in document.scripts
        if "src" not in (attributes := script.attributes) and "ld+json" not in kind
    ]
    for script, kind, name in inline[:MAX_SCRIPTS]:
        text = script.text()
        if "rice" not in text:
            continue
        if "json" in kind:
            value = lenient_json.load(text)
            if value is not None:
                yield name, value
            continue
        for start in list(_ASSIGNED.finditer(text[: lenient_json.MAX_CHARS]))[:MAX_STARTS]:
            value = lenient_json.at(text, start.end())
            if value is not None:
                yield name, value
        if not _mentions(text, wanted):
            continue
        read_to = 0
        for start in islice(_LITERAL.finditer(text[:MAX_LITERALS]), MAX_STARTS):
            if start.end() < read_to:
                continue
            value, read_to = js_literals.at(text, start.end())
            if value is not None:
                yield name, value


def _mentions(text: str, names: Sequence[tuple[str, ...]]) -> bool:
    """Whether a script may hold one of the names: cheaper to know than what it holds."""
    longest = [max(name, key=len) for name in names if name]
    text = text[:MAX_LITERALS].casefold()
    return any(word in text or not word.isascii() for word in longest)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    stack: list[tuple[Any, int]] = [(value, 0)]
    for _ in range(MAX_VALUES):
        if not stack:
            return
        one, depth = stack.pop()
        if isinstance(one, dict):
            yield one
            if depth < MAX_DEPTH:
                stack += [
                    (child, depth + 1) for child in one.values() if isinstance(child, (dict, list))
                ]
        elif isinstance(one, list) and depth < MAX_DEPTH:
            stack += [(child, depth + 1) for child in one[:2000] if isinstance(child, (dict, list))]


def _price(one: dict[str, Any], code: str | None, *, in_cents: bool) -> Money | None:
    """The price in one object. `in_cents`: the page is Shopify's, whose whole numbers are cents."""
    for key in _CENTS:
        if isinstance(one.get(key), int) and not isinstance(one[key], bool):
            return Money(_major(one[key], code), code)
    in_cents = in_cents or ("variants" in one and ("compare_at_price" in one or "price_min" in one))
    for key in _PRICES:
        value = one.get(key)
        for _ in range(3):
            if not isinstance(value, dict):
                break
            code = _currency(value) or code
            if isinstance(value.get("centAmount"), int):
                return Money(_major(value["centAmount"], code), code)
            value = next((value[inner] for inner in _INNER if value.get(inner) is not None), None)
        if not _is_plain(value):
            continue
        if in_cents and isinstance(value, int):
            return Money(_major(value, code), code)
        money = parse_machine(value, currency=code)
        if money is None and isinstance(value, str):
            money = parse_money(value, currency=code)
        if money is not None and money.amount > 0:
            return money
    return None


def _major(minor: int, code: str | None) -> Decimal:
    return Decimal(minor).scaleb(-currencies.decimals(code))


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float, Decimal)) and not isinstance(value, bool)


def _currency(one: dict[str, Any]) -> str | None:
    values = (one.get(key) for key in _CURRENCIES)
    return next((c for v in values if isinstance(v, str) and (c := currencies.normalise(v))), None)


def _stock(one: dict[str, Any]) -> Any:
    values = (one.get(key) for key in _STOCK)
    texts = (str(value) for value in values if isinstance(value, (str, bool)))
    return next((state for text in texts if (state := availability.parse(text))), None)
