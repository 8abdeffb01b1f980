"""Claims of the markup and the view of the page → one price, or why there is none.

What markup says is held against what the page shows. Where they disagree and neither is plainly
the list price, nobody can be believed: `conflict`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pricemon.core import currencies
from pricemon.core.extraction import labels, sums
from pricemon.core.extraction.document import Document, is_home
from pricemon.core.extraction.vocabulary.phrases import Label
from pricemon.core.extraction.winner import ENOUGH
from pricemon.core.extraction.zones import NEVER
from pricemon.core.model import Candidate, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from pricemon.core.extraction.offers import Claim
    from pricemon.core.extraction.sight import Seen, View

NEAR_HEADING = 6
FAR_BEHIND = 60
"""Points that no price of the page's own product is behind its main one."""
_PLAIN = ("price", "from", "one of several", "one of a list")
"""Kinds of amounts that are not named as another thing than a price."""
MANY = 5


class CurrencyConflictError(Exception):
    """Markup and text agree on the amount and not on the currency."""


@dataclass(slots=True)
class Settled:
    """The outcome: a price with where it came from, or a reason."""

    price: Decimal | None = None
    sign: str = ""
    """The sign printed beside the price somewhere on the page."""
    source: str | None = None
    list_price: Decimal | None = None
    claim: Claim | None = None
    reason: Reason | None = None
    detail: str = ""
    seen: Seen | None = None


def settle(claims: Sequence[Claim], view: View) -> Settled:
    """One price from all that was found, or a named refusal."""
    if not claims:
        return _from_text(view)
    chosen = [_choose(claim, view) for claim in claims]
    definite = [
        (claim, price) for claim, price in zip(claims, chosen, strict=True) if price is not None
    ]
    if not definite:
        return _several(claims[0], view)
    claim, price = definite[0]
    others = {other for _, other in definite if other != price}
    shown = {seen.amount for seen in view.seen if seen.kind in _PLAIN}
    winner = view.winner
    if others:
        confirmed = {p for p in (price, *others) if winner is not None and winner.amount == p}
        confirmed = confirmed or ({price, *others} & shown)
        if len(confirmed) != 1:
            return Settled(
                reason=Reason.CONFLICT,
                detail=f"{claim.source} says {price}, another syntax {min(others)}",
            )
        price = confirmed.pop()
        claim = next(c for c, p in definite if p == price)
    undecided = [c for c, p in zip(claims, chosen, strict=True) if p is None and price in c.prices]
    if undecided and price not in shown:
        return _several(undecided[0], view)
    if claim.preferred and winner is not None and winner.amount in claim.prices:
        return _accept(claim, price, None, view)
    if winner is not None and winner.amount != price:
        return _against(claim, price, winner, view, shown)
    if winner is None and _is_old(price, view, shown):
        return Settled(
            reason=Reason.CONFLICT,
            detail=f"{claim.source} says {price}, which the page shows as an old price only",
        )
    return _accept(claim, price, winner, view)


def _is_old(price: Decimal, view: View, shown: set[Decimal]) -> bool:
    """Whether the page shows `price` as the list price only, and less beside it."""
    struck = any(s.kind == "list" and s.amount == price and not s.inferred for s in view.seen)
    less = (s.score for s in view.seen if s.kind in _PLAIN and s.amount < price)
    return struck and price not in shown and any(score >= ENOUGH for score in less)


def _choose(claim: Claim, view: View) -> Decimal | None:
    """The claim's one price: its own, or the one of several (or of two readings) that is shown."""
    options = [claim.price, *claim.prices]
    if claim.other is not None:
        options.append(claim.other)
    if len(set(options)) == 1 or (claim.several and claim.preferred):
        return claim.price
    if view.winner is not None and view.winner.amount in options:
        return view.winner.amount
    if claim.several:
        return claim.price if claim.lowest_of_one_seller and not view.seen else None
    shown = {seen.amount for seen in view.seen} & set(options)
    if len(shown) == 1:
        return shown.pop()
    return claim.price if claim.currency and not view.seen else None


def _several(claim: Claim, view: View) -> Settled:
    options = claim.prices or (claim.price, claim.other or claim.price)
    detail = f"{claim.source} offers it at {min(options)} to {max(options)}"
    winner = view.winner
    if winner is not None and view.sure and (not claim.several or _is_among(winner, options)):
        return _from_text(view)
    return Settled(reason=Reason.AMBIGUOUS, detail=detail)


def _is_among(winner: Seen, options: Sequence[Decimal]) -> bool:
    """Whether the page's main price is one of a range: what this seller, this variant costs."""
    return min(options) <= winner.amount <= max(options)


def _against(
    claim: Claim, price: Decimal, winner: Seen, view: View, shown: set[Decimal]
) -> Settled:
    """Markup says one price, the page's main visible price is another."""
    struck = [
        seen
        for seen in view.seen
        if seen.kind == "list" and seen.amount == price and not seen.inferred
    ]
    if struck and winner.amount < price and price not in shown:
        return Settled(
            price=winner.amount, sign=winner.sign, source="text",
            list_price=price, claim=claim, seen=winner,
        )  # fmt: skip
    # What members, subscribers or payers by one method pay is another price of the same thing.
    # Only where a price is named, though: `free delivery over $50` confirms no $50.
    offered = {
        seen.amount
        for seen in view.seen
        if seen.kind == "secondary" and seen.place.price < NEVER and not _net(seen)
    }
    net = any(seen.amount == price and _net(seen) for seen in view.seen)
    untaxed = sums.is_net_of(price, winner.amount) or (net and sums.is_taxed(price, winner.amount))
    if untaxed and view.sure:
        # Markup filled in before tax was added: what people pay is what they are shown.
        return Settled(
            price=winner.amount, sign=winner.sign, source="text", claim=claim, seen=winner
        )
    # A price among the options to choose from, far behind the main one, confirms nothing.
    beside = {
        seen.amount
        for seen in view.seen
        if seen.kind in ("price", "from") and seen.score >= winner.score - FAR_BEHIND
    }
    if claim.list_price == winner.amount or price in beside | offered or not view.sure:
        return _accept(claim, price, None, view)
    if not (_is_called_a_price(winner) or winner.alone or winner.place.size == "large"):
        # What nothing calls a price does not overrule what markup calls one.
        return _accept(claim, price, None, view)
    return Settled(
        reason=Reason.CONFLICT,
        detail=f"{claim.source} says {price}, the page shows {winner.amount}",
    )


