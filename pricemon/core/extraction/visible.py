"""The price that a reader of the page sees: amounts in its text, scored, with a clear winner.

Each amount is read with the words beside it (`labels`) and the names around it (`zones`). A winner
must stand out: close to the heading, called a price, and well ahead of every other amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from selectolax.lexbor import LexborNode

from pricemon.core.extraction import labels, names, pieces
from pricemon.core.extraction.document import Document
from pricemon.core.extraction.labels import Label
from pricemon.core.extraction.names import Says
from pricemon.core.extraction.products import alike, tokens
from pricemon.core.extraction.zones import NEVER, Place, Zones
from pricemon.core.money import Money

ENOUGH = 44
"""The least score of a price. A sign near the heading, or a name and a place, come to as much."""
MARGIN = 10
"""By how much the winner leads every other amount."""
SURE = 58
SURE_MARGIN = 16

_RANGE_TEXTS = 4
_NEIGHBOURS = 8
_MOST_IN_ONE_TEXT = 6
_MOST_OUTSIDE = 30
_BUY_REACH = 8
_NAMES_REACH = 4
_SIGN_REACH = 2
_COUNT = 2
"""Digits of a number that is a count or a rating, unless a name says otherwise."""
_LONG_TEXT = 200
_NAMED_IN_HEADING = 2
_CARD_CLIMB = 12
_FEWEST_CARDS = 3
_BUY_CSS = (
    'button, input[type="submit"], input[type="button"], input[type="image"], '
    'a[class*="buy" i], a[class*="cart" i], a[class*="basket" i], a[id*="cart" i], form[class*="cart" i]'
)
_RANGE = re.compile(r"[-–—~～]|to|bis|à|a|до|do|至|から|through|until|hasta|al|till|til|tot|－")
_SIGNED_AMOUNT = re.compile(r"(?:^|\()[+−–-]\s?[$€£]?\s?$|\s[+−–-][$€£]?$")
_LONG_WORD = re.compile(r"[^\W\d_]{3}")
# Ratios of a price with tax to one without: two amounts so far apart may be the same price twice.
_VAT = tuple(
    Decimal(r) for r in "1.05 1.07 1.08 1.1 1.19 1.2 1.21 1.22 1.23 1.24 1.25 1.27".split()
)


@dataclass(slots=True)
class Seen:
    """One amount on the page, with all that speaks for and against it."""

    amount: Decimal
    currency: str | None
    sign: str
    text: str
    node: LexborNode
    order: int
    place: Place
    before: str = ""
    after: str = ""
    behind: str = ""
    """The text of the next element, when it stands on the same line."""
    linked: bool = False
    score: int = 0
    kind: str = "price"
    """`price`; `list` (struck, was); or why it is not the product's: `secondary`, `range`, …"""
    why: list[str] = field(default_factory=list)
    label: int = 0

    @property
    def where(self) -> str:
        """The element and its parents, as a person would point at them."""
        return " < ".join(self.place.path)


@dataclass(slots=True)
class View:
    """What the page shows. `winner` is None unless one amount stands out; `close` are its rivals."""

    seen: list[Seen]
    zones: Zones
    heading: LexborNode | None = None
    buyable: bool = False
    """Whether something on the page puts the product into a cart."""
    percents: set[int] = field(default_factory=set)
    winner: Seen | None = None
    close: list[Seen] = field(default_factory=list)
    sure: bool = False
    """Whether the winner is good enough to contradict markup."""


def look(
    document: Document,
    *,
    known_as: Sequence[str] = (),
    evidence: tuple[str, ...] = (),
    elsewhere: Iterable[LexborNode] = (),
) -> View:
    """Everything on the page that looks like money, scored, and the winner if there is one.

    `known_as` are the product's names, `elsewhere` elements that markup says are other products.
    """
    body = document.tree.body
    if body is None:
        return View([], Zones(None))
    heading = heading_of(document, known_as)
    buttons = _buy_buttons(document)
    zones = Zones(heading if heading is not None else next(iter(buttons), None), elsewhere)
    texts = pieces.scan(body, _first_text(heading))
    buys = _reach(buttons)
    found: dict[tuple[int, Decimal], Seen] = {}
    outside = 0
    for seed in texts.seeds:
        element = seed.node.parent
        if element is None:
            continue
        if not pieces.SIGN.search(seed.text) and not _may_be_a_price(seed.text, element, zones):
            continue
        around = zones.around(element)
        if around.zone or around.hidden:
            outside += 1
            if outside > _MOST_OUTSIDE:
                continue
            amounts = _outside(seed, element, zones)
        else:
            amounts = _read(seed, element, zones, evidence)
        for seen in amounts:
            found.setdefault((seen.node.mem_id, seen.amount), seen)
    amounts = list(found.values())
    for seen in amounts:
        if seen.kind == "price":
            seen.kind = _kind(seen)
        _score(seen, texts.heading, buys)
    _mark_ranges(amounts)
    _drop_repeated(amounts)
    _drop_cards(amounts, zones)
    view = View(amounts, zones, heading, buyable=bool(buttons), percents=texts.percents)
    _decide(view)
    return view


