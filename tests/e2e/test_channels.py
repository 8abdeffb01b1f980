"""Who hears of an alert, on the embedded AWS with IAM enforced: filters, and the real notifier."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pricemon.core import alerts
from pricemon.core.dead_letters import letters
from pricemon.core.model import AlertKind
from tests.lambda_src.notifier_kit import ALERT, receiver

pytestmark = pytest.mark.e2e

FILTERS: dict[str, dict[str, Any]] = {
    "everything": {},
    "targets": {"kinds": ["below"]},
    "shop-b": {"retailers": ["shop-b"]},
    "audio": {"tags": ["audio"]},
    "great": {"min_percent": 15},
    "great-audio": {"tags": ["audio"], "min_percent": 15},
}
ALERTS = {
    "fall-20": replace(ALERT, change_percent=Decimal(-20), tags=("audio", "new")),
    "fall-11": replace(ALERT, change_percent=Decimal("-11.5"), tags=("audio",)),
    "rise-15": replace(ALERT, kind=AlertKind.RISE_PERCENT, change_percent=Decimal(15)),
    "below": replace(ALERT, kind=AlertKind.BELOW, change_percent=None, retailer="shop-b"),
    "both": replace(ALERT, also=(AlertKind.BELOW,), change_percent=Decimal(-3)),
}
HEARD = {
    "everything": {*ALERTS},
    "targets": {"below", "both"},
    "shop-b": {"below"},
    "audio": {"fall-20", "fall-11"},
    "great": {"fall-20", "rise-15"},
    "great-audio": {"fall-20"},
}


class Shops:
    """Two shops that nobody asks."""

    @staticmethod
    def retailers():
        return {name: {"hosts": [f"{name}.test"]} for name in ("shop-a", "shop-b")}


@pytest.fixture
def subscribed(aws):
    """The subscriptions of `FILTERS`, each with a queue of its name."""
    prefix = f"arn:aws:sqs:{aws.region}:{aws.account}:"
    return [
        {"protocol": "sqs", "endpoint": prefix + name, "raw": True, **chosen}
        for name, chosen in FILTERS.items()
    ]


@pytest.fixture
def chat():
    """A service with a channel that works and one that does not."""
    with receiver() as running:
        running.refusing = {"/s3cret-broken"}
        yield running


def make_queues(pricemon):
    """The queues of `FILTERS`, which the topic may send to; their URLs."""
    sqs = pricemon.client("sqs")
    made = {}
    for name in FILTERS:
        made[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{pricemon.endpoint.region}:{pricemon.endpoint.account}:{name}"
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        sqs.set_queue_attributes(QueueUrl=made[name], Attributes={"Policy": policy})
    return made


def publish(pricemon, *found):
    """Send alerts as the stream processor does, to the stack's topic."""
    topic = f"arn:aws:sns:{pricemon.endpoint.region}:{pricemon.endpoint.account}:"
    entries = [alerts.message(alert).entry(str(number)) for number, alert in enumerate(found)]
    pricemon.client("sns").publish_batch(
        TopicArn=topic + "price-monitor-notifications-local", PublishBatchRequestEntries=entries
    )


def received(sqs, url):
    """The ids of the alerts in a queue, which is empty after."""
    found = set()
    while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found |= {json.loads(message["Body"])["alert_id"] for message in got}
        for message in got:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def eventually(found, seconds=60.0):
    """What `found` gives as soon as it gives something true. For what others do in their time."""
    end = time.monotonic() + seconds
    while not (got := found()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return got


def test_everyone_hears_of_what_their_filter_names(desk, subscribed, chat):
    """Queues, and chats by the function's real zip; then one changes, one leaves, chats end."""
    urls = ["ssm:/pricemon/chat", "ssm:/pricemon/broken"]
    notifier = {"enabled": True, "urls": urls, "kinds": ["drop_percent"], "attempts": 1}
    pricemon = desk(Shops, subscriptions=subscribed, notifier=notifier)
    queues = make_queues(pricemon)
    for url in urls:
        pricemon("notifier", "set", url, stdin=chat.url(f"/s3cret-{url.rpartition('/')[2]}"))
    made = pricemon("up")["created"]
    again = pricemon("up")
    assert (again["created"], again["updated"], again["deleted"]) == ([], [], [])

    publish(pricemon, *(replace(alert, alert_id=name) for name, alert in ALERTS.items()))
    sqs = pricemon.client("sqs")
    assert {name: received(sqs, url) for name, url in queues.items()} == HEARD
    falls = eventually(lambda: len(chat.told) >= 3 and chat.titles("/s3cret-chat"))
    assert sorted(title.partition(" ")[0] for title in falls) == ["−12", "−20", "−3"]
    one_channel_fails_and_says_why(pricemon)
    assert len(chat.told) == 3

    subscribed[1]["kinds"] = ["rise_percent"]
    left_out = subscribed.pop()["endpoint"].rpartition(":")[2]
    changed = desk(Shops, subscriptions=subscribed, notifier={**notifier, "enabled": False})("up")
    assert f"subscription/sqs:{subscribed[1]['endpoint']}" in changed["updated"]
    assert {*changed["deleted"]} == {each for each in made if "notifier" in each}
    publish(pricemon, *(replace(alert, alert_id=name) for name, alert in ALERTS.items()))
    assert received(sqs, queues["targets"]) == {"rise-15"}
    assert received(sqs, queues[left_out]) == set()
    pricemon("down", "--yes")


def one_channel_fails_and_says_why(pricemon):
    """Its message is a dead letter after its attempts, and its secret is nowhere."""
    sqs = pricemon.client("sqs")
    queue = sqs.get_queue_url(QueueName="price-monitor-notifier-local")["QueueUrl"]
    dlq = sqs.get_queue_url(QueueName="price-monitor-notifier-dlq-local")["QueueUrl"]
    body = json.dumps({**alerts.document(ALERT), "channel": "/pricemon/broken"})
    sqs.send_message(QueueUrl=queue, MessageBody=body)
    (letter, *_) = eventually(lambda: letters(sqs, dlq))
    assert (letter.product_id, letter.reason) == (ALERT.product_id, "undelivered")
    assert letter.detail is not None
    assert letter.detail.startswith("/pricemon/broken: ")
    assert "503" in letter.detail
    group = "/aws/lambda/price-notifier-local"
    events = pricemon.client("logs").filter_log_events(logGroupName=group)["events"]
    logged = "".join(event["message"] for event in events)
    assert "a channel was not told" in logged
    assert "s3cret" not in logged + letter.detail
