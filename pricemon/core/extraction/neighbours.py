"""The words beside an amount: the last ones before it and the first ones after it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pricemon.core.extraction import hiding
from pricemon.core.extraction.pieces import amounts
from pricemon.core.extraction.texts import MAX_TEXT, RAW, SHORT_LABEL
from pricemon.core.wordlist import words

if TYPE_CHECKING:
    from collections.abc import Container

    from selectolax.lexbor import LexborNode

_ICON = 3
_INLINE = frozenset(words("-text span small b strong i em sup sub a font label abbr bdi bdo"))
_STRUCK = frozenset(("s", "del", "strike"))
_BESIDE = (_INLINE | {"td", "dd", "p"}) - {"a"}
_DIGIT = re.compile(r"\d")
_DASHED = re.compile(r"[-–—−]")


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
    if node.tag in RAW or hiding.by_style(node.attributes.get("style")):
        return ""
    text = node.text(separator=" ") or ""
    return " ".join(text[: 4 * MAX_TEXT].split())


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
