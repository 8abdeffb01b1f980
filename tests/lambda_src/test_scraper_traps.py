"""What the obvious version of this monitor gets wrong, shown to be right here.

Tried on an emulator, the usual design made two sweeps of 5,300 products and sent no alert: its
stream carried INSERTs only, its failures were logged and deleted, the names of its environment
variables did not match, `${time}` is no scheduler attribute, and its backoff slept past the
function's timeout.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from lambda_src.scraper import delivery
from lambda_src.scraper.budget import Budget
from pricemon.core import messages, runs
from pricemon.core.dynamo import Throttled
from pricemon.core.errors import Retry
from pricemon.core.settings import Settings, Wiring
from tests.core.table_kit import REGION, client
from tests.lambda_src.scraper_kit import NOW, Kit, page, record, scraper

AT = int(NOW) * 1000


@pytest.fixture
def kit() -> Iterator[Kit]:
    with scraper() as made:
        yield made


def stream_of(kit: Kit) -> list[dict[str, Any]]:
    streams = client("dynamodbstreams")
    table = kit.table.rows.client.describe_table(TableName=kit.table.name)["Table"]
    arn = table["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records: list[dict[str, Any]] = streams.get_records(ShardIterator=iterator)["Records"]
    return records


def test_a_price_that_falls_is_a_modify_event_with_both_images(kit: Kit) -> None:
    kit.add("p1")
    for number, price in enumerate(["100", "80"]):
        kit.shop.pages["/p1"] = page(price)
        assert kit.run(kit.job("p1", AT + number)) == []
    changes = [
        messages.parse_stream_record(event)
        for event in stream_of(kit)
        if event["eventName"] == "MODIFY" and messages.is_product_record(event)
    ]
    before, after = changes[-1].before, changes[-1].after
    assert before is not None
    assert after is not None
    assert before.known is not None
    assert after.known is not None
    assert (before.known.price, after.known.price) == (Decimal(100), Decimal(80))


def test_failures_reach_the_dead_letter_queue_and_the_history(kit: Kit) -> None:
    kit.add("p1", "p2")
    kit.shop.pages["/p1"] = (200, {"Content-Type": "text/html"}, b"<html>no price here</html>")
    assert kit.run(kit.job("p1"), kit.job("p2")) == []
    reasons = {
        json.loads(letter["Body"])["product_id"]: letter["MessageAttributes"]["reason"]
        for letter in kit.dead
    }
    assert reasons.keys() == {"p1", "p2"}
    assert reasons["p2"]["StringValue"] == "gone"
    assert [len(list(kit.table.observations(name))) for name in ("p1", "p2")] == [1, 1]


def test_the_handler_takes_its_wiring_by_the_names_the_stack_writes(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The whole way in: environment variables by `Wiring.to_env`, settings by `settings.json`."""
    for name, value in kit.worker.wiring.to_env().items():
        monkeypatch.setenv(name, value)
    for name, value in {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "settings.json").write_text(kit.worker.settings.to_json(), encoding="utf-8")
    bundled = Settings.bundled
    monkeypatch.setattr(Settings, "bundled", lambda: bundled(tmp_path))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    entry = importlib.import_module("lambda_src.scraper.handler")
    entry._worker.cache_clear()

    kit.add("p1")
    kit.shop.pages["/p1"] = page("12.50")
    context = SimpleNamespace(
        aws_request_id="request-1", get_remaining_time_in_millis=lambda: 60_000
    )
    poison = record("not json", number=7)
    answer = entry.handler({"Records": [record(kit.job("p1")), poison]}, context)
    entry._worker().fetcher.close()
    entry._worker.cache_clear()

    assert answer == {"batchItemFailures": [{"itemIdentifier": "7"}]}
    row = kit.table.get_product("p1")
    assert row is not None
    assert row.known is not None
    assert row.known.price == Decimal("12.50")


def test_every_field_of_the_wiring_survives_the_environment() -> None:
    wiring = Wiring(**{field.name: field.name for field in dataclasses.fields(Wiring)})
    assert Wiring.from_env(wiring.to_env()) == wiring
    assert all(name.startswith("PRICEMON_") for name in wiring.to_env())


@pytest.mark.parametrize(
    ("timestamp", "started_at"),
    [
        ("2027-01-15T07:00:00Z", AT - 3_600_000),  # what Scheduler makes of its attribute
        ("<aws.scheduler.scheduled-time>", AT),  # what an emulator leaves: the time it was sent
    ],
)
def test_the_schedules_time_is_the_runs(kit: Kit, timestamp: str, started_at: int) -> None:
    kit.add("p1")
    body = json.dumps({"action": "scrape_all_products", "timestamp": timestamp})
    assert kit.run(body) == []
    assert kit.run(body) == []  # delivered twice: the same run
    (run,) = runs.recent(kit.table)
    assert (run.started_at, run.dispatched) == (started_at, 1)


# -- time ------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.parametrize("millis", [0, 500, 3_000, 60_000, 900_000])
def test_no_wait_ends_after_the_function_does(millis: int) -> None:
    clock = Clock()
    budget = Budget(millis, clock=clock, sleep=clock.sleep)
    ends = clock.now + millis / 1000
    assert clock.now <= budget.fetch_until <= budget.ends <= ends
    while budget.left > 7:
        budget.sleep(7)
    with pytest.raises(Throttled):
        budget.sleep(7)
    assert clock.now <= ends


def test_a_shop_that_hangs_does_not_outlive_the_function(kit: Kit) -> None:
    """The fetch is cut at its share of the time; what was read is written in the rest."""
    kit.add("slow", "quick")
    hang = threading.Event()

    def never(_: Any) -> Any:
        hang.wait(30)
        return page("1")

    kit.shop.pages = {"/slow": never, "/quick": page("2")}
    failed = kit.run(kit.job("slow"), kit.job("quick"), remaining_millis=2_500)
    hang.set()
    assert failed == [0]  # whoever had waited for the 30 s would have read a price
    row = kit.table.get_product("quick")
    assert row is not None
    assert row.known is not None


@pytest.mark.parametrize("receives", [1, 2, 3, 9])
@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_a_failed_delivery_backs_off_by_visibility(receives: int, jitter: float) -> None:
    """Not by sleeping: a function that waits is paid for waiting."""
    seconds = delivery.show_again_after(Retry("timeout"), receives, jitter=lambda: jitter)
    assert delivery.BACKOFF * 2 ** (receives - 1) <= seconds or seconds >= 450
    assert seconds <= delivery.BACKOFF_CAP
    asked = delivery.show_again_after(Retry("rate_limited", after=3600.0), receives)
    assert asked == 3600


def test_failed_messages_are_shown_again_when_they_are_due(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(
        kit.sqs, "change_message_visibility_batch", lambda **given: shown.extend(given["Entries"])
    )
    kit.add("p1")
    kit.shop.pages["/p1"] = (503, {"Retry-After": "120"}, b"")
    records = [record(kit.job("p1")) | {"receiptHandle": "r1"}, record("poison", number=1)]
    records[1]["receiptHandle"] = "r2"
    failed = kit.worker.process(records, remaining_millis=60_000, request_id="x")
    assert sorted(failed) == ["0", "1"]
    waits = {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in shown}
    assert waits["r1"] == 120  # the shop's own wish
    assert waits["r2"] == 0  # poison need not wait for its end
