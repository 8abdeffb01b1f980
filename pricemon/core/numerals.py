"""How numbers are written: digits of every script, group marks, decimal marks."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation

from pricemon.core import currencies

MAX_AMOUNT = Decimal(10) ** 12
"""Beyond this a number is an identifier, not a price."""

SPACES = " \u00a0\u202f\u2009\u2007\u2008\u200a"

_QUOTES = "'\u2019`\u00b4\u02bc"
_GROUPING = dict.fromkeys(map(ord, SPACES + _QUOTES + "·"))
_GROUP = 3
_MINOR = 2

NUMBER = re.compile(
    rf"\d{{1,3}}(?:[{SPACES}]\d{{3}})+(?![\d])(?:[.,]\d{{1,2}}(?!\d))?"
    rf"|\d+(?:[.,{_QUOTES}·]\d+)*"
)
"""A printed number with its separators; linear, because a separator never stands alone."""

_MARKS = {"\u066c": ",", "\u066b": ".", "\u060c": ",", "\uff0e": ".", "\uff0c": ",", "\u2212": "-"}
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\ufeff\u00ad"))
DIGITS = (
    "\u0660-\u0669\u06f0-\u06f9\u07c0-\u07c9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59\uff10-\uff19"
)
"""The digits beside ASCII's that shops write with, as ranges of a character class."""
_FOREIGN = re.compile(
    f"[{DIGITS}\u066c\u066b\u060c\uff0e\uff0c\u2212\u200b-\u200f\u202a-\u202c\ufeff\u00ad]"
)
_FIRST_FOREIGN = "\u060c"


def plain_digits(text: str) -> str:
    """ASCII digits and separators for every script's own; invisible marks removed."""
    if text.isascii() or not _FOREIGN.search(text):
        return text
    return "".join(_plain(char) for char in text.translate(_INVISIBLE))


def _plain(char: str) -> str:
    if char < _FIRST_FOREIGN:
        return char
    if char in _MARKS:
        return _MARKS[char]
    digit = unicodedata.decimal(char, None)
    return char if digit is None else str(digit)


def printed(number: str, currency: str | None) -> Decimal | None:
    """One printed number. None when its separators fit no way of writing an amount."""
    if not number.isdigit():
        number = number.translate(_GROUPING)
    marks = [c for c in number if c in ".,"]
    if not marks:
        return decimal(number) if not (number.startswith("0") and len(number) > 1) else None
    groups = re.split("[.,]", number)
    last = marks[-1]
    if len(set(marks)) > 1:
        # 1.299,00 and 1,299.00: the last mark is the decimal one and stands once.
        if marks.count(last) > 1 or not _grouped(groups[:-1]):
            return None
        return (
            decimal("".join(groups[:-1]) + "." + groups[-1]) if len(groups[-1]) <= _GROUP else None
        )
    if len(marks) > 1:
        return decimal("".join(groups)) if _grouped(groups) else None
    whole, fraction = groups
    if len(fraction) == _GROUP and len(whole) <= _GROUP and whole != "0":
        if currency in currencies.THREE_DECIMALS and (last == "." or currency == "TND"):
            return decimal(f"{whole}.{fraction}")
        return decimal(whole + fraction)
    if len(fraction) > _MINOR and not (whole == "0" and len(fraction) == _GROUP):
        return None
    return decimal(f"{whole}.{fraction}")


def _grouped(groups: list[str]) -> bool:
    """Western (1,299,000) or Indian (12,99,000) grouping."""
    head, *rest = groups
    if not rest:
        return True
    if not head or len(head) > _GROUP or len(rest[-1]) != _GROUP:
        return False
    return all(len(g) == _GROUP for g in rest) or (
        len(head) <= _MINOR and all(len(g) == _MINOR for g in rest[:-1])
    )


def decimal(text: str) -> Decimal | None:
    """`text` in plain notation as a number below `MAX_AMOUNT`, or None."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount < MAX_AMOUNT else None
