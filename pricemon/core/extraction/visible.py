"""The price that a reader of the page sees: candidates from its text, scored, with a clear winner.

One pass over the text collects numbers that look like money (`scan`); each is then read together
with its own pieces (`$19<sup>99</sup>`), the words beside it and the names around it. A winner
must stand out: close to the heading, called a price, and well ahead of every other amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from selectolax.lexbor import LexborNode

from pricemon.core.extraction import words
from pricemon.core.extraction.document import Document
from pricemon.core.extraction.zones import Place, Zones
from pricemon.core.money import Money, find_money, plain_digits

MAX_SEEDS = 1_500
MAX_TEXT = 90
_BOX_TEXT = 60

_INLINE = frozenset("-text span small b strong i em sup sub a font label abbr bdi bdo".split())
_SHORT_LABEL = 30
_LONG_TEXT = 400
_BUY_REACH = 8
_MOST_IN_ONE_TEXT = 6
_VAT = tuple(Decimal(rate) for rate in ("1.05 1.07 1.08 1.1 1.19 1.2 1.21 1.22 1.23 1.24 1.25 1.27".split()))

ENOUGH = 44
"""The least score of a price. A sign near the heading, or a name and a place, come to as much."""
MARGIN = 10
"""By how much the winner leads every other amount."""
SURE = 58
SURE_MARGIN = 16

_BUY_CSS = (
    'button, input[type="submit" i], input[type="button" i], input[type="image" i], '
    '[class*="buy" i], [class*="cart" i], [class*="basket" i], [id*="cart" i]'
)
_RAW = frozenset(("script", "style", "title", "template", "noscript", "textarea", "iframe"))
_DIGIT = re.compile(r"\d")
# Worth a closer look: a sign of money, or hardly more than a number.
_MONEYISH = re.compile(
    r"[$€£¥￥₹₽₺₴₩₪₫฿₱₦₸₼₾₡₲₵৳﷼＄円元원₨]|[^\W\d_]?\s?(?:\d[\d\s.,'’٬٫]*\d|\d)\s?[,.:]?[-–—]?\s*(?:$|[^\W\d_])|^\D{0,20}\d",
)
_RANGE = re.compile(r"[-–—~～]|to|bis|à|a|до|do|至|から|hasta|al|till|til|tot|－")
_CENTS = re.compile(r"\d\d(?!\d)")
_CENTS_NAME = re.compile(r"cent|dec|frac|mantissa|sup|small|penn|minor|kop|коп|grosz|haler|drobn|tiny|cts|milli")
_WHOLE_AT_END = re.compile(r"(?<![\d.,])\d{1,3}(?:[\s.,'’\u00a0\u202f]?\d{3})*$")
_SIGNED_AMOUNT = re.compile(r"(?:^|[\s(])[+−–-]\s?(?:[^\W\d_]{0,3}|[$€£])\s?$")


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
    score: int = 0
    kind: str = "price"
    """`price`, `list` (struck, was), or why it is no price of the product: `secondary`, `zone`…"""
    why: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The element and its parents, as a person would point at them."""
        return " < ".join(self.place.path)


@dataclass(slots=True)
class View:
    """What the page shows. `winner` is None unless one amount stands out; `close` are its rivals."""

    seen: list[Seen]
    winner: Seen | None = None
    close: list[Seen] = field(default_factory=list)
    sure: bool = False
    """Whether the winner is good enough to contradict markup."""


def heading_of(document: Document, names: Sequence[str]) -> LexborNode | None:
    """The element that holds the product's name: the `<h1>` most like `names`, else a likely text."""
    from pricemon.core.extraction.products import alike, tokens  # noqa: PLC0415 - products uses no text

    wanted = [tokens(name) for name in names if name]
    headings = document.headings
    for h1 in headings:
        if any(alike(tokens(h1.text()), name) for name in wanted):
            return h1
    if headings and not wanted:
        return headings[0]
    for node in document.tree.css('[itemprop="name"], h2, h3, [class*="product-name" i], [class*="title" i]')[:60]:
        if node.tag != "meta" and any(alike(tokens(node.text()[:300]), name) for name in wanted):
            return node
    return headings[0] if headings else None


@dataclass(slots=True)
class _Seed:
    order: int
    node: LexborNode
    text: str
    before: str
    before_node: LexborNode | None


