"""The price that a reader of the page sees: every amount in its text, and the one that stands out.

Each amount is read with the words beside it (`labels`) and the names around it (`zones`), judged
(`scoring`), and held against the others (`winner`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pricemon.core.extraction import labels, neighbours, pieces, scoring, subject, texts, winner
from pricemon.core.extraction.names import Says
from pricemon.core.extraction.sight import Seen, View
from pricemon.core.extraction.vocabulary.phrases import Label
from pricemon.core.extraction.zones import Place, Zones

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from decimal import Decimal

    from selectolax.lexbor import LexborNode

    from pricemon.core.extraction.document import Document
    from pricemon.core.money import Money

_MOST_IN_ONE_TEXT = 6
_MOST_OUTSIDE = 12
_NAMES_REACH = 4
_SIGN_REACH = 2
_LINE = 200
_SPLIT_PRICE = 14
"""Characters of a price cut into elements, and of a line with a price in it."""
_CLOSE = 16
"""Texts around a claimed price within which another number may be what it is lowered to."""
_COUNT = 2
"""Digits of a number that is a count or a rating, unless a name says otherwise."""
_NAMED_IN_HEADING = 2
_QUALIFIED = 3
_NUMBERED = re.compile(r"[^\W\d_]{3}[^\d]*\d{1,3}\W*$")
_LONG_WORD = re.compile(r"[^\W\d_]{3}")


def look(
    document: Document,
    *,
    known_as: Sequence[str] = (),
    evidence: tuple[str, ...] = (),
    elsewhere: Iterable[LexborNode] = (),
    claimed: Collection[Decimal] = (),
    alone: bool = False,
) -> View:
    """Everything on the page that looks like money, scored, and the winner if there is one.

    `known_as` are the product's names, `elsewhere` elements that markup says are other products.
    Where an amount that markup has `claimed` stands out, numbers without a sign far from it are
    left unread. Where text speaks `alone` and no amount stands out, what seemed aside is looked at
    as well.
    """
    body = document.tree.body
    if body is None:
        return View([], Zones(None))
    heading = subject.heading_of(document, known_as)
    buttons = subject.buy_buttons(document)
    buys = subject.reach(buttons)
    anchor = heading if heading is not None else next(iter(buttons), None)
    orderable = any(map(subject.is_enabled, buttons))
    page = texts.scan(body, subject.first_text(heading))

    def view(zones: Zones, seeds: Sequence[texts.Seed]) -> View:
        found = _amounts(seeds, zones, evidence)
        scoring.judge(found, zones, texts=page, buys=buys)
        seen = View(found, zones, heading, buyable=bool(buttons), orderable=orderable, texts=page)
        winner.decide(seen, next(iter(evidence), None))
        return seen

    zones = Zones(anchor, elsewhere, buys)
    near = _near_claims(page.seeds, claimed, evidence)
    if near:
        confirmed = view(zones, near)
        if confirmed.winner is not None and confirmed.winner.amount in claimed:
            return confirmed
    strict = view(zones, page.seeds)
    if strict.winner is not None or not alone:
        return strict
    closer = view(Zones(anchor, elsewhere, buys, lenient=True), page.seeds)
    return closer if closer.sure else strict


def _near_claims(
    seeds: Sequence[texts.Seed], claimed: Collection[Decimal], evidence: tuple[str, ...]
) -> list[texts.Seed]:
    """The numbers with a sign and those close to a claimed price; none where that is not printed.

    A sale price split into elements has no sign of its own, and stands beside the price it lowers.
    """
    orders = [
        seed.order
        for seed in seeds
        if claimed and seed.signed
        and any(money.amount in claimed for money in pieces.amounts(seed.text, evidence))
    ]  # fmt: skip
    if not orders:
        return []
    return [
        seed
        for seed in seeds
        if seed.signed or any(abs(seed.order - order) <= _CLOSE for order in orders)
    ]


def _amounts(seeds: Iterable[texts.Seed], zones: Zones, evidence: tuple[str, ...]) -> list[Seen]:
    """Every amount that is printed, each once for its element."""
    found: dict[tuple[int, Decimal], Seen] = {}
    outside = 0
    for seed in seeds:
        element = seed.node.parent
        if element is None:
            continue
        if not seed.signed and not _may_be_a_price(seed.text, element, zones, evidence):
            continue
        if zones.is_aside(element):
            amounts = _outside(seed, element, zones) if outside < _MOST_OUTSIDE else []
            outside += bool(amounts)
        else:
            amounts = _read(seed, element, zones, evidence)
        for seen in amounts:
            known = found.setdefault((seen.node.mem_id, seen.amount), seen)
            # `Regular price £ 89, sale price £ 89`, for readers of screens: it is what one pays.
            if seen.label & Label.NOW and known.label & Label.LIST:
                found[seen.node.mem_id, seen.amount] = seen
    return list(found.values())


def _may_be_a_price(
    text: str, element: LexborNode, zones: Zones, evidence: tuple[str, ...]
) -> bool:
    """Whether a number without a sign is worth reading: something near calls it money."""
    count = len(text) <= _COUNT
    worded = _NUMBERED.match(text) is not None
    if not text.isdigit():
        found = pieces.amounts(text, evidence)
        if not found:
            return False
        if not count and (labels.of(text) & Label.PRICE or any(money.sign for money in found)):
            return True
        worded = worded or labels.is_unit(text[found[-1].end :])
    # A sign in the next element is a small number's own only where nothing else stands.
    reach, room = (1, _SPLIT_PRICE) if count else (_SIGN_REACH, _LINE)
    current: LexborNode | None = element
    # `Group 12` in a menu: a number behind other words needs a name of its own.
    for level in range(1 if worded else _COUNT if count else _NAMES_REACH):
        if current is None:
            return False
        says = zones.own(current).says
        if says & (Says.PRICE | Says.CENTS):
            return True
        if level == 0 and says & Says.NOISE:
            return False
        if level == reach and zones.prints_a_sign(current, element, at_most=room):
            return True
        current = current.parent
    if text.endswith(("-", "–", "—")):
        return True
    if worded:
        return False
    before, _ = neighbours.text_before(element, zones.subject)
    # Small numbers count things; `Price` and no word more makes them one.
    return labels.is_price(before) if count else bool(labels.before(before) & Label.PRICE)


def _outside(seed: texts.Seed, element: LexborNode, zones: Zones) -> list[Seen]:
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
    seed: texts.Seed, element: LexborNode, zones: Zones, evidence: tuple[str, ...]
) -> list[Seen]:
    """The amounts of one text node, put together with the pieces around it."""
    if pieces.is_rest(seed.node, seed.text):
        return []
    box, text = pieces.box(seed, element, evidence)
    found = pieces.amounts(text, evidence)[:_MOST_IN_ONE_TEXT]
    if not found or (len(text) <= _COUNT and zones.own(element).says & Says.CENTS):
        return []
    place = zones.place(element, box)
    result: list[Seen] = []
    end = 0
    for index, money in enumerate(found):
        following = found[index + 1].start if index + 1 < len(found) else len(text)
        before, after = text[end : money.start], text[money.end : following]
        end = money.end
        linked = False
        own = labels.before(before) | labels.of(after)
        if index == 0 and not before.strip(" :"):
            before, linked = neighbours.text_before(box, zones.subject)
        seen = Seen(
            money.amount, money.currency, money.sign, text, box, seed.order, place,
            before=before[-48:], after=after[:32],
        )  # fmt: skip
        if index == len(found) - 1 and not after.strip(" ()"):
            seen.behind = neighbours.text_after(box)[:32]
        seen.linked = linked or (text != text[money.start : money.end] and _leads_elsewhere(box))
        seen.alone = not (text[: money.start] + text[money.end :]).strip(" :*()")
        if seen.linked and _has_a_picture(box):
            seen.kind = "in a card"
        elif labels.is_instalment(text[money.end :] or seen.behind):
            seen.kind = "secondary"
        seen.label = labels.before(seen.before)
        seen.firm = bool(own & (Label.SECONDARY | Label.RATE))
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


def _has_a_picture(box: LexborNode) -> bool:
    return box.is_element_node and box.css_first("a[href] img") is not None


def _bare_is_price(seen: Seen, text: str, money: Money) -> bool:
    """Whether a number without a sign is called a price by something."""
    after = seen.after or seen.behind
    if labels.is_unit(after) or labels.counts(seen.before):
        return False
    if seen.place.price <= _QUALIFIED and not _LONG_WORD.search(after):
        return True
    if text[money.start : money.end].rstrip().endswith(("-", "–", "—")):
        return True
    return bool(seen.label & Label.PRICE) and len(text) <= texts.SHORT_LABEL * 2
