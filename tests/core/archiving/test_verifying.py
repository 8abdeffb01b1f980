"""Verifying: table and archive agree, or each difference is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pricemon.core import archive, items
from pricemon.core.archive import Entry
from pricemon.core.archiving.reading import Record
from pricemon.core.archiving.rebuilding import Catalogue
from pricemon.core.archiving.verifying import Difference, Kind, Outdated, Verifier, compare
from tests.core.archiving.archive_kit import (
    DAY,
    RETAILERS,
    SIX_HOURS,
    START,
    World,
    moto_world,
    store,
    store_products,
    sweeps,
)

ENTRIES = [entry for batch in sweeps(9, 6) for entry in batch]
FIRST = ENTRIES[0].observation
END = START + 40 * DAY


@pytest.fixture
def world() -> Iterator[World]:
    with moto_world() as made:
        yield made


def differences(world: World, **options: Any) -> list[Difference]:
    since, until = options.pop("since", START - DAY), options.pop("until", END)
    verifier = Verifier(
        **{
            "table": world.table, "s3": world.s3, "bucket": world.bucket, "retailers": RETAILERS,
        } | options
    )  # fmt: skip
    hours = world.hours(since=since, until=until)
    found = list(verifier.verify(hours, since=since, until=until))
    return [difference for compared in found for difference in compared.differences]


def same(world: World) -> None:
    world.put(ENTRIES)
    store(world, ENTRIES)


def test_the_same_has_no_difference(world: World) -> None:
    same(world)
    assert differences(world) == []


def test_each_kind_is_named(world: World) -> None:
    world.put(ENTRIES[1:])
    store(world, [*ENTRIES[:5], *ENTRIES[6:]])
    other = replace(ENTRIES[20].observation, price=Decimal(1), detail="by hand")
    world.table.put_observations([other])
    found = differences(world)
    assert found == [
        Difference(kind=Kind.ONLY_IN_TABLE, stored=FIRST),
        Difference(kind=Kind.ONLY_IN_ARCHIVE, archived=ENTRIES[5].observation),
        Difference(kind=Kind.DIFFERENT, archived=ENTRIES[20].observation, stored=other),
    ]
    assert found[2].fields()["detail"] == (None, "by hand")
    assert found[0].fields() == {}
    assert found[0].observation == FIRST


@pytest.mark.parametrize("side", ["archive", "table"])
def test_one_is_empty(world: World, side: str) -> None:
    if side == "archive":
        store(world, ENTRIES)
    else:
        world.put(ENTRIES)
    found = differences(world)
    assert [d.observation for d in found] == [entry.observation for entry in ENTRIES]


def test_a_part_is_compared_with_that_part(world: World) -> None:
    world.put(ENTRIES)
    store(world, ENTRIES[9:27])
    since, until = START + SIX_HOURS, START + 3 * SIX_HOURS - 1
    assert differences(world, since=since, until=until) == []


def test_what_the_index_does_not_show_yet_is_looked_up(world: World) -> None:
    """So is what belongs to a shop that the config does not name any more."""
    same(world)
    assert differences(world, retailers=RETAILERS[:1]) == []


def test_what_was_archived_while_it_was_compared_is_no_difference(world: World) -> None:
    world.put(ENTRIES[:-3])
    store(world, ENTRIES)
    since = START - DAY
    hours = world.hours(since=since, until=END)
    first = next(hours)
    world.put(list(ENTRIES[-3:]))
    verifier = Verifier(table=world.table, s3=world.s3, bucket=world.bucket, retailers=RETAILERS)

    def listed() -> Iterator[Any]:
        yield first
        yield from hours

    found = list(verifier.verify(listed(), since=since, until=END))
    assert [d for compared in found for d in compared.differences] == []
    assert sum(compared.observations for compared in found) == len(ENTRIES)


def test_what_cannot_be_read_is_a_problem_and_its_rows_are_missing(world: World) -> None:
    same(world)
    key = next(archive.objects(world.s3, world.bucket))
    world.s3.put_object(Bucket=world.bucket, Key=key, Body=b"overwritten")
    verifier = Verifier(table=world.table, s3=world.s3, bucket=world.bucket, retailers=RETAILERS)
    found = list(verifier.verify(world.hours(), since=START, until=END))
    assert [p.object for compared in found for p in compared.problems] == [key]
    kinds = {d.kind for compared in found for d in compared.differences}
    assert kinds == {Kind.ONLY_IN_TABLE}


def test_equal_prices_are_equal_however_written() -> None:
    entry = Entry(observation=replace(FIRST, price=Decimal("12.90")))
    key = (FIRST.product_id, FIRST.timestamp)
    stored = {key: replace(FIRST, price=Decimal("12.9"))}
    assert list(compare({key: entry.observation}, stored)) == []


def test_products_that_know_less_are_named(world: World) -> None:
    """Newer knowledge, an edited entry and a removal are in order."""
    store_products(world, ENTRIES)
    catalogue = Catalogue()
    catalogue.add(Record(observation=e.observation, row=row(e)) for e in ENTRIES)
    ids = [f"sku-{number:05d}" for number in (0, 1, 2, 4, 5)]
    behind, edited, other, newer, removed = ids
    rows = world.table.get_products(ids)

    def known(product_id: str, **changes: Any) -> None:
        stored = rows[product_id]
        assert stored.known
        changed = replace(stored, known=replace(stored.known, **changes))
        put = {"PutRequest": {"Item": items.product_item(changed)}}
        world.table.rows.write([put])

    known(behind, observed_at=START)
    known(other, price=Decimal(1))
    known(newer, observed_at=END, price=Decimal(2))
    world.table.put_catalogue(changed=[replace(rows[edited], title="New")])
    world.table.remove_product(removed)
    verifier = Verifier(table=world.table, s3=world.s3, bucket=world.bucket, retailers=RETAILERS)
    found = list(verifier.products(catalogue))
    assert len(found) == 9
    assert [f.archived.product_id for f in found if isinstance(f, Outdated)] == [behind, other]


def row(entry: Entry) -> str | None:
    return json.dumps(items.product_item(entry.product)) if entry.product else None
