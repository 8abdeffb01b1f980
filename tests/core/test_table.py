"""The table by its meaning, on moto; its failures played by a client in between."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pricemon.core import dynamo, items
from pricemon.core.attributes import MalformedItem
from pricemon.core.dynamo import Throttled
from pricemon.core.model import AlertState, Held, Known, Observation, Outcome, Status
from pricemon.core.table import Table
from tests.core.table_kit import fill, moto_table, no_sleep, product


@pytest.fixture
def table() -> Iterator[Table]:
    with moto_table() as made:
        yield made


def known(at: int, price: str = "10", **fields: Any) -> Known:
    return Known(observed_at=at, status=Status.OK, price=Decimal(price), currency="EUR", **fields)


def seen(at: int, product_id: str = "p1", retailer: str = "shop-a") -> Observation:
    return Observation(
        product_id=product_id,
        timestamp=at,
        retailer=retailer,
        run_id="run",
        outcome=Outcome.ACCEPTED,
        price=Decimal(at),
        currency="EUR",
    )


class Turned:
    """A client whose calls of one operation are answered by a script before moto is asked."""

    def __init__(self, client: Any, operation: str, script: list[Any]) -> None:
        self._client = client
        self._operation = operation
        self.script = script
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        if name != self._operation:
            return real

        def call(**arguments: Any) -> Any:
            self.calls.append(arguments)
            answer = self.script.pop(0) if self.script else real
            if isinstance(answer, Exception):
                raise answer
            return answer(**arguments)

        return call


def error(code: str, **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "as AWS says"}, **more}, "Operation")


# -- products --------------------------------------------------------------------------------------


def test_the_catalogue_comes_page_by_page_and_goes_on_after_any_product(table: Table) -> None:
    many = [product(f"p{number:03}") for number in range(130)]
    fill(table, *many, product("elsewhere", retailer="shop-b"))
    table.put_observations([seen(7, "p001")])  # the index holds these too

    everything = list(table.catalogue("shop-a"))
    assert sorted(p.product_id for p in everything) == [p.product_id for p in many]
    assert list(table.catalogue("shop-a", page_size=7)) == everything
    for at in (0, 6, 7, 100, 129):
        rest = table.catalogue("shop-a", after=everything[at].product_id, page_size=50)
        assert list(rest) == everything[at + 1 :]


def test_importing_again_never_touches_what_is_known(table: Table) -> None:
    """Not even where a product is wrongly taken for new (the index lags behind)."""
    table.put_catalogue(new=[product(title="old", tags=("a",))])
    table.save_known("p1", known(5, etag='"1"', held=None))
    table.put_catalogue(new=[product(title="new")])
    assert table.get_product("p1") == product(title="new", known=known(5, etag='"1"'))


def test_a_changed_product_forgets_its_validators(table: Table) -> None:
    """They may belong to another URL, whose 304 would mean another product's price."""
    table.put_catalogue(new=[product()])
    table.save_known("p1", known(5, etag='"1"', last_modified="yesterday", vouched="v"))
    moved = product(url="http://shop-a.test/moved")
    table.put_catalogue(changed=[moved])
    assert table.get_product("p1") == product(url=moved.url, known=known(5))


def test_older_never_overwrites_newer_and_equal_is_rewritten(table: Table) -> None:
    table.put_catalogue(new=[product()])
    assert table.save_known("p1", known(5, "10"))
    assert not table.save_known("p1", known(4, "9"))
    assert table.save_known("p1", known(5, "10"))
    assert table.save_known("p1", known(6, "11"))
    assert table.get_product("p1") == product(known=known(6, "11"))


def test_what_is_no_longer_known_is_removed(table: Table) -> None:
    held = Held(price=Decimal(1), currency="EUR", availability=None, held_at=5, why="zero")
    table.put_catalogue(new=[product()])
    table.save_known("p1", known(5, held=held, etag='"1"'))
    table.save_known("p1", known(6))
    assert table.get_product("p1") == product(known=known(6))


def test_a_removed_product_is_never_resurrected(table: Table) -> None:
    table.put_catalogue(new=[product()])
    table.put_observations([seen(3)])
    table.save_alert_state("p1", AlertState(processed_at=3), after=None)
    table.remove_product("p1")
    assert not table.save_known("p1", known(5))
    assert table.get_product("p1") is None
    assert table.alert_state("p1") is None
    assert [o.timestamp for o in table.observations("p1")] == [3]
    table.remove_product("p1", history=True)
    assert not list(table.observations("p1"))


def test_many_products_are_read_by_id(table: Table) -> None:
    fill(table, *(product(f"p{number}") for number in range(110)))
    found = table.get_products([*(f"p{number}" for number in range(120)), "p1", "p1"])
    assert len(found) == 110
    assert found["p7"] == product("p7")


# -- observations and alert states -----------------------------------------------------------------


def test_observations_by_time_both_ends_included(table: Table) -> None:
    table.put_catalogue(new=[product()])
    table.put_observations(seen(at) for at in range(1, 61))
    assert [o.timestamp for o in table.observations("p1", since=10, until=12)] == [12, 11, 10]
    assert [o.timestamp for o in table.observations("p1", newest_first=False, limit=2)] == [1, 2]
    assert list(table.observations("p1", since=12, until=10)) == []
    assert len(list(table.observations("p1"))) == 60


def test_the_same_observation_is_one_row(table: Table) -> None:
    table.put_observations([seen(5), seen(5), seen(6)])
    table.put_observations([seen(5)])
    assert [o.timestamp for o in table.observations("p1")] == [6, 5]


