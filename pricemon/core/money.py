"""Text → exact amounts and ISO 4217 currencies. Pure; `Decimal` only, never a float.

Two notations are kept apart. *Printed* text is what people read (`1.299,00 €`, `CHF 1’299.–`,
`₹1,29,999`): a separator before exactly three final digits groups thousands. *Machine* values are
what markup carries (`content="1299.00"`): the point is the decimal one, yet shops also print into
markup, so a machine value may have a second reading, which only the page's visible text can settle.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from pricemon.core import currencies

MAX_AMOUNT = Decimal(10) ** 12
"""Beyond this a number is an identifier, not a price."""

_SPACES = " \u00a0\u202f\u2009\u2007\u2008\u200a"
_GAP = _SPACES + ":"
_QUOTES = "'’`´ʼ\u2019"
_ARABIC_MARKS = {"٬": ",", "٫": ".", "،": ",", "．": ".", "，": ",", "\u2212": "-"}
_GROUPING = dict.fromkeys(map(ord, _SPACES + _QUOTES + "·"))
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\ufeff\u00ad"))

_NUMBER = re.compile(
    rf"\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?![\d])(?:[.,]\d{{1,2}}(?!\d))?"
    rf"|\d+(?:[.,{_QUOTES}·]\d+)*"
)
# A whole price ends in a dash in many countries: 99,- 99.– 99:- 1'299.—
_DASH_CENTS = re.compile(r"[.,:]\s?[-–—−]{1,2}(?![\d])|[.,:]?[–—](?=\s|$)|[.,]=")

# Swedish and Norwegian shops also write the minor unit after a colon: 299:50 kr.
_COLON_CENTS = re.compile(r"(?<=\d):(?=\d\d\s?kr)", re.IGNORECASE)

# One letter, or a word that is one elsewhere, is a sign in capitals only: `R 250`, not `4 r`.
_CAPITALS_ONLY = frozenset("r q l km da le bd kd jd dt sr qr nt rm rs dh br bs kz da".split())


def _longest_first(end: int) -> dict[str, tuple[str, ...]]:
    """The signs by the character at their `end`, so that most numbers ask for none of them."""
    table: dict[str, list[str]] = {}
    for sign in sorted(currencies.SIGNS, key=len, reverse=True):
        table.setdefault(sign[end], []).append(sign)
    return {char: tuple(signs) for char, signs in table.items()}


_BY_FIRST = _longest_first(0)
_BY_LAST = _longest_first(-1)
_FOREIGN = re.compile(
    "[\u0660-\u0669\u06f0-\u06f9\u07c0-\u07c9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59\uff10-\uff19"
    "٬٫،．，\u2212\u200b-\u200f\u202a-\u202c\ufeff\u00ad]"
)


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


_NOT_A_PRICE = re.compile(
    r"%|/\s?(?:mo|mth|month|wk|week|yr|year|day|kg|g|l|ml|m²|m2|unit|mes|mois|monat|mån|mies)\b"
    r"|\bper\s+(?:month|week|year|day|kg|unit|mese|maand)\b|\b(?:over|above|under|save|off)\b"
    r"|\b(?:pro|im)\s+monat\b|\bpar\s+mois\b|\bal\s+mes\b|\bp\.?\s?m\.",
    re.IGNORECASE,
)


def evidence(locale: str | None, currency: str | None) -> tuple[str, ...]:
    """Currencies that a configured currency and locale speak for, the stronger first."""
    found = [currencies.normalise(currency)]
    if locale:
        language, _, region = locale.replace("_", "-").partition("-")
        region = region.rpartition("-")[2] or currencies.LIKELY_REGION.get(language.lower(), "")
        found.append(currencies.BY_COUNTRY.get(region.upper()))
    return tuple(code for code in found if code)


def find_money(text: str, *, evidence: Sequence[str] = ()) -> Iterator[Money]:
    """Every amount printed in `text`, in order, with the sign beside it where there is one."""
    text = _COLON_CENTS.sub(".", plain_digits(text)) if ":" in text else plain_digits(text)
    for number in _NUMBER.finditer(text):
        start, end = number.span()
        dash = _DASH_CENTS.match(text, end)
        if dash:
            end = dash.end()
        sign, start, end = _sign_beside(text, start, end)
        currency = currencies.resolve(sign, evidence) if sign else None
        if currency is None and sign and currencies.is_word_elsewhere(sign):
            sign = ""
        hint = currency or _notation(sign, evidence)
        amount = _printed(number[0], hint)
        if amount is not None:
            yield Money(amount, currency, sign, start, end)


def _notation(sign: str, evidence: Sequence[str]) -> str | None:
    """The currency whose habits the number follows when its sign alone does not settle one."""
    if not sign:
        return evidence[0] if evidence else None
    options = currencies.meanings(sign)
    return options[0] if len(options) == 1 else None


def parse_amount(text: str, *, currency: str | None = None) -> Decimal | None:
    """The one number in `text` by printed notation, or None."""
    amounts = {m.amount for m in find_money(text, evidence=(currency,) if currency else ())}
    return amounts.pop() if len(amounts) == 1 else None


_MACHINE = re.compile(r"\d+(?:\.\d+)?")
_EXPONENT = re.compile(r"\d+(?:\.\d+)?[eE][+-]?\d{1,3}")


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
        text = plain_digits(value).strip()[:64]
    else:
        return None
    if _EXPONENT.fullmatch(text):
        text = format(Decimal(text), "f")
    if not _MACHINE.fullmatch(text):
        return _printed_in_markup(text, currency)
    whole, _, fraction = text.partition(".")
    amount = _decimal(text)
    if amount is None:
        return None
    if len(fraction) == 3 and 1 <= len(whole) <= 3 and whole != "0":
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
    if len(text) > 40 or text.startswith("-"):
        return None
    money = parse_money(text, currency=currency)
    return money and Money(money.amount, money.currency or currency, money.sign)


def _round_noise(amount: Decimal, fraction: str, currency: str | None) -> Decimal:
    """29.989999999 → 29.99: more digits than money has are a float's noise or a net price's tail."""
    digits = max(2, currencies.decimals(currency))
    if len(fraction) <= max(3, digits):
        return amount
    rounded = amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return rounded if rounded else amount


def _printed(number: str, currency: str | None) -> Decimal | None:
    """One printed number. None when its separators fit no way of writing an amount."""
    if not number.isdigit():
        number = number.translate(_GROUPING)
    marks = [c for c in number if c in ".,"]
    if not marks:
        return _decimal(number) if not (number.startswith("0") and len(number) > 1) else None
    groups = re.split("[.,]", number)
    last = marks[-1]
    if len(set(marks)) == 2:
        # 1.299,00 and 1,299.00: the last mark is the decimal one and stands once.
        if marks.count(last) > 1 or not _grouped(groups[:-1]):
            return None
        return _decimal("".join(groups[:-1]) + "." + groups[-1]) if len(groups[-1]) <= 3 else None
    if len(marks) > 1:
        return _decimal("".join(groups)) if _grouped(groups) else None
    whole, fraction = groups
    if len(fraction) == 3 and len(whole) <= 3 and whole != "0":
        if currency in currencies.THREE_DECIMALS and (last == "." or currency == "TND"):
            return _decimal(f"{whole}.{fraction}")
        return _decimal(whole + fraction)
    if len(fraction) > 2 and not (whole == "0" and len(fraction) == 3):
        return None
    return _decimal(f"{whole}.{fraction}")


def _grouped(groups: list[str]) -> bool:
    """Western (1,299,000) or Indian (12,99,000) grouping."""
    head, *rest = groups
    if not rest:
        return True
    if not head or len(head) > 3 or len(rest[-1]) != 3:
        return False
    return all(len(g) == 3 for g in rest) or (
        len(head) <= 2 and all(len(g) == 2 for g in rest[:-1])
    )


def _decimal(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount < MAX_AMOUNT else None


def _sign_beside(text: str, start: int, end: int) -> tuple[str, int, int]:
    """The sign that belongs to the number at start:end, and the extent of both."""
    before = _sign_before(text, start)
    after = _sign_after(text, end)
    if before:
        begin = text.rindex(before, 0, start)
        if len(currencies.meanings(before)) > 1:
            return _spelled_out(text, before, begin, end, after)
        return before, begin, end
    if after:
        stop = text.index(after, end) + len(after)
        if not (text[end] in _SPACES and text[stop : stop + 1].isdigit()):
            return after, start, stop
    return "", start, end


def _sign_before(text: str, start: int) -> str:
    """The longest sign or code that ends where the number starts, but for white space and colons."""
    end = start
    while end > 0 and start - end < 4 and text[end - 1] in _GAP:  # noqa: PLR2004 - a gap, not a column
        end -= 1
    if end == 0 or text[end - 1].isdigit():
        return ""
    for sign in _BY_LAST.get(text[end - 1].lower(), ()):
        start = end - len(sign)
        if start >= 0 and text[start:end].lower() == sign and _stands_alone(text, start, sign):
            found = text[start:end]
            return found if _is_sign(found) else ""
    code = text[max(0, end - 3) : end]
    if code.isupper() and currencies.is_code(code) and _stands_alone(text, end - 3, code):
        return code
    return ""


def _sign_after(text: str, end: int) -> str:
    """The longest sign or code that starts where the number ends, but for white space."""
    start = end
    while start < len(text) and start - end < 4 and text[start] in _SPACES:  # noqa: PLR2004 - as before
        start += 1
    if start == len(text) or text[start].isdigit():
        return ""
    for sign in _BY_FIRST.get(text[start].lower(), ()):
        stop = start + len(sign)
        if text[start:stop].lower() == sign and not (
            sign[-1].isalpha() and text[stop : stop + 1].isalpha()
        ):
            found = text[start:stop]
            return found if _is_sign(found) else ""
    code = text[start : start + 3]
    if code.isupper() and currencies.is_code(code) and not text[start + 3 : start + 4].isalpha():
        return code
    return ""


def _stands_alone(text: str, start: int, sign: str) -> bool:
    return start == 0 or not sign[0].isalpha() or not text[start - 1].isalpha()


_COUNTRY_BEFORE = re.compile(r"(?<![^\W\d_])(US|CA|AU|NZ|HK|NT|MX|C|A|S|[A-Z]{3})\s?$")


def _spelled_out(text: str, sign: str, start: int, end: int, after: str) -> tuple[str, int, int]:
    """`US $5`, `CAD $5`, `$5 USD`: a shared sign made plain by what stands beside it."""
    options = currencies.meanings(sign)
    country = _COUNTRY_BEFORE.search(text[max(0, start - 5) : start])
    if country:
        for spelled in (country[1] + sign, country[1]):
            if set(currencies.meanings(spelled)) & set(options):
                return spelled, start - len(country[0]), end
    if after.isupper() and currencies.normalise(after) in options:
        return after, start, text.index(after, end) + len(after)
    return sign, start, end


def _is_sign(token: str) -> bool:
    """Whether a token of the table is meant as a sign, going by its capitals."""
    if token.lower() in _CAPITALS_ONLY and token.lower() not in ("rs", "dh"):
        return token.isupper()
    return (
        len(token) != 3 or not token.isascii() or not token.islower() or token in currencies.SIGNS
    )  # noqa: PLR2004 - ISO codes


def plain_digits(text: str) -> str:
    """ASCII digits and separators for every script's own; invisible marks removed."""
    if text.isascii() or not _FOREIGN.search(text):
        return text
    return "".join(_plain(char) for char in text.translate(_INVISIBLE))


def _plain(char: str) -> str:
    if char < "\u0660":
        return char
    if char in _ARABIC_MARKS:
        return _ARABIC_MARKS[char]
    digit = unicodedata.decimal(char, None)
    return char if digit is None else str(digit)


def same(one: Decimal, other: Decimal) -> bool:
    """Whether two amounts are one price: equal, or a page's rounding of the other's cents."""
    return one == other


def distinct(amounts: Iterable[Decimal]) -> list[Decimal]:
    """The amounts without repetition, in order; 19.9 and 19.90 are one."""
    return list(dict.fromkeys(amount.normalize() for amount in amounts))