def _seeds(root: LexborNode, heading: str) -> tuple[list[_Seed], list[int]]:
    """Text nodes worth a look, and the orders of those that hold the heading's text."""
    seeds: list[_Seed] = []
    headings: list[int] = []
    last_tag = before = ""
    before_node: LexborNode | None = None
    order = 0
    has_digit = _DIGIT.search
    for node in root.traverse(include_text=True, skip_empty=True):
        tag = node.tag or ""
        if tag != "-text":
            last_tag = tag
            continue
        if last_tag in _RAW and node.parent is not None and node.parent.tag in _RAW:
            last_tag = ""
            continue
        last_tag = ""
        text = node.text_content or ""
        order += 1
        if len(text) < _LONG_TEXT and has_digit(text):
            squeezed = " ".join(text.split())
            if len(squeezed) <= MAX_TEXT and _MONEYISH.search(squeezed) and len(seeds) < MAX_SEEDS:
                seeds.append(_Seed(order, node, squeezed, before, before_node))
        if heading in text and text.strip() == heading:
            headings.append(order)
        before, before_node = text, node
    return seeds, headings


def look(document: Document, *, names: Sequence[str] = (), evidence: Sequence[str] = ()) -> View:
    """Everything on the page that looks like money, scored, and the winner if there is one."""
    body = document.tree.body
    if body is None:
        return View([])
    heading = heading_of(document, names)
    zones = Zones(heading)
    buys = _buy_places(document)
    seeds, headings = _seeds(body, _first_text(heading))
    boxes: dict[tuple[int, Decimal], Seen] = {}
    for seed in seeds:
        for seen in _read(seed, zones, evidence):
            boxes.setdefault((seen.node.mem_id, seen.amount), seen)
    found = list(boxes.values())
    heading_order = headings[0] if headings else None
    for seen in found:
        _judge(seen, heading_order, buys)
    _drop_repeated(found)
    return _decide(found)


def _first_text(heading: LexborNode | None) -> str:
    if heading is not None:
        for node in heading.traverse(include_text=True, skip_empty=True):
            if node.tag == "-text":
                return (node.text_content or "").strip()
    return "\0"


def _buy_places(document: Document) -> dict[int, int]:
    """The ancestors of every button that buys, with how far above it they are."""
    places: dict[int, int] = {}
    for node in document.tree.css(_BUY_CSS)[:200]:
        attributes = node.attributes
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''} {attributes.get('name') or ''}"
        text = attributes.get("value") or attributes.get("aria-label") or node.text()[:80]
        if not (words.BUY_NAME.search(names.lower()) or words.BUY_TEXT.search(text)):
            continue
        parent, up = node.parent, 1
        while parent is not None and up <= _BUY_REACH and parent.tag != "body":
            places[parent.mem_id] = min(places.get(parent.mem_id, 99), up)
            parent, up = parent.parent, up + 1
    return places


def _read(seed: _Seed, zones: Zones, evidence: Sequence[str]) -> list[Seen]:
    """The amounts of one text node, put together with the pieces around it."""
    element = seed.node.parent
    if element is None:
        return []
    box, text = _box(element, evidence)
    found = list(find_money(text, evidence=evidence))[:_MOST_IN_ONE_TEXT]
    if not found:
        return []
    place: Place | None = None
    result: list[Seen] = []
    end = 0
    for index, money in enumerate(found):
        following = found[index + 1].start if index + 1 < len(found) else len(text)
        before, after = text[end : money.start], text[money.end : following]
        end = money.end
        if index == 0 and not before.strip(" :"):
            before = _near(seed, box)
        if index == len(found) - 1 and not after.strip():
            after = _text_after(box)
        if place is None:
            place = zones.place(box)
        seen = Seen(
            money.amount, money.currency, money.sign, text, box, seed.order, place,
            before=before[-48:], after=after[:32],
        )  # fmt: skip
        if money.sign or _bare_is_price(seen, text, money):
            result.append(seen)
    if len(result) > 1 and len({seen.amount for seen in result}) > 1:
        _mark_ranges(result)
    return result


def _bare_is_price(seen: Seen, text: str, money: Money) -> bool:
    """Whether a number without a sign is called a price by something."""
    if words.UNIT_AFTER.search(seen.after):
        return False
    printed = text[money.start : money.end]
    if seen.place.price <= 3 and not re.search(r"[^\W\d_]{3}", seen.after.split(".")[0]):  # noqa: PLR2004 - as far as names speak
        return True
    if printed.rstrip().endswith(("-", "–", "—")):
        return True
    return bool(words.PRICE_LABEL.search(seen.before[-24:])) and len(text) <= _BOX_TEXT


def _mark_ranges(amounts: list[Seen]) -> None:
    """`$5 – $9`, `$5 to $9`: neither end is the price."""
    for one, other in zip(amounts, amounts[1:], strict=False):
        if one.amount < other.amount and _RANGE.fullmatch(other.before.strip().lower()):
            one.kind = other.kind = "range"


