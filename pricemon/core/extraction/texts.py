"""One pass over a page's text: the numbers worth a look, and where the headings stand among them.

Every text node of the page comes by here, so the loop asks what is cheapest first; most texts
leave it without having been searched for anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from pricemon.core import currencies
from pricemon.core.extraction.vocabulary.headings import announces_others
from pricemon.core.numerals import DIGITS

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_SEEDS = 1_500
MAX_TEXT = 90
SHORT_LABEL = 30

_LONG_TEXT = 240
"""Characters, white space among them, of a text that may still be short when it is squeezed."""
RAW = frozenset(["script", "style", "title", "template", "noscript", "textarea", "iframe"])
_DIGIT = re.compile(f"[0-9{DIGITS}]")
_SYMBOLS = "$€£¥￥₹₽₺₴₩₪₫฿₱₦₸₼₾₡₲₵৳﷼＄円元원₨"
_SYMBOL = re.compile(f"[{_SYMBOLS}]")
_WORD = re.compile(r"[^\W\d_]{2,}")
# Hardly more than a number with a short word on either side.
_NUMBERISH = re.compile(r"[^\d]{0,24}\d[\d\s.,'’٬٫]*(?:[,.:]?[-–—]+)?[^\d]{0,14}$")
_PERCENT = re.compile(r"(\d{1,2})(?:[.,]\d{1,2})?\s?%")


def _tag_ids(*names: str) -> frozenset[int | None]:
    """The parser's numbers of tags: cheaper to compare than names, node after node."""
    tree = LexborHTMLParser("".join(f"<{name}></{name}>" for name in names))
    return frozenset(node.tag_id for name in names for node in tree.css(name))


_RAW_IDS = _tag_ids(*sorted(RAW))
_HEADING_IDS = _tag_ids("h2", "h3", "h4", "h5", "h6")
_TEXT_ID = next(
    node.tag_id
    for node in LexborHTMLParser("<p>x</p>").css("p")[0].traverse(include_text=True)
    if node.is_text_node
)


@dataclass(slots=True)
class Seed:
    """A text node that may hold an amount; `order` counts the page's texts."""

    order: int
    node: LexborNode
    text: str
    signed: bool
    """Whether a sign of money can be told at a glance."""


@dataclass(slots=True)
class Texts:
    """What one pass over the page's text finds."""

    seeds: list[Seed] = field(default_factory=list)
    heading: int | None = None
    """The order of the text that is the heading's."""
    others: list[int] = field(default_factory=list)
    """The orders of headings that announce other products."""
    percents: set[int] = field(default_factory=set)
    """Percentages printed by themselves: the discount is one of them, if any is shown."""


def has_sign(text: str) -> bool:
    """Whether a sign, a code or a word of money can be told at a glance, whatever it belongs to."""
    return bool(_SYMBOL.search(text)) or not currencies.WORDS_OF_MONEY.isdisjoint(
        _WORD.findall(text)
    )


@lru_cache(maxsize=8192)
def _squeezed(text: str) -> tuple[str, bool, bool, tuple[int, ...]]:
    """A text with digits, squeezed; whether it may print an amount, and a sign; its percentages."""
    squeezed = " ".join(text.split())
    if len(squeezed) > MAX_TEXT:
        return squeezed, False, False, ()
    percents = _PERCENT.findall(squeezed) if len(squeezed) <= SHORT_LABEL else ()
    worth = bool(_SYMBOL.search(squeezed) or _NUMBERISH.match(squeezed))
    return squeezed, worth, worth and has_sign(squeezed), tuple(map(int, percents))


def scan(root: LexborNode, heading: str) -> Texts:
    """The page's texts. `heading` is the heading's first text."""
    texts = Texts()
    found = texts.seeds
    last_tag: int | None = 0
    order = 0
    has_digit = _DIGIT.search
    for node in root.traverse(include_text=True, skip_empty=True):
        tag = node.tag_id
        if tag != _TEXT_ID:
            last_tag = tag
            continue
        if last_tag in _RAW_IDS and node.parent is not None and node.parent.tag_id in _RAW_IDS:
            last_tag = 0
            continue
        text = (node.text_content or "").strip()
        order += 1
        if last_tag in _HEADING_IDS and announces_others(text):
            texts.others.append(order)
        last_tag = 0
        if len(text) > _LONG_TEXT:
            continue
        if text == heading:
            texts.heading = order
        if has_digit(text):
            squeezed, worth, signed, percents = _squeezed(text)
            if worth and len(found) < MAX_SEEDS:
                found.append(Seed(order, node, squeezed, signed))
            if percents:
                texts.percents.update(percents)
    return texts
