"""A page → a `Reading`: its product's price, or the named reason why no price can be vouched for.

The one entrance to `pricemon.core.extraction`. Pure: no network, no clock, no files.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pricemon.core import countries, currencies, money
from pricemon.core.extraction import (
    agreement,
    availability,
    fields,
    items,
    offers,
    opengraph,
    products,
    rules,
    state,
    stock,
    visible,
    walls,
)
from pricemon.core.extraction.document import Document, text_of
from pricemon.core.model import Availability, Page, Reading, Reason
from pricemon.core.settings import ExtractRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from selectolax.lexbor import LexborNode

    from pricemon.core.extraction.offers import Claim
    from pricemon.core.extraction.products import Product
    from pricemon.core.extraction.sight import View

_PAIR = 2
_SYNTAXES = (("json-ld", items.json_ld), ("microdata", items.microdata), ("rdfa", items.rdfa))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the caller knows: the retailer's ways, and the catalogue's idea of the product."""

    rule: ExtractRule
    currency: str | None
    locale: str | None
    identifiers: tuple[str, ...]
    title: str | None
    explain: bool


@dataclass(slots=True)
class _Markup:
    """What the page's markup says of its own product."""

    claims: list[Claim]
    main: list[Product]
    elsewhere: list[LexborNode] = field(default_factory=list)
    """The elements of products that are not the page's own."""
    others: int = 0
    """Products that are not the page's own."""
    availability: Availability | None = None


def extract(
    page: Page,
    *,
    rule: ExtractRule | None = None,
    currency: str | None = None,
    locale: str | None = None,
    identifiers: Sequence[str] = (),
    title: str | None = None,
    explain: bool = False,
) -> Reading:
    """Read the price of the page's own product. Never raises.

    `currency` and `locale` are the retailer's: they settle shared signs and bare amounts.
    `identifiers` (sku, gtin, mpn) and `title` are the catalogue's: they tell the page's product
    from its neighbours. With `explain` every number of the page is among the candidates; the
    outcome is the same.
    """
    rule = rule or ExtractRule()
    wanted = _Wanted(rule, currency, locale, tuple(identifiers), title, explain)
    try:
        return _extract(page, wanted)
    except Exception as error:  # noqa: BLE001 - one page never stops the others
        detail = f"the page could not be read: {type(error).__name__}: {error}"
        return Reading(reason=Reason.INTERNAL, detail=detail[:300])


def _extract(page: Page, wanted: _Wanted) -> Reading:
    if not page.body.strip():
        return Reading(reason=Reason.EMPTY, detail="the page is empty")
    by_rule = wanted.rule.price is not None
    if not by_rule and walls.not_html(page):
        return Reading(reason=Reason.NOT_HTML, detail="the response is not a page of HTML")
    document = Document(page.body, url=page.url, content_type=page.content_type)
    try:
        return _by_rule(document, wanted) if by_rule else _by_evidence(page, document, wanted)
    except rules.BrokenRuleError as error:
        return Reading(reason=Reason.NO_PRICE, detail=str(error))


def _by_rule(document: Document, wanted: _Wanted) -> Reading:
    """The price that the retailer's rule points at; everything it does not name as usual."""
    evidence = _evidence(document, wanted)
    reading = rules.read(document, wanted.rule, evidence, _configured(document, wanted))
    markup = _markup(document, wanted)
    return _complete(
        dataclasses.replace(reading, availability=markup.availability),
        document,
        wanted,
        markup.main,
    )


def _by_evidence(page: Page, document: Document, wanted: _Wanted) -> Reading:
    """Markup held against what the page shows; script data where both are silent."""
    markup = _markup(document, wanted)
    known_as = [n for n in (wanted.title, *(p.name for p in markup.main), document.title) if n]
    evidence = _evidence(document, wanted)
    view = visible.look(
        document,
        known_as=known_as,
        evidence=evidence,
        elsewhere=markup.elsewhere,
        claimed=() if wanted.explain else _prices(markup.claims),
        alone=not markup.claims and not markup.others,
    )
    claims = markup.claims
    settled = agreement.settle(claims, view)
    if settled.price is None and settled.reason is not Reason.CONFLICT and not _several(claims):
        headings = [text_of(h1) for h1 in document.headings[:3]]
        scripted = state.claim(document, [*known_as, *headings])
        if scripted is None and view.buyable and view.heading is not None:
            scripted = fields.claim(document)
        if scripted is not None:
            claims = [*claims, scripted]
            settled = agreement.with_script(settled, scripted, view)
    if settled.source == "text" and settled.claim is None:
        settled = agreement.checked(settled, view, document, others=markup.others)
    stocked = markup.availability
    if stocked is None and settled.claim is not None:
        stocked = settled.claim.availability
    stocked = stock.agreed(stocked, view)
    try:
        code = _currency(settled, document, wanted, evidence)
    except agreement.CurrencyConflictError as error:
        settled = agreement.Settled(reason=Reason.CONFLICT, detail=str(error))
        code = None
    reading = Reading(
        price=settled.price,
        currency=code if settled.price is not None else None,
        availability=stocked,
        source=settled.source,
        list_price=settled.list_price,
        reason=settled.reason,
        detail=settled.detail,
        candidates=agreement.candidates(claims, view, settled),
    )
    if settled.price is None:
        reading = _refused(reading, page, document, markup, view)
    elif code is None:
        reading = dataclasses.replace(
            reading, reason=Reason.NO_CURRENCY, detail=f"{settled.price} in an unnamed currency"
        )
    return _complete(reading, document, wanted, markup.main)


