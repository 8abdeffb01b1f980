"""An archive and a table that tell the same story, as the scraper writes them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pricemon.core import archive
from pricemon.core.archive import Entry
from pricemon.core.archiving.reading import Hour, hours, listing
from pricemon.core.dynamo import chunks
from pricemon.core.model import (
    Availability,
    Failure,
    Held,
    Known,
    Observation,
    Outcome,
    Product,
    Status,
)
from tests.core.table_kit import BUCKET, REGION, client, moto_table

if TYPE_CHECKING:
    from pricemon.core.table import Table

START = 1_800_000_000_000  # 2027-01-15 08:00 UTC
SIX_HOURS = 6 * 3_600_000
DAY = 86_400_000
RETAILERS = ("shop-a", "shop-b", "shop-c")


@dataclass(frozen=True)
class World:
    """A table and a bucket."""

    table: Table
    s3: Any
    bucket: str = BUCKET

    def hours(self, **bounds: Any) -> Iterator[Hour]:
        """The archive's hours."""
        found = listing(self.s3, self.bucket, **bounds)
        return hours(self.s3, self.bucket, found.keys, **bounds)

    def put(self, entries: list[Entry], *, batch: int = 10) -> None:
        """Put entries into the archive, an object for each batch."""
        for chunk in chunks(entries, batch):
            archive.write(self.s3, self.bucket, chunk)

    def rows(self) -> dict[tuple[str, int], Any]:
        """Every row of the table, as DynamoDB has it."""
        return all_rows(self.table)


@contextmanager
def moto_world(**options: Any) -> Iterator[World]:
    """An empty table and an empty bucket in an AWS of their own."""
    with moto_table(**options) as table:
        s3 = client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield World(table, s3)


def all_rows(table: Table) -> dict[tuple[str, int], Any]:
    """Every row of a table by its key."""
    return dict(scanned(table))


def scanned(table: Table) -> Iterator[tuple[tuple[str, int], Any]]:
    """The rows of a table with their keys, numbers as DynamoDB itself gives them back.

    The embedded AWS keeps the zeros of `12.90` in one operation and drops them in another.
    """
    arguments: dict[str, Any] = {"TableName": table.name, "ConsistentRead": True}
    while True:
        page = table.rows.client.scan(**arguments)
        for item in page["Items"]:
            yield (item["product_id"]["S"], int(Decimal(item["timestamp"]["N"]))), _plain(item)
        if not (last := page.get("LastEvaluatedKey")):
            return
        arguments["ExclusiveStartKey"] = last


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        number = value.get("N")
        if isinstance(number, str):
            return {"N": f"{Decimal(number).normalize():f}"}
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def sweeps(
    products: int, times: int, *, apart: int = SIX_HOURS, seed: int = 7
) -> Iterator[list[Entry]]:
    """The entries of one sweep after another, `apart` ms between, with every kind of outcome."""
    dice = random.Random(seed)
    rows = [_product(number, dice) for number in range(products)]
    for sweep in range(times):
        at = START + sweep * apart
        batch = []
        for place, row in enumerate(rows):
            entry = _scraped(row, at + place, dice)
            batch.append(entry)
            if entry.product:
                rows[place] = entry.product
        yield batch


def store(world: World, batch: list[Entry]) -> None:
    """Put a sweep's rows into the table as the scraper leaves them there."""
    world.table.put_observations(entry.observation for entry in batch)


def store_products(world: World, entries: list[Entry]) -> None:
    """Put the products' last rows into the table."""
    from pricemon.core import items

    latest = {entry.observation.product_id: entry.product for entry in entries if entry.product}
    world.table.rows.write(
        {"PutRequest": {"Item": items.product_item(product)}} for product in latest.values()
    )


def _product(number: int, dice: random.Random) -> Product:
    return Product(
        product_id=f"sku-{number:05d}/ä" if number % 50 == 3 else f"sku-{number:05d}",
        retailer=RETAILERS[number % len(RETAILERS)],
        url=f"https://{RETAILERS[number % len(RETAILERS)]}.example/p/{number}",
        title=f"Lamp {number} “bright”" if number % 4 else None,
        tags=("home", "sale") if number % 3 == 0 else (),
        group=f"lamp-{number // 2}" if number % 7 == 0 else None,
        overrides={"target_price": Decimal("19.90")} if number % 5 == 0 else {},
        known=Known(
            observed_at=START - 1,
            status=Status.OK,
            price=Decimal(dice.randrange(500, 90_000)) / 100,
            currency="EUR",
            price_since=START - 1,
        ),
    )


def _scraped(row: Product, at: int, dice: random.Random) -> Entry:
    """One scrape: mostly the same price, at times another, none, or one that is held."""
    known = row.known
    assert known
    seen = Observation(
        product_id=row.product_id,
        timestamp=at,
        retailer=row.retailer,
        run_id=f"run-{at // SIX_HOURS}",
        outcome=Outcome.ACCEPTED,
        price=known.price,
        currency=known.currency,
        availability=Availability.IN_STOCK,
        source="json-ld",
        http_status=200,
        url=row.url,
        title=row.title,
    )
    throw = dice.random()
    if throw < 0.05:
        seen = replace(seen, outcome=Outcome.FAILED, price=None, currency=None, reason="timeout")
        failure = Failure(reason="timeout", detail="", at=at)
        now = replace(known, status=Status.FAILED, failures=known.failures + 1, last_error=failure)
    elif throw < 0.08:
        seen = replace(seen, outcome=Outcome.HELD, price=Decimal("0.01"), detail="fell")
        held = Held(
            price=Decimal("0.01"), currency="EUR", availability=None, held_at=at, why="fell"
        )
        now = replace(known, status=Status.HELD, held=held)
    elif throw < 0.25:
        price = Decimal(dice.randrange(500, 90_000)) / 100
        seen = replace(seen, price=price)
        now = replace(known, status=Status.OK, price=price, price_since=at, etag=f'"{at}"')
    else:
        seen = replace(seen, outcome=Outcome.NOT_MODIFIED, http_status=304)
        now = replace(known, status=Status.OK, failures=0, last_error=None)
    return Entry(observation=seen, product=replace(row, known=replace(now, observed_at=at)))
