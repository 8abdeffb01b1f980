"""JSON as pages really carry it: comments, trailing commas, raw newlines, broken neighbours.

Numbers with a fraction become `Decimal`, so that no price passes through a float. Every function
is bounded: texts over `MAX_CHARS` are not read, nesting too deep for the parser is "no document".
"""

from __future__ import annotations

import html
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARS = 4_000_000
MAX_DOCUMENTS = 50

_DECODER = json.JSONDecoder(strict=False, parse_float=Decimal, parse_constant=lambda _: None)
_WRAPPING = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)")
_WRAPPED = re.compile(r"(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)?[\s;]*$")
# An open string runs to the end, so that no text is scanned twice; `++` never backtracks.
_STRING = r'"(?:[^"\\]++|\\.)*+(?:"|\Z)'
_TRAILING_COMMA = re.compile(rf"({_STRING})|,(?=\s*[}}\],])", re.DOTALL)
_COMMENT = re.compile(rf"({_STRING})|/\*.*?\*/|//[^\n]*", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")
# A quote inside a string: neither opening after `{ [ , :` nor closing before `: , } ]`.
_INNER_QUOTE = re.compile(r'(?<![{\[,:\s\\])(\s*)"(?!\s*[:,}\]])')
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])|\\u(?![0-9a-fA-F]{4})')
_OFFERS = re.compile(r'"offers"\s*:\s*(?=[{\[])')
_IS_PRODUCT = re.compile(r'"@type"\s*:\s*\[?\s*"(?:https?://schema\.org/)?Product"')


def documents(text: str) -> list[Any]:
    """Every JSON document in a script's text; an empty list when there is none to be had."""
    if len(text) > MAX_CHARS:
        return []
    text = _WRAPPED.sub("", _WRAPPING.sub("", text, count=1), count=1).strip("\ufeff \t\r\n")
    if not text:
        return []
    for repaired in _repairs(text):
        found = _read(repaired)
        if found:
            return found
    return _salvage(text)


def _read(text: str) -> list[Any]:
    """Documents that follow each other, as some shops print them; all of them or none."""
    found: list[Any] = []
    at = 0
    while at < len(text) and len(found) < MAX_DOCUMENTS:
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return []
        found.append(value)
        while at < len(text) and text[at] in " \t\r\n;,":
            at += 1
    return found


def _repairs(text: str) -> Iterator[str]:
    """`text`, then ever more repaired; each step keeps the ones before it."""
    yield text
    if "&quot;" in text[:2000]:
        text = html.unescape(text)
        yield text
    text = _CONTROL.sub(" ", text)
    text = _TRAILING_COMMA.sub(lambda m: m[1] or "", text)
    yield text
    text = _BAD_ESCAPE.sub(r"\\\\", text)
    yield text
    yield _TRAILING_COMMA.sub(lambda m: m[1] or "", _COMMENT.sub(lambda m: m[1] or "", text))
    yield _INNER_QUOTE.sub(r'\1\\"', text)


def _salvage(text: str) -> list[Any]:
    """The offers of a product whose block is broken elsewhere, if it is about one product."""
    places = [found.end() for found in _OFFERS.finditer(text)]
    if len(places) != 1 or len(_IS_PRODUCT.findall(text)) != 1:
        return []
    try:
        offers, _ = _DECODER.raw_decode(text, places[0])
    except (ValueError, RecursionError):
        return []
    return [{"@type": "Product", "offers": offers}]


def load(text: str) -> Any:
    """The one JSON document of `text` without repairs, or None."""
    if len(text) > MAX_CHARS:
        return None
    try:
        return _DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return None


def at(text: str, start: int) -> Any:
    """The JSON document that starts at `start` in a longer text, or None."""
    try:
        return _DECODER.raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None
