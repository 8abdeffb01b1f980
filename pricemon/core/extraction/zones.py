"""Where on the page an element stands: what the names around it say, up to the page's subject.

The walk goes upward from a price and stops at the first element that also holds the heading: what
holds the page's subject is no side zone, whatever it is called.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from pricemon.core.extraction import words

MAX_CLIMB = 60

_ZONE_TAGS = frozenset(("footer", "nav", "aside", "select", "option", "dialog", "textarea", "svg", "noscript", "template", "datalist"))
_STRUCK = frozenset(("del", "s", "strike"))
_STRONG = frozenset(("strong", "b", "big", "h2", "h3", "h4", "ins", "mark"))
_NAMED = ("class", "id", "itemprop", "data-testid", "data-test", "data-role", "name", "data-price-type", "data-hook", "data-qa", "data-auto", "data-component")
_OFFSCREEN = ("offscreen", "sr-only", "visually-hidden", "screen-reader", "visuallyhidden")


@dataclass(slots=True)
class Own:
    """What one element's own tag and names say."""

    zone: str = ""
    price: bool = False
    current: bool = False
    listed: bool = False
    struck: bool = False
    secondary: bool = False
    hidden: bool = False
    strong: bool = False
    link: bool = False
    exact: bool = False


@dataclass(slots=True)
class Place:
    """What the names from an element upward say; distances count elements, 99 is never."""

    zone: str = ""
    price: int = 99
    current: bool = False
    listed: bool = False
    struck: bool = False
    secondary: bool = False
    hidden: bool = False
    strong: bool = False
    link: bool = False
    exact: bool = False
    up: int = 99
    """Elements from the heading up to the one that holds both."""
    path: tuple[str, ...] = field(default=())


class Zones:
    """Reads elements' surroundings, each element once."""

    def __init__(self, heading: LexborNode | None) -> None:
        self._own: dict[int, Own] = {}
        self._subject: dict[int, int] = {}
        node, up = heading, 0
        while node is not None and up < MAX_CLIMB * 2:
            self._subject[node.mem_id] = up
            node, up = node.parent, up + 1

    def place(self, node: LexborNode) -> Place:
        """What stands around `node`, from itself up to the page's subject."""
        place = Place()
        path: list[str] = []
        current: LexborNode | None = node
        for level in range(MAX_CLIMB):
            if current is None:
                break
            up = self._subject.get(current.mem_id)
            if up is not None:
                place.up = up
                # The element with the heading still names a price, when it is close around it.
                if level <= 1:
                    self._read(place, self._of(current), level, inside=False)
                break
            if len(path) < 4:
                path.append(f"{current.tag}.{(current.attributes.get('class') or '')[:40]}")
            self._read(place, self._of(current), level, inside=True)
            current = current.parent
        place.path = tuple(path)
        return place

    @staticmethod
    def _read(place: Place, own: Own, level: int, *, inside: bool) -> None:
        if inside:
            place.zone = place.zone or own.zone
            place.hidden = place.hidden or own.hidden
            place.link = place.link or own.link
        place.struck = place.struck or own.struck
        if level <= 4:  # noqa: PLR2004 - names farther up speak of more than this number
            if own.price and place.price > level:
                place.price = level
            place.exact = place.exact or (own.exact and level <= 1)
            place.strong = place.strong or own.strong
            if level <= 3:  # noqa: PLR2004 - as above
                place.current = place.current or own.current
                place.listed = place.listed or own.listed
                place.secondary = place.secondary or own.secondary

    def _of(self, node: LexborNode) -> Own:
        own = self._own.get(node.mem_id)
        if own is None:
            own = self._own[node.mem_id] = _read_own(node)
        return own


def _read_own(node: LexborNode) -> Own:
    tag = node.tag or ""
    own = Own(
        zone=tag if tag in _ZONE_TAGS else "",
        struck=tag in _STRUCK,
        strong=tag in _STRONG,
        link=tag == "a",
    )
    attributes = node.attributes
    if not attributes:
        return own
    names = " ".join(attributes[name] or "" for name in _NAMED if name in attributes).lower()[:400]
    if names:
        _read_names(own, names, tag)
    style = (attributes.get("style") or "").lower()
    if style:
        squeezed = style.replace(" ", "")
        own.hidden = own.hidden or "display:none" in squeezed or "visibility:hidden" in squeezed
        own.struck = own.struck or "line-through" in style
    if "hidden" in attributes:
        own.hidden = True
    if attributes.get("itemprop") in ("price", "lowPrice"):
        own.exact = own.price = True
    return own


def _read_names(own: Own, names: str, tag: str) -> None:
    own.price = words.PRICE_NAME.search(names) is not None
    own.listed = words.LIST_NAME.search(names) is not None
    own.current = words.CURRENT_NAME.search(names) is not None
    secondary = words.SECONDARY_NAME.search(names)
    own.secondary = secondary is not None
    if own.struck is False and ("strike" in names or "line-through" in names or "crossed" in names):
        own.struck = True
    if not own.zone and tag not in ("body", "html", "main"):
        zone = words.ZONE_NAME.search(names)
        if zone is None and not words.BUY_NAME.search(names):
            zone = words.CART_NAME.search(names)
        own.zone = zone[0] if zone else ""
    if any(word in names for word in ("hidden", "d-none", "hide")) and not any(
        word in names for word in (*_OFFSCREEN, "hidden-", "hide-", "-hide", "overflow")
    ):
        own.hidden = bool({"hidden", "d-none", "hide", "is-hidden", "ng-hide"} & set(names.split()))