def test_a_shops_recent_observations_without_its_catalogue(table: Table) -> None:
    table.put_catalogue(new=[product()])
    table.put_observations([seen(5), seen(9, "p2"), seen(7, "p3"), seen(8, "p4", "shop-b")])
    assert [o.timestamp for o in table.recent("shop-a", 6)] == [7, 9]
    assert [o.timestamp for o in table.recent("shop-a", 1, until=7, newest_first=True)] == [7, 5]
    assert list(table.recent("shop-a", 5, until=4)) == []


def test_an_alert_state_is_written_by_the_one_who_read_it(table: Table) -> None:
    first, second = AlertState(processed_at=5), AlertState(processed_at=6)
    assert table.save_alert_state("p1", first, after=None)
    assert not table.save_alert_state("p1", second, after=None)
    assert not table.save_alert_state("p1", second, after=4)
    assert table.save_alert_state("p1", second, after=5)
    assert table.alert_state("p1") == second


def test_the_stream_carries_both_images_of_a_product_row(table: Table) -> None:
    """Not INSERTs only, as where each scrape writes a new row: those can never be compared."""
    from pricemon.core.messages import parse_stream_record
    from tests.core.table_kit import client

    table.put_catalogue(new=[product()])
    table.save_known("p1", known(5, "10"))
    table.save_known("p1", known(6, "8"))
    streams = client("dynamodbstreams")
    arn = table.rows.client.describe_table(TableName=table.name)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    change = parse_stream_record(records[-1])
    assert records[-1]["eventName"] == "MODIFY"
    assert (change.before, change.after) == (
        product(known=known(5, "10")),
        product(known=known(6, "8")),
    )


# -- what AWS does on a bad day --------------------------------------------------------------------


def test_unprocessed_items_are_written_in_the_end(table: Table) -> None:
    real = table.rows.client

    def half(**arguments: Any) -> Any:
        (waiting,) = arguments["RequestItems"].values()
        kept = waiting[: len(waiting) // 2]
        real.batch_write_item(RequestItems={table.name: kept})
        return {"UnprocessedItems": {table.name: waiting[len(kept) :]}}

    turned = Turned(real, "batch_write_item", [half, error("ThrottlingException"), half])
    Table(turned, table.name, sleep=no_sleep).put_observations(seen(at) for at in range(1, 21))
    assert len(list(table.observations("p1"))) == 20
    assert [len(c["RequestItems"][table.name]) for c in turned.calls] == [20, 10, 10, 5]


def test_unprocessed_keys_are_read_in_the_end(table: Table) -> None:
    table.put_catalogue(new=[product(f"p{number}") for number in range(10)])
    real = table.rows.client

    def three(**arguments: Any) -> Any:
        request = arguments["RequestItems"][table.name]
        now, later = request["Keys"][:3], request["Keys"][3:]
        reply = real.batch_get_item(RequestItems={table.name: {**request, "Keys": now}})
        return reply | {"UnprocessedKeys": {table.name: {"Keys": later}}}

    turned = Turned(
        real, "batch_get_item", [three, error("ProvisionedThroughputExceededException"), three]
    )
    found = Table(turned, table.name, sleep=no_sleep).get_products(f"p{n}" for n in range(10))
    assert len(found) == 10


def test_conflicting_imports_are_tried_again(table: Table) -> None:
    conflict = error(
        "TransactionCanceledException",
        CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "None"}],
    )
    turned = Turned(table.rows.client, "transact_write_items", [conflict, conflict])
    Table(turned, table.name, sleep=no_sleep).put_catalogue(new=[product("a"), product("b")])
    assert len(turned.calls) == 3
    assert table.get_product("b") == product("b")


@pytest.mark.parametrize(
    ("operation", "act"),
    [
        ("batch_get_item", lambda turned: turned.get_products(["p1"])),
        ("batch_write_item", lambda turned: turned.put_observations([seen(1)])),
        ("transact_write_items", lambda turned: turned.put_catalogue(new=[product()])),
    ],
)
def test_what_stays_throttled_says_so_in_the_end(table: Table, operation: str, act: Any) -> None:
    script = [error("ThrottlingException")] * dynamo.ATTEMPTS
    turned = Table(Turned(table.rows.client, operation, script), table.name, sleep=no_sleep)
    with pytest.raises(Throttled, match="kept turning requests away"):
        act(turned)


def test_a_permanent_error_is_reported_at_once(table: Table) -> None:
    turned = Turned(table.rows.client, "batch_write_item", [error("AccessDeniedException")])
    with pytest.raises(ClientError, match="AccessDenied"):
        Table(turned, table.name, sleep=no_sleep).put_observations([seen(1)])
    assert len(turned.calls) == 1


def test_waits_grow_and_are_bounded() -> None:
    waits: list[float] = []
    rows = dynamo.Rows(None, "t", sleep=waits.append)
    for attempt in range(12):
        rows.pause(attempt)
    assert all(0 <= wait <= min(5, 0.1 * 2**n) for n, wait in enumerate(waits))


def test_a_malformed_product_in_the_catalogue_is_named(table: Table) -> None:
    bad = items.product_item(product("odd")) | {"tags": {"N": "1"}}
    table.rows.client.put_item(TableName=table.name, Item=bad)
    with pytest.raises(MalformedItem, match="odd / 0"):
        list(table.catalogue("shop-a"))
