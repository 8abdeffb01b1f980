"""The functions' roles: what the code calls is what they are granted, no more and no less.

Each function runs here through everything it does, in moto, and its calls are noted. Then a user
of the embedded AWS with exactly the role's policy makes the same calls: each is let through, and
refused as soon as its one action is taken away.
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambda_src.notifier.notifier import Notifier
from pricemon.cloud import policy
from pricemon.core import messages
from pricemon.core.messages import FanOut
from pricemon.core.settings import AlertRules
from tests.cloud.policy_kit import Call, Person, as_root, embedded_aws
from tests.core.table_kit import BUCKET, CREDENTIALS, REGION, TABLE
from tests.lambda_src import processor_kit, scraper_kit
from tests.lambda_src.notifier_kit import BODY, Sqs
from tests.lambda_src.notifier_kit import record as notified
from tests.lambda_src.processor_kit import SETTINGS, build, record, sequence
from tests.lambda_src.scraper_kit import Kit, page, scraper

POLLING_A_QUEUE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
FOLLOWING_A_STREAM = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}
LOGGING = {"logs:CreateLogStream", "logs:PutLogEvents"}
"""What Lambda itself does with the role (Lambda's guide: "Configuring an SQS queue as an event
source", "Process DynamoDB records", "Execution role")."""

BY_OPERATION = {
    "ChangeMessageVisibilityBatch": ["ChangeMessageVisibility"],
    "PublishBatch": ["Publish"],
    "SendMessageBatch": ["SendMessage"],
}
"""Operations whose IAM action is called otherwise; a transaction's are those of its members."""

IN_TRANSACTION = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}

PAGES: dict[str, Any] = {
    "failing": (503, {}, b""),
    "gone": (404, {}, b""),
    "good": page("10.00"),
    "strange": page("10.00"),
    "unreadable": (200, {"Content-Type": "text/html"}, b"<html><body>hi</body></html>"),
}

Grant = tuple[str, str]
"""An action, and which of the role's resources it was called on."""

Calls = dict[Grant, Call]


@contextmanager
def noted(*clients: Any) -> Iterator[Calls]:
    """The actions called through the clients, each with its object and one such call."""
    calls: Calls = {}

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        service = model.service_model.service_name
        names = BY_OPERATION.get(model.name, [model.name])
        if model.name == "TransactWriteItems":
            names = [IN_TRANSACTION[kind] for item in params["TransactItems"] for kind in item]
        call = (service, model.name, copy.deepcopy(params))
        for name in names:
            calls.setdefault((f"{service}:{name}", _target(params)), call)

    for client in clients:
        client.meta.events.register("provide-client-params", note, unique_id="noted")
    try:
        yield calls
    finally:
        for client in clients:
            client.meta.events.unregister("provide-client-params", unique_id="noted")


def _target(params: dict[str, Any]) -> str:
    """What a call is about, as one of the roles' resources."""
    if "IndexName" in params:
        return "index"
    if "Key" in params and "Bucket" in params:
        return str(params["Key"].partition("/")[0])
    return str(params.get("QueueUrl", "")).rpartition("/")[2]


def _granted(document: dict[str, Any], *sids: str) -> set[str]:
    """The actions of the statements."""
    return {a for s in document["Statement"] if s["Sid"] in sids for a in s["Action"]}


def _work(kit: Kit, lambda_itself: Any, *, receives: int) -> None:
    """A sweep: the fan-out, then each product's job, delivered with a handle that can be used."""
    at = int(kit.now) * 1000
    request = FanOut(timestamp=at, run_id=f"run-{at}")
    kit.run(messages.fan_out_body(request))
    kit.run(messages.fan_out_body(replace(request, run_id="", product_ids=("good",))))
    url = kit.worker.wiring.queue_url
    for product_id in PAGES:
        body = messages.job_body(kit.job(product_id, at, request.run_id))
        lambda_itself.send_message(QueueUrl=url, MessageBody=body)
    found = lambda_itself.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    records = [
        scraper_kit.record(m["Body"], number=number, receives=receives)
        | {"receiptHandle": m["ReceiptHandle"]}
        for number, m in enumerate(found)
    ]
    kit.worker.process(records, remaining_millis=60_000, request_id="request-1")


