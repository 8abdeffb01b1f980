"""A stream processor on moto: the stack around it, records of its stream, and what came out."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Any

import boto3

from lambda_src.stream_processor.processor import Processor
from pricemon.core import items
from pricemon.core.dynamo import Rows
from pricemon.core.model import (
    AlertState,
    Availability,
    Known,
    Observation,
    Outcome,
    Product,
    Status,
)
from pricemon.core.settings import AlertRules, RetailerSettings, Settings, Wiring
from pricemon.core.table import Table
from tests.core.table_kit import create_table

TABLE = "price-monitor-test"
NOW = 1_732_233_600_000
HOUR = 3_600_000
SETTINGS = Settings(
    env="test",
    retailers={"shop-a": RetailerSettings(name="shop-a", hosts=("shop-a.test",))},
    alerts=AlertRules(drop_percent=Decimal(10)),
)


def reading(price: str | None, at: int, **changes: Any) -> Known:
    """What is known after a job at `at`."""
    known = Known(
        observed_at=at,
        status=Status.OK,
        price=None if price is None else Decimal(price),
        currency=None if price is None else "EUR",
        availability=Availability.IN_STOCK,
        price_since=at,
    )
    return replace(known, **changes)


def product(product_id: str = "p1", known: Known | None = None, **changes: Any) -> Product:
    plain = Product(
        product_id=product_id,
        retailer="shop-a",
        url=f"https://shop-a.test/{product_id}",
        title="Sony WH-1000XM5",
        known=known,
    )
    return replace(plain, **changes)


def record(before: Product | None, after: Product | None, number: int) -> dict[str, Any]:
    """A stream record, as Lambda is given it."""
    present = after or before
    assert present is not None
    images = {}
    if before:
        images["OldImage"] = items.product_item(before)
    if after:
        images["NewImage"] = items.product_item(after)
    name = "MODIFY" if before and after else ("INSERT" if after else "REMOVE")
    return {
        "eventID": f"e{number}",
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": items.key(present.product_id, 0),
            "SequenceNumber": f"{number:021d}",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            **images,
        },
    }


def sequence(
    prices: Iterable[str], product_id: str = "p1", *, start: int = 1, **changes: Any
) -> list[dict[str, Any]]:
    """The records of a product whose readings have these prices, an hour apart."""
    found = []
    before = product(product_id, **changes)
    for number, price in enumerate(prices, start=start):
        at = NOW + number * HOUR
        same = before.known and before.known.price == Decimal(price)
        since = before.known.price_since if same and before.known else at
        after = product(product_id, reading(price, at, price_since=since), **changes)
        found.append(record(before, after, number))
        before = after
    return found


class Spy:
    """A client that notes its calls, and raises before or after chosen ones.

    `before` and `after` map (operation, its how-many-eth call) to what is raised.
    """

    def __init__(
        self,
        client: Any,
        *,
        before: dict[tuple[str, int], BaseException] | None = None,
        on_call: Callable[[str, bool], None] | None = None,
    ) -> None:
        self.client = client
        self._before = before or {}
        self._on_call = on_call
        self._counts: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.client, name)
        if not callable(real) or name == "exceptions":
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            self._counts[name] += 1
            if problem := self._before.get((name, self._counts[name])):
                raise problem
            if self._on_call:
                self._on_call(name, False)
            reply = real(*args, **kwargs)
            if self._on_call:
                self._on_call(name, True)
            return reply

        return call

    @staticmethod
    def calls(stack: Stack, records: list[dict[str, Any]]) -> list[str]:
        """The AWS calls that a batch takes."""
        counter = Calls()
        assert stack.process(records, **counter.clients(stack)) == []
        return counter.calls

    @staticmethod
    def counter(*, at: int, when: str, crash: BaseException) -> Calls:
        """Counts the calls of all clients and crashes before or after the `at`th."""
        return Calls(at=at, when=when, crash=crash)


@dataclass
class Calls:
    """The calls of all of a worker's clients, in order."""

    at: int | None = None
    when: str = "before"
    crash: BaseException | None = None
    calls: list[str] = field(default_factory=list)

    def clients(self, stack: Stack) -> dict[str, Spy]:
        real = {"dynamodb": stack.dynamodb, "sns": stack.sns, "sqs": stack.sqs}
        return {name: Spy(client, on_call=self._note(name)) for name, client in real.items()}

    def _note(self, service: str) -> Callable[[str, bool], None]:
        def note(name: str, done: bool) -> None:
            if not done:
                self.calls.append(f"{service}.{name}")
            due = len(self.calls) == self.at and done == (self.when == "after")
            if due and self.crash is not None:
                raise self.crash

        return note


