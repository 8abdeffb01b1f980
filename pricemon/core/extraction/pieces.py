"""Text nodes → printed amounts: finding those worth a look, and joining split ones.

Shops cut one price into many elements (`<b>$</b>19<sup>99</sup>`); a *box* is the largest element
around a number that still prints that one amount and little else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from pricemon.core.extraction import labels, names
from pricemon.core.extraction.headings import announces_others
from pricemon.core.extraction.names import Says
from pricemon.core.extraction.phrases import Label
from pricemon.core.money import Money, find_money
from pricemon.core.numerals import plain_digits
from pricemon.core.wordlist import words

if TYPE_CHECKING:
    from collections.abc import Container

    from selectolax.lexbor import LexborNode

MAX_SEEDS = 1_500
MAX_TEXT = 90
SHORT_LABEL = 30

_ICON = 3
_LONG_TEXT = 400
_BOX_TEXT = 60
_SPLIT_PRICE = 14
_BOX_CLIMB = 4
_RAW = frozenset(["script", "style", "title", "template", "noscript", "textarea", "iframe"])
_INLINE = frozenset(words("-text span small b strong i em sup sub a font label abbr bdi bdo"))
_STRUCK = frozenset(("s", "del", "strike"))
_BESIDE = (_INLINE | {"td", "dd", "p"}) - {"a"}
_LINES = frozenset(words("div p li ul button form h2 h3 h4 section dt dd tr"))
_LONG_WORD = re.compile(r"[^\W\d_]{3}")
_DIGIT = re.compile(r"\d")
SIGN = re.compile(
    r"[$€£¥￥₹₽₺₴₩₪₫฿₱₦₸₼₾₡₲₵৳﷼＄円元원₨]|\b(?:kr|Kč|zł|Ft|lei|руб|грн|лв|TL|CHF|EUR|USD|GBP)\b"
)
"""The signs that can be told at a glance; others are found by reading the number."""
# A sign of money, or hardly more than a number with a short word on either side.
_MONEYISH = re.compile(
    r"[$€£¥￥₹₽₺₴₩₪₫฿₱₦₸₼₾₡₲₵৳﷼＄円元원₨]"
    r"|^[^\d]{0,24}\d[\d\s.,'’٬٫]*(?:[,.:]?[-–—]+)?[^\d]{0,14}$"
)
_PERCENT = re.compile(r"(\d{1,2})(?:[.,]\d{1,2})?\s?%")
_CENTS = re.compile(r"\d\d(?!\d|\s?%)")
_WHOLE_AT_END = re.compile(
    r"(?<![\d.,])\d{1,3}(?:[\s.,'’\u00a0\u202f]?\d{3})*$|(?<![\d.,])\d{1,7}$"
)
_POINT_FIRST = re.compile(r"[.,]\s?(?:\d{1,2}(?!\d)|[-–—]|$)")
_POINT_LAST = re.compile(r"\d[.,]$")
_DASHED = re.compile(r"[-–—−]")
_MOST_PIECES = 16
_SPLIT_IN = 4
_PIECE = re.compile(r"[.,]|[.,]?\s?\d\d")


def _tag_ids(*names: str) -> frozenset[int | None]:
    """The parser's numbers of tags: cheaper to compare than names, node after node."""
    tree = LexborHTMLParser("".join(f"<{name}></{name}>" for name in names))
    return frozenset(node.tag_id for name in names for node in tree.css(name))


_RAW_IDS = _tag_ids(*sorted(_RAW))
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