def _is_called_a_price(seen: Seen) -> bool:
    """Whether a name or a word near the amount calls it a price."""
    words = seen.label | labels.of(seen.after)
    return seen.place.price < NEVER or bool(words & (Label.PRICE | Label.NOW | Label.BUY))


def _net(seen: Seen) -> bool:
    """Whether an amount is named as without tax, per unit, or an instalment."""
    return bool(labels.around(seen) & Label.RATE)


def currency_of(settled: Settled, document: Document) -> str | None:
    """The currency of a claimed price; what the page prints beside it may overrule the claim.

    Shops forget to set the currency of their markup. Where the sign beside the same amount means
    another one, the page's country settles it; raises `CurrencyConflictError` when it does not.
    """
    claimed = settled.claim.currency if settled.claim else None
    options = currencies.meanings(settled.sign) if settled.sign else ()
    if claimed is None or not options or claimed in options:
        return claimed
    if options[0] in document.solid or claimed in document.solid:
        return options[0] if options[0] in document.solid else claimed
    raise CurrencyConflictError(f"markup says {claimed}, the page shows {settled.sign}")


def _accept(claim: Claim, price: Decimal, winner: Seen | None, view: View) -> Settled:
    listed = [s.amount for s in view.seen if s.kind == "list" and s.amount > price]
    near = max(listed, default=None) if winner is not None else None
    sign = next((seen.sign for seen in view.seen if seen.amount == price and seen.sign), "")
    return Settled(
        price=price, sign=sign, source=claim.source, claim=claim, seen=winner,
        list_price=claim.list_price or near,
    )  # fmt: skip


def _from_text(view: View) -> Settled:
    winner = view.winner
    if winner is not None:
        listed = [s.amount for s in view.seen if s.kind == "list" and s.amount > winner.amount]
        return Settled(
            price=winner.amount, sign=winner.sign, source="text", seen=winner,
            list_price=max(listed, default=None),
        )  # fmt: skip
    if len(view.close) > 1 or any(
        seen.kind in ("range", "from", "one of several") for seen in view.seen
    ):
        amounts = ", ".join(str(seen.amount) for seen in view.close[:6])
        return Settled(
            reason=Reason.AMBIGUOUS, detail=f"several prices are shown: {amounts}".rstrip(": ")
        )
    return Settled(
        reason=Reason.NO_PRICE, detail="no price in markup, and none stands out in the text"
    )


def with_script(settled: Settled, claim: Claim, view: View) -> Settled:
    """Script data where nothing else gave a price: believed unless the page shows only others."""
    plain = {seen.amount for seen in view.seen if seen.kind in ("price", "from")}
    if claim.price in plain or not view.close:
        return _accept(claim, claim.price, None, view)
    return settled


def checked(settled: Settled, view: View, document: Document, *, others: int) -> Settled:
    """A price from text alone, unless the page is none of a product: a home page, a list."""
    seen = settled.seen
    if seen is None:
        return settled
    kind = (document.meta("og:type") or "").lower()
    words = seen.label | labels.of(seen.after)
    called = _is_called_a_price(seen)
    near = seen.place.around.up <= NEAR_HEADING
    shown_so = seen.place.size == "large" or any(one.kind == "list" for one in view.seen)
    product = "product" in kind or (near and (view.buyable or called or shown_so))
    # A page that names nothing in a heading may still call one amount its price.
    product = product or (view.heading is None and view.sure and bool(words & Label.PRICE))
    cards = sum(1 for one in view.seen if one.kind == "one of a list")
    home = is_home(document.url)
    if (
        (home and "product" not in kind)
        or not product
        or (not view.sure and (others > 1 or cards > MANY))
    ):
        return Settled(
            reason=Reason.NOT_A_PRODUCT_PAGE
            if home or others > 1 or cards > MANY
            else Reason.NO_PRICE,
            detail=f"{seen.amount} is shown, but nothing says that the page is about one product",
        )
    return settled


def candidates(claims: Sequence[Claim], view: View, settled: Settled) -> tuple[Candidate, ...]:
    """Every price that was considered, the markup's first, with its fate."""
    found = [
        Candidate(
            price=claim.price, currency=claim.currency, source=claim.source, where=claim.where,
            text=claim.text,
            verdict="chosen" if claim is settled.claim and claim.price == settled.price else (
                f"one of {len(claim.prices)} prices" if claim.several else "not chosen"
            ),
        )
        for claim in claims
    ]  # fmt: skip
    for seen in sorted(view.seen, key=lambda one: -one.score)[:40]:
        verdict = (
            seen.kind if seen.kind != "price" else f"score {seen.score}: {', '.join(seen.why)}"
        )
        if seen is settled.seen:
            verdict = f"chosen, {verdict}"
        found.append(
            Candidate(
                price=seen.amount,
                currency=seen.currency,
                source="text",
                where=seen.where,
                text=seen.text[:80],
                verdict=verdict,
            )
        )
    return tuple(found)
