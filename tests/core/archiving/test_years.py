"""A history over years: the archive's part, then the table's."""

from __future__ import annotations

from pricemon.core.archiving import years
from tests.core.archiving.archive_kit import DAY, START, moto_world, store, sweeps

ENTRIES = [entry for batch in sweeps(4, 8) for entry in batch]
END = START + 9 * DAY


def test_the_archive_has_what_the_table_let_go() -> None:
    with moto_world() as world:
        world.put(ENTRIES)
        store(world, ENTRIES[16:])
        found, problems = years.observations(
            world.table,
            ["sku-00001", "nobody"],
            since=None,
            until=END,
            older=world.hours(until=START + 5 * DAY),
        )
        own = [e.observation for e in ENTRIES if e.observation.product_id == "sku-00001"]
        assert found == {"sku-00001": own[::-1], "nobody": []}
        assert problems == []
        alone, _ = years.observations(world.table, ["sku-00001"], since=None, until=END, older=())
        assert alone["sku-00001"] == own[4:][::-1]


def test_when_the_table_lets_go() -> None:
    with moto_world() as world:
        assert years.expired_before(world.table, now=END) is None
        world.table.keep_days = 4
        assert years.expired_before(world.table, now=END) == END - 4 * DAY
