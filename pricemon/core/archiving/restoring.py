"""The table's rows, rebuilt from the archive.

Restoring adds what is missing and replaces nothing: an observation that is there stays as it is,
a product's row is written where there is none or where it knows of nothing as new. It can
therefore be cut off and run again, and run beside the scraper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from pricemon.core import items
from pricemon.core.alerting.facts import DAY
from pricemon.core.alerting.groups import Groups
from pricemon.core.alerting.states import States
from pricemon.core.archiving.reading import Hour, Problem
from pricemon.core.archiving.rebuilding import Catalogue, noting, quiet_state
from pricemon.core.attributes import MalformedItem
from pricemon.core.dynamo import GET_LIMIT, Throttled, chunks

if TYPE_CHECKING:
    from pricemon.core.model import Observation, Product
    from pricemon.core.settings import Settings
    from pricemon.core.table import Table

_T = TypeVar("_T")

WORKERS = 8
"""Chunks of rows under way at the same time; each writes in up to four parallel calls."""
PRODUCTS_AT_ONCE = 50
"""Products in one transaction: two rows each, up to DynamoDB's limit of 100."""
LONG_UNSEEN = 7 * DAY
_PATIENCE = 10
"""Times a chunk is begun again when DynamoDB stays throttled: a new table warms up in minutes."""


