"""The archive in other programs' hands: as files of ours, and as it lies in the bucket."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from pricemon.core.archive import Entry
from pricemon.core.archiving import exporting
from pricemon.core.archiving.reading import Hour, Record
from pricemon.core.model import Outcome
from tests.core.archiving.archive_kit import START, moto_world, sweeps

ENTRIES = [entry for batch in sweeps(8, 4) for entry in batch]
SEEN = ENTRIES[0].observation


def hour(*entries: Entry) -> Hour:
    return Hour("h", records=[Record(observation=entry.observation) for entry in entries])


def written(*entries: Entry, as_csv: bool) -> str:
    out = io.StringIO()
    exporting.write([hour(*entries)], out, as_csv=as_csv)
    return out.getvalue()


def test_each_observation_once_in_order_of_time() -> None:
    text = written(*ENTRIES[::-1], *ENTRIES[:9], as_csv=False)
    assert [json.loads(line) for line in text.splitlines()] == [
        exporting.row(entry.observation) for entry in ENTRIES
    ]


def test_csv_has_every_field_and_survives_any_title() -> None:
    odd = replace(SEEN, title='a "b",\nc', price=Decimal("1E+3"))
    (row,) = csv.DictReader(io.StringIO(written(Entry(observation=odd), as_csv=True)))
    assert tuple(row) == exporting.COLUMNS
    assert row["title"] == odd.title
    assert row["price"] == "1000"
    assert row["time"] == "2027-01-15T08:00:00.000Z"
    assert row["reason"] == ""


def test_the_widest_price_is_measured() -> None:
    prices = (None, Decimal("12.9"), Decimal(1234567), Decimal("0.0005"))
    entries = [
        Entry(observation=replace(SEEN, timestamp=START + n, price=price))
        for n, price in enumerate(prices)
    ]
    done = exporting.write([hour(*entries)], io.StringIO(), as_csv=False)
    assert (done.observations, done.whole, done.fraction) == (4, 7, 4)


def test_duckdb_reads_the_archive_as_it_lies_there(tmp_path: Path) -> None:
    """Hive partitions, exact prices, and the product's row inside its column: no code of ours."""
    with moto_world() as world:
        world.put(ENTRIES)
        world.put(ENTRIES[:3])
        for found in world.s3.list_objects_v2(Bucket=world.bucket)["Contents"]:
            path = tmp_path / found["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            body = world.s3.get_object(Bucket=world.bucket, Key=found["Key"])["Body"].read()
            path.write_bytes(body)
    with duckdb.connect() as database:
        archive = database.read_json(
            f"{tmp_path}/prices/*/*/*.jsonl.gz",
            format="newline_delimited",
            hive_partitioning=True,
            union_by_name=True,
            columns={
                "schema": "INTEGER", "product_id": "VARCHAR", "timestamp": "BIGINT",
                "time": "TIMESTAMP", "outcome": "VARCHAR", "price": "DECIMAL(18, 2)",
                "currency": "VARCHAR", "product": "VARCHAR", "dt": "DATE", "hour": "VARCHAR",
            },
        )  # fmt: skip
        archive.create_view("archive")
        rows = database.execute(
            "SELECT DISTINCT timestamp, product_id, price, time, dt, hour,"
            " product->>'$.observed_at.N' FROM archive ORDER BY ALL"
        ).fetchall()
        lowest = database.execute(
            "SELECT product_id, min(price) FROM archive"
            " WHERE outcome IN ('accepted', 'not_modified') GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert [(row[1], row[0], row[2]) for row in rows] == [
        (e.observation.product_id, e.observation.timestamp, e.observation.price) for e in ENTRIES
    ]
    assert rows[0][3] == datetime(2027, 1, 15, 8)  # noqa: DTZ001 - DuckDB's TIMESTAMP has no zone
    assert (str(rows[0][4]), rows[0][5]) == ("2027-01-15", "08")
    assert all(int(row[6]) == row[0] for row in rows)
    prices: dict[str, list[Decimal]] = {}
    for seen in (entry.observation for entry in ENTRIES):
        if seen.price is not None and seen.outcome in (Outcome.ACCEPTED, Outcome.NOT_MODIFIED):
            prices.setdefault(seen.product_id, []).append(seen.price)
    assert lowest == [(product_id, min(seen)) for product_id, seen in sorted(prices.items())]
