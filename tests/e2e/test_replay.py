"""What the stream processor missed comes back, and what it deferred goes out when it is due."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pricemon.core import archive
from pricemon.core.alerting.deferred import Deferred, Waiting
from pricemon.core.model import Availability, Known, Observation, Outcome, Product, Status
from pricemon.core.table import Table

pytestmark = pytest.mark.e2e

INBOX = "replayed"
PATIENCE = 120
"""Seconds until a test that hears nothing gives up."""
HOUR = 3_600_000
TABLE = "price-monitor-local"
QUIET = {"quiet_hours": "00:00-12:00 UTC"}
LATE = {"quiet_hours": "12:00-00:00 UTC"}


@dataclass(frozen=True)
class Monitor:
    """A stack whose alerts arrive in a queue, and a pen for prices."""

    pricemon: Any
    inbox: str
    table: Table
    began: int

    def observe(self, product_id: str, *prices: str) -> None:
        """Write readings as the scraper does: the row, and the archive's copy."""
        for hour, price in enumerate(prices):
            at = self.began + hour * HOUR
            known = Known(
                observed_at=at,
                status=Status.OK,
                price=Decimal(price),
                currency="EUR",
                price_since=at,
                availability=Availability.IN_STOCK,
            )
            assert self.table.save_known(product_id, known)
            seen = Observation(
                product_id=product_id,
                timestamp=at,
                retailer="nobody",
                run_id="r",
                outcome=Outcome.ACCEPTED,
                price=known.price,
                currency=known.currency,
            )
            row = self.table.get_product(product_id)
            entry = archive.Entry(observation=seen, product=row)
            s3 = self.pricemon.client("s3")
            archive.write(s3, "price-monitor-historical-local", [entry])

    def listen(self, *, until: str) -> list[tuple[str, str]]:
        """The alerts that arrive, until one of the product `until`."""
        told: list[tuple[str, str]] = []
        sqs = self.pricemon.client("sqs")
        end = time.monotonic() + PATIENCE
        while until not in dict(told):
            assert time.monotonic() < end, f"no alert of {until}; heard of {told}"
            got = sqs.receive_message(QueueUrl=self.inbox, WaitTimeSeconds=1)
            for message in got.get("Messages", []):
                alert = json.loads(message["Body"])
                told.append((alert["product_id"], alert["new_price"]))
                sqs.delete_message(QueueUrl=self.inbox, ReceiptHandle=message["ReceiptHandle"])
        return told

    def changes(self, product_id: str) -> list[dict[str, Any]]:
        """The stream's records of a product."""
        streams = self.pricemon.client("dynamodbstreams")
        (found,) = streams.list_streams(TableName=TABLE)["Streams"]
        described = streams.describe_stream(StreamArn=found["StreamArn"])["StreamDescription"]
        iterator = streams.get_shard_iterator(
            StreamArn=found["StreamArn"],
            ShardId=described["Shards"][0]["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        return [
            {"shard": described["Shards"][0]["ShardId"], "stream": found["StreamArn"], **record}
            for record in streams.get_records(ShardIterator=iterator)["Records"]
            if record["dynamodb"]["Keys"]["product_id"]["S"] == product_id
        ]

    def give_up(self, product_id: str, *, trimmed: bool = False) -> None:
        """Say of a product's changes what Lambda says of a batch that it gave up."""
        found = self.changes(product_id)
        numbers = [each["dynamodb"]["SequenceNumber"] for each in found]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {
            "requestContext": {"condition": "RetryAttemptsExhausted"},
            "DDBStreamBatchInfo": {
                "shardId": found[0]["shard"],
                "startSequenceNumber": "1" * 21 if trimmed else numbers[0],
                "endSequenceNumber": "2" * 21 if trimmed else numbers[-1],
                "approximateArrivalOfFirstRecord": now,
                "approximateArrivalOfLastRecord": now,
                "batchSize": len(found),
                "streamArn": found[0]["stream"],
            },
        }
        sqs = self.pricemon.client("sqs")
        url = sqs.get_queue_url(QueueName="price-monitor-on-failure-local")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))

    def follow(self, *, enabled: bool) -> None:
        """Switch the mapping from the stream to its function on or off."""
        client = self.pricemon.client("lambda")
        (mapping,) = client.list_event_source_mappings(FunctionName="stream-processor-local")[
            "EventSourceMappings"
        ]
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)