def _box(element: LexborNode, evidence: Sequence[str]) -> tuple[LexborNode, str]:
    """The largest element around that still prints one amount only, and its text put together."""
    box, text = element, _compose(element)
    for _ in range(4):
        parent = box.parent
        if parent is None or parent.tag in ("body", "html"):
            break
        if len(parent.text(strip=True)) > _BOX_TEXT:
            break
        composed = text if parent.child == parent.last_child else _compose(parent)
        amounts = {money.amount for money in find_money(composed, evidence=evidence)}
        if len(amounts) != 1:
            break
        box, text = parent, composed
    return box, text


def _compose(element: LexborNode) -> str:
    """An element's text with split amounts rejoined: `19` `<sup>99</sup>` is 19.99, not 1999."""
    text = ""
    pieces = 0
    last_tag = ""
    for node in element.traverse(include_text=True, skip_empty=True):
        tag = node.tag or ""
        if tag != "-text":
            last_tag = tag
            continue
        parent = node.parent
        if parent is None or (last_tag in _RAW and parent.tag in _RAW):
            continue
        piece = " ".join(plain_digits(node.text_content or "").split())
        text = _join(text, piece, parent)
        pieces += 1
        if pieces > 16 or len(text) > 4 * MAX_TEXT:
            break
    return text


def _join(text: str, piece: str, parent: LexborNode) -> str:
    if not text or not piece:
        return text + piece
    if text[-1].isdigit():
        if _CENTS.match(piece) and _WHOLE_AT_END.search(text) and _is_cents(parent):
            return f"{text}.{piece}"
        if re.match(r"[.,]\s?(?:\d{1,2}(?!\d)|[-–—]|$)", piece):
            return text + piece.replace(" ", "")
    elif re.search(r"\d[.,]$", text) and _CENTS.match(piece):
        return text + piece
    return f"{text} {piece}"


def _is_cents(parent: LexborNode) -> bool:
    """Whether an element of two digits is the minor unit of the amount before it."""
    if parent.tag in ("sup", "sub", "small"):
        return True
    for node in (parent, parent.parent):
        names = node.attributes.get("class") if node is not None else None
        if names and _CENTS_NAME.search(names.lower()):
            return True
    return False


def _near(seed: _Seed, box: LexborNode) -> str:
    """The text before, when it stands in the same small part of the page."""
    node = seed.before_node
    if node is None or len(seed.before) > 160:  # noqa: PLR2004 - a paragraph labels nothing
        return ""
    above: set[int] = set()
    parent = box.parent
    for _ in range(3):
        if parent is None or parent.tag in ("body", "html", "main"):
            break
        above.add(parent.mem_id)
        parent = parent.parent
    ancestor: LexborNode | None = node.parent
    for _ in range(4):
        if ancestor is None:
            return ""
        if ancestor.mem_id in above:
            text = " ".join(seed.before.split())
            inline = node.parent is not None and node.parent.mem_id in above
            return text if inline or len(text) <= _SHORT_LABEL or text.endswith(":") else ""
        ancestor = ancestor.parent
    return ""


def _text_after(box: LexborNode) -> str:
    """The first words after the box within its parent; not what labels the next amount."""
    node = box.next
    for _ in range(3):
        if node is None:
            return ""
        text = (node.text_content if node.is_text_node else node.text()) or ""
        text = " ".join(text[:80].split())
        if text:
            own_line = node.tag not in _INLINE
            if (own_line and len(text) > _SHORT_LABEL) or any(m.sign for m in find_money(text)):
                return ""
            return text
        node = node.next
    return ""


def _judge(seen: Seen, heading_order: int | None, buys: dict[int, int]) -> None:
    """Give the amount its kind and its score."""
    place = seen.place
    if seen.kind == "price":
        seen.kind = _kind(seen)
    score = 0

    def add(points: int, why: str) -> None:
        nonlocal score
        if points:
            score += points
            seen.why.append(f"{points:+d} {why}")

    add(15 if seen.sign else 0, "currency sign")
    add({0: 26, 1: 26, 2: 22, 3: 18, 4: 12}.get(place.price, 0), "called a price")
    add(15 if place.exact else 0, "itemprop price")
    add(8 if place.current and place.price < 99 else 0, "named current")
    add(12 if words.PRICE_LABEL.search(seen.before[-24:]) else 0, "price label")
    add(8 if words.NOW_LABEL.search(seen.before[-16:]) else 0, "now label")
    add(4 if place.strong else 0, "emphasised")
    add(_steps(place.up, ((2, 25), (3, 22), (4, 18), (6, 12), (9, 5))), "near the heading")
    if heading_order is not None:
        distance = seen.order - heading_order
        if distance >= 0:
            add(_steps(distance, ((12, 12), (40, 8), (120, 4))), "after the heading")
        else:
            add(4 if distance > -12 else -6, "before the heading")
    add(_steps(_buy_distance(seen.node, buys), ((3, 14), (5, 10), (7, 5))), "near the buy button")
    add(-18 if place.link else 0, "inside a link")
    seen.score = score


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
    return 99