def heading_of(document: Document, known_as: Sequence[str]) -> LexborNode | None:
    """The element that holds the product's name: the `<h1>` most like it, else a likely text."""
    wanted = [tokens(name) for name in known_as if name]
    headings = document.headings
    for h1 in headings:
        if any(alike(tokens(h1.text()), name) for name in wanted):
            return h1
    if headings and not wanted:
        return headings[0]
    likely = 'h2, h3, [itemprop="name"], [class*="name" i], [class*="title" i]'
    for node in document.tree.css(likely)[:60]:
        if node.tag != "meta" and any(alike(tokens(node.text()[:300]), name) for name in wanted):
            return node
    return headings[0] if headings else None


def _first_text(heading: LexborNode | None) -> str:
    if heading is not None:
        for node in heading.traverse(include_text=True, skip_empty=True):
            if node.is_text_node:
                return (node.text_content or "").strip()
    return "\0"


def _buy_buttons(document: Document) -> list[LexborNode]:
    """The elements that put the product into a cart, by their names or their words."""
    found = []
    for node in document.tree.css(_BUY_CSS)[:120]:
        attributes = node.attributes
        declared = attributes.get("class") or attributes.get("id") or attributes.get("name") or ""
        if names.says(declared) & Says.BUY:
            found.append(node)
        elif node.tag in ("button", "input", "a"):
            text = attributes.get("value") or attributes.get("aria-label") or node.text()[:60]
            if labels.of(" ".join(text.split())) & Label.BUY:
                found.append(node)
    return found


def _reach(buttons: Sequence[LexborNode]) -> dict[int, int]:
    """The elements above the buttons, with how far above."""
    places: dict[int, int] = {}
    for button in buttons:
        parent, up = button.parent, 1
        while parent is not None and up <= _BUY_REACH and parent.tag != "body":
            places[parent.mem_id] = min(places.get(parent.mem_id, NEVER), up)
            parent, up = parent.parent, up + 1
    return places


def _may_be_a_price(text: str, element: LexborNode, zones: Zones) -> bool:
    """Whether a number without a sign is worth reading: something near calls it money."""
    if labels.of(text) & Label.PRICE or any(money.sign for money in pieces.amounts(text)):
        return True
    current: LexborNode | None = element
    for level in range(_NAMES_REACH):
        if current is None:
            return False
        if zones.own(current).says & (Says.PRICE | Says.CENTS):
            return True
        if level == _SIGN_REACH:
            around = current.text()
            if len(around) < _LONG_TEXT and pieces.SIGN.search(around):
                return True
        current = current.parent
    if text.endswith(("-", "–", "—")):
        return True
    if len(text) <= _COUNT:
        return False
    before, _ = pieces.text_before(element, zones.subject)
    return bool(labels.before(before) & Label.PRICE)


def _outside(seed: pieces.Seed, element: LexborNode, zones: Zones) -> list[Seen]:
    """An amount in a part of the page with other things: noted, never the price."""
    place = Place(zones.around(element), path=(zones.own(element).label,))
    kind = "hidden" if place.around.hidden else f"in {place.around.zone}"
    return [
        Seen(
            money.amount,
            money.currency,
            money.sign,
            seed.text,
            element,
            seed.order,
            place,
            kind=kind,
        )
        for money in pieces.amounts(seed.text)
        if money.sign
    ][:1]


def _read(
    seed: pieces.Seed, element: LexborNode, zones: Zones, evidence: tuple[str, ...]
) -> list[Seen]:
    """The amounts of one text node, put together with the pieces around it."""
    box, text = pieces.box(seed, element, evidence)
    found = pieces.amounts(text, evidence)[:_MOST_IN_ONE_TEXT]
    if not found:
        return []
    place = zones.place(element, box)
    result: list[Seen] = []
    end = 0
    for index, money in enumerate(found):
        following = found[index + 1].start if index + 1 < len(found) else len(text)
        before, after = text[end : money.start], text[money.end : following]
        end = money.end
        linked = False
        if index == 0 and not before.strip(" :"):
            before, linked = pieces.text_before(box, zones.subject)
        seen = Seen(
            money.amount, money.currency, money.sign, text, box, seed.order, place,
            before=before[-48:], after=after[:32],
        )  # fmt: skip
        if index == len(found) - 1 and not after.strip(" ()"):
            seen.behind = pieces.text_after(box)[:32]
        seen.linked = linked or (money.end < len(text) and _leads_elsewhere(box))
        seen.label = labels.before(seen.before)
        if place.around.up == 0 and place.price > _NAMED_IN_HEADING:
            continue
        if money.sign or _bare_is_price(seen, text, money):
            result.append(seen)
    return result