def _prices(claims: list[Claim]) -> set[Decimal]:
    found = {price for claim in claims for price in (claim.price, claim.other, *claim.prices)}
    return {price for price in found if price is not None}


def _several(claims: list[Claim]) -> bool:
    return any(claim.several for claim in claims)


def _markup(document: Document, wanted: _Wanted) -> _Markup:
    """What each syntax claims for the page's own product."""
    found = _Markup([], [])
    states: list[Availability | None] = []
    keys = {*wanted.identifiers, *products.variant_keys(document.url)}
    for source, read in _SYNTAXES:
        listed = products.find(read(document), source)
        own = products.main(listed, document, identifiers=wanted.identifiers, title=wanted.title)
        found.main += own
        found.others += len(listed) - len(own)
        own_nodes = [product.node for product in own]
        found.elsewhere += [
            p.node for p in listed if p.node is not None and p.node not in own_nodes
        ]
        on_offer = [offer for product in own for offer in offers.read(product.item)]
        claim = offers.claim(
            on_offer, source=source, where=own[0].name if own else "", keys=keys,
            condition=wanted.rule.condition, prefer=wanted.rule.prefer,
        )  # fmt: skip
        if claim:
            found.claims.append(claim)
        states.append(
            (claim and claim.availability)
            or availability.of_offers(offer.availability for offer in on_offer)
        )
    found.claims += opengraph.claims(document)
    states.append(availability.parse(opengraph.stock(document)))
    found.availability = next((one for one in states if one), None)
    return found


def _evidence(document: Document, wanted: _Wanted) -> tuple[str, ...]:
    """Currencies in falling order of weight: the config's, the page's statement, its country."""
    stated = opengraph.currency(document)
    configured = money.evidence(wanted.locale, wanted.currency)
    return (*configured, *((stated,) if stated else ()), *document.evidence)


def _configured(document: Document, wanted: _Wanted) -> str | None:
    """The currency of an amount that bears no sign, where something solid names one."""
    named = currencies.normalise(wanted.currency) or opengraph.currency(document)
    return named or document.stated_currency or next(iter(document.solid), None)


def _currency(
    settled: agreement.Settled, document: Document, wanted: _Wanted, evidence: Sequence[str]
) -> str | None:
    """The currency of the price: as claimed, or what its sign means here."""
    if settled.price is None:
        return None
    if settled.claim is not None and settled.claim.currency:
        return agreement.currency_of(settled, document)
    sign = settled.seen.sign if settled.seen is not None else settled.sign
    if not sign:
        return _configured(document, wanted)
    options = currencies.meanings(sign)
    if len(options) > 1 and not set(money.evidence(wanted.locale, wanted.currency)) & set(options):
        # What a page's own scripts name weighs more than its language.
        stated = document.stated_currency
        evidence = (*((stated,) if stated else ()), *evidence)
    resolved = currencies.resolve(sign, evidence)
    if resolved is None and document.postal_country:
        resolved = currencies.resolve(sign, [countries.BY_COUNTRY[document.postal_country]])
    return resolved


def _refused(
    reading: Reading, page: Page, document: Document, markup: _Markup, view: View
) -> Reading:
    """Name what stands in the product page's place, if that is why there is no price."""
    # A page that names its product in markup is no wall.
    wall = None if markup.main else walls.reason(page, document)
    if wall is not None:
        return dataclasses.replace(reading, reason=wall[0], detail=wall[1])
    cards = sum(1 for seen in view.seen if seen.kind == "one of a list")
    if (
        reading.reason is Reason.NO_PRICE
        and not markup.main
        and (markup.others > 1 or cards > _PAIR)
    ):
        return dataclasses.replace(
            reading, reason=Reason.NOT_A_PRODUCT_PAGE, detail="the page lists several products"
        )
    return reading


def _complete(
    reading: Reading, document: Document, wanted: _Wanted, main: Sequence[Product]
) -> Reading:
    """Lay the rule's other values over the reading, and name the product."""
    rule = wanted.rule
    title = rules.value(rule.title, document) if rule.title else None
    title = title or next((p.name for p in main if p.name), None)
    if title is None:
        heading = document.headings[0] if document.headings else None
        title = (text_of(heading) if heading is not None else None) or document.title
    stocked = reading.availability
    if rule.availability:
        text = rules.value(rule.availability, document)
        stocked = availability.parse(text) or (stock.phrase(text) if text else None)
    code = reading.currency
    reason, detail = reading.reason, reading.detail
    if rule.currency and reading.price is not None:
        code = currencies.normalise(rules.value(rule.currency, document)) or code
        if code and reason is Reason.NO_CURRENCY:
            reason, detail = None, ""
    return dataclasses.replace(
        reading, title=title[:300] if title else None, availability=stocked, currency=code,
        reason=reason, detail=detail,
    )  # fmt: skip