def _kind(seen: Seen) -> str:
    place = seen.place
    before, after = seen.before, seen.after
    if seen.amount <= 0:
        return "zero"
    if place.hidden:
        return "hidden"
    if place.zone:
        return f"in {place.zone}"
    if _SIGNED_AMOUNT.search(before):
        return "surcharge"
    if words.SECONDARY_LABEL.search(before) or words.SECONDARY_LABEL.search(after):
        return "secondary"
    if place.secondary:
        return "secondary"
    if place.struck or words.LIST_LABEL.search(before) or (place.listed and not place.current):
        return "list"
    if words.FROM_LABEL.search(before):
        return "from"
    return "price"


def _drop_repeated(found: list[Seen]) -> None:
    """Amounts printed by one template several times belong to a list, but for the nearest one."""
    by_path: dict[tuple[str, ...], list[Seen]] = {}
    for seen in found:
        if seen.kind == "price":
            by_path.setdefault(seen.place.path, []).append(seen)
    for group in by_path.values():
        if len({seen.amount for seen in group}) < 2 or len(group) < 3:  # noqa: PLR2004 - a pair is no list
            continue
        nearest = min(seen.place.up for seen in group)
        near = [seen for seen in group if seen.place.up == nearest]
        for seen in group:
            if len(near) > 1 or seen is not near[0]:
                seen.kind = "one of a list"


def _decide(found: list[Seen]) -> View:
    """The winner, if one amount stands out among those that may be the price."""
    eligible = [seen for seen in found if seen.kind == "price"]
    if not eligible:
        eligible = _named_old_alone(found)
    groups: dict[Decimal, list[Seen]] = {}
    for seen in eligible:
        groups.setdefault(seen.amount.normalize(), []).append(seen)
    ranked = sorted(groups.values(), key=_weight, reverse=True)
    view = View(found)
    if not ranked or _weight(ranked[0]) < ENOUGH:
        return view
    ranked = _settle_pair(ranked)
    best = max(ranked[0], key=lambda seen: seen.score)
    rivals = [g for g in ranked[1:] if _weight(ranked[0]) - _weight(g) < MARGIN]
    view.close = [max(group, key=lambda seen: seen.score) for group in (ranked[0], *rivals)]
    if any(s.kind == "range" and best.score - s.score < MARGIN for s in found):
        return view
    if not rivals:
        view.winner = best
        runner_up = _weight(ranked[1]) if len(ranked) > 1 else 0
        view.sure = best.score >= SURE and _weight(ranked[0]) - runner_up >= SURE_MARGIN
    return view


def _weight(group: list[Seen]) -> int:
    return max(seen.score for seen in group) + 3 * min(2, len(group) - 1)


def _named_old_alone(found: list[Seen]) -> list[Seen]:
    """A price that only its class calls old is the price when nothing newer stands there."""
    named = [s for s in found if s.kind == "list" and not s.place.struck and not words.LIST_LABEL.search(s.before)]
    return named if len({seen.amount for seen in named}) == 1 else []


def _settle_pair(ranked: list[list[Seen]]) -> list[list[Seen]]:
    """Two bare amounts side by side in one price element: what one pays, and what one paid."""
    if len(ranked) < 2 or _weight(ranked[0]) - _weight(ranked[1]) >= MARGIN:  # noqa: PLR2004 - a pair
        return ranked
    one, other = (max(group, key=lambda seen: seen.score) for group in ranked[:2])
    low, high = sorted((one, other), key=lambda seen: seen.amount)
    together = one.node.parent is not None and other.node.parent is not None
    if not (together and one.node.parent == other.node.parent and one.sign == other.sign):
        return ranked
    ratio = high.amount / low.amount
    if ratio > 4 or any(abs(ratio - vat) < Decimal("0.002") for vat in _VAT):  # noqa: PLR2004 - more is no discount
        return ranked
    high.kind = "list"
    winner = ranked[0] if low in ranked[0] else ranked[1]
    return [winner, *ranked[2:]]