def _leads_elsewhere(box: LexborNode) -> bool:
    """Whether a link to another page shares the box: `$9.99 Get my book`."""
    link = box.css_first("a[href]") if box.is_element_node else None
    if link is None or link.mem_id == box.mem_id:
        return False
    href = link.attributes.get("href") or "#"
    return not href.startswith(("#", "javascript:")) and not labels.of(link.text()) & Label.BUY


def _bare_is_price(seen: Seen, text: str, money: Money) -> bool:
    """Whether a number without a sign is called a price by something."""
    after = seen.after or seen.behind
    if labels.is_unit(after):
        return False
    if seen.place.price <= 3 and not _LONG_WORD.search(after):  # noqa: PLR2004 - as far as names speak
        return True
    if text[money.start : money.end].rstrip().endswith(("-", "–", "—")):
        return True
    return seen.label & Label.PRICE and len(text) <= pieces.SHORT_LABEL * 2


def _mark_ranges(amounts: list[Seen]) -> None:
    """`$5 – $9`, `$5 to $9`, in one text or two: neither end is the price."""
    inner = [s for s in amounts if s.kind in ("price", "from", "secondary", "surcharge")]
    for one, other in zip(inner, inner[1:], strict=False):
        near = other.order - one.order <= _RANGE_TEXTS
        if near and one.amount < other.amount and _RANGE.fullmatch(other.before.strip().lower()):
            one.kind = other.kind = "range"


def _kind(seen: Seen) -> str:
    place = seen.place
    after = labels.of(seen.after) if seen.after else 0
    if seen.behind:
        after |= labels.of(seen.behind) & (Label.RATE | Label.NOW)
    if seen.amount <= 0:
        return "zero"
    if _SIGNED_AMOUNT.search(seen.before):
        return "surcharge"
    # Where a label stands behind each amount, the one before belongs to the amount before.
    before = seen.label & ~Label.RATE if after & (Label.RATE | Label.NOW) else seen.label
    for label in (before, after):
        if label & (Label.SECONDARY | Label.RATE) and not label & Label.NOW:
            return "secondary"
    if place.secondary:
        return "secondary"
    if place.struck or seen.label & Label.LIST or (place.listed and not place.current):
        return "list"
    return "from" if seen.label & Label.FROM else "price"


def _score(seen: Seen, heading_order: int | None, buys: dict[int, int]) -> None:
    """Points for all that speaks for the amount."""
    place = seen.place

    def add(points: int, why: str) -> None:
        if points:
            seen.score += points
            seen.why.append(f"{points:+d} {why}")

    add(15 if seen.sign else 0, "currency sign")
    add({0: 26, 1: 26, 2: 22, 3: 18, 4: 12}.get(place.price, 0), "called a price")
    add(15 if place.exact else 0, "itemprop price")
    add(8 if place.current and place.price < NEVER else 0, "named current")
    add(12 if seen.label & Label.PRICE else 0, "price label")
    add(8 if seen.label & Label.NOW else 0, "now label")
    add(4 if place.strong else 0, "emphasised")
    add(_steps(place.around.up, ((2, 25), (3, 22), (4, 18), (6, 12), (9, 5))), "near the heading")
    if heading_order is not None:
        distance = seen.order - heading_order
        if distance >= 0:
            add(_steps(distance, ((12, 12), (40, 8), (120, 4))), "after the heading")
        else:
            add(4 if distance > -12 else -6, "before the heading")
    add(_steps(_buy_distance(seen.node, buys), ((3, 14), (5, 10), (7, 5))), "near the buy button")
    add(-18 if place.around.link else 0, "inside a link")
    add(-18 if seen.linked else 0, "beside another product's link")


def _steps(value: int, steps: tuple[tuple[int, int], ...]) -> int:
    return next((points for limit, points in steps if value <= limit), 0)


def _buy_distance(node: LexborNode, buys: dict[int, int]) -> int:
    current: LexborNode | None = node
    for level in range(_BUY_REACH):
        if current is None:
            break
        up = buys.get(current.mem_id)
        if up is not None:
            return max(up, level)
        current = current.parent
    return NEVER


def _drop_repeated(found: list[Seen]) -> None:
    """Amounts printed by one template several times belong to a list, but for the nearest one."""
    by_path: dict[tuple[str, ...], list[Seen]] = {}
    for seen in found:
        if seen.kind == "price":
            by_path.setdefault(seen.place.path, []).append(seen)
    for group in by_path.values():
        if len({seen.amount for seen in group}) < 2 or len(group) < 3:  # noqa: PLR2004 - a pair is no list
            continue
        nearest = min(seen.place.around.up for seen in group)
        near = [seen for seen in group if seen.place.around.up == nearest]
        for seen in group:
            if len(near) > 1 or seen is not near[0]:
                seen.kind = "one of several"


