"""Random readings through the table's own stream: the alerts that arrive are an oracle's, exactly.

The readings of many products are written as the scraper writes them, interleaved. The stream, its
mapping and the zipped stream processor do the rest, with IAM enforced. Afterwards the stream's
records are handed to the function once more, in other batches: nothing may come of it.
"""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from pricemon.core.model import Availability, Held, Known, Product, Status
from pricemon.core.table import Table

pytestmark = pytest.mark.e2e

NOW = 1_800_000_000_000
HOUR = 3_600_000
PERCENT = 10
QUEUE = "oracle"
PATIENCE = 120
"""Seconds until a test that hears nothing gives up."""

Reading = tuple[str, int, str]
"""What the job said (`ok`, `held`, `failed`, `gone`), cents, currency."""


def oracle(readings: list[Reading], target: int | None) -> list[tuple[int, int, bool]]:
    """(place, cents, target reached) of each alert, from the description of the rules alone."""
    alerts: list[tuple[int, int, bool]] = []
    since: list[int] = []
    currency: str | None = None
    armed = True
    for place, (said, cents, unit) in enumerate(readings):
        if said != "ok":
            continue
        first, anew = currency is None, unit != currency
        currency = unit
        since = [cents] if anew else [*since, cents]
        fell = Fraction(max(since) - cents, max(since)) >= Fraction(PERCENT, 100)
        met = target is not None and cents <= target
        hit = met and armed and (first or not anew)
        armed = not met
        if fell or hit:
            alerts.append((place, cents, hit))
            since = [cents]
    return alerts


def invent(dice: random.Random) -> list[Reading]:
    """Readings that creep, jump, repeat, fail and now and then change their currency."""
    cents, unit = dice.randint(5000, 20_000), "EUR"
    readings: list[Reading] = []
    for _ in range(dice.randint(1, 25)):
        move = dice.random()
        if move < 0.1:
            readings.append((dice.choice(["held", "failed", "gone"]), cents, unit))
            continue
        if move < 0.5:
            cents = cents * dice.randint(96, 103) // 100
        elif move < 0.7:
            cents = cents * dice.randint(80, 130) // 100
        elif move < 0.73:
            unit = "USD" if unit == "EUR" else "EUR"
        readings.append(("ok", cents, unit))
    return readings


def known(reading: Reading, at: int, before: Known | None) -> Known:
    """What the scraper writes after a job that ended so."""
    said, cents, unit = reading
    price, currency, since = Decimal(cents) / 100, unit, at
    if said != "ok":
        old = (before.price, before.currency, before.price_since) if before else (None,) * 3
        held = Held(price=price, currency=unit, availability=None, held_at=at, why="a jump")
        return Known(
            observed_at=at,
            status=Status(said),
            price=old[0],
            currency=old[1],
            price_since=old[2],
            held=held if said == "held" else None,
        )
    if before and (before.price, before.currency) == (price, currency) and before.price_since:
        since = before.price_since
    return Known(
        observed_at=at,
        status=Status.OK,
        price=price,
        currency=currency,
        price_since=since,
        availability=Availability.IN_STOCK,
    )


