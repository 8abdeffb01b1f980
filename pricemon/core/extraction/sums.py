"""What the amounts of a page say of each other, whatever their language.

`29.999`, `26.450`, `3.549`: the first is the sum of the others, so it is what one would have paid,
and one of the others what is taken off. `119,00` and `97,54`: a tax apart, to the cent.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from itertools import permutations
from typing import TYPE_CHECKING

from pricemon.core.extraction import labels
from pricemon.core.extraction.vocabulary.phrases import Label
from pricemon.core.wordlist import words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pricemon.core.extraction.sight import Seen

NEAR = 16
"""Texts between the parts of one sum."""
LEFT_OVER = 20
"""Points of an amount that is what a saving leaves of the old price."""

_MOST = 40
_KINDS = frozenset(("price", "list", "from", "secondary", "surcharge"))
_OLD = ("price", "list")
_CENT = Decimal("0.01")
_LETTERS = re.compile(r"[^\W\d_]{2}")
# A tax rate is printed on hardly any page: these are the standard and reduced ones of CLDR's
# territories, as factors from net to gross.
_TAXED = tuple(
    Decimal(factor)
    for factor in words(
        "1.05 1.07 1.077 1.08 1.081 1.1 1.12 1.13 1.14 1.15 1.16 1.17 1.18 1.19 1.2 1.21 1.22 1.23"
        " 1.24 1.25 1.255 1.27"
    )
)
_PRICE_LIKE = frozenset(words("00 50 90 95 99 49 89 98 97 79 69 59 39 29 19"))
"""Cents that people set prices to; a price without its tax ends in any."""


def settle(found: Iterable[Seen], percents: Collection[int]) -> None:
    """Mark old prices and savings by arithmetic, and favour what is left of them."""
    parts = [seen for seen in found if seen.kind in _KINDS and seen.amount > 0][:_MOST]
    explained: dict[int, Decimal] = {}
    # A struck price explains a saving better than one that is not: each saving is of one price.
    for old, now, saved in sorted(_sums(parts), key=lambda parts: parts[0].kind != "list"):
        of = explained.get(saved.node.mem_id, old.amount)
        if (
            of == old.amount
            and _is_old(old, saved, percents)
            and _is_saving(saved, now, old, percents)
        ):
            explained[saved.node.mem_id] = of
            old.kind, old.inferred = "list", False
            saved.kind = "secondary"
            _favour(now, f"what {old.amount} less {saved.amount} leaves")


def _favour(now: Seen, why: str) -> None:
    """Points once for a price that arithmetic confirms."""
    if now.kind == "price" and not now.left_over:
        now.left_over = True
        now.score += LEFT_OVER
        now.why.append(f"+{LEFT_OVER} {why}")


def is_net_of(net: Decimal, gross: Decimal) -> bool:
    """Whether `net` is `gross` without tax: a known rate apart to the cent, and set by nobody."""
    if _ending(net) in _PRICE_LIKE or _ending(gross) not in _PRICE_LIKE:
        return False
    return is_taxed(net, gross)


def is_taxed(net: Decimal, gross: Decimal) -> bool:
    """Whether two amounts are a known rate apart, to the cent."""
    return net < gross and any(
        (gross / factor).quantize(_CENT, ROUND_HALF_UP) == net.quantize(_CENT) for factor in _TAXED
    )


def _ending(amount: Decimal) -> str:
    return str(amount.quantize(_CENT))[-2:]


def _sums(parts: list[Seen]) -> Iterable[tuple[Seen, Seen, Seen]]:
    """Every (old, now, saved) with old = now + saved, close to each other, in one currency."""
    by_amount: dict[Decimal, list[Seen]] = {}
    for seen in parts:
        by_amount.setdefault(seen.amount, []).append(seen)
    for old, now in permutations(parts, 2):
        if old.kind not in _OLD or not -NEAR <= old.order - now.order <= NEAR:
            continue
        difference = old.amount - now.amount
        # Half the price is off: which half is which, nobody can tell, and it does not matter.
        if difference not in by_amount or difference == now.amount:
            continue
        for saved in by_amount[difference]:
            if saved is not now and _belong_together(old, now, saved):
                yield old, now, saved


def _belong_together(*parts: Seen) -> bool:
    orders = [seen.order for seen in parts]
    signs = {seen.currency or seen.sign for seen in parts} - {""}
    return max(orders) - min(orders) <= NEAR and len(signs) <= 1


def _is_old(old: Seen, saved: Seen, percents: Collection[int]) -> bool:
    """Whether something besides the sum speaks of a reduction: sums may also be chance."""
    return (
        old.kind == "list"
        or is_called_saving(saved)
        or is_percent(saved.amount, old.amount, percents)
    )


def _is_saving(saved: Seen, now: Seen, old: Seen, percents: Collection[int]) -> bool:
    """Whether `saved` is what is taken off and `now` what is left, and not the other way round."""
    if is_called_saving(saved) or is_called_saving(now):
        return not is_called_saving(now)
    by_percent = [is_percent(one.amount, old.amount, percents) for one in (saved, now)]
    if any(by_percent):
        return by_percent == [True, False]
    if now.kind != "price" or saved.kind != "price":
        return now.kind == "price"
    # A word that nobody knows stands before the saving rather than before the price.
    worded = [bool(_LETTERS.search(one.before)) for one in (saved, now)]
    return saved.score < now.score or (saved.score == now.score and worded == [True, False])


def is_called_saving(seen: Seen) -> bool:
    """Whether words or a minus say that the amount is taken off a price."""
    said = seen.label | labels.of(seen.after)
    return bool(said & Label.SAVING) or (
        seen.kind == "surcharge" and seen.before.rstrip(" (")[-1:] in "-−–"
    )


def is_percent(part: Decimal, whole: Decimal, percents: Collection[int]) -> bool:
    """Whether one of the page's percentages is what `part` is of `whole`."""
    percent = part * 100 / whole
    return any(abs(percent - shown) <= 1 for shown in percents)