@pytest.fixture(scope="module")
def scraped() -> Calls:
    """What the scraper calls: sweeps with good, gone, unreadable, failing and strange pages."""
    with scraper() as kit:
        kit.shop.pages |= {f"/{name}": answer for name, answer in PAGES.items()}
        kit.add(*PAGES)
        lambda_itself = boto3.client("sqs", region_name=REGION, **CREDENTIALS)
        with noted(kit.worker.dynamodb, kit.worker.s3, kit.worker.sqs) as calls:
            _work(kit, lambda_itself, receives=1)
            kit.shop.pages["/strange"] = page("0.10")
            kit.now += 3600
            _work(kit, lambda_itself, receives=99)
    return calls


@pytest.fixture(scope="module")
def processed() -> Calls:
    """What the processor calls: alerts, quiet hours, a digest, a group, poison."""
    with mock_aws():
        stack = build()
        with noted(stack.dynamodb, stack.sns, stack.sqs) as calls:
            stack.put_history("p1", {processor_kit.NOW - 1000: "100"})
            calls.clear()  # that was the test's own
            every = AlertRules(
                drop_percent=Decimal(10),
                lowest_in_days=30,
                lowest_in_group=True,
                cooldown=3600,
            )
            stack.settings = replace(SETTINGS, alerts=every, max_alerts_per_run=1)
            stack.process(sequence(["100", "80"]))
            stack.process(sequence(["100", "80"], "p2", group="phones"))
            stack.process(sequence(["100", "70"], "p3", group="phones"))
            quiet = replace(every, quiet_hours="00:00-23:59 UTC")
            stack.settings = replace(SETTINGS, alerts=quiet)
            stack.process(sequence(["100", "60"], "p4"))
            stack.now += 24 * processor_kit.HOUR
            stack.settings = replace(SETTINGS, alerts=every)
            stack.worker().deliver_due(lambda: 60.0)
            poison = record(processor_kit.product(), processor_kit.product(), 7)
            poison["dynamodb"]["NewImage"]["known"] = {"N": "1"}
            poison["dynamodb"]["NewImage"]["observed_at"] = {"S": "never"}
            stack.process([poison])
    return calls


def test_the_scraper_is_granted_what_it_calls(scraped):
    role = policy.scraper(table="t", index="i", bucket="b", queue="q", dlq="d", log_group="l")
    of_table = {
        action for action, on in scraped if action.startswith("dynamodb:") and on != "index"
    }
    assert _granted(role, "Table") == of_table
    assert _granted(role, "Catalogue") == {action for action, on in scraped if on == "index"}
    assert {on for action, on in scraped if action == "s3:PutObject"} == {"prices", "failures"}
    assert _granted(role, "Archive") == {a for a, _ in scraped if a.startswith("s3:")}
    assert _granted(role, "Jobs") == {a for a, on in scraped if on == "scraping"} | POLLING_A_QUEUE
    assert _granted(role, "DeadLetters") == {action for action, on in scraped if on == "dlq"}
    assert _granted(role, "Logs") == LOGGING


def test_the_stream_processor_is_granted_what_it_calls(processed):
    role = policy.stream_processor(table="t", stream="s", topic="n", on_failure="f", log_group="l")
    assert _granted(role, "AlertState") == {a for a, _ in processed if a.startswith("dynamodb:")}
    assert _granted(role, "Alerts") == {a for a, _ in processed if a.startswith("sns:")}
    assert _granted(role, "OnFailure") == {a for a, _ in processed if a.startswith("sqs:")}
    assert _granted(role, "Stream", "StreamListing") == FOLLOWING_A_STREAM
    assert _granted(role, "Logs") == LOGGING


