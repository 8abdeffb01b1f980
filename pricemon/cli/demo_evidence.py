"""What the demo is judged by: alerts from a subscriber of the topic, failures from the queue."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from pricemon.cli import demo_report
from pricemon.core import dead_letters
from pricemon.core.alerts import parse

if TYPE_CHECKING:
    from pricemon.cli.context import Context
    from pricemon.cli.demo_report import Sweep
    from pricemon.core.model import Alert
    from pricemon.local.shop_prices import TrueDrop

SUBSCRIBER = "pricemon-demo-subscriber"
"""The queue that is subscribed to the topic."""
_PATIENCE = 60.0
"""Seconds without any new alert after which those still missing are called missed."""
_QUIET = 4.0
"""Seconds without any further alert, once all are there, after which there is none."""


class Watcher(Protocol):
    """Who is told how far the demo is."""

    def step(self, text: str) -> None:
        """A step begins."""

    def progress(self, ended: int, total: int | None, note: str) -> None:
        """How far the step is."""

    def done(self, text: str) -> None:
        """The step ended, thus."""


def subscribe(mine: Context, queue: str) -> None:
    """Make the subscriber's queue, by its ARN; the config's subscription does the rest in `up`."""
    topic = mine.aws.arn("sns", mine.names.topic)
    mine.aws.client("sqs").create_queue(
        QueueName=SUBSCRIBER, Attributes={"Policy": json.dumps(_let_topic_send(topic, queue))}
    )


def alerts(mine: Context, due: Mapping[str, TrueDrop], watcher: Watcher) -> demo_report.Comparison:
    """The alerts that the topic delivers, beside the true drops."""
    watcher.step("collecting the alerts from the subscribed queue")

    def enough(received: list[Alert]) -> bool:
        watcher.progress(len(received), len(due), "")
        return due.keys() <= {alert.product_id for alert in received}

    received = receive_alerts(mine.aws.client("sqs"), mine.queue_url(SUBSCRIBER), enough=enough)
    comparison = demo_report.compare(due, received)
    watcher.done(f"alerts: {len(received):,} delivered by the topic to its subscriber")
    return comparison


def failures(
    mine: Context, runs: Iterable[tuple[Sweep, Mapping[str, str]]], watcher: Watcher
) -> demo_report.Failures:
    """What the dead-letter queue says of each sweep's failed jobs."""
    watcher.step("reading the dead-letter queue")
    letters = dead_letters.letters(mine.aws.client("sqs"), mine.queue_url(mine.names.dlq))
    watcher.done(f"dead-letter queue: {len(letters):,} failed jobs, each with its reason")
    return demo_report.account(runs, letters)


def receive_alerts(
    sqs: Any, queue_url: str, *, enough: Callable[[list[Alert]], bool]
) -> list[Alert]:
    """What the topic delivers to the subscribed queue, until it is `enough` and quiet."""
    received: list[Alert] = []
    latest = time.monotonic()
    while time.monotonic() - latest < (_QUIET if enough(received) else _PATIENCE):
        answer = sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=300
        )
        messages = answer.get("Messages", [])
        for message in messages:
            body = json.loads(message["Body"])
            received += [parse(one) for one in body.get("alerts", [body])]
        if messages:
            latest = time.monotonic()
            entries = [
                {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)
    return received


def _let_topic_send(topic: str, queue: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
        ],
    }
