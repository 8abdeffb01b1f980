"""The notifier's batch: who is told, what comes again and when, what dies, and with which words."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from lambda_src.notifier.notifier import LONGEST, RESERVE, UNDELIVERED, Notifier
from pricemon.core.dead_letters import parse
from tests.lambda_src.notifier_kit import BODY, Sqs, record

if TYPE_CHECKING:
    from pricemon.core.alerting.notes import Note

QUEUE, DLQ = "https://sqs/queue", "https://sqs/dlq"
ONE = json.dumps({**json.loads(BODY), "channel": "/slack"})


@dataclass
class Chat:
    """A channel that takes what it is told, unless it has a problem."""

    name: str
    problem: str | None = None
    told: list[Note] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def tell(self, note: Note, *, timeout: float) -> str | None:
        self.timeouts.append(timeout)
        if self.problem is None:
            self.told.append(note)
        return self.problem


@pytest.fixture
def sqs():
    return Sqs()


@pytest.fixture
def deliver(sqs):
    """Deliver records to chats; `remaining` seconds, three attempts."""

    def run(chats: list[Chat], *records: dict[str, Any], remaining: float = 60.0) -> list[str]:
        notifier = Notifier(
            chats,  # type: ignore[arg-type]  # chats behave as channels do
            sqs=sqs,
            queue_url=QUEUE,
            dlq_url=DLQ,
            attempts=3,
            locale="en",
            logger=logging.getLogger("notifier"),
            clock=lambda: 1_732_233_600_000,
            jitter=lambda: 1.0,
        )
        return notifier.deliver(records, lambda: remaining)

    return run


def test_every_channel_is_told_every_alert_in_order(deliver, sqs):
    chats = [Chat("/slack"), Chat("/phone")]
    other = BODY.replace("Sony", "Bose")
    assert deliver(chats, record(), record(other, message_id="m2")) == []
    for chat in chats:
        assert [note.title.split(" · ")[1][:4] for note in chat.told] == ["Sony", "Bose"]
    assert sqs.calls == []


def test_a_channel_that_fails_gets_a_message_of_its_own_and_the_others_are_not_told_twice(
    deliver, sqs
):
    slack, phone = Chat("/slack"), Chat("/phone", problem="503")
    assert deliver([slack, phone], record()) == []
    (again,) = sqs.sent(QUEUE)
    assert again["DelaySeconds"] == 20
    phone.problem = None
    assert deliver([slack, phone], record(again["MessageBody"])) == []
    assert (len(slack.told), len(phone.told)) == (1, 1)


def test_the_message_of_one_channel_is_shown_again_ever_later(deliver, sqs):
    slack = Chat("/slack", problem="503")
    assert deliver([slack], record(receives=1)) == ["m1"]
    assert deliver([slack], record(receives=2)) == ["m1"]
    shown = [p for o, p in sqs.calls if o == "change_message_visibility"]
    assert [(p["ReceiptHandle"], p["VisibilityTimeout"]) for p in shown] == [
        ("handle-m1", 20),
        ("handle-m1", 40),
    ]
    assert sqs.sent(DLQ) == []


@pytest.mark.parametrize("body", [BODY, ONE])
def test_after_its_attempts_it_is_a_dead_letter_that_says_why(deliver, sqs, body):
    assert deliver([Chat("/slack", problem="503")], record(body, receives=3)) == []
    (sent,) = sqs.sent(DLQ)
    letter = parse(
        {
            "MessageId": "d1",
            "ReceiptHandle": "h",
            "Body": sent["MessageBody"],
            "MessageAttributes": sent["MessageAttributes"],
        }
    )
    assert (letter.reason, letter.detail) == (UNDELIVERED, "/slack: 503")
    assert (letter.product_id, letter.retailer) == ("sony-xm5", "shop-a")
    assert letter.failed_at == 1_732_233_600_000


def test_a_dead_letter_sent_back_is_told_to_its_channel_alone(deliver, sqs):
    slack, phone = Chat("/slack", problem="503"), Chat("/phone")
    deliver([slack, phone], record(ONE, receives=3))
    (letter,) = sqs.sent(DLQ)
    slack.problem = None
    assert deliver([slack, phone], record(letter["MessageBody"])) == []
    assert (len(slack.told), len(phone.told)) == (1, 0)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("hello", "not a message of the topic"),
        (json.dumps({**json.loads(BODY), "channel": "/gone"}), "no channel /gone any more"),
        (json.dumps({**json.loads(BODY), "channel": 3}), "no channel 3 any more"),
    ],
)
def test_what_can_never_be_told_dies_alone(deliver, sqs, body, detail):
    slack = Chat("/slack")
    assert deliver([slack], record(body, message_id="bad"), record()) == []
    (sent,) = sqs.sent(DLQ)
    assert sent["MessageBody"] == body
    assert sent["MessageAttributes"]["reason"]["StringValue"] == "bad_message"
    assert detail in sent["MessageAttributes"]["detail"]["StringValue"]
    assert len(slack.told) == 1


def test_what_finds_no_time_is_not_begun_and_comes_again(deliver, sqs):
    slack = Chat("/slack")
    assert deliver([slack], record(), remaining=RESERVE) == ["m1"]
    assert slack.timeouts == []
    deliver([slack], record(), remaining=RESERVE + 5)
    deliver([slack], record(), remaining=900)
    assert slack.timeouts == [5, LONGEST]


@pytest.mark.parametrize(
    ("operation", "body", "receives", "chats"),
    [
        ("send_message", BODY, 1, 2),
        ("send_message", ONE, 3, 2),
        ("send_message", "hello", 1, 2),
        ("change_message_visibility", ONE, 1, 2),
    ],
)
def test_nothing_is_lost_where_sqs_fails(deliver, sqs, operation, body, receives, chats):
    """What could not be settled comes again when its visibility timeout ends."""
    sqs.failing = {operation}
    failing = [Chat("/slack", problem="503"), Chat("/phone", problem="503")][:chats]
    assert deliver(failing, record(body, receives=receives)) == ["m1"]


def test_no_records_cost_nothing(deliver, sqs):
    assert deliver([Chat("/slack")]) == []
    assert sqs.calls == []
