"""The dead-letter queue on moto: looking loses nothing, redriving selects and renews."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from pricemon.core import dead_letters
from pricemon.core.errors import PricemonError


@pytest.fixture
def sqs(monkeypatch) -> Iterator:
    monkeypatch.setattr(dead_letters, "WAIT_SECONDS", 0)
    with mock_aws():
        yield boto3.client("sqs", region_name="us-east-1")


@pytest.fixture
def urls(sqs) -> tuple[str, str]:
    return tuple(sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("dlq", "jobs"))


def job(number: int, retailer: str = "shop-a") -> str:
    return json.dumps(
        {
            "action": "scrape_product",
            "product_id": f"p{number}",
            "retailer": retailer,
            "url": f"https://{retailer}.example/p{number}",
            "run_id": "old",
            "requested_at": 1,
        }
    )


def fill(sqs, url: str, count: int, retailer: str = "shop-a") -> None:
    for number in range(count):
        sqs.send_message(
            QueueUrl=url,
            MessageBody=job(number, retailer),
            MessageAttributes={
                "reason": {"DataType": "String", "StringValue": "gone"},
                "http_status": {"DataType": "String", "StringValue": "404"},
            },
        )


def bodies(sqs, url: str) -> list[str]:
    return [letter.body for letter in dead_letters.letters(sqs, url)]


def test_a_look_finds_all_with_reason_and_leaves_all(sqs, urls):
    """Two looks in a row see the same messages: looking hides nothing for longer than it lasts."""
    dlq, _ = urls
    fill(sqs, dlq, 23)
    first = dead_letters.letters(sqs, dlq)
    assert {letter.product_id for letter in first} == {f"p{n}" for n in range(23)}
    assert {(letter.reason, letter.http_status) for letter in first} == {("gone", 404)}
    assert len(dead_letters.letters(sqs, dlq)) == 23
    assert len(dead_letters.letters(sqs, dlq, limit=7)) == 7


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not json", "bad_message"),
        ("[1, 2]", "bad_message"),
        ("[" * 100_000, "bad_message"),
        ('{"product_id": "p1", "retailer": "shop-a"}', "receives_exhausted"),
    ],
)
def test_any_body_can_be_looked_at(sqs, urls, body, reason):
    """A message that our code never wrote is shown like the others."""
    dlq, _ = urls
    sqs.send_message(QueueUrl=dlq, MessageBody=body)
    (letter,) = dead_letters.letters(sqs, dlq)
    assert (letter.body, letter.reason) == (body, reason)


def test_redrive_moves_what_is_selected_and_only_that(sqs, urls):
    """Selected jobs come back as new requests; the others stay, visible."""
    dlq, jobs = urls
    fill(sqs, dlq, 12, "shop-a")
    fill(sqs, dlq, 5, "shop-b")
    moved = dead_letters.redrive(
        sqs,
        dlq,
        jobs,
        select=lambda letter: letter.matches(retailer="shop-a"),
        renew=lambda body: dead_letters.renewed(body, now=99),
    )
    assert moved == 12
    sent = [json.loads(body) for body in bodies(sqs, jobs)]
    assert {(job["retailer"], job["run_id"], job["requested_at"]) for job in sent} == {
        ("shop-a", "", 99)
    }
    assert len(sent) == 12
    assert len(bodies(sqs, dlq)) == 5


def test_redrive_stops_at_its_limit(sqs, urls):
    """`--limit` is exact, also across batches."""
    dlq, jobs = urls
    fill(sqs, dlq, 30)
    moved = dead_letters.redrive(
        sqs, dlq, jobs, select=lambda _: True, renew=lambda body: body, limit=13
    )
    assert moved == 13
    assert len(bodies(sqs, jobs)) == 13
    assert len(bodies(sqs, dlq)) == 17


def test_what_sqs_does_not_accept_stays(sqs, urls):
    """SendMessageBatch answers 200 with failures inside: those are neither deleted nor counted."""
    dlq, jobs = urls
    fill(sqs, dlq, 3)
    real = sqs.send_message_batch

    def refusing(**call):
        answer = real(QueueUrl=call["QueueUrl"], Entries=call["Entries"][:1])
        answer["Failed"] = [{"Id": e["Id"], "Code": "Throttled"} for e in call["Entries"][1:]]
        return answer

    sqs.send_message_batch = refusing
    with pytest.raises(PricemonError, match="1 messages were sent back, 2 were not accepted"):
        dead_letters.redrive(sqs, dlq, jobs, select=lambda _: True, renew=lambda body: body)
    assert len(bodies(sqs, dlq)) == 2
    assert len(bodies(sqs, jobs)) == 1


def test_a_cut_off_redrive_loses_nothing(sqs, urls):
    """Cut off between send and delete: the message is in both queues, never in none."""
    dlq, jobs = urls
    fill(sqs, dlq, 4)

    def cut(**_):
        raise KeyboardInterrupt

    sqs.delete_message_batch = cut
    with pytest.raises(KeyboardInterrupt):
        dead_letters.redrive(sqs, dlq, jobs, select=lambda _: True, renew=lambda body: body)
    assert len(bodies(sqs, dlq)) == 4
    assert len(bodies(sqs, jobs)) == 4


@pytest.mark.parametrize("body", ["not json", "[]", "{}", '"text"'])
def test_a_body_that_is_no_job_is_sent_back_as_it_was(body):
    """Redriving repairs nothing by guessing."""
    assert dead_letters.renewed(body, now=1) == body
