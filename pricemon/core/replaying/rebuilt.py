"""Changes that the stream has no more, rebuilt from the archive.

Every archived observation carries its product's row after it, so two in a row are what the stream
had as old and new image. An observation bears the time of its job, which may have waited in the
queue before it was done: changes that arrived in a window are of jobs from that long before it.
That takes in more than was lost. What has been handled is recognised by the processor, as in any
redelivery, by the alert state's `processed_at`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pricemon.core import items
from pricemon.core.alerting.changes import is_quiet
from pricemon.core.alerting.facts import DAY
from pricemon.core.archive import ArchiveError
from pricemon.core.archiving.reading import Hour, Problem, hours, listing
from pricemon.core.model import Known, Outcome, Product, Status

if TYPE_CHECKING:
    from pricemon.core.replaying.failures import Record, Window
    from pricemon.core.table import Table

_EARLIER = 2 * DAY
"""How far before the changes a product's last row is looked for; older ones are in the table."""

_LOOK_BACK = 20
"""Observations among which the last price is looked for: failed and held ones have none."""


@dataclass(slots=True, kw_only=True)
class Rebuilt:
    """The changes of a window; `observations` are those they were rebuilt from."""

    records: list[Record] = field(default_factory=list)
    observations: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The archive, and the table for what was before it.

    `lag` is how long a job can wait before it is done, in milliseconds.
    """

    s3: Any
    bucket: str
    table: Table
    lag: int

    def changes(self, window: Window) -> Rebuilt:
        """The changes that may have reached the stream in the window, in each product's order."""
        since, until = window.since - self.lag, window.until
        start = since - _EARLIER
        products = None if window.product_id is None else (window.product_id,)
        keys = listing(self.s3, self.bucket, since=start, until=until).keys
        found = hours(self.s3, self.bucket, keys, since=start, until=until, product_ids=products)
        rebuilt = Rebuilt()
        for product_id, rows in sorted(_rows(found, rebuilt.problems).items()):
            after = [row for row in rows if _observed_at(row) >= since]
            rebuilt.observations += len(after)
            before = next((row for row in reversed(rows) if _observed_at(row) < since), None)
            if after and before is None:
                before = self._before(after[0])
            rebuilt.records += _changes(product_id, before, after)
        return rebuilt

    def _before(self, first: Product) -> Product:
        """A product as it was before its first archived row: by its last price in the table."""
        earlier = self.table.observations(
            first.product_id, until=_observed_at(first) - 1, limit=_LOOK_BACK
        )
        for seen in earlier:
            if seen.price is not None and seen.outcome in (Outcome.ACCEPTED, Outcome.NOT_MODIFIED):
                known = Known(
                    observed_at=seen.timestamp,
                    status=Status.OK,
                    price=seen.price,
                    currency=seen.currency,
                    availability=seen.availability,
                    price_since=seen.timestamp,
                )
                return replace(first, known=known)
        return replace(first, known=None)


def _rows(found: Iterable[Hour], problems: list[Problem]) -> dict[str, list[Product]]:
    """Each product's archived rows by the time they tell of, each once."""
    rows: dict[str, dict[int, Product]] = defaultdict(dict)
    for hour in found:
        problems += hour.problems
        for record in hour.records:
            try:
                product = record.product()
            except ArchiveError as error:
                problems.append(Problem(object=record.where, problem=error.message))
                continue
            if product and product.known:
                rows[product.product_id][product.known.observed_at] = product
    return {product_id: [seen[at] for at in sorted(seen)] for product_id, seen in rows.items()}


def _changes(product_id: str, before: Product | None, rows: Iterable[Product]) -> Iterator[Record]:
    """Stream records of the rows that say something new after the row before them."""
    for row in rows:
        if before is not None and not is_quiet(before, row):
            at = _observed_at(row)
            yield {
                "eventID": f"rebuilt-{product_id}-{at}",
                "eventName": "MODIFY",
                "eventSource": "aws:dynamodb",
                "dynamodb": {
                    "ApproximateCreationDateTime": at / 1000,
                    "Keys": items.key(product_id, items.PRODUCT),
                    "OldImage": items.product_item(before),
                    "NewImage": items.product_item(row),
                    "SequenceNumber": str(at),
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
            }
        before = row


def _observed_at(product: Product) -> int:
    return product.known.observed_at if product.known else 0
