"""Reading the archive: what is whole is kept, what is not is named, and nothing else suffers."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from pricemon.core import archive
from pricemon.core.archive import Entry
from pricemon.core.archiving import reading
from pricemon.core.archiving.reading import Problem, listing, records
from tests.core.archiving.archive_kit import DAY, SIX_HOURS, START, moto_world, sweeps
from tests.core.table_kit import BUCKET

BATCH = next(sweeps(30, 1))
WHOLE = archive.encode(BATCH)
KEY = "prices/dt=2027-01-15/hour=08/abc.jsonl.gz"


def lines(*texts: str) -> bytes:
    return gzip.compress("\n".join(texts).encode(), mtime=0)


def line(entry: Entry, **changes: Any) -> str:
    return json.dumps(json.loads(gzip.decompress(archive.encode([entry]))) | changes)


def test_a_whole_object_has_no_problem() -> None:
    found, problems = records(WHOLE, key=KEY)
    assert [record.observation for record in found] == [entry.observation for entry in BATCH]
    assert [record.product() for record in found] == [entry.product for entry in BATCH]
    assert problems == []


@pytest.mark.parametrize("cut", [1, 8, 9, 20, 300, len(WHOLE) - 11])
def test_of_a_truncated_object_the_whole_lines_are_kept(cut: int) -> None:
    found, problems = records(WHOLE[:-cut], key=KEY)
    assert [r.observation for r in found] == [e.observation for e in BATCH][: len(found)]
    assert problems == [Problem(object=KEY, problem="is truncated", kept=len(found))]
    # the last eight bytes are the checksum and the length: all lines are there without them
    assert cut > 8 or len(found) >= len(BATCH) - 1


def test_an_object_with_a_wrong_checksum_is_not_believed() -> None:
    damaged = bytearray(WHOLE)
    damaged[-6] ^= 1
    found, (problem,) = records(bytes(damaged), key=KEY)
    assert found == []
    assert problem.problem.startswith("is no archive object of pricemon")


@pytest.mark.parametrize("body", [b"PK\x03\x04 a zip", b"", gzip.compress(b"\xff\xfe\n", mtime=0)])
def test_foreign_bytes(body: bytes) -> None:
    found, (problem,) = records(body, key=KEY)
    assert found == []
    assert problem.kept == 0


def test_a_line_that_cannot_be_read_costs_no_other() -> None:
    one, two, three = BATCH[:3]
    body = lines(line(one), line(two, schema=2), "hello", "", line(three))
    found, problems = records(body, key=KEY)
    assert [record.observation for record in found] == [one.observation, three.observation]
    assert problems == [
        Problem(
            object=KEY,
            problem="line 2 is of schema 2, newer than this pricemon's 1 (and 1 more lines)",
            kept=2,
        )
    ]


def test_a_bad_product_row_leaves_its_observation() -> None:
    ((record,), problems) = records(lines(line(BATCH[0], product="{}")), key=KEY)
    assert record.observation == BATCH[0].observation
    assert problems == []
    with pytest.raises(archive.ArchiveError, match=r"abc.jsonl.gz, line 1: .* malformed"):
        record.product()


def test_objects_joined_by_other_tools_are_read() -> None:
    joined = archive.encode(BATCH[:5]) + archive.encode(BATCH[5:])
    assert len(records(joined, key=KEY)[0]) == len(BATCH)


def test_only_the_products_asked_for() -> None:
    odd = 'sku-"1"\nä'
    strange = Entry(observation=replace(BATCH[0].observation, product_id=odd))
    body = archive.encode([*BATCH, strange])
    wanted = frozenset({"sku-00001", odd})
    found, _ = records(body, key=KEY, product_ids=wanted)
    assert {record.observation.product_id for record in found} == wanted


def test_the_hours_come_in_order_with_each_observation_once() -> None:
    with moto_world() as world:
        batches = list(sweeps(25, 5))
        for batch in reversed(batches):
            world.put(batch)
            world.put(batch[::-1], batch=4)  # redelivered, in other batches
        found = list(world.hours())
        assert [hour.prefix for hour in found] == sorted(hour.prefix for hour in found)
        seen = [o for hour in found for o in hour.observations().values()]
        assert seen == [entry.observation for batch in batches for entry in batch]
        since, until = START + SIX_HOURS + 3, START + DAY
        part = [o for h in world.hours(since=since, until=until) for o in h.observations().values()]
        assert part == [o for o in seen if since <= o.timestamp <= until]


def test_more_objects_than_are_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_AHEAD", 5)
    with moto_world() as world:
        (batch,) = sweeps(40, 1)
        world.put(batch, batch=2)
        heard: list[int] = []
        found = reading.hours(
            world.s3, BUCKET, listing(world.s3, BUCKET).keys, on_object=heard.append
        )
        assert sum(len(hour.records) for hour in found) == 40
        assert sum(heard) == 20


def test_what_is_no_object_of_the_archive_is_named() -> None:
    with moto_world() as world:
        world.put(BATCH)
        for key in ("prices/notes.txt", "prices/dt=2027-01-15/hour=08/x.csv", "prices/dt=x/"):
            world.s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
        found = listing(world.s3, BUCKET)
        assert len(found.keys) == 3
        assert {problem.object for problem in found.foreign} == {
            "prices/dt=2027-01-15/hour=08/x.csv",
            "prices/notes.txt",
        }


def test_an_object_deleted_meanwhile_is_named() -> None:
    with moto_world() as world:
        world.put(BATCH)
        found = listing(world.s3, BUCKET)
        world.s3.delete_object(Bucket=BUCKET, Key=found.keys[0])
        (hour,) = reading.hours(world.s3, BUCKET, found.keys)
        (problem,) = hour.problems
        assert problem.object == found.keys[0]
        assert len(hour.records) == 20


def test_errors_that_are_not_of_one_object_are_raised() -> None:
    with moto_world() as world:
        world.put(BATCH)
        keys = listing(world.s3, BUCKET).keys
        with pytest.raises(world.s3.exceptions.NoSuchBucket):
            list(reading.hours(world.s3, "another-bucket-of-nobody", keys))
