"""What the archive's records say of the products as they last were. Pure.

Every record carries its product's row as it was after that observation, so the newest one is the
row as it last was: its catalogue entry, its price, its validators, its failures.

Three things the archive does not hold. A product that was never scraped has no record. A product
that was removed from the catalogue looks like one that nobody scraped any more. And what was told
of a product is not a fact about its price: `quiet_state` starts its alerts anew, so that what a
restored row shows is told by no alert, and only later falls are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pricemon.core.alerting.changes import price_of
from pricemon.core.alerting.rulebook import effective_rules
from pricemon.core.archive import ArchiveError
from pricemon.core.archiving.reading import Problem, Record
from pricemon.core.errors import GiveUp
from pricemon.core.model import AlertState, Product
from pricemon.core.settings import AlertRules

if TYPE_CHECKING:
    from pricemon.core.archiving.reading import Hour
    from pricemon.core.settings import Settings

_KEPT = 3
"""Records kept of each product: where the newest row cannot be read, the one before it will do."""


class Catalogue:
    """The newest records of each product, of all that were added in whatever order."""

    def __init__(self) -> None:
        self._newest: dict[str, list[Record]] = defaultdict(list)
        self.newest = 0
        """The time of the newest record of all (epoch ms)."""

    def add(self, records: Iterable[Record]) -> None:
        """Take in records."""
        for record in records:
            kept = self._newest[record.observation.product_id]
            kept.append(record)
            if len(kept) > _KEPT:
                kept.remove(min(kept, key=_age))
            self.newest = max(self.newest, record.observation.timestamp)

    def last_seen(self, product_id: str) -> int:
        """The time of a product's newest record (epoch ms)."""
        return max(record.observation.timestamp for record in self._newest[product_id])

    def products(self) -> Iterator[Product | Problem]:
        """The products as they last were, by id; a row that cannot be read as a problem.

        A product whose last job found no row had been removed by then, and stays so.
        """
        for product_id in sorted(self._newest):
            records = sorted(self._newest[product_id], key=_age, reverse=True)
            if records[0].row is None:
                continue
            latest = [record for record in records if record.key == records[0].key]
            found: list[Product] = []
            for record in records:
                if found and record not in latest:
                    break
                try:
                    product = record.product()
                except ArchiveError as error:
                    yield Problem(object=record.where, problem=error.message)
                else:
                    found += [product] if product else []
            if found:
                yield max(found, key=_observed_at)


def noting(hours: Iterable[Hour], catalogue: Catalogue) -> Iterator[Hour]:
    """The hours as they come, each taken into `catalogue` on its way."""
    for hour in hours:
        catalogue.add(hour.records)
        yield hour


def quiet_state(product: Product, settings: Settings) -> AlertState | None:
    """An alert state that takes the product's present price for told; `None` without a price.

    The price is the reference that later falls are measured from, and a target it meets is met.
    """
    price = price_of(product)
    if price is None or product.known is None:
        return None
    try:
        rules = effective_rules(product, settings)
    except GiveUp:  # the processor says so of the next record
        rules = AlertRules()
    stated = product.overrides.get("currency")
    target = rules.below if stated in (None, price[1]) else None
    return AlertState(
        reference_price=price[0],
        currency=price[1],
        processed_at=product.known.observed_at,
        target_met=target is not None and price[0] <= target,
    )


def _age(record: Record) -> tuple[int, bool]:
    """Of two records of one time, the one with a row tells more."""
    return record.observation.timestamp, record.row is not None


def _observed_at(product: Product) -> int:
    return product.known.observed_at if product.known else 0
