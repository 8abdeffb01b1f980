"""Compacting: the same lines in fewer objects, and never a line fewer, wherever it is cut off."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pricemon.core import archive
from pricemon.core.archiving.compacting import Compactor, merge
from pricemon.core.archiving.reading import Record, listing
from tests.core.archiving.archive_kit import DAY, SIX_HOURS, START, World, moto_world, sweeps

ENTRIES = [entry for batch in sweeps(20, 3) for entry in batch]
END = START + 10 * DAY


@pytest.fixture
def world() -> Iterator[World]:
    with moto_world() as made:
        made.put(ENTRIES, batch=4)
        yield made


def compactor(world: World, **options: Any) -> Compactor:
    return Compactor(s3=world.s3, bucket=world.bucket, **options)


def contents(world: World) -> list[Record]:
    """The distinct lines of the archive, but for where they stand."""
    found = [record for hour in world.hours() for record in hour.records]
    lines = {(record.key, record.row): record.observation for record in found}
    return [Record(observation=o, row=row) for (_, row), o in sorted(lines.items())]


def keys(world: World) -> list[str]:
    return list(listing(world.s3, world.bucket).keys)


def test_one_object_for_each_hour_with_the_same_lines(world: World) -> None:
    before, objects = contents(world), len(keys(world))
    report = compactor(world).compact(before=END)
    assert (report.hours, report.objects, report.problems) == (3, objects, [])
    assert len(keys(world)) == 3
    assert contents(world) == before
    assert compactor(world).compact(before=END).hours == 0


def test_a_rehearsal_counts_and_changes_nothing(world: World) -> None:
    there = keys(world)
    report = compactor(world, rehearse=True).compact(before=END)
    assert (report.hours, report.objects) == (3, len(there))
    assert keys(world) == there


def test_hours_that_may_still_be_written_to_are_left(world: World) -> None:
    report = compactor(world).compact(before=START + SIX_HOURS + 60_000)
    assert report.hours == 1
    assert len(keys(world)) == 1 + 10


def test_what_was_redelivered_after_is_taken_in(world: World) -> None:
    compactor(world).compact(before=END)
    done = keys(world)
    world.put(ENTRIES[:4])
    compactor(world).compact(before=END)
    assert keys(world) == done


@pytest.mark.parametrize("call", ["put_object", "delete_objects"])
def test_cut_off_and_run_again(world: World, call: str) -> None:
    before = contents(world)
    broken = compactor(world)

    def cut(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "SlowDown", "Message": ""}}, call)

    setattr(world.s3, call, cut)
    with pytest.raises(ClientError):
        broken.compact(before=END)
    delattr(world.s3, call)
    assert contents(world) == before
    compactor(world).compact(before=END)
    assert contents(world) == before
    assert len(keys(world)) == 3


@pytest.mark.parametrize("body", [b"foreign", gzip.compress(b'{"schema": 9}\n', mtime=0)])
def test_an_hour_that_cannot_be_read_is_left_alone(world: World, body: bytes) -> None:
    key = f"{archive.hour_prefix(START)}zzz.jsonl.gz"
    world.s3.put_object(Bucket=world.bucket, Key=key, Body=body)
    report = compactor(world).compact(before=END)
    assert [problem.object for problem in report.problems] == [key]
    assert report.hours == 2
    assert len(keys(world)) == 5 + 1 + 2


def test_an_object_that_cannot_be_deleted_is_named(world: World) -> None:
    refused = keys(world)[0]
    broken = compactor(world)

    def refuse(**_: Any) -> Any:
        return {"Errors": [{"Key": refused, "Code": "AccessDenied"}]}

    world.s3.delete_objects = refuse
    report = broken.compact(before=END)
    del world.s3.delete_objects
    assert {problem.object for problem in report.problems} == {refused}


def test_the_same_lines_give_the_same_bytes() -> None:
    one = [archive.encode(ENTRIES[:7]), archive.encode(ENTRIES[7:])]
    other = [archive.encode(ENTRIES[3:]), archive.encode(ENTRIES[:5]), merge(one)]
    assert merge(one) == merge(other)
    assert gzip.decompress(merge(one)) == gzip.decompress(archive.encode(ENTRIES))