@pytest.mark.parametrize("products", [40, pytest.param(1000, marks=pytest.mark.reliability)])
def test_the_stream_tells_what_the_oracle_tells(desk, aws, shop, products):
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:{QUEUE}"
    pricemon = desk(shop, subscriptions=[{"protocol": "sqs", "endpoint": arn, "raw": True}])
    sqs = pricemon.client("sqs")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ],
    }
    inbox = sqs.create_queue(QueueName=QUEUE, Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
    pricemon("up")
    try:
        check(pricemon, Table(pricemon.client("dynamodb"), "price-monitor-local"), inbox, products)
    finally:
        pricemon("down", "--yes")
        sqs.delete_queue(QueueUrl=inbox)


def check(pricemon: Any, table: Table, inbox: str, products: int) -> None:
    dice = random.Random(products)
    stories = {f"p{number:04d}": invent(dice) for number in range(products)}
    targets = {name: dice.choice([None, dice.randint(5000, 20_000)]) for name in stories}
    table.put_catalogue(
        new=[
            Product(
                product_id=name,
                retailer="nobody",
                url=f"https://nobody.example/{name}",
                overrides={} if target is None else {"target_price": str(Decimal(target) / 100)},
            )
            for name, target in [*targets.items(), ("last", None), ("last-2", None)]
        ]
    )
    expected = {name: oracle(story, targets[name]) for name, story in stories.items()}

    write(table, stories, dice)
    write(table, {"last": [("ok", 100, "EUR"), ("ok", 50, "EUR")]}, dice)
    told = listen(pricemon.client("sqs"), inbox, until="last")
    assert {name: told[name] for name in stories} == expected
    assert sum(map(len, expected.values())) > products // 2, "the stories are worth the test"

    replay(pricemon, dice)
    write(table, {"last-2": [("ok", 100, "EUR"), ("ok", 50, "EUR")]}, dice)
    again = listen(pricemon.client("sqs"), inbox, until="last-2")
    assert set(again) == {"last-2"}, "what was told is not told again"


def write(table: Table, stories: dict[str, list[Reading]], dice: random.Random) -> None:
    """Write the readings, each product's in order, the products' in any."""
    turns = [name for name, story in stories.items() for _ in story]
    dice.shuffle(turns)
    place: dict[str, int] = defaultdict(int)
    last: dict[str, Known] = {}
    for name in turns:
        at = NOW + place[name] * HOUR
        last[name] = known(stories[name][place[name]], at, last.get(name))
        assert table.save_known(name, last[name])
        place[name] += 1


def listen(sqs: Any, inbox: str, *, until: str) -> dict[str, list[tuple[int, int, bool]]]:
    """What arrives, by product in order of arrival, until the alert of the product `until`."""
    told: dict[str, list[tuple[int, int, bool]]] = defaultdict(list)
    end = time.monotonic() + PATIENCE
    while until not in told:
        assert time.monotonic() < end, f"no alert of {until}; heard of {len(told)} products"
        got = sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in got.get("Messages", []):
            alert = json.loads(message["Body"])
            told[alert["product_id"]].append(
                (
                    (alert["observed_at"] - NOW) // HOUR,
                    int(Decimal(alert["new_price"]) * 100),
                    "below" in alert["kinds"],
                )
            )
            sqs.delete_message(QueueUrl=inbox, ReceiptHandle=message["ReceiptHandle"])
    return told


def replay(pricemon: Any, dice: random.Random) -> None:
    """Hand the stream's records of products to the function again, in batches of any size."""
    waiting = [record for record in stream(pricemon) if record["eventName"] == "MODIFY"]
    assert waiting
    client = pricemon.client("lambda")
    while waiting:
        size = dice.randint(1, 100)
        batch, waiting = waiting[:size], waiting[size:]
        reply = client.invoke(
            FunctionName="stream-processor-local",
            Payload=json.dumps({"Records": batch}, default=float).encode(),
        )
        answer = json.loads(reply["Payload"].read())
        assert answer == {"batchItemFailures": []}


def stream(pricemon: Any) -> Iterator[dict[str, Any]]:
    """The records of the table's stream, oldest first."""
    client = pricemon.client("dynamodbstreams")
    (found,) = client.list_streams(TableName="price-monitor-local")["Streams"]
    description = client.describe_stream(StreamArn=found["StreamArn"])["StreamDescription"]
    for shard in description["Shards"]:
        iterator = client.get_shard_iterator(
            StreamArn=found["StreamArn"],
            ShardId=shard["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        while iterator:
            page = client.get_records(ShardIterator=iterator)
            if not page["Records"]:
                break
            for record in page["Records"]:
                change = record["dynamodb"]
                change["ApproximateCreationDateTime"] = 0
                yield record
            iterator = page.get("NextShardIterator")
