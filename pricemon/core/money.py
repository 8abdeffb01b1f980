"""Text → exact amounts and ISO 4217 currencies. Pure; `Decimal` only, never a float.

Two notations are kept apart. *Printed* text is what people read (`1.299,00 €`, `CHF 1’299.–`,
`₹1,29,999`): a separator before exactly three final digits groups thousands. *Machine* values are
what markup carries (`content="1299.00"`): the point is the decimal one, yet shops also print into
markup, so a machine value may have a second reading, which only the page's visible text can settle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from pricemon.core import countries, currencies, signs
from pricemon.core.numerals import NUMBER, decimal, plain_digits, printed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A whole price ends in a dash in many countries: 99,- 99.- 99:- 1'299.—
_DASH_CENTS = re.compile(r"[.,:]\s?[-–—−]{1,2}(?![\d])|[.,:]?[–—](?=\s|$)|[.,]=")
# Swedish and Norwegian shops also write the minor unit after a colon: 299:50 kr.
_COLON_CENTS = re.compile(r"(?<=\d):(?=\d\d\s?kr)", re.IGNORECASE)
_NOT_A_PRICE = re.compile(
    r"%|/\s?(?:mo|mth|month|wk|week|yr|year|day|kg|g|l|ml|m²|m2|unit|mes|mois|monat|mån|mies)\b"
    r"|\bper\s+(?:month|week|year|day|kg|unit|mese|maand)\b|\b(?:over|above|under|save|off)\b"
    r"|\b(?:pro|im)\s+monat\b|\bpar\s+mois\b|\bal\s+mes\b|\bp\.?\s?m\.",
    re.IGNORECASE,
)
_MACHINE = re.compile(r"\d+(?:\.\d+)?")
_EXPONENT = re.compile(r"\d+(?:\.\d+)?[eE][+-]?\d{1,3}")
_LONGEST_VALUE = 64
_LONGEST_PRINTED = 40
_GROUP = 3


@dataclass(frozen=True, slots=True)
class Money:
    """One amount in a text. `currency` is None where nothing settles which is meant.

    `sign` is the sign or code as printed beside the amount, `start` and `end` its extent with it.
    `other` is a second reading of a machine value (see `parse_machine`).
    """

    amount: Decimal
    currency: str | None = None
    sign: str = ""
    start: int = 0
    end: int = 0
    other: Decimal | None = None


def parse_money(
    text: str, *, locale: str | None = None, currency: str | None = None
) -> Money | None:
    """The one price that `text` prints, or None when it prints none, several, or something else.

    `locale` (`de-CH`, `en_CA`) and `currency` (the shop's own) settle shared signs; an amount
    without any sign takes `currency`. Rates (`$25/mo`), thresholds (`over $50`), ranges and
    percentages are not the price of a thing: None.
    """
    if _NOT_A_PRICE.search(text):
        return None
    found = [m for m in find_money(text, evidence=evidence(locale, currency)) if m.amount > 0]
    priced = [m for m in found if m.sign] or found
    if not priced or any(m.amount != priced[0].amount for m in priced):
        return None
    first = priced[0]
    if first.sign:
        return first
    return Money(first.amount, currency, "", first.start, first.end)


def evidence(locale: str | None, currency: str | None) -> tuple[str, ...]:
    """Currencies that a configured currency and locale speak for, the stronger first."""
    found = [currencies.normalise(currency)]
    if locale:
        language, _, region = locale.replace("_", "-").partition("-")
        region = region.rpartition("-")[2] or countries.LIKELY_REGION.get(language.lower(), "")
        found.append(countries.BY_COUNTRY.get(region.upper()))
    return tuple(code for code in found if code)


def find_money(text: str, *, evidence: Sequence[str] = ()) -> Iterator[Money]:
    """Every amount printed in `text`, in order, with the sign beside it where there is one."""
    text = _COLON_CENTS.sub(".", plain_digits(text)) if ":" in text else plain_digits(text)
    for number in NUMBER.finditer(text):
        start, end = number.span()
        dash = _DASH_CENTS.match(text, end)
        if dash:
            end = dash.end()
        sign, start, end = signs.beside(text, start, end)
        currency = currencies.resolve(sign, evidence) if sign else None
        if currency is None and sign and currencies.is_word_elsewhere(sign):
            sign = ""
        hint = currency or _notation(sign, evidence)
        amount = printed(number[0], hint)
        if amount is not None:
            yield Money(amount, currency, sign, start, end)


def _notation(sign: str, evidence: Sequence[str]) -> str | None:
    """The currency whose habits the number follows when its sign alone does not settle one."""
    if not sign:
        return evidence[0] if evidence else None
    options = currencies.meanings(sign)
    return options[0] if len(options) == 1 else None


def parse_machine(value: object, *, currency: str | None = None) -> Money | None:
    """A price as markup carries it: a JSON number, or a string such as `1299.00`, `1.299,00 €`.

    `other` is set where the value has a second reading: `24.990` is 24.99 by schema.org's rule
    and 24990 as shops print pesos. The currency decides which comes first; where it cannot, the
    caller must find one of the two in the page's text or refuse.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float, Decimal)):
        text = str(value)
    elif isinstance(value, str):
        text = plain_digits(value).strip()[:_LONGEST_VALUE]
    else:
        return None
    if _EXPONENT.fullmatch(text):
        text = format(Decimal(text), "f")
    if not _MACHINE.fullmatch(text):
        return _printed_in_markup(text, currency)
    whole, _, fraction = text.partition(".")
    amount = decimal(text)
    if amount is None:
        return None
    if len(fraction) == _GROUP >= len(whole) and whole != "0":
        return _three_digits(whole, fraction, currency)
    return Money(_round_noise(amount, fraction, currency), currency)


def _three_digits(whole: str, fraction: str, currency: str | None) -> Money:
    """`24.990`: thousands where minor units are not used, decimals where there are three."""
    as_decimal, as_thousands = Decimal(f"{whole}.{fraction}"), Decimal(whole + fraction)
    if currency in currencies.THREE_DECIMALS:
        return Money(as_decimal, currency)
    if currency in currencies.RARELY_DECIMALS:
        return Money(as_thousands, currency, other=as_decimal)
    if fraction.endswith("0"):
        return Money(as_decimal, currency, other=as_thousands)
    return Money(as_thousands, currency, other=as_decimal)


def _printed_in_markup(text: str, currency: str | None) -> Money | None:
    """Markup that carries printed text: `1.299,00 €`, `$19.99`, `1,299.00`."""
    if len(text) > _LONGEST_PRINTED or text.startswith("-"):
        return None
    money = parse_money(text, currency=currency)
    return money and Money(money.amount, money.currency or currency, money.sign)


def _round_noise(amount: Decimal, fraction: str, currency: str | None) -> Decimal:
    """29.989999999 → 29.99: digits beyond money's are a float's noise or a net price's tail."""
    digits = max(2, currencies.decimals(currency))
    if len(fraction) <= max(_GROUP, digits):
        return amount
    rounded = amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return rounded or amount
