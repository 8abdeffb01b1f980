"""Text nodes → printed amounts: joining what shops cut into several elements.

One price may stand in many elements (`<b>$</b>19<sup>99</sup>`); a *box* is the largest element
around a number that still prints that one amount and little else.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pricemon.core import currencies
from pricemon.core.extraction import hiding, labels, names
from pricemon.core.extraction.names import Says
from pricemon.core.extraction.texts import MAX_TEXT, RAW, has_sign
from pricemon.core.extraction.vocabulary.phrases import Label
from pricemon.core.money import Money, find_money
from pricemon.core.numerals import plain_digits
from pricemon.core.wordlist import words

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from pricemon.core.extraction.texts import Seed

_BOX_TEXT = 60
_LONGEST = 4 * MAX_TEXT
_LONGEST_SIGN = 4
_SPLIT_PRICE = 14
_BOX_CLIMB = 4
_LINES = frozenset(words("div p li ul button form h2 h3 h4 section dt dd tr"))
_LONG_WORD = re.compile(r"[^\W\d_]{3}")
_DIGIT = re.compile(r"\d")
_REST = re.compile(r"\d\d\d?")
_POINT_LAST = re.compile(r"\d[.,]$")
_CENTS = re.compile(r"\d\d(?!\d|\s?%)")
_AFTER_POINT = re.compile(r"\d\d\d?(?!\d|\s?%)")
_WHOLE_AT_END = re.compile(
    r"(?<![\d.,])\d{1,3}(?:[\s.,'’\u00a0\u202f]?\d{3})*$|(?<![\d.,])\d{1,7}$"
)
_POINT_FIRST = re.compile(r"[.,]\s?(?:\d{1,2}(?!\d)|[-–—]|$)")
_MOST_PIECES = 16
_SPLIT_IN = 4
_PIECE = re.compile(r"[.,]|[.,]?\s?\d\d\d?")


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
    return found, text if text != own else _with_sign(found, _with_cents(found, text))


def is_rest(node: LexborNode, text: str) -> bool:
    """Whether a text is the rest of the number before it: `990` in `5`, `,`, `990`."""
    if not _REST.fullmatch(plain_digits(text)):
        return False
    before = ""
    start = node if node.prev is not None else node.parent
    sibling = start.prev if start is not None else None
    for _ in range(_SPLIT_IN):
        if sibling is None or _POINT_LAST.search(before):
            break
        before = _piece(sibling) + before
        sibling = sibling.prev
    return bool(_POINT_LAST.search(before))


def _piece(node: LexborNode) -> str:
    return " ".join(plain_digits(node.text_content or node.text() or "").split())


def _with_cents(element: LexborNode, text: str) -> str:
    """`3.` `49` beside another amount: the pieces next to a number that can only be its own."""
    sibling = element.next
    for _ in range(_SPLIT_IN):
        if sibling is None:
            break
        piece = _piece(sibling)
        if piece:
            joined = _join(text, piece, sibling)
            if not _PIECE.fullmatch(piece) or " " in joined[len(text) :]:
                break
            text = joined
        sibling = sibling.next
    return text


def _with_sign(element: LexborNode, text: str) -> str:
    """`<i>$</i>` before the number, or `Ft` behind it: a sign in a text of its own is its."""
    if has_sign(text):
        return text
    before, behind = (_lone_sign(beside) for beside in (element.prev, element.next))
    return f"{before} {text}" if before else f"{text} {behind}".rstrip()


def _lone_sign(node: LexborNode | None) -> str:
    text = (node.text_content or node.text() or "").strip() if node is not None else ""
    return text if len(text) <= _LONGEST_SIGN and currencies.meanings(text) else ""


def _holds_other_lines(parent: LexborNode, inner: LexborNode) -> bool:
    """Whether `parent` has lines of words beside `inner` that say nothing of its amount."""
    for child in parent.iter():
        if child.tag in _LINES and child.mem_id != inner.mem_id:
            text = " ".join(child.text(separator=" ").split())
            worded = _LONG_WORD.search(text) and not has_sign(text) and not _DIGIT.search(text)
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
        if parent is None or (last_tag in RAW and parent.tag in RAW) or _unseen(parent, element):
            continue
        text = _join(text, " ".join(plain_digits(content[:_LONGEST]).split()), parent)
        count += 1
        if count > _MOST_PIECES or len(text) > _LONGEST:
            break
    return text


def _unseen(node: LexborNode, top: LexborNode) -> bool:
    """Whether a style hides the text of `node`, in itself or up to `top`."""
    current: LexborNode | None = node
    for _ in range(_BOX_CLIMB):
        if current is None or current.mem_id == top.mem_id:
            return False
        if hiding.by_style(current.attributes.get("style")):
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
    elif text[-1] in ".," and text[-2:-1].isdigit() and _AFTER_POINT.match(piece):
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
        if above.tag == "sup" or (len(around) <= _SPLIT_PRICE and has_sign(around)):
            return True
    declared = parent.attributes.get("class")
    return bool(names.says(declared or "") & Says.CENTS)