@pytest.fixture
def monitor(desk, aws, shop):
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:{INBOX}"
    pricemon = desk(shop, subscriptions=[{"protocol": "sqs", "endpoint": arn, "raw": True}])
    sqs = pricemon.client("sqs")
    inbox = sqs.create_queue(QueueName=INBOX)["QueueUrl"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=inbox, Attributes={"Policy": policy})
    pricemon("up")
    began = time.time_ns() // 1_000_000 - 12 * HOUR
    yield Monitor(pricemon, inbox, Table(pricemon.client("dynamodb"), TABLE), began)
    pricemon("down", "--yes")
    sqs.delete_queue(QueueUrl=inbox)


def product(product_id: str, **overrides: Any) -> Product:
    return Product(
        product_id=product_id,
        retailer="nobody",
        url=f"https://nobody.example/{product_id}",
        overrides=overrides,
    )


def test_missed_changes_are_replayed_and_deferred_alerts_delivered(monitor):
    now = datetime.now(UTC)
    hours = QUIET if now.hour < 12 else LATE
    plain = ("streamed", "archived", "last")
    monitor.table.put_catalogue(
        new=[*map(product, plain), product("quiet", alerts={"drop_percent": 10, **hours})]
    )
    missed(monitor)
    deferred(monitor)


def missed(monitor):
    """An outage: from the stream, then (as if after a day) from the archive; nothing twice."""
    pricemon = monitor.pricemon
    monitor.follow(enabled=False)
    monitor.observe("streamed", "100", "80", "60")
    monitor.observe("archived", "100", "70")
    monitor.give_up("streamed")
    monitor.give_up("archived", trimmed=True)
    (problem,) = [x for x in pricemon("status", code=3)["problems"] if "on-failure" in x]
    assert problem.endswith("pricemon dlq list --queue changes")
    assert [x["reason"] for x in pricemon("dlq", "list", "--queue", "changes")] == [
        "RetryAttemptsExhausted"
    ] * 2
    rehearsed = pricemon("dlq", "redrive", "--queue", "changes", "--dry-run")["would_redrive"]
    assert [task["source"] for task in rehearsed] == ["stream", "archive"]

    done = pricemon("dlq", "redrive", "--queue", "changes")
    assert (done["redriven"], done["left"], done["refused"]) == (2, [], 0)
    assert pricemon("dlq", "list", "--queue", "changes") == []
    monitor.give_up("streamed")  # Lambda may repeat itself
    assert pricemon("dlq", "redrive", "--queue", "changes")["redriven"] == 1

    monitor.follow(enabled=True)  # and its mapping goes on where it was
    monitor.observe("last", "100", "50")
    told = monitor.listen(until="last")
    assert sorted(told) == [
        ("archived", "70.00"), ("last", "50.00"), ("streamed", "60.00"), ("streamed", "80.00"),
    ]  # fmt: skip


def deferred(monitor):
    """An alert of quiet hours, which end: the schedule delivers it, without a further change."""
    monitor.observe("quiet", "100", "50")
    waiting = Deferred(monitor.table.rows)
    end = time.monotonic() + PATIENCE
    while not (entries := list(waiting.due(2**45))):
        assert time.monotonic() < end, "nothing was deferred"
    (entry,) = entries
    assert (entry.product_id, entry.waiting) == ("quiet", Waiting.QUIET)
    assert entry.alert is not None
    waiting.put_alert(entry.alert, time.time_ns() // 1_000_000 - 1, Waiting.QUIET)
    waiting.done(entry)

    scheduler = monitor.pricemon.client("scheduler")
    group = {"GroupName": "price-monitor-local"}
    found = scheduler.get_schedule(Name="price-monitor-deliver-due-local", **group)
    assert found["ScheduleExpression"] == "rate(15 minutes)"
    scheduler.create_schedule(  # the same call, at once
        Name="now",
        **group,
        ScheduleExpression="at(2020-01-01T00:00:00)",
        FlexibleTimeWindow=found["FlexibleTimeWindow"],
        Target=found["Target"],
    )
    assert monitor.listen(until="quiet") == [("quiet", "50.00")]
    assert list(waiting.due(2**45)) == []