def scan(root: LexborNode, heading: str) -> Texts:
    """Text nodes worth a look. `heading` is the heading's first text."""
    texts = Texts()
    found = texts.seeds
    last_tag: int | None = 0
    order = 0
    has_digit = _DIGIT.search
    moneyish = _MONEYISH.search
    for node in root.traverse(include_text=True, skip_empty=True):
        tag = node.tag_id
        if tag != _TEXT_ID:
            last_tag = tag
            continue
        if last_tag in _RAW_IDS and node.parent is not None and node.parent.tag_id in _RAW_IDS:
            last_tag = 0
            continue
        text = node.text_content or ""
        order += 1
        if last_tag in _HEADING_IDS and announces_others(text):
            texts.others.append(order)
        last_tag = 0
        if len(text) < _LONG_TEXT:
            if has_digit(text):
                squeezed = " ".join(text.split())
                if len(squeezed) <= MAX_TEXT and moneyish(squeezed) and len(found) < MAX_SEEDS:
                    found.append(Seed(order, node, squeezed))
                if "%" in squeezed and len(squeezed) <= SHORT_LABEL:
                    texts.percents.update(map(int, _PERCENT.findall(squeezed)))
            if heading in text and text.strip() == heading:
                texts.heading = order
    return texts


def box(seed: Seed, element: LexborNode, evidence: tuple[str, ...]) -> tuple[LexborNode, str]:
    """The largest element around that still prints one amount only, and its text put together.

    The text node itself is the box when its element prints several amounts.
    """
    found, text = element, compose(element)
    own = text
    if text != seed.text and _different(text, evidence) > 1 and amounts(seed.text, evidence):
        return seed.node, seed.text
    for _ in range(_BOX_CLIMB):
        parent = found.parent
        if parent is None or parent.tag in ("body", "html"):
            break
        if len(parent.text(strip=True)) > _BOX_TEXT:
            break
        composed = compose(parent)
        if composed != text and _different(composed, evidence) != 1:
            break
        if composed != text and _holds_other_lines(parent, found):
            break
        found, text = parent, composed
    return (found, text) if text != own else (found, _with_cents(found, text))


def _with_cents(element: LexborNode, text: str) -> str:
    """`3.` `49` beside another amount: the pieces next to a number that can only be its own."""
    sibling = element.next
    for _ in range(_SPLIT_IN):
        if sibling is None:
            break
        piece = " ".join((sibling.text_content or sibling.text() or "").split())
        if piece:
            joined = _join(text, piece, sibling)
            if not _PIECE.fullmatch(piece) or " " in joined[len(text) :]:
                break
            text = joined
        sibling = sibling.next
    return text


def _holds_other_lines(parent: LexborNode, inner: LexborNode) -> bool:
    """Whether `parent` has lines of words beside `inner` that say nothing of its amount."""
    for child in parent.iter():
        if child.tag in _LINES and child.mem_id != inner.mem_id:
            text = " ".join(child.text(separator=" ").split())
            worded = _LONG_WORD.search(text) and not SIGN.search(text) and not _DIGIT.search(text)
            if worded and not labels.of(text) & ~Label.BUY:
                return True
    return False


@lru_cache(maxsize=2048)
def amounts(text: str, evidence: tuple[str, ...] = ()) -> tuple[Money, ...]:
    """`money.find_money`, remembered: one text is read on its own and in its surroundings."""
    return tuple(find_money(text, evidence=evidence))


def _different(text: str, evidence: tuple[str, ...]) -> int:
    return len({money.amount for money in amounts(text, evidence)})


def compose(element: LexborNode) -> str:
    """An element's text with split amounts rejoined: `19` `<sup>99</sup>` is 19.99, not 1999."""
    only = element.first_child
    if only is not None and only.next is None and only.is_text_node:
        return plain_digits(" ".join((only.text_content or "").split()))
    text = ""
    count = 0
    last_tag: str | None = ""
    for node in element.traverse(include_text=True, skip_empty=True):
        content = node.text_content
        if content is None:
            last_tag = node.tag
            continue
        parent = node.parent
        if parent is None or (last_tag in _RAW and parent.tag in _RAW) or _unseen(parent, element):
            continue
        text = _join(text, " ".join(plain_digits(content).split()), parent)
        count += 1
        if count > _MOST_PIECES or len(text) > 4 * MAX_TEXT:
            break
    return text


def _unseen(node: LexborNode, top: LexborNode) -> bool:
    """Whether a style hides the text of `node`, in itself or up to `top`."""
    current: LexborNode | None = node
    for _ in range(_BOX_CLIMB):
        if current is None or current.mem_id == top.mem_id:
            return False
        if _hides(current):
            return True
        current = current.parent
    return False


