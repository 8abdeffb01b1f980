"""The catalogue in the table: what an import must be compared with, and writing what it changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from pricemon.core.archive import Entry
from pricemon.core.dynamo import chunks
from pricemon.core.model import Known, Observation, Outcome, Product, Status

if TYPE_CHECKING:
    from pricemon.core.catalogue import Diff
    from pricemon.core.table import Table

_CHUNK = 400
_PARALLEL_SHOPS = 4


def products(table: Table, retailers: Collection[str]) -> Iterator[Product]:
    """The products of several shops, each shop's together, several shops read at a time."""
    with ThreadPoolExecutor(_PARALLEL_SHOPS) as pool:
        yield from chain.from_iterable(
            pool.map(lambda shop: list(table.catalogue(shop)), retailers)
        )


def stored(table: Table, retailers: Collection[str], wanted: Iterable[str]) -> list[Product]:
    """The shops' products, and those of `wanted` that another shop has or the index not yet.

    The index is eventually consistent; what it does not show is looked up by its key.
    """
    found = list(products(table, retailers))
    missing = set(wanted) - {product.product_id for product in found}
    return [*found, *table.get_products(sorted(missing)).values()]


def save(table: Table, changes: Diff, *, on_saved: Callable[[int], None]) -> None:
    """Write an import's changes; `on_saved` hears how many products each step wrote."""
    for chunk in chunks(changes.added, _CHUNK):
        table.put_catalogue(new=chunk)
        on_saved(len(chunk))
    for chunk in chunks(changes.changed, _CHUNK):
        table.put_catalogue(changed=chunk)
        on_saved(len(chunk))


def accept(
    table: Table, product: Product, *, now: int, archive: Callable[[Entry], object]
) -> Known | None:
    """Make a product's held reading its price, as of `now` (epoch ms).

    The history gets an observation of its own, since the price is true from now on; `archive` is
    given it to keep, as it is any other. Returns what is known from here on; `None` where nothing
    is held, or where a newer reading came in between.
    """
    known = product.known
    if known is None or known.held is None:
        return None
    held = known.held
    accepted = replace(
        known,
        observed_at=max(now, known.observed_at),
        status=Status.OK,
        price=held.price,
        currency=held.currency,
        availability=held.availability,
        price_since=held.held_at,
        held=None,
        failures=0,
        last_error=None,
    )
    if not table.save_known(product.product_id, accepted):
        return None
    observation = Observation(
        product_id=product.product_id,
        timestamp=accepted.observed_at,
        retailer=product.retailer,
        run_id="by-hand",
        outcome=Outcome.ACCEPTED,
        price=accepted.price,
        currency=accepted.currency,
        availability=accepted.availability,
        source=accepted.source,
        url=product.url,
    )
    table.put_observations([observation])
    archive(Entry(observation=observation, product=replace(product, known=accepted)))
    return accepted
