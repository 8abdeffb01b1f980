"""Restoring: an emptied table is what it was, row by row, and nothing that is there is replaced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pricemon.core import items
from pricemon.core.alerting.facts import Facts
from pricemon.core.alerting.rulebook import effective_rules
from pricemon.core.alerting.states import States
from pricemon.core.archive import Entry
from pricemon.core.archiving import restoring
from pricemon.core.archiving.restoring import Restorer
from pricemon.core.dynamo import Throttled
from pricemon.core.model import Known, Observation, Outcome, Product, Status
from pricemon.core.rules import evaluate
from pricemon.core.settings import AlertRules, Settings
from tests.core.archiving.archive_kit import (
    DAY,
    START,
    World,
    moto_world,
    store,
    store_products,
    sweeps,
)

SETTINGS = Settings(env="test", retailers={}, alerts=AlertRules(drop_percent=Decimal(10)))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Small chunks, so that few rows are several of them: the mock is slow at transactions."""
    monkeypatch.setattr(restoring, "GET_LIMIT", 5)
    monkeypatch.setattr(restoring, "PRODUCTS_AT_ONCE", 4)
    with moto_world() as made:
        yield made


def restorer(world: World, **options: Any) -> Restorer:
    # One worker: the mock loses rows when two transactions run at a time. The embedded AWS, which
    # does not, has the same done by many (tests/e2e/test_restore.py).
    return Restorer(table=world.table, settings=SETTINGS, workers=1, **options)


def history(world: World, products: int = 10, times: int = 4) -> dict[tuple[str, int], Any]:
    """An archive, and the rows of the table it tells of; the table is emptied again."""
    entries = [entry for batch in sweeps(products, times) for entry in batch]
    world.put(entries)
    store(world, entries)
    store_products(world, entries)
    rows = world.rows()
    clear(world)
    return rows


def clear(world: World) -> None:
    keys = ({n: row[n] for n in ("product_id", "timestamp")} for row in world.rows().values())
    world.table.rows.write({"DeleteRequest": {"Key": key}} for key in keys)
    assert world.rows() == {}


def prices(world: World) -> dict[tuple[str, int], Any]:
    """The observations and the products' rows."""
    return {key: row for key, row in world.rows().items() if key[0][0] != "#" and key[1] >= 0}


def seen(world: World, product_id: str = "p1", at: int = START, **known: Any) -> Entry:
    """An entry of the archive: a product that costs 20 EUR."""
    now = Known(observed_at=at, status=Status.OK, price=Decimal(20), currency="EUR")
    return Entry(
        observation=Observation(
            product_id=product_id,
            timestamp=at,
            retailer="shop-a",
            run_id="r",
            outcome=Outcome.ACCEPTED,
            price=Decimal(20),
            currency="EUR",
        ),
        product=Product(
            product_id=product_id, retailer="shop-a", url="u", known=replace(now, **known)
        ),
    )


def test_an_emptied_table_is_what_it_was(world: World) -> None:
    rows = history(world)
    report = restorer(world).restore(world.hours())
    assert prices(world) == rows
    assert (report.written, report.present, report.different) == (40, 0, [])
    assert (report.products_written, report.products_updated) == (10, 0)
    assert report.problems == []


def test_doing_it_again_writes_nothing(world: World) -> None:
    history(world)
    restorer(world).restore(world.hours())
    rows = world.rows()
    report = restorer(world).restore(world.hours())
    assert world.rows() == rows
    assert (report.written, report.present) == (0, 40)
    assert (report.products_written, report.products_updated, report.products_kept) == (0, 0, 10)


def test_a_rehearsal_reports_the_same_and_writes_nothing(world: World) -> None:
    history(world)
    rehearsed = restorer(world, rehearse=True).restore(world.hours())
    assert world.rows() == {}
    assert rehearsed == restorer(world).restore(world.hours())


