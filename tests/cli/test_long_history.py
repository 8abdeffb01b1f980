"""`history` over years: what the table has let go comes from the archive, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from pricemon.cli import context, history, periods
from pricemon.core.errors import UsageError
from tests.core.archiving.archive_kit import (
    DAY,
    START,
    World,
    moto_world,
    store,
    store_products,
    sweeps,
)

YEAR = 365 * DAY
ENTRIES = [entry for batch in sweeps(4, 24, apart=YEAR // 12) for entry in batch]
NOW = ENTRIES[-1].observation.timestamp + DAY
KEEP_DAYS = 100
KEPT = [entry for entry in ENTRIES if entry.observation.timestamp >= NOW - KEEP_DAYS * DAY]
Run = Callable[..., Result]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Two years in the archive, of which the table has the last hundred days."""
    monkeypatch.setattr(periods, "now", lambda: NOW)
    with moto_world(keep_days=KEEP_DAYS) as made:
        made.put(ENTRIES, batch=4)
        store(made, KEPT)
        store_products(made, ENTRIES)
        yield made


@pytest.fixture
def run(world: World) -> Run:
    """`pricemon history …`; what the command raises is raised here."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.command()(history.history)
    context.share_options(app)

    def invoke(*arguments: str) -> Result:
        mine = context.Context()
        vars(mine).update(
            table=world.table,
            aws=SimpleNamespace(client=lambda service: getattr(world, service)),
            names=SimpleNamespace(bucket=world.bucket),
        )
        result = CliRunner().invoke(app, ["history", *arguments], obj=mine)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def times(result: Result) -> list[int]:
    return [seen["timestamp"] for seen in json.loads(result.stdout)["observations"]]


def of(product_id: str, *, since: int = 0) -> list[int]:
    seen = [entry.observation for entry in ENTRIES if entry.observation.product_id == product_id]
    return sorted((o.timestamp for o in seen if o.timestamp >= since), reverse=True)


def test_two_years_as_one(run: Run) -> None:
    """Newest first, each reading once, whichever of the two it comes from."""
    assert times(run("sku-00001", "--json")) == of("sku-00001")
    assert len(of("sku-00001")) == 24


def test_since_reaches_into_the_archive(run: Run) -> None:
    found = times(run("sku-00001", "--since", "1y", "--json"))
    assert found == of("sku-00001", since=NOW - YEAR)
    assert 4 < len(found) < 24


def test_what_the_table_has_is_not_asked_of_the_archive(run: Run, world: World) -> None:
    world.s3.get_paginator = None
    try:
        found = times(run("sku-00001", "--since", "90d", "--json"))
        assert found == of("sku-00001", since=NOW - 90 * DAY)
        assert times(run("sku-00001", "--no-archive", "--json")) == of(
            "sku-00001", since=NOW - KEEP_DAYS * DAY
        )
        with pytest.raises(UsageError, match="no product sku-99999"):
            run("sku-99999")
    finally:
        del world.s3.get_paginator


def test_several_products_in_one_walk(run: Run, world: World) -> None:
    asked: list[Any] = []
    world.s3.meta.events.register("before-call.s3.GetObject", lambda **_: asked.append(1))
    found = json.loads(run("sku-00001", "sku-00002", "--by", "week", "--json").stdout)
    assert [len(one["observations"]) for one in found["products"]] == [24, 24]
    assert len(found["products"][0]["periods"]) > 12
    assert len(asked) == len({e.observation.timestamp // 3_600_000 for e in ENTRIES} - {
        e.observation.timestamp // 3_600_000 for e in KEPT
    })  # fmt: skip


def test_a_product_whose_rows_are_all_gone(run: Run, world: World) -> None:
    world.table.remove_product("sku-00001", history=True)
    with pytest.raises(UsageError, match="no product") as caught:
        run("sku-00001")
    assert "--archive" in (caught.value.hint or "")
    assert times(run("sku-00001", "--archive", "--json")) == of("sku-00001")
    with pytest.raises(UsageError, match="no product nothing"):
        run("nothing", "--archive")


def test_an_object_that_cannot_be_read_is_named(run: Run, world: World) -> None:
    key = world.s3.list_objects_v2(Bucket=world.bucket)["Contents"][0]["Key"]
    world.s3.put_object(Bucket=world.bucket, Key=key, Body=b"foreign")
    result = run("sku-00001", "--json")
    assert times(result) == of("sku-00001", since=START + DAY)
    assert f"{key} is no archive object" in result.stderr
