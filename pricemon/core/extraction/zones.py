"""Where on the page an element stands: what the names around it say, up to the page's subject.

The walk goes upward from an amount and stops at the first element that also holds the heading:
what holds the page's subject is no side zone, whatever it is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pricemon.core.extraction import hiding, names, sizes
from pricemon.core.extraction.names import Says
from pricemon.core.extraction.texts import has_sign
from pricemon.core.wordlist import words

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from selectolax.lexbor import LexborNode

MAX_CLIMB = 80
NEVER = 99

_ZONE_TAGS = frozenset(
    words(
        """
    footer nav aside select option dialog textarea svg noscript template datalist
    """
    )
)
_ASIDE = re.compile("aside|side-?bar", re.IGNORECASE)
_WHOLE_PAGE = frozenset(("body", "html", "main"))
_STRUCK_TAGS = frozenset(("del", "s", "strike"))
_STRONG_TAGS = frozenset(("strong", "b", "big", "h2", "h3", "h4", "ins", "mark"))
_NAMED = frozenset(
    words(
        """
    id itemprop data-testid data-test data-role data-price-type data-hook data-qa data-auto
    data-component data-ui
    """
    )
)
"""Attributes beside `class` that developers name elements by."""
# How far up a name still speaks of the amount: general ones farther than those that exclude it.
_NEAR = 4
_LONG_TEXT = 200
_QUALIFIED = 3
_OWN = 1


@dataclass(frozen=True, slots=True)
class Around:
    """The part of the page an element is in. `up` counts from the heading to what holds both."""

    zone: str = ""
    hidden: bool = False
    link: bool = False
    up: int = NEVER


@dataclass(slots=True)
class Place:
    """What the names close to an element say; `price` is how many elements up it is called one."""

    around: Around
    price: int = NEVER
    current: bool = False
    listed: bool = False
    struck: bool = False
    secondary: bool = False
    net: bool = False
    strong: bool = False
    exact: bool = False
    size: sizes.Size = ""
    """`large` or `small`, where its own names or style say so."""
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class _Own:
    says: int
    zone: str
    struck: bool
    strong: bool
    hidden: bool
    size: sizes.Size
    exact: bool
    label: str


class Zones:
    """Reads elements' surroundings; each element once.

    `lenient` believes only names that surely mean other things: shops also put their product into
    what they call a grid or a side column.
    """

    def __init__(
        self,
        subject: LexborNode | None,
        elsewhere: Iterable[LexborNode] = (),
        buys: Container[int] = (),
        *,
        lenient: bool = False,
    ) -> None:
        self._aside = Says.OTHERS if lenient else Says.OTHERS | Says.ZONE
        self._tags = _ZONE_TAGS - {"aside"} if lenient else _ZONE_TAGS
        self._buys = buys
        self._elsewhere = {node.mem_id for node in elsewhere}
        self._own: dict[int, _Own] = {}
        self._around: dict[int, Around] = {}
        self._texts: dict[int, tuple[int, bool]] = {}
        self.subject: dict[int, int] = {}
        node, up = subject, 0
        while node is not None and up < MAX_CLIMB:
            self.subject[node.mem_id] = up
            node, up = node.parent, up + 1

    def around(self, node: LexborNode) -> Around:
        """The part of the page that `node` is in."""
        chain: list[LexborNode] = []
        current: LexborNode | None = node
        found = Around()
        for _ in range(MAX_CLIMB):
            if current is None:
                break
            key = current.mem_id
            known = self._around.get(key)
            if known is not None:
                found = known
                break
            up = self.subject.get(key)
            if up is not None:
                found = Around(up=up)
                break
            chain.append(current)
            current = current.parent
        for element in reversed(chain):
            own = self.own(element)
            found = Around(
                found.zone or own.zone,
                found.hidden or own.hidden,
                found.link or element.tag == "a",
                found.up,
            )
            self._around[element.mem_id] = found
        return found

    def is_aside(self, node: LexborNode) -> bool:
        """Whether `node` is in a part of the page with other things, or not shown at all."""
        around = self.around(node)
        return bool(around.zone or around.hidden)

    def place(self, node: LexborNode, box: LexborNode) -> Place:
        """What the names around `node` say of an amount in it; inside `box` all are its own."""
        place = Place(self.around(node))
        path: list[str] = []
        current: LexborNode | None = node
        level, inside = 0, True
        while level <= _NEAR:
            if current is None or (level > _OWN and current.mem_id in self.subject):
                break
            own = self.own(current)
            says = own.says
            if len(path) < _NEAR:
                path.append(own.label)
            if says & Says.PRICE and place.price > level:
                place.price = level
            place.strong = place.strong or own.strong
            place.struck = place.struck or own.struck
            place.exact = place.exact or (own.exact and level <= _OWN)
            if level <= _OWN and not place.size:
                place.size = own.size
            if level <= _QUALIFIED:
                # The nearest name decides; `old` in it outweighs all that a container promises.
                if not (place.current or place.listed):
                    place.listed = bool(says & Says.LIST)
                    place.current = bool(says & Says.CURRENT) and not place.listed
                place.secondary = place.secondary or bool(says & Says.SECONDARY)
                place.net = place.net or bool(says & Says.NET)
            if level <= _OWN:
                noise = says & Says.NOISE and not says & Says.PRICE
                place.secondary = place.secondary or bool(noise)
            inside = inside and current.mem_id != box.mem_id
            level += not inside
            current = current.parent
        place.path = tuple(path)
        return place

    def prints_a_sign(self, node: LexborNode, below: LexborNode, *, at_most: int) -> bool:
        """Whether `node` prints a sign of money among no more text than that.

        Where it prints more, the element around `below` is asked.
        """
        size, signed = self._text_of(node)
        if size > at_most and below.parent is not None:
            size, signed = self._text_of(below.parent)
        return signed and size <= at_most

    def _text_of(self, node: LexborNode) -> tuple[int, bool]:
        """How much text an element has, and whether a short one prints a sign."""
        known = self._texts.get(node.mem_id)
        if known is None:
            text = node.text(strip=True)
            known = len(text), len(text) <= _LONG_TEXT and has_sign(text)
            self._texts[node.mem_id] = known
        return known

    def own(self, node: LexborNode) -> _Own:
        """What the element's own tag and names say."""
        key = node.mem_id
        own = self._own.get(key)
        if own is None:
            own = self._own[key] = _read(node, self._aside, self._tags)
            if own.zone and key in self._buys and _ASIDE.search(own.zone):
                # A column with the button that buys is no aside, whatever it is called.
                own.zone = ""
            if key in self._elsewhere:
                own.zone = "another product's markup"
        return own


def _read(node: LexborNode, aside: int, tags: Container[str]) -> _Own:
    tag = node.tag or ""
    attributes = node.attributes
    joined = name = attributes.get("class") or ""
    for key in attributes:
        if key in _NAMED and (value := attributes[key]):
            joined = f"{joined} {value}"
    says = names.says(joined) if joined else 0
    style = attributes.get("style")
    squeezed = style.replace(" ", "").lower() if style else ""
    zone = tag if tag in tags else ""
    if not zone and says & aside and not says & Says.PRICE and tag not in _WHOLE_PAGE:
        zone = joined[:40]
    return _Own(
        says=says,
        zone=zone,
        struck=tag in _STRUCK_TAGS or bool(says & Says.STRUCK) or "line-through" in squeezed,
        strong=tag in _STRONG_TAGS,
        hidden=(
            "hidden" in attributes
            or hiding.by_style(style)
            or (hiding.by_names(name) and tag != "body")
        ),
        size=sizes.of(tag, name, style or "", attributes),
        exact=attributes.get("itemprop") in ("price", "lowPrice"),
        label=f"{tag}.{name[:40]}" if name else tag,
    )
