"""The sign beside a number: which one belongs to it, and how far the two extend together."""

from __future__ import annotations

import re

from pricemon.core import currencies
from pricemon.core.numerals import SPACES
from pricemon.core.wordlist import words

_GAP = SPACES + ":"
_WIDEST_GAP = 3
_CODE = 3
# One letter, or a word that is one elsewhere, is a sign in capitals only: `R 250`, not `4 r`.
_CAPITALS_ONLY = frozenset(words("r q l n mt km da le bd kd jd dt sr qr nt rm br bs kz"))
_COUNTRY_BEFORE = re.compile(r"(?<![^\W\d_])(US|CA|AU|NZ|HK|NT|MX|C|A|S|[A-Z]{3})\s?$")


def _longest_first(end: int) -> dict[str, tuple[str, ...]]:
    """The signs by the character at their `end`, so that most numbers ask for none of them."""
    table: dict[str, list[str]] = {}
    for sign in sorted(currencies.SIGNS, key=len, reverse=True):
        table.setdefault(sign[end], []).append(sign)
    return {char: tuple(signs) for char, signs in table.items()}


_LONGEST = max(map(len, currencies.SIGNS))
_BY_FIRST = _longest_first(0)
_BY_LAST = _longest_first(-1)


def beside(text: str, start: int, end: int) -> tuple[str, int, int]:
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
        if not (text[end] in SPACES and text[stop : stop + 1].isdigit()):
            return after, start, stop
    return "", start, end


def _sign_before(text: str, start: int) -> str:
    """The longest sign or code that ends where the number starts, but for spaces and colons."""
    end = start
    while end > 0 and start - end <= _WIDEST_GAP and text[end - 1] in _GAP:
        end -= 1
    if end == 0 or text[end - 1].isdigit():
        return ""
    near = text[max(0, end - _LONGEST) : end].lower()
    for sign in _BY_LAST.get(near[-1], ()):
        start = end - len(sign)
        if near.endswith(sign) and _stands_alone(text, start, sign):
            found = text[start:end]
            return found if _is_sign(found) else ""
    code = text[max(0, end - _CODE) : end]
    if code.isupper() and currencies.is_code(code) and _stands_alone(text, end - _CODE, code):
        return code
    return ""


def _sign_after(text: str, end: int) -> str:
    """The longest sign or code that starts where the number ends, but for white space."""
    start = end
    while start < len(text) and start - end <= _WIDEST_GAP and text[start] in SPACES:
        start += 1
    if start == len(text) or text[start].isdigit():
        return ""
    near = text[start : start + _LONGEST].lower()
    for sign in _BY_FIRST.get(near[0], ()):
        stop = start + len(sign)
        if near.startswith(sign) and not (sign[-1].isalpha() and text[stop : stop + 1].isalpha()):
            found = text[start:stop]
            return found if _is_sign(found) else ""
    code = text[start : start + _CODE]
    if (
        code.isupper()
        and currencies.is_code(code)
        and not text[start + _CODE : start + _CODE + 1].isalpha()
    ):
        return code
    return ""


def _stands_alone(text: str, start: int, sign: str) -> bool:
    return start == 0 or not sign[0].isalpha() or not text[start - 1].isalpha()


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
    return token.isupper() or token.lower() not in _CAPITALS_ONLY