def test_cut_off_and_run_again(world: World) -> None:
    """Whatever was written by then stays, and the second run does the rest."""
    rows = history(world)

    def cut(number: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restorer(world).restore(world.hours(), on_written=cut)
    report = restorer(world).restore(world.hours())
    assert report.present > 0
    assert prices(world) == rows


def test_newer_knowledge_is_never_replaced(world: World) -> None:
    world.put([seen(world, "same"), seen(world, "newer"), seen(world, "older"), seen(world, "new")])
    by_hand = replace(seen(world, "same").observation, price=Decimal(21))
    world.table.put_observations([by_hand])
    for product_id, at in (("same", START), ("newer", START + 1), ("older", START - 1)):
        entry = seen(world, product_id, at)
        assert entry.product
        row = replace(entry.product, title="renamed since", known=entry.product.known)
        assert row.known
        row = replace(row, known=replace(row.known, price=Decimal(99)))
        world.table.rows.write([{"PutRequest": {"Item": items.product_item(row)}}])
    report = restorer(world).restore(world.hours())
    assert report.different == [("same", START)]
    assert next(world.table.observations("same")) == by_hand
    rows = world.table.get_products(["same", "newer", "older", "new"])
    assert {i: str(p.known and p.known.price) for i, p in rows.items()} == {
        "same": "99", "newer": "99", "older": "20", "new": "20",
    }  # fmt: skip
    assert rows["older"].title == "renamed since"
    assert (report.products_written, report.products_updated, report.products_kept) == (1, 1, 2)


def test_a_catalogue_imported_before_gets_its_prices_back(world: World) -> None:
    entry = seen(world)
    world.put([entry])
    imported = Product(product_id="p1", retailer="shop-a", url="https://new.example", title="New")
    world.table.put_catalogue(new=[imported])
    restorer(world).restore(world.hours())
    assert entry.product
    assert world.table.get_product("p1") == replace(imported, known=entry.product.known)


@pytest.mark.parametrize("imported", [False, True])
def test_what_is_restored_is_told_by_no_alert(world: World, imported: bool) -> None:
    """The record that restoring makes in the table's stream is known; a later fall is told."""
    world.put([replace(entry, product=_with_target(entry.product)) for entry in [seen(world)]])
    before = None
    if imported:
        before = Product(
            product_id="p1", retailer="shop-a", url="u", overrides={"target_price": Decimal(25)}
        )
        world.table.put_catalogue(new=[before])
    restorer(world).restore(world.hours())
    row, state = world.table.get_product("p1"), States(world.table.rows).get("p1")
    assert row
    assert row.known
    rules = effective_rules(row, SETTINGS)
    assert evaluate(before, row, state, Facts(), rules).redelivered
    later = replace(row.known, observed_at=START + DAY, price=Decimal(19))
    assert not evaluate(row, replace(row, known=later), state, Facts(loaded=True), rules).alerts
    fallen = replace(row, known=replace(later, price=Decimal(17)))
    (alert,) = evaluate(row, fallen, state, Facts(loaded=True), rules).alerts
    assert alert.change_percent == Decimal("-15.00")


def _with_target(product: Product | None) -> Product:
    assert product
    return replace(product, overrides={"target_price": Decimal(25)})


def test_an_alert_state_that_is_there_stays(world: World) -> None:
    history(world, 3, 2)
    restorer(world).restore(world.hours())
    states = States(world.table.rows)
    kept = states.get("sku-00001")
    assert kept
    own = replace(kept, reference_price=Decimal(7), processed_at=kept.processed_at + 1)
    assert states.save("sku-00001", own, after=kept.processed_at)
    world.table.rows.write([{"DeleteRequest": {"Key": items.key("sku-00001", items.PRODUCT)}}])
    restorer(world).restore(world.hours())
    assert world.table.get_product("sku-00001")
    assert states.get("sku-00001") == own


def test_a_product_that_appears_meanwhile_is_kept(world: World) -> None:
    """One row that another wrote since it was looked at does not keep the others out."""
    rows = history(world, 12, 1)
    late = rows["sku-00002", items.PRODUCT] | {"title": {"S": "written meanwhile"}}
    stale = restorer(world)
    look = stale.table.get_products

    def look_then_write(ids: Any) -> dict[str, Product]:
        found = look(ids)
        stale.table.rows.write([{"PutRequest": {"Item": late}}])
        return found

    stale.table.get_products = look_then_write  # type: ignore[assignment, method-assign]
    report = stale.restore(world.hours())
    assert (report.products_written, report.products_kept) == (11, 1)
    assert world.rows()["sku-00002", items.PRODUCT] == late


def test_groups_find_their_members_again(world: World) -> None:
    from pricemon.core.alerting.groups import Groups

    history(world, 10, 1)
    restorer(world).restore(world.hours())
    assert [p.product_id for p in Groups(world.table.rows).members("lamp-3")] == ["sku-00007"]


def test_a_product_whose_row_was_gone_is_not_brought_back(world: World) -> None:
    removed = replace(seen(world, at=START + 1), product=None)
    world.put([seen(world), removed])
    report = restorer(world).restore(world.hours())
    assert world.table.get_product("p1") is None
    assert report.written == 2


def test_products_unseen_for_long_are_named(world: World) -> None:
    world.put([seen(world, "old"), seen(world, "p1", START + 8 * DAY)])
    report = restorer(world).restore(world.hours())
    assert report.long_unseen == ["old"]
    assert world.table.get_product("old")


def test_where_the_newest_row_cannot_be_read_the_one_before_is_taken(world: World) -> None:
    import gzip

    from pricemon.core import archive

    world.put([seen(world)])
    newest = json.loads(gzip.decompress(archive.encode([seen(world, at=START + 1)])))
    body = gzip.compress(json.dumps(newest | {"product": '{"product_id":{"S":"p1"}}'}).encode())
    key = f"{archive.hour_prefix(START)}zz.jsonl.gz"
    world.s3.put_object(Bucket=world.bucket, Key=key, Body=body)
    report = restorer(world).restore(world.hours())
    row = world.table.get_product("p1")
    assert row
    assert row.known
    assert row.known.observed_at == START
    assert report.written == 2
    (problem,) = report.problems
    assert problem.object == f"{key}, line 1"


def test_the_newest_of_rows_of_one_observation_is_taken(world: World) -> None:
    """A redelivered job archives its observation again, with the row as it is by then."""
    world.put([seen(world, observed_at=START + 5, price=Decimal(18))])
    world.put([seen(world)])
    restorer(world).restore(world.hours())
    row = world.table.get_product("p1")
    assert row
    assert row.known
    assert row.known.price == 18


def test_observations_alone(world: World) -> None:
    history(world, 3, 2)
    report = restorer(world).restore(world.hours(), products=False)
    assert len(world.rows()) == report.written == 6


def test_expiry_is_that_of_the_table(world: World) -> None:
    world.put([seen(world)])
    world.table.keep_days = 10
    restorer(world).restore(world.hours())
    expiry = world.rows()["p1", START][items.TTL_ATTRIBUTE]["N"]
    assert int(expiry) == START // 1000 + 10 * 86_400


@pytest.mark.parametrize("trouble", ["throttled", "refused"])
def test_a_table_that_warms_up_is_waited_for(world: World, trouble: str) -> None:
    rows = history(world, 5, 2)
    stubborn = restorer(world)
    put, refusals = stubborn.table.put_observations, [1, 2]
    error = {"Error": {"Code": "ThrottlingException", "Message": ""}}

    def put_at_last(observations: Any) -> None:
        if refusals:
            refusals.pop()
            if trouble == "throttled":
                raise Throttled("wait")
            raise ClientError(error, "UpdateItem")
        put(observations)

    stubborn.table.put_observations = put_at_last  # type: ignore[method-assign]
    stubborn.restore(world.hours())
    assert prices(world) == rows


def test_other_errors_of_aws_end_it(world: World) -> None:
    world.put([seen(world)])
    broken = restorer(world)

    def refuse(observations: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "BatchWriteItem")

    broken.table.put_observations = refuse  # type: ignore[method-assign]
    with pytest.raises(ClientError, match="AccessDenied"):
        broken.restore(world.hours())