@dataclass(slots=True)
class Report:
    """What a restore did, or (of a rehearsal) would do.

    `observations` in the archive are `present` in the table, `written` now, or `different` there
    and left so. Of the products, those with a newer or an equal row are `kept`; `long_unseen` are
    products whose last record is a week older than the newest of all: disabled, or removed from
    the catalogue on purpose, which the archive cannot tell.
    """

    objects: int = 0
    observations: int = 0
    present: int = 0
    written: int = 0
    different: list[tuple[str, int]] = field(default_factory=list)
    products_written: int = 0
    products_updated: int = 0
    products_kept: int = 0
    long_unseen: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Restorer:
    """Restores into `table`; with `rehearse` it only reads, and reports the same."""

    table: Table
    settings: Settings
    rehearse: bool = False
    workers: int = WORKERS

    def restore(
        self,
        hours: Iterable[Hour],
        *,
        products: bool = True,
        on_written: Callable[[int], None] = lambda _: None,
    ) -> Report:
        """Restore the observations of the hours, then the products as they last were.

        Raises `Throttled` when DynamoDB will not heal for minutes; what was written stays.
        """
        report, catalogue = Report(), Catalogue()

        def observations() -> Iterator[list[Observation]]:
            for hour in noting(hours, catalogue) if products else hours:
                report.objects += len(hour.objects)
                report.problems += hour.problems
                yield from chunks(hour.observations().values(), GET_LIMIT)

        for present, written, different in self._in_parallel(self._put, observations()):
            report.observations += present + written + len(different)
            report.present += present
            report.written += written
            report.different += different
            on_written(written)
        if products:
            self._restore_products(catalogue, report)
        return report

    def _put(self, chunk: list[Observation]) -> tuple[int, int, list[tuple[str, int]]]:
        """Write those that are missing; how many were there and were not, and which differ."""
        wanted = {(o.product_id, o.timestamp): o for o in chunk}
        different = []
        for item in self.table.rows.get_items(items.key(*key) for key in list(wanted)):
            key = item["product_id"]["S"], int(item["timestamp"]["N"])
            if not _same(item, wanted.pop(key)):
                different.append(key)
        if not self.rehearse:
            self.table.put_observations(wanted.values())
        return len(chunk) - len(wanted) - len(different), len(wanted), different

    def _restore_products(self, catalogue: Catalogue, report: Report) -> None:
        products: list[Product] = []
        for found in catalogue.products():
            if isinstance(found, Problem):
                report.problems.append(found)
            else:
                products.append(found)
                if catalogue.last_seen(found.product_id) < catalogue.newest - LONG_UNSEEN:
                    report.long_unseen.append(found.product_id)
        done = self._in_parallel(self._put_products, chunks(products, PRODUCTS_AT_ONCE))
        for written, updated, kept in done:
            report.products_written += written
            report.products_updated += updated
            report.products_kept += kept

    def _put_products(self, chunk: list[Product]) -> tuple[int, int, int]:
        ids = [product.product_id for product in chunk]
        there = self.table.get_products(ids)
        told = States(self.table.rows).load(ids)
        new = [product for product in chunk if product.product_id not in there]
        newer = [p for p in chunk if p.product_id in there and _knows_more(p, there[p.product_id])]
        if self.rehearse:
            return len(new), len(newer), len(chunk) - len(new) - len(newer)
        groups = [
            (product, self._writes(product, is_new=p_new, has_state=product.product_id in told))
            for products, p_new in ((new, True), (newer, False))
            for product in products
        ]
        done = self._transact(groups)
        index = Groups(self.table.rows)
        for product in chunk:
            if product.group and product.product_id in done:
                index.join(product.product_id, product.group)
        written = sum(product.product_id in done for product in new)
        updated = sum(product.product_id in done for product in newer)
        return written, updated, len(chunk) - written - updated

    def _writes(self, product: Product, *, is_new: bool, has_state: bool) -> list[dict[str, Any]]:
        """A product's writes, all or none: the stream must find the state when it finds the row."""
        name = self.table.name
        absent = "attribute_not_exists(product_id)"
        writes: list[dict[str, Any]] = []
        if is_new or product.known is None:
            put = {"Item": items.product_item(product), "ConditionExpression": absent}
            writes.append({"Put": {"TableName": name, **put}})
        else:
            update = self.table.known_update(
                product.product_id,
                product.known,
                condition="(attribute_not_exists(#seen) OR #seen < :now)",
                names={"#seen": "observed_at"},
                values={":now": {"N": str(product.known.observed_at)}},
            )
            writes.append({"Update": {"TableName": name, **update}})
        state = None if has_state else quiet_state(product, self.settings)
        if state is not None:
            item = items.alert_state_item(product.product_id, state)
            put = {"Item": item, "ConditionExpression": absent}
            writes.append({"Put": {"TableName": name, **put}})
        return writes

    def _transact(self, groups: Sequence[tuple[Product, list[dict[str, Any]]]]) -> set[str]:
        """Write each product's group of rows; returns the products that were written.

        One that was written by another since it was looked at refuses the transaction of all:
        then each is tried by itself.
        """
        rows = self.table.rows
        try:
            rows.transact(write for _, writes in groups for write in writes)
        except rows.client.exceptions.TransactionCanceledException:
            if len(groups) == 1:
                return set()
            return set().union(*(self._transact([group]) for group in groups))
        return {product.product_id for product, _ in groups}

    def _in_parallel(
        self, work: Callable[[list[_T]], Any], chunks_: Iterable[list[_T]]
    ) -> Iterator[Any]:
        """What `work` makes of the chunks, a bounded number at a time, as they are done."""
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="restore")
        flying: set[Future[Any]] = set()
        try:
            for chunk in chunks_:
                flying.add(pool.submit(self._patiently, work, chunk))
                if len(flying) >= 2 * self.workers:
                    done, flying = wait(flying, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while flying:
                done, flying = wait(flying, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _patiently(self, work: Callable[[list[_T]], Any], chunk: list[_T]) -> Any:
        """A chunk may be begun again: what was written before is found to be there."""
        for attempt in range(_PATIENCE):
            try:
                return work(chunk)
            except Throttled:
                self.table.rows.pause(attempt)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _SLOW:
                    raise
                self.table.rows.pause(attempt)
        return work(chunk)


_SLOW = frozenset({"ThrottlingException", "ProvisionedThroughputExceededException"})
"""As single updates are refused while a table is throttled."""


def _same(item: Any, observation: Observation) -> bool:
    try:
        return items.observation(item) == observation
    except MalformedItem:
        return False


def _knows_more(archived: Product, stored: Product) -> bool:
    if archived.known is None:
        return False
    return stored.known is None or stored.known.observed_at < archived.known.observed_at