def _join(text: str, piece: str, parent: LexborNode) -> str:
    if not text or not piece:
        return text + piece
    if text[-1].isdigit():
        whole = _WHOLE_AT_END.search(text) if _CENTS.match(piece) else None
        if whole and _is_cents(parent):
            # `2.499` `<sup>99</sup>`: where points group thousands, they cannot part the cents.
            point = "," if "." in whole[0] else "."
            return f"{text}{point}{piece}"
        if _POINT_FIRST.match(piece):
            return text + piece.replace(" ", "")
    elif _POINT_LAST.search(text) and _CENTS.match(piece):
        return text + piece
    return f"{text} {piece}"


def _is_cents(parent: LexborNode) -> bool:
    """Whether an element of two digits is the minor unit of the amount before it."""
    if parent.tag in ("sup", "sub", "small"):
        return True
    above = parent.parent
    if above is not None:
        # `<i>$</i><i>299</i><i>99</i>`: beside a sign, two digits of their own can be nothing else.
        around = above.text(strip=True)
        if above.tag == "sup" or (len(around) <= _SPLIT_PRICE and SIGN.search(around)):
            return True
    declared = parent.attributes.get("class")
    return bool(names.says(declared or "") & Says.CENTS)


def text_before(around: LexborNode, subject: Container[int]) -> tuple[str, bool]:
    """The last words before the box in the same small part of the page; whether they are a link's.

    `subject` holds the heading's elements: a product's name labels nothing.
    """
    node: LexborNode | None = around
    for level in range(3):
        if node is None or node.tag in ("body", "main", "article"):
            break
        sibling = node.prev
        for _ in range(4):
            if sibling is None or sibling.mem_id in subject:
                break
            text = _shown_text(sibling) if sibling.tag not in _STRUCK else ""
            if text:
                if _prints_money(text[-4 * MAX_TEXT :]):
                    # On a line of its own its words were for its own amount.
                    text = _behind_amounts(text) if sibling.tag in _INLINE else ""
                # A line of its own labels the number when it is short and holds no value itself.
                inline = sibling.tag in _INLINE and level == 0
                label = len(text) <= SHORT_LABEL and not _DIGIT.search(text)
                fits = inline or label or text.endswith(":")
                return (text if fits else ""), sibling.tag == "a" and len(text) > _ICON
            sibling = sibling.prev
        node = node.parent
    return "", False


def _prints_money(text: str) -> bool:
    """Whether a text has an amount of its own: with a sign, or whole as in `799:-`."""
    return any(money.sign or _DASHED.match(text, money.end - 1) for money in amounts(text))


def _behind_amounts(text: str) -> str:
    """The part of a text that labels what comes next: words before an amount were for that one."""
    last = text[-4 * MAX_TEXT :]
    ends = [one.end for one in amounts(last) if one.sign or _DASHED.match(last, one.end - 1)]
    return text[-4 * MAX_TEXT :][ends[-1] :].strip(" .!*") if ends else text


def _shown_text(node: LexborNode) -> str:
    """An element's or text node's words; empty when it is hidden, or too long to label anything."""
    if node.is_text_node:
        return " ".join((node.text_content or "").split())
    if node.tag in _RAW or _hides(node):
        return ""
    text = node.text(separator=" ") or ""
    return " ".join(text[: 4 * MAX_TEXT].split())


def _hides(node: LexborNode) -> bool:
    style = node.attributes.get("style")
    return bool(style) and "display:none" in (style or "").replace(" ", "").lower()


def text_after(around: LexborNode) -> str:
    """The first words after the box within its parent; not what labels the next amount."""
    node = around.next
    for _ in range(3):
        if node is None:
            return ""
        text = (node.text_content if node.is_text_node else node.text()) or ""
        text = " ".join(text[:MAX_TEXT].split())
        if text:
            if node.tag not in _BESIDE or len(text) > SHORT_LABEL * 2:
                return ""
            return "" if any(money.sign for money in amounts(text)) else text
        node = node.next
    return ""
