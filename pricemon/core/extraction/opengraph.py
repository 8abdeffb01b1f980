"""Prices and stock in `<meta>`: OpenGraph product tags, Pinterest, Facebook, Twitter labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricemon.core import currencies
from pricemon.core.extraction import availability, labels
from pricemon.core.extraction.offers import Claim
from pricemon.core.extraction.vocabulary.phrases import Label
from pricemon.core.money import find_money, parse_machine

if TYPE_CHECKING:
    from decimal import Decimal

    from pricemon.core.extraction.document import Document
    from pricemon.core.model import Availability

_AMOUNTS = (
    ("product:sale_price:amount", "product:sale_price:currency"),
    ("og:sale_price:amount", "og:sale_price:currency"),
    ("product:price:amount", "product:price:currency"),
    ("og:price:amount", "og:price:currency"),
    ("product:price", "product:price:currency"),
    ("og:price", "og:price:currency"),
    ("product:amount", "product:currency"),
    ("og:product:price:amount", "og:product:price:currency"),
)
_CURRENCIES = (
    "product:price:currency", "og:price:currency", "product:currency", "og:currency", "currency",
    "pricecurrency", "product:sale_price:currency", "og:product:price:currency",
)  # fmt: skip
_LIST = ("product:original_price:amount", "og:original_price:amount", "og:price:standard_amount")
_STOCK = (
    "product:availability", "og:availability", "availability", "og:product:availability",
    "product:retailer_availability",
)  # fmt: skip


def claims(document: Document) -> list[Claim]:
    """At most one claim; a sale price goes before the price beside it."""
    stated = currency(document)
    stock = availability.parse(document.meta(*_STOCK))
    for amount_name, currency_name in _AMOUNTS:
        value = document.meta(amount_name)
        code = currencies.normalise(document.meta(currency_name)) or stated
        money = parse_machine(value, currency=code) if value else None
        if money and money.amount > 0:
            return [
                Claim(
                    price=money.amount,
                    other=money.other,
                    currency=money.currency or code,
                    availability=stock,
                    source="opengraph",
                    where=f"meta {amount_name}",
                    text=value or "",
                    list_price=_list_price(document, money.amount),
                )
            ]
    return _twitter(document, stock)


def _twitter(document: Document, stock: Availability | None) -> list[Claim]:
    """`twitter:label1` = Price beside `twitter:data1` = $24.50."""
    for number in ("1", "2", "3"):
        label = document.meta(f"twitter:label{number}")
        value = document.meta(f"twitter:data{number}")
        if not label or not value or not labels.of(label) & Label.PRICE:
            continue
        found = {money.amount: money for money in find_money(value, evidence=document.evidence)}
        if len(found) == 1:
            amount, money = found.popitem()
            if amount > 0:
                code = money.currency or currency(document)
                return [
                    Claim(
                        price=amount, currency=code, availability=stock, source="opengraph",
                        where=f"meta twitter:data{number}", text=value,
                    )
                ]  # fmt: skip
    return []


def currency(document: Document) -> str | None:
    """The one currency that the page's meta names, or None."""
    return currencies.normalise(document.meta(*_CURRENCIES))


def stock(document: Document) -> str | None:
    """The availability that the page's meta names, as written."""
    return document.meta(*_STOCK)


def _list_price(document: Document, price: Decimal) -> Decimal | None:
    names = [*_LIST, "product:price:amount", "og:price:amount"]
    for name in names:
        value = document.meta(name)
        money = parse_machine(value) if value else None
        if money and money.amount > price:
            return money.amount
    return None
