"""A lost table comes back from the archive: a small one that was really scraped, and a month."""

import hashlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

from pricemon.core import archive, items
from pricemon.core.archiving.restoring import Restorer
from pricemon.core.archiving.verifying import Verifier
from pricemon.core.dynamo import chunks
from pricemon.core.settings import Settings
from pricemon.core.table import Table
from tests.core.archiving.archive_kit import DAY, RETAILERS, World, all_rows, scanned, sweeps
from tests.core.table_kit import create_table

if TYPE_CHECKING:
    from pricemon.core.model import Product

pytestmark = pytest.mark.e2e

PRODUCTS, SWEEPS = 5_300, 30
BATCH = 25
"""Jobs in one batch of the scraper: observations in one object."""


def told(rows):
    """The rows that restoring promises: observations, and products as they last were."""
    return {key: row for key, row in rows.items() if key[0][0] != "#" and key[1] >= 0}


def test_what_was_scraped_is_restored_and_told_by_no_alert(desk, shop):
    """Through the command line alone, with the stream processor listening."""
    pricemon = desk(shop)
    pricemon("up")
    catalogue = "".join(json.dumps(row) + "\n" for row in shop.catalogue())
    pricemon("products", "import", "-", stdin=catalogue)
    pricemon("scrape", "--now", "--wait")
    shop.advance()
    scraped = pricemon("scrape", "--now", "--wait")
    assert scraped["alerts"]

    dynamodb = pricemon.client("dynamodb")
    table = Table(dynamodb, "price-monitor-local")
    before = all_rows(table)
    assert pricemon("archive", "verify")["same"]
    keys = [{name: row[name] for name in ("product_id", "timestamp")} for row in before.values()]
    table.rows.write({"DeleteRequest": {"Key": key}} for key in keys)
    missing = pricemon("archive", "verify", code=3)["differences"]

    done = pricemon("archive", "restore")
    assert missing == {"only_in_archive": done["observations"]["written"]}
    assert told(all_rows(table)) == told(before)
    assert pricemon("archive", "verify")["same"]
    assert pricemon("archive", "restore")["observations"]["written"] == 0

    again = pricemon("scrape", "--now", "--wait")
    assert again["scraped"] == scraped["scraped"]
    assert again["alerts"] == 0
    pricemon("down", "--yes")


@pytest.mark.reliability
def test_a_month_of_the_reference_load(aws, desk, shop, capsys):
    """5,300 products on thirty days: emptied, restored, and row by row what it was."""
    root = desk(shop)
    pool = Config(max_pool_connections=32)
    dynamodb, s3 = root.client("dynamodb", config=pool), root.client("s3", config=pool)
    name, bucket = "price-monitor-month", "price-monitor-historical-month"
    s3.create_bucket(Bucket=bucket)
    create_table(dynamodb, name)
    world = World(Table(dynamodb, name), s3, bucket)
    written = fill(world)
    original = digests(world)
    assert len(original) == written + PRODUCTS

    dynamodb.delete_table(TableName=name)
    create_table(dynamodb, name)
    started = time.monotonic()
    restorer = Restorer(table=world.table, settings=Settings(env="test", retailers={}))
    report = restorer.restore(world.hours())
    seconds = time.monotonic() - started
    restored = digests(world)
    differ = sum(original.get(key) != restored.get(key) for key in original.keys() | restored)

    started = time.monotonic()
    verifier = Verifier(table=world.table, s3=s3, bucket=bucket, retailers=RETAILERS)
    compared = list(verifier.verify(world.hours(), since=None, until=None))
    verified = time.monotonic() - started
    dynamodb.delete_table(TableName=name)

    with capsys.disabled():
        sys.stdout.write(
            f"\n{report.written:,} observations and {report.products_written:,} products restored "
            f"from {report.objects:,} objects in {seconds:.0f} s, "
            f"{seconds / report.written * 100_000:.1f} s per 100,000; "
            f"rows that differ: {differ} of {len(original):,}; verified in {verified:.0f} s\n"
        )
    assert (report.written, report.products_written) == (written, PRODUCTS)
    assert differ == 0
    assert sum(one.observations for one in compared) == written
    assert [d for one in compared for d in one.differences] == []


def fill(world):
    """Write a month into table and archive, as the scraper leaves them; how many observations."""
    latest: dict[str, Product | None] = {}
    number = 0
    with ThreadPoolExecutor(8) as pool:
        for sweep in sweeps(PRODUCTS, SWEEPS, apart=DAY):
            saving = [
                pool.submit(archive.write, world.s3, world.bucket, batch)
                for batch in chunks(sweep, BATCH)
            ]
            world.table.put_observations(entry.observation for entry in sweep)
            latest |= {entry.observation.product_id: entry.product for entry in sweep}
            number += len(sweep)
            for each in saving:
                each.result()
    rows = (
        {"PutRequest": {"Item": items.product_item(product)}}
        for product in latest.values()
        if product
    )
    world.table.rows.write(rows)
    return number


def digests(world):
    """A digest of each row: a month's rows themselves would take gigabytes."""
    return {
        key: hashlib.sha256(json.dumps(row, sort_keys=True).encode()).digest()
        for key, row in scanned(world.table)
        if key[0][0] != "#" and key[1] >= 0
    }
