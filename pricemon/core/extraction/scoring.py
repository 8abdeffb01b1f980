"""Each amount on its own: what it is, and how much speaks for its being the product's price."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from pricemon.core.extraction import labels, subject
from pricemon.core.extraction.phrases import Label
from pricemon.core.extraction.zones import NEVER, Zones

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from pricemon.core.extraction.sight import Seen
    from pricemon.core.extraction.texts import Texts

_RANGE_TEXTS = 4
_CARD_CLIMB = 12
_FEWEST_CARDS = 3
_SHORTLY_BEFORE = -12
_RANGE = re.compile(r"[-–—~～]|to|bis|à|a|до|do|至|から|through|until|hasta|al|till|til|tot|－")
_SIGNED_AMOUNT = re.compile(r"(?:^|\()[+−–-]\s?[$€£]?\s?$|\s[+−–-][$€£]?$")

_SIGNED = 15
_CALLED_A_PRICE = {0: 26, 1: 26, 2: 22, 3: 18, 4: 12}
_NEAR_HEADING = ((2, 25), (3, 22), (4, 18), (6, 12), (9, 5))
_AFTER_HEADING = ((12, 12), (40, 8), (120, 4))
_NEAR_BUTTON = ((3, 14), (5, 10), (7, 5))


def judge(found: list[Seen], zones: Zones, *, texts: Texts, buys: dict[int, int]) -> None:
    """Give every amount its kind and its score."""
    below = (order for order in texts.others if order > (texts.heading or 0))
    elsewhere = next(below, math.inf)
    for seen in found:
        if seen.kind == "price":
            seen.kind = _kind(seen)
        _score(seen, texts.heading, elsewhere, buys)
    _mark_ranges(found)
    _drop_repeated(found)
    _drop_cards(found, zones)


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


def _score(seen: Seen, heading_order: int | None, elsewhere: float, buys: dict[int, int]) -> None:
    """Points for all that speaks for the amount."""
    place = seen.place

    def add(points: int, why: str) -> None:
        if points:
            seen.score += points
            seen.why.append(f"{points:+d} {why}")

    add(_SIGNED if seen.sign else 0, "currency sign")
    add(_CALLED_A_PRICE.get(place.price, 0), "called a price")
    add(15 if place.exact else 0, "itemprop price")
    add(8 if place.current and place.price < NEVER else 0, "named current")
    plain = not seen.label & (Label.SECONDARY | Label.RATE)
    add(12 if plain and seen.label & Label.PRICE else 0, "price label")
    add(8 if seen.label & Label.NOW else 0, "now label")
    add(6 if plain and labels.is_price(seen.before) else 0, "plain label")
    add(4 if place.strong else 0, "emphasised")
    add(_steps(place.around.up, _NEAR_HEADING), "near the heading")
    if heading_order is not None:
        distance = seen.order - heading_order
        if distance >= 0:
            add(_steps(distance, _AFTER_HEADING), "after the heading")
        else:
            add(4 if distance > _SHORTLY_BEFORE else -6, "before the heading")
    add(_steps(subject.distance(seen.node, buys), _NEAR_BUTTON), "near the buy button")
    bracketed = seen.before.endswith("(") and seen.after.startswith(")")
    add(-12 if bracketed else 0, "in brackets")
    add(-30 if seen.order > elsewhere else 0, "below a heading of other products")
    add(-18 if place.around.link else 0, "inside a link")
    add(-18 if seen.linked else 0, "beside another product's link")


def _steps(value: int, steps: tuple[tuple[int, int], ...]) -> int:
    return next((points for limit, points in steps if value <= limit), 0)


def _mark_ranges(amounts: list[Seen]) -> None:
    """`$5 – $9`, `$5 to $9`, in one text or two: neither end is the price."""
    inner = [s for s in amounts if s.kind in ("price", "from", "secondary", "surcharge")]
    for one, other in pairwise(inner):
        near = other.order - one.order <= _RANGE_TEXTS
        if near and one.amount < other.amount and _RANGE.fullmatch(other.before.strip().lower()):
            one.kind = other.kind = "range"


def _drop_repeated(found: list[Seen]) -> None:
    """Amounts printed by one template several times belong to a list, but for the nearest one."""
    by_path: dict[tuple[str, ...], list[Seen]] = {}
    for seen in found:
        if seen.kind == "price":
            by_path.setdefault(seen.place.path, []).append(seen)
    for group in by_path.values():
        if len(group) < _FEWEST_CARDS or len({seen.amount for seen in group}) == 1:
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
        for member, node in group.items():
            if node.tag == "a" or node.css_first("a[href], img") is not None:
                for seen in inside[member]:
                    seen.kind = "one of a list"