def test_the_notifier_is_granted_what_it_calls():
    """Everything it can do with one message: a channel missed, both missed, attempts used up."""
    sqs = Sqs()

    class Deaf:
        """A channel that takes nothing; a real one reads its parameter first."""

        def __init__(self, name):
            self.name = name

        @staticmethod
        def tell(*_: object, **__: object) -> str:
            return "503"

    notifier = Notifier(
        [Deaf("/a"), Deaf("/b")],  # type: ignore[list-item]
        sqs=sqs,
        queue_url="queue",
        dlq_url="dlq",
        attempts=2,
        locale="en",
        logger=logging.getLogger("notifier"),
        clock=lambda: 0,
    )
    one = json.dumps({**json.loads(BODY), "channel": "/a"})
    bodies = {BODY: 1, one: 1, one + " ": 2, "?": 1}
    batch = [notified(body, message_id=body, receives=count) for body, count in bodies.items()]
    notifier.deliver(batch, lambda: 60.0)
    called = {
        ("sqs:" + operation.title().replace("_", ""), parameters["QueueUrl"])
        for operation, parameters in sqs.calls
    }
    role = policy.notifier(queue="q", dlq="d", log_group="l", parameters=["p"])
    assert _granted(role, "Alerts") == {a for a, on in called if on == "queue"} | POLLING_A_QUEUE
    assert _granted(role, "DeadLetters") == {a for a, on in called if on == "dlq"}
    assert _granted(role, "Secrets") == {"ssm:GetParameter"}
    assert _granted(role, "Logs") == LOGGING


def test_the_schedules_are_granted_their_one_call_each():
    role = policy.scheduler(queue="q", processor="p")
    assert [(s["Action"], s["Resource"]) for s in role["Statement"]] == [
        (["sqs:SendMessage"], ["q"]),
        (["lambda:InvokeFunction"], ["p"]),
    ]


ON = {
    "scraper": {
        "Table": {""},
        "Catalogue": {"index"},
        "Archive": {"prices", "failures"},
        "Jobs": {"scraping"},
        "DeadLetters": {"dlq"},
    },
    "stream-processor": {"AlertState": {""}, "Alerts": {""}, "OnFailure": {"on-failure"}},
}
"""By role and statement, what its calls are called on."""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with embedded_aws(tmp_path_factory.mktemp("iam")) as endpoint:
        as_root(endpoint).client("s3").create_bucket(Bucket=BUCKET)  # else it is missed first
        yield endpoint


def _role(name: str, calls: Calls) -> dict[str, Any]:
    """The role's policy, on the resources that moto's calls were about."""
    here = "us-east-1:000000000000"  # of the embedded AWS
    table = f"arn:aws:dynamodb:{here}:table/{TABLE}"
    queues = "arn:aws:sqs:us-east-1:123456789012:"  # the queues' URLs name moto's account
    if name == "scraper":
        return policy.scraper(
            table=table,
            index=f"{table}/index/retailer-index",
            bucket=f"arn:aws:s3:::{BUCKET}",
            queue=queues + "scraping",
            dlq=queues + "dlq",
            log_group="arn:aws:logs:::l",
        )
    (topic,) = {params["TopicArn"] for _, _, params in calls.values() if "TopicArn" in params}
    return policy.stream_processor(
        table=table,
        stream=f"{table}/stream/*",
        topic=topic,
        on_failure=queues + "on-failure",
        log_group="arn:aws:logs:::l",
    )


@pytest.mark.e2e
@pytest.mark.parametrize("name", list(ON))
def test_without_any_one_action_its_calls_are_refused(name, endpoint, scraped, processed):
    calls = scraped if name == "scraper" else processed
    person = Person(endpoint, _role(name, calls))
    assert [grant for grant, call in calls.items() if person.is_refused(*call)] == []
    noticed = set()
    for sid, on in ON[name].items():
        for action in _granted(person.document, sid) - POLLING_A_QUEUE:
            person.without(action, sid)
            needing = [call for grant, call in calls.items() if grant in {(action, o) for o in on}]
            if needing and all(person.is_refused(*call) for call in needing):
                noticed.add((sid, action))
    assert noticed == {
        (sid, action)
        for sid in ON[name]
        for action in _granted(person.document, sid) - POLLING_A_QUEUE
    }