@dataclass
class Stack:
    """The resources, and one worker (`worker()` makes a fresh one, as after a crash)."""

    dynamodb: Any
    sns: Any
    sqs: Any
    wiring: Wiring
    inbox_url: str
    settings: Settings = SETTINGS
    now: int = NOW
    slept: list[float] = field(default_factory=list)

    @property
    def table(self) -> Table:
        return Table(self.dynamodb, TABLE)

    def worker(self, **clients: Any) -> Processor:
        given = {"dynamodb": self.dynamodb, "sns": self.sns, "sqs": self.sqs} | clients
        return Processor(
            settings=self.settings,
            wiring=self.wiring,
            rows=Rows(given["dynamodb"], TABLE, sleep=self.slept.append),
            sns=given["sns"],
            sqs=given["sqs"],
            logger=logging.getLogger("processor"),
            clock=lambda: self.now,
            sleep=self.slept.append,
            workers=1,
        )

    def process(self, records: list[dict[str, Any]], **clients: Any) -> list[str]:
        return self.worker(**clients).process(records, lambda: 30.0)

    def delivered(self) -> list[dict[str, Any]]:
        """The documents of the alerts that reached the subscriber, in order."""
        return [json.loads(message["Message"]) for message in self.notifications()]

    def notifications(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self._drain(self.inbox_url)]

    def rejected(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self._drain(self.wiring.on_failure_url)]

    def put_history(self, product_id: str, prices: dict[int, str]) -> None:
        """Accepted observations: time → price."""
        self.table.put_observations(
            Observation(
                product_id=product_id,
                timestamp=at,
                retailer="shop-a",
                run_id="r",
                outcome=Outcome.ACCEPTED,
                price=Decimal(price),
                currency="EUR",
            )
            for at, price in prices.items()
        )

    def state(self, product_id: str = "p1") -> AlertState | None:
        return self.table.alert_state(product_id)

    def _drain(self, url: str) -> list[str]:
        bodies: list[str] = []
        while True:
            got = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            ).get("Messages", [])
            if not got:
                return bodies
            for message in got:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


@cache
def clients() -> tuple[Any, Any, Any]:
    """Made once: moto takes over any client made after its import, and each takes long to make."""
    session = boto3.Session("testing", "testing", region_name="eu-central-1")
    return session.client("dynamodb"), session.client("sns"), session.client("sqs")


def build() -> Stack:
    """A table, a topic with one SQS subscriber, an on-failure queue (inside `mock_aws`)."""
    dynamodb, sns, sqs = clients()
    create_table(dynamodb, TABLE)
    topic = sns.create_topic(Name="notifications")["TopicArn"]
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("inbox", "on-failure")}
    inbox = sqs.get_queue_attributes(QueueUrl=urls["inbox"], AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox["Attributes"]["QueueArn"])
    wiring = Wiring(
        table=TABLE,
        topic_arn=topic,
        on_failure_url=urls["on-failure"],
        metrics_namespace="PriceMonitor/test",
    )
    return Stack(dynamodb=dynamodb, sns=sns, sqs=sqs, wiring=wiring, inbox_url=urls["inbox"])
