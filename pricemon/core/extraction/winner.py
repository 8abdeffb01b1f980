"""The amounts against each other: one must stand out, or nothing does."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pricemon.core.extraction import labels, sums
from pricemon.core.extraction.texts import MAX_TEXT
from pricemon.core.extraction.vocabulary.phrases import Label
from pricemon.core.wordlist import words

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from pricemon.core.extraction.sight import Seen, View

ENOUGH = 50
"""The least score of a price. A sign near the heading, or a name and a place, come to as much."""
MARGIN = 10
"""By how much the winner leads every other amount."""
SURE = 58
SURE_MARGIN = 16

_NEIGHBOURS = 8
_CONVERTED = 4
"""Texts between an amount and the same amount in another currency."""
_QUALIFIED = 3
_APART = 3
_DEEPEST_DISCOUNT = 4
_ROUNDING = Decimal("0.002")
# Ratios of a price with tax to one without: two amounts so far apart may be the same price twice.
_VAT = tuple(Decimal(r) for r in words("1.05 1.07 1.08 1.1 1.19 1.2 1.21 1.22 1.23 1.24 1.27"))
_QUARTER = Decimal("1.25")
"""Tax in a few countries only; everywhere else it is a price cut by a fifth."""
_QUARTER_TAXED = frozenset(("SEK", "NOK", "DKK", "HRK"))


def decide(view: View, local: str | None = None) -> None:
    """Find the winner, if one amount stands out among those that may be the price.

    `local` is the currency of the page's country: what is printed beside it in others is the same
    price once more.
    """
    found = view.seen
    eligible = [seen for seen in found if seen.kind == "price"]
    if all(seen.score < ENOUGH for seen in eligible):
        eligible = _named_so_alone(found) or eligible
    groups: dict[Decimal, list[Seen]] = {}
    for seen in eligible:
        groups.setdefault(seen.amount.normalize(), []).append(seen)
    ranked = sorted(groups.values(), key=_weight, reverse=True)
    if not ranked or _weight(ranked[0]) < ENOUGH:
        return
    ranked = _without_net(_settle_pair(_without_conversions(ranked, local), view))
    best = max(ranked[0], key=lambda seen: seen.score)
    rivals = [
        group
        for group in ranked[1:]
        if _weight(ranked[0]) - _weight(group) < MARGIN * (1 + _is_much_nearer(group, best))
    ]
    view.close = [max(group, key=lambda seen: seen.score) for group in (ranked[0], *rivals)]
    if any(_casts_doubt(seen, best) for seen in found):
        return
    if not rivals:
        view.winner = best
        runner_up = _weight(ranked[1]) if len(ranked) > 1 else 0
        view.sure = best.score >= SURE and _weight(ranked[0]) - runner_up >= SURE_MARGIN


def _is_much_nearer(group: list[Seen], best: Seen) -> bool:
    """Whether an amount with a sign stands by the heading, and the best one elsewhere."""
    return any(
        seen.sign and seen.place.around.up + _APART <= best.place.around.up for seen in group
    )


def _casts_doubt(seen: Seen, best: Seen) -> bool:
    """Whether an amount that is not the price speaks against the one that seems to be."""
    if seen.kind == "range":
        return best.score - seen.score < MARGIN
    if seen.kind == "from":
        return seen.score > best.score
    # What stands where the price should and was put aside by a word, or because there are several
    # of its kind, may have been the price.
    aside = seen.kind == "one of several" or (seen.kind == "secondary" and not seen.firm)
    return aside and seen.score > best.score + MARGIN


def _weight(group: list[Seen]) -> int:
    return max(seen.score for seen in group) + 3 * min(2, len(group) - 1)


def _named_so_alone(found: list[Seen]) -> list[Seen]:
    """A price that only its class calls old, or net of tax, is the price where no other stands."""
    old = [
        seen
        for seen in found
        if seen.kind == "list" and not seen.place.struck and not seen.label & Label.LIST
    ]
    net = [
        seen
        for seen in found
        if seen.kind == "secondary" and seen.place.net and not _is_said_to_be_less(seen)
    ]
    return next((n for n in (old, net) if len({seen.amount for seen in n}) == 1), [])


def _is_said_to_be_less(seen: Seen) -> bool:
    less = Label.SECONDARY | Label.RATE | Label.SAVING | Label.LIST
    return bool(labels.around(seen) & less)


def _settle_pair(ranked: list[list[Seen]], view: View) -> list[list[Seen]]:
    """Two bare amounts side by side: what one pays, and what one would have paid."""
    if len(ranked) == 1 or _weight(ranked[0]) - _weight(ranked[1]) >= MARGIN:
        return ranked
    one, other = (max(group, key=lambda seen: seen.score) for group in ranked[:2])
    low, high = sorted((one, other), key=lambda seen: seen.amount)
    if (
        one.sign != other.sign
        or _are_options(one, other)
        or not (_discount_is_shown(low, high, view) or _are_twins(low, high))
    ):
        return ranked
    high.kind, high.inferred = "list", True
    return [ranked[0] if low in ranked[0] else ranked[1], *ranked[2:]]


def _without_conversions(ranked: list[list[Seen]], local: str | None) -> list[list[Seen]]:
    """`19,99 € / 39,10 лв.`: without what amounts in the local currency come to in another."""
    at_home = [seen for group in ranked for seen in group if seen.currency == local]
    if local is None or not at_home or at_home[0].score < ENOUGH:
        return ranked

    def converts(seen: Seen) -> bool:
        near = any(abs(seen.order - one.order) <= _CONVERTED for one in at_home)
        return near and seen.currency not in (None, local)

    return [group for group in ranked if not all(map(converts, group))]


def _without_net(ranked: list[list[Seen]]) -> list[list[Seen]]:
    """Without the amounts that are the best one before tax."""
    best = ranked[0][0].amount
    return [ranked[0], *(g for g in ranked[1:] if not sums.is_net_of(g[0].amount, best))]


def _discount_is_shown(low: Seen, high: Seen, view: View) -> bool:
    """Whether the page prints the difference of two neighbouring amounts, or its percentage."""
    if abs(low.order - high.order) > _NEIGHBOURS:
        return False
    saved = high.amount - low.amount
    if any(seen.amount == saved and sums.is_called_saving(seen) for seen in view.seen):
        return True
    return sums.is_percent(saved, high.amount, view.texts.percents)


def _are_options(one: Seen, other: Seen) -> bool:
    """Whether each amount stands in a label of its own: the buyer chooses between them."""
    labels = [_label_of(seen.node) for seen in (one, other)]
    return labels[0] is not None and labels[1] is not None and labels[0] != labels[1]


def _label_of(node: LexborNode) -> int | None:
    current: LexborNode | None = node
    for _ in range(_NEIGHBOURS):
        if current is None:
            return None
        if current.tag == "label":
            return current.mem_id
        current = current.parent
    return None


def _are_twins(low: Seen, high: Seen) -> bool:
    """Whether two amounts share one element that is named a price, and are no tax apart."""
    parent = low.node.parent
    if parent is None or parent != high.node.parent or parent.tag in ("body", "main"):
        return False
    if (
        max(low.place.price, high.place.price) > _QUALIFIED
        or len(parent.text(strip=True)) > MAX_TEXT
    ):
        return False
    ratio = high.amount / low.amount
    taxes = (*_VAT, _QUARTER) if (low.currency or "SEK") in _QUARTER_TAXED else _VAT
    return ratio <= _DEEPEST_DISCOUNT and not any(abs(ratio - tax) < _ROUNDING for tax in taxes)