def _drop_cards(found: list[Seen], zones: Zones) -> None:
    """Amounts in brothers and sisters of one make, each with a link or a picture, are a list's."""
    siblings: dict[tuple[int, str, str], dict[int, LexborNode]] = {}
    inside: dict[int, list[Seen]] = {}
    for seen in found:
        if seen.kind not in ("price", "list", "from", "one of several"):
            continue
        node: LexborNode | None = seen.node
        for _ in range(_CARD_CLIMB):
            if node is None or node.mem_id in zones.subject or node.parent is None:
                break
            name = (node.attributes.get("class") or "").split()
            if name or node.tag in ("li", "article"):
                key = (node.parent.mem_id, node.tag or "", name[0] if name else "")
                siblings.setdefault(key, {})[node.mem_id] = node
                inside.setdefault(node.mem_id, []).append(seen)
            node = node.parent
    for group in siblings.values():
        if len(group) < _FEWEST_CARDS:
            continue
        for key, node in group.items():
            if node.tag == "a" or node.css_first("a[href], img") is not None:
                for seen in inside[key]:
                    seen.kind = "one of a list"


def _decide(view: View) -> None:
    """Find the winner, if one amount stands out among those that may be the price."""
    found = view.seen
    eligible = [seen for seen in found if seen.kind == "price"] or _named_old_alone(found)
    groups: dict[Decimal, list[Seen]] = {}
    for seen in eligible:
        groups.setdefault(seen.amount.normalize(), []).append(seen)
    ranked = sorted(groups.values(), key=_weight, reverse=True)
    if not ranked or _weight(ranked[0]) < ENOUGH:
        return
    ranked = _settle_pair(ranked, view)
    best = max(ranked[0], key=lambda seen: seen.score)
    rivals = [g for g in ranked[1:] if _weight(ranked[0]) - _weight(g) < MARGIN]
    view.close = [max(group, key=lambda seen: seen.score) for group in (ranked[0], *rivals)]
    if any(s.kind in ("range", "from") and best.score - s.score < MARGIN for s in found):
        return
    if not rivals:
        view.winner = best
        runner_up = _weight(ranked[1]) if len(ranked) > 1 else 0
        view.sure = best.score >= SURE and _weight(ranked[0]) - runner_up >= SURE_MARGIN


def _weight(group: list[Seen]) -> int:
    return max(seen.score for seen in group) + 3 * min(2, len(group) - 1)


def _named_old_alone(found: list[Seen]) -> list[Seen]:
    """A price that only its class calls old is the price when nothing newer stands there."""
    named = [
        seen
        for seen in found
        if seen.kind == "list" and not seen.place.struck and not seen.label & Label.LIST
    ]
    return named if len({seen.amount for seen in named}) == 1 else []


def _settle_pair(ranked: list[list[Seen]], view: View) -> list[list[Seen]]:
    """Two bare amounts side by side: what one pays, and what one would have paid."""
    if len(ranked) < 2 or _weight(ranked[0]) - _weight(ranked[1]) >= MARGIN:  # noqa: PLR2004 - a pair
        return ranked
    one, other = (max(group, key=lambda seen: seen.score) for group in ranked[:2])
    low, high = sorted((one, other), key=lambda seen: seen.amount)
    if one.sign != other.sign or not (_discount_is_shown(low, high, view) or _are_twins(low, high)):
        return ranked
    high.kind = "list"
    return [ranked[0] if low in ranked[0] else ranked[1], *ranked[2:]]


def _discount_is_shown(low: Seen, high: Seen, view: View) -> bool:
    """Whether the page prints the difference of two neighbouring amounts, or its percentage."""
    if abs(low.order - high.order) > _NEIGHBOURS:
        return False
    saved = high.amount - low.amount
    if any(seen.amount == saved and seen.kind == "secondary" for seen in view.seen):
        return True
    percent = saved * 100 / high.amount
    return any(abs(percent - shown) <= 1 for shown in view.percents)


def _are_twins(low: Seen, high: Seen) -> bool:
    """Whether two amounts share one element that is named a price, and are no tax apart."""
    parent = low.node.parent
    if parent is None or parent != high.node.parent or parent.tag in ("body", "main"):
        return False
    if max(low.place.price, high.place.price) > 3 or len(parent.text(strip=True)) > pieces.MAX_TEXT:  # noqa: PLR2004 - as far as names speak
        return False
    ratio = high.amount / low.amount
    return ratio <= 4 and not any(abs(ratio - vat) < Decimal("0.002") for vat in _VAT)  # noqa: PLR2004 - more is no discount
