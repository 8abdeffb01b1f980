"""What the page is about: the element with the product's name, and the buttons that buy it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pricemon.core.extraction import labels, names
from pricemon.core.extraction.names import Says
from pricemon.core.extraction.products import alike, tokens
from pricemon.core.extraction.vocabulary.phrases import Label
from pricemon.core.extraction.zones import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from selectolax.lexbor import LexborNode

    from pricemon.core.extraction.document import Document

BUY_REACH = 8
"""Elements above a button within which an amount may be what it charges."""

_LIKELY = 'h2, h3, [itemprop="name"], [class*="name" i], [class*="title" i], [class*="heading" i]'
_NAMED_SO = (
    '[class*="pageheading" i], [class*="product-name" i], [class*="product_name" i], '
    '[class*="productname" i], [class*="product-title" i], [class*="product_title" i], '
    '[class*="producttitle" i], [class*="post-title" i]'
)
_PARTS = re.compile(
    r"\s+[|–—•·:»-]+\s+|\s*[|•»]\s*|(?<=[\u3040-\u9fff\uac00-\ud7af])[-_–—](?=[\u3040-\u9fff\uac00-\ud7af])"
)
_SITE = re.compile(r"logo|brand|site-?(?:title|name)|shop-?name|menu|crumb", re.IGNORECASE)
_MOST_LIKELY = 60
_LONGEST_TITLE = 400
"""Characters of a title that is cut into names: each is held against all of a page's texts."""
_SHORTEST_NAME = 8
_LONGEST_NAME = 120
_NO_HEADINGS = frozenset(("a", "script", "style", "option", "title", "noscript", "textarea"))
_HEADS = 2
_MOST_BUTTONS = 120
# `:is` asks for the tag first, and takes half the time of as many selectors written out.
_BUY_CSS = (
    'button, input:is([type="submit"], [type="button"], [type="image"]), '
    'a:is([class*="buy" i], [class*="cart" i], [class*="basket" i], [id*="cart" i]), '
    'form[class*="cart" i]'
)


def heading_of(document: Document, known_as: Sequence[str]) -> LexborNode | None:
    """The element that holds the product's name: the `<h1>` most like it, else a likely text."""
    wanted = [tokens(name) for name in known_as if name]
    headings = document.headings
    for h1 in headings:
        if any(alike(tokens(h1.text()), name) for name in wanted):
            return h1
    if headings and not wanted:
        return headings[0]
    likely = [
        (node, tokens(node.text()[:300]))
        for node in document.tree.css(_LIKELY)[:_MOST_LIKELY]
        if node.tag != "meta" and not _is_of_the_site(node)
    ]
    for node, named in likely:
        if any(alike(named, name) for name in wanted):
            return node
    if headings:
        return headings[0]
    # Titles carry the shop's name and slogan, too: the longest part is likely the product's.
    parts = sorted(
        {part for name in known_as for part in _PARTS.split(name[:_LONGEST_TITLE])},
        key=len,
        reverse=True,
    )
    names = [tokens(part) for part in parts if len(part) >= _SHORTEST_NAME]
    for name in names:
        for node, named in likely:
            if _is_called(named, name):
                return node
    called = document.tree.css(_NAMED_SO)
    # More than one, and one for the price beside it, are the names in a list.
    return called[0] if 0 < len(called) <= _HEADS else _printed(document, names)


def _is_of_the_site(node: LexborNode) -> bool:
    """Whether an element is named as the shop's own, or as one that leads through it."""
    for one in (node, node.parent):
        attributes = one.attributes if one is not None else {}
        if _SITE.search(f"{attributes.get('class')} {attributes.get('id')}"):
            return True
    return False


def _is_called(named: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Whether a text is a name or nearly: one word of several could be a menu's."""
    return named == name or (len(named) > 1 and alike(named, name))


def _printed(document: Document, names: Sequence[tuple[str, ...]]) -> LexborNode | None:
    """The element that prints one of the names and little else, on pages without headings."""
    if document.tree.body is None or not names:
        return None
    for node in document.tree.body.traverse(include_text=True, skip_empty=True):
        text = node.text_content
        if text is None or not _SHORTEST_NAME <= len(text) <= _LONGEST_NAME:
            continue
        named = tokens(text)
        if any(len(name) > 1 and _is_called(named, name) for name in names):
            parent = node.parent
            if parent is None or parent.tag in _NO_HEADINGS or _is_of_the_site(parent):
                continue
            return parent
    return None


def first_text(heading: LexborNode | None) -> str:
    """The heading's first text; what no page contains when there is none."""
    if heading is not None:
        for node in heading.traverse(include_text=True, skip_empty=True):
            if node.is_text_node:
                return (node.text_content or "").strip()
    return "\0"


def buy_buttons(document: Document) -> list[LexborNode]:
    """The elements that put the product into a cart, by their names or their words."""
    found = []
    for node in document.tree.css(_BUY_CSS)[:_MOST_BUTTONS]:
        attributes = node.attributes
        declared = attributes.get("class") or attributes.get("id") or attributes.get("name") or ""
        if names.says(declared) & Says.BUY or (
            node.tag in ("button", "input", "a") and _says_that_it_buys(node, attributes)
        ):
            found.append(node)
    return found


def is_enabled(button: LexborNode) -> bool:
    """Whether a button can be pressed and says in words that it buys."""
    attributes = button.attributes
    if "disabled" in attributes or "disabled" in (attributes.get("class") or "").lower():
        return False
    return button.tag != "form" and _says_that_it_buys(button, attributes)


def _says_that_it_buys(node: LexborNode, attributes: Mapping[str, str | None]) -> bool:
    said = attributes.get("value") or attributes.get("aria-label") or node.text()[:60]
    return bool(labels.of(" ".join(said.split())) & Label.BUY)


def reach(buttons: Sequence[LexborNode]) -> dict[int, int]:
    """The elements above the buttons, with how far above."""
    places: dict[int, int] = {}
    for button in buttons:
        parent, up = button.parent, 1
        while parent is not None and up <= BUY_REACH and parent.tag != "body":
            places[parent.mem_id] = min(places.get(parent.mem_id, NEVER), up)
            parent, up = parent.parent, up + 1
    return places


def distance(node: LexborNode, buys: dict[int, int]) -> int:
    """Elements between `node` and a button that buys, the longer way; `NEVER` when none is near."""
    current: LexborNode | None = node
    for level in range(BUY_REACH):
        if current is None:
            break
        up = buys.get(current.mem_id)
        if up is not None:
            return max(up, level)
        current = current.parent
    return NEVER
