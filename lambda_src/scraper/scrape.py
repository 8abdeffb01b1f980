"""One job → its evidence: fetch the page and read it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pricemon import __version__
from pricemon.core.errors import GiveUp, JobError, Retry
from pricemon.core.extract import extract
from pricemon.core.model import Reason, Status
from pricemon.core.outcomes import Evidence, vouched
from pricemon.core.settings import extract_rule

if TYPE_CHECKING:
    from pricemon.core.fetch import Fetcher
    from pricemon.core.model import Known, Product
    from pricemon.core.settings import ExtractRule, RetailerSettings, Settings


class Scraper:
    """Scrapes products by the settings. Thread-safe."""

    def __init__(self, settings: Settings, fetcher: Fetcher) -> None:
        self._settings = settings
        self._fetcher = fetcher

    def scrape(self, product: Product, *, deadline: float) -> Evidence:
        """What the product's page says now. Never raises: an error is evidence as well."""
        try:
            return self._scrape(product, deadline)
        except JobError as error:
            return Evidence(error=error)
        except Exception as error:  # noqa: BLE001  a fault of ours in one job is that job's failure
            return Evidence(error=Retry(Reason.INTERNAL, f"{type(error).__name__}: {error}"))

    def _scrape(self, product: Product, deadline: float) -> Evidence:
        retailer = self._settings.retailers.get(product.retailer)
        if retailer is None:
            raise GiveUp(
                Reason.UNKNOWN_RETAILER, f"the config has no retailer {product.retailer!r}"
            )
        rule = _rule(product, retailer)
        url = product.url
        if rule and rule.json_url:
            url = rule.json_url.replace("{product_id}", quote(product.product_id, safe=""))
        currency = product.overrides.get("currency") or retailer.currency
        reader = repr((url, rule, currency, retailer.locale, __version__))
        renewable = product.known if _is_renewable(product.known, reader) else None
        page = self._fetcher.fetch(
            url,
            retailer,
            etag=renewable.etag if renewable else None,
            last_modified=renewable.last_modified if renewable else None,
            deadline=deadline,
        )
        if page.not_modified:
            return Evidence(page=page, reader=reader)
        reading = extract(
            page,
            rule=rule,
            currency=currency,
            locale=retailer.locale,
            identifiers=product.identifiers,
            title=product.title,
        )
        return Evidence(page=page, reading=reading, reader=reader)


def _is_renewable(known: Known | None, reader: str) -> bool:
    """Whether a 304 would mean that the known price is still the page's.

    After a failure or a held reading it would not do: the page is to be read anew.
    """
    if known is None or known.price is None or known.currency is None:
        return False
    said = vouched(reader, known.price, known.currency)
    return known.status is Status.OK and known.vouched == said


def _rule(product: Product, retailer: RetailerSettings) -> ExtractRule | None:
    own = product.overrides.get("rule")
    if not own:
        return retailer.rule
    try:
        return extract_rule(own)
    except (AttributeError, KeyError, TypeError) as error:
        raise GiveUp(Reason.INTERNAL, f"the product's own rule is malformed: {error}") from None
