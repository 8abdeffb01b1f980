"""A page → a `Reading`: its product's price, or the named reason why no price can be vouched for.

The one entrance to `pricemon.core.extraction`. Pure: no network, no clock, no files.
"""

from __future__ import annotations

from collections.abc import Sequence

from pricemon.core import currencies
from pricemon.core.extraction import (
    agreement,
    availability,
    items,
    offers,
    opengraph,
    products,
    rules,
    visible,
)
from pricemon.core.extraction.document import Document, text_of
from pricemon.core.model import Candidate, Page, Reading, Reason
from pricemon.core.money import find_money, parse_machine
from pricemon.core.settings import ExtractRule


def extract(
    page: Page,
    *,
    rule: ExtractRule | None = None,
    currency: str | None = None,
    locale: str | None = None,
    identifiers: Sequence[str] = (),
    title: str | None = None,
) -> Reading:
    """Read the price of the page's own product. Never raises.

    `currency` and `locale` are the retailer's: they settle shared signs and bare amounts.
    `identifiers` (sku, gtin, mpn) and `title` are the catalogue's: they tell the page's product
    from its neighbours.
    """
    try:
        return _extract(page, rule or ExtractRule(), currency, locale, tuple(identifiers), title)
    except (RecursionError, MemoryError):
        return Reading(reason=Reason.NO_PRICE, detail="the page is too complex to read")


def _extract(
    page: Page,
    rule: ExtractRule,
    currency: str | None,
    locale: str | None,
    identifiers: tuple[str, ...],
    title: str | None,
) -> Reading:
    document = Document(page.body, url=page.url, content_type=page.content_type)
    if rule.price is not None:
        return _by_rule(document, rule, currency, locale)
    main: list[products.Product] = []
    claims: list[offers.Claim] = []
    listed = 0
    for source, read in (
        ("json-ld", items.json_ld),
        ("microdata", items.microdata),
        ("rdfa", items.rdfa),
    ):
        found = products.find(read(document), source)
        listed += len(found)
        own = products.main(found, document, identifiers=identifiers, title=title)
        main += own
        keys = {*identifiers, *products.variant_keys(page.url)}
        all_offers = [offer for product in own for offer in offers.read(product.item)]
        claim = offers.claim(
            all_offers,
            source=source,
            where=own[0].name if own else "",
            keys=keys,
            condition=rule.condition,
        )
        if claim:
            claims.append(claim)
    claims += opengraph.claims(document)
    names = [name for name in (title, *(p.name for p in main), document.title) if name]
    evidence = _evidence(document, currency, locale)
    view = visible.look(document, known_as=names, evidence=evidence)
    settled = agreement.settle(claims, view, prefer_low=rule.prefer == "low")
    stock = next((c.availability for c in claims if c.availability), None)
    if stock is None and main:
        stock = availability.of_offers(o.availability for p in main for o in offers.read(p.item))
    code = settled.currency or (currencies.normalise(currency))
    if settled.price is not None and code is None:
        code = _resolve(settled, document, evidence)
    reason, detail = settled.reason, settled.detail
    if settled.price is not None and code is None:
        reason, detail = Reason.NO_CURRENCY, f"{settled.price} in an unnamed currency"
    return Reading(
        price=settled.price,
        currency=code,
        availability=stock,
        title=_title(document, main),
        source=settled.source,
        list_price=settled.list_price,
        reason=reason,
        detail=detail,
        candidates=agreement.candidates(claims, view, settled),
    )


def _by_rule(
    document: Document, rule: ExtractRule, currency: str | None, locale: str | None
) -> Reading:
    """The reading that the retailer's own rule gives."""
    if rule.price is None:
        return Reading(reason=Reason.NO_PRICE, detail="the rule names no price")
    try:
        text = rules.value(rule.price, document)
        code = currencies.normalise(rules.value(rule.currency, document)) if rule.currency else None
        stock = rules.value(rule.availability, document) if rule.availability else None
        name = rules.value(rule.title, document) if rule.title else None
    except rules.BrokenRuleError as error:
        return Reading(reason=Reason.NO_PRICE, detail=str(error))
    code = code or currencies.normalise(currency)
    evidence = _evidence(document, currency, locale)
    found = [m for m in find_money(text or "", evidence=evidence) if m.amount > 0]
    machine = parse_machine(text, currency=code) if text else None
    title = name or _title(document, [])
    state = availability.parse(stock)
    if machine is None or machine.amount <= 0:
        reason = Reason.AMBIGUOUS if len({m.amount for m in found}) > 1 else Reason.NO_PRICE
        seen = f"the rule found {text[:60]!r}" if text else "the rule found nothing"
        return Reading(reason=reason, detail=seen, availability=state, title=title)
    code = (found[0].currency if found else None) or machine.currency or code
    code = code or opengraph.currency(document) or next(iter(document.solid), None)
    return Reading(
        price=machine.amount,
        currency=code,
        availability=state,
        title=title,
        source="rule",
        reason=None if code else Reason.NO_CURRENCY,
        detail="" if code else f"{machine.amount} in an unnamed currency",
        candidates=(
            Candidate(
                price=machine.amount, currency=code, source="rule", where="the retailer's rule",
                text=(text or "")[:80], verdict="chosen",
            ),
        ),
    )  # fmt: skip


def _evidence(document: Document, currency: str | None, locale: str | None) -> tuple[str, ...]:
    from pricemon.core.money import evidence  # noqa: PLC0415 - placeholder

    stated = opengraph.currency(document)
    return (*evidence(locale, currency), *((stated,) if stated else ()), *document.evidence)


def _resolve(settled: agreement.Settled, document: Document, evidence: Sequence[str]) -> str | None:
    if settled.seen is not None and settled.seen.sign:
        return currencies.resolve(settled.seen.sign, evidence)
    return opengraph.currency(document) or next(iter(document.solid), None)


def _title(document: Document, main: list[products.Product]) -> str | None:
    for product in main:
        if product.name:
            return product.name
    heading = document.headings[0] if document.headings else None
    return (text_of(heading) if heading else None) or document.title
