"""Each amount on its own: what it is, and how much speaks for its being the product's price."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from pricemon.core.extraction import labels, subject, sums
from pricemon.core.extraction.vocabulary.phrases import Label
from pricemon.core.extraction.zones import NEVER, Zones

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selectolax.lexbor import LexborNode

    from pricemon.core.extraction.sight import Seen
    from pricemon.core.extraction.texts import Texts

_RANGE_TEXTS = 4
_IN_SENTENCES = frozenset(("b", "strong", "span", "em", "i", "a", "u", "font", "-text"))
_LABEL_CLIMB = 5
_DIGIT = re.compile(r"\d")
_TICK = 'input[type="checkbox"]'
_CARD_CLIMB = 12
_FEWEST_CARDS = 3
_PAIR = 2
"""So many are cards only where each has a picture or a title that leads elsewhere."""
_LINKED = "a[href] img, " + ", ".join(f"h{n} a[href], a[href] h{n}" for n in range(2, 6))
_SHORTLY_BEFORE = -12
_RANGE = re.compile(r"[-–—~～]|to|bis|à|a|до|do|至|から|through|until|hasta|al|till|til|tot|－")
_SIGNED_AMOUNT = re.compile(r"加\s*$|(?:^|\()[+−–-]\s?[$€£]?\s?$|\s[+−–-][$€£]?$")

_ABOUT = re.compile(r"[~≈≃∼≅]\s*[$€£]?\s*$")
"""Before what an amount comes to in another currency."""
_PACK = Decimal("1.9")
"""How many times a pack's price is at least its piece's: packs hold two or more."""
_LABEL = 8
_SENTENCE = ((-13, -20), (-9, -15))
"""Words, counted down, of a text that is no label of its amount."""

_ENDS_IN_DASH = re.compile(r"\d\s?[,.:]\s?[-–—]")
_SIGNED = 15
_DASHED = 12
_ALONE = 6
_PRINTED = {"large": 8, "": 0, "small": -5}
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
    _mark_pieces_of_packs(found)
    _drop_cards(found, zones)
    sums.settle(found, texts.percents)
    _drop_repeated(found)


def _kind(seen: Seen) -> str:
    place = seen.place
    after = labels.of(seen.after) if seen.after else 0
    if seen.behind:
        after |= labels.of(seen.behind) & (Label.RATE | Label.NOW)
    if seen.amount <= 0:
        return "zero"
    if _SIGNED_AMOUNT.search(seen.before) or _is_an_extra(seen.node):
        return "surcharge"
    if _ABOUT.search(seen.before):
        return "secondary"
    if place.struck:
        return "list"
    # Where a label stands behind each amount, the one before belongs to the amount before.
    before = seen.label & ~Label.RATE if after & (Label.RATE | Label.NOW) else seen.label
    for label in (before, after):
        if label & (Label.SECONDARY | Label.RATE | Label.SAVING) and not label & Label.NOW:
            return "secondary"
    if seen.label & Label.LIST:
        return "list"
    if place.secondary:
        return "secondary"
    if place.listed and not place.current:
        return "list"
    return "from" if seen.label & Label.FROM else "price"


def _is_an_extra(node: LexborNode) -> bool:
    """Whether an amount stands beside a box to tick: what comes on top of the price."""
    if node.is_element_node and any(
        label.css_first(_TICK) is not None and _DIGIT.search(label.text())
        for label in node.css("label")
    ):
        return True
    current: LexborNode | None = node
    for _ in range(_LABEL_CLIMB):
        if current is None:
            break
        if current.tag == "label":
            beside = current.prev
            return current.css_first(_TICK) is not None or (
                beside is not None and beside.is_element_node and beside.css_matches(_TICK)
            )
        current = current.parent
    return False


def _score(seen: Seen, heading_order: int | None, elsewhere: float, buys: dict[int, int]) -> None:
    """Points for all that speaks for the amount."""
    place = seen.place

    def add(points: int, why: str) -> None:
        if points:
            seen.score += points
            seen.why.append(f"{points:+d} {why}")

    add(_SIGNED if seen.sign else 0, "currency sign")
    add(0 if seen.sign else _DASHED if _ENDS_IN_DASH.search(seen.text) else 0, "dash for cents")
    add(_ALONE if seen.alone else 0, "alone in its element")
    add(_CALLED_A_PRICE.get(place.price, 0), "called a price")
    add(15 if place.exact else 0, "itemprop price")
    add(8 if place.current and place.price < NEVER else 0, "named current")
    words = _words_around(seen)
    plain = words <= _LABEL and not seen.label & (Label.SECONDARY | Label.RATE)
    add(12 if plain and seen.label & Label.PRICE else 0, "price label")
    add(8 if seen.label & Label.NOW else 0, "now label")
    add(6 if plain and labels.is_price(seen.before) else 0, "plain label")
    add(4 if place.strong else 0, "emphasised")
    add(_PRINTED[place.size], f"printed {place.size}")
    add(_steps(-words, _SENTENCE), "in a sentence")
    add(_steps(place.around.up, _NEAR_HEADING), "near the heading")
    bought = _steps(subject.distance(seen.node, buys), _NEAR_BUTTON)
    if heading_order is not None:
        distance = seen.order - heading_order
        if distance >= 0:
            add(_steps(distance, _AFTER_HEADING), "after the heading")
        else:
            shortly = distance > _SHORTLY_BEFORE or bought
            add(4 if shortly else -6, "before the heading")
    add(bought, "near the buy button")
    bracketed = seen.before.endswith("(") and seen.after.startswith(")")
    add(-12 if bracketed else 0, "in brackets")
    add(-30 if seen.order > elsewhere else 0, "below a heading of other products")
    add(-18 if place.around.link else 0, "inside a link")
    add(-18 if seen.linked else 0, "beside another product's link")


def _words_around(seen: Seen) -> int:
    """The words of the text that the amount stands in; of the sentence, where it is part of one."""
    own = len(seen.text.split())
    around = seen.node.parent
    if seen.node.tag not in _IN_SENTENCES or around is None:
        return own
    return max(own, len((around.text(deep=False) or "").split()))


def _steps(value: int, steps: tuple[tuple[int, int], ...]) -> int:
    return next((points for limit, points in steps if value <= limit), 0)


def _mark_ranges(amounts: list[Seen]) -> None:
    """`$5 – $9`, `$5 to $9`, in one text or two: neither end is the price."""
    inner = [s for s in amounts if s.kind in ("price", "from", "secondary", "surcharge")]
    for one, other in pairwise(inner):
        near = other.order - one.order <= _RANGE_TEXTS
        # `~ 91 $` on its own is what the other comes to elsewhere.
        near = near and (one.order == other.order or not _ABOUT.search(other.before))
        if near and one.amount < other.amount and _RANGE.fullmatch(other.before.strip().lower()):
            one.kind = other.kind = "range"


def _mark_pieces_of_packs(found: list[Seen]) -> None:
    """`€ 8,99 (€ 0,28/piece)`: beside the price of a pack, that of its piece is another."""
    whole = [seen for seen in found if seen.kind == "price" and not _is_each(seen)]
    for seen in found:
        if seen.kind == "price" and _is_each(seen):
            packs = (one for one in whole if one.amount >= _PACK * seen.amount)
            if any(one.score >= seen.score - _SIGNED for one in packs):
                seen.kind = "secondary"


def _is_each(seen: Seen) -> bool:
    return bool(labels.around(seen) & Label.EACH)


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
        if len(group) < _PAIR or (len(group) < _FEWEST_CARDS and not _are_cards(group.values())):
            continue
        for member, node in group.items():
            if node.tag == "a" or node.css_first("a[href], img") is not None:
                for seen in inside[member]:
                    seen.kind = "one of a list"


def _are_cards(nodes: Iterable[LexborNode]) -> bool:
    return all(node.css_first(_LINKED) is not None for node in nodes)
