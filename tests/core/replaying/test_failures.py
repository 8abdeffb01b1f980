"""What a message of the on-failure queue stands for: a record, a range, a time, or nothing."""

import pytest

from lambda_src.stream_processor import rejects
from pricemon.core.errors import GiveUp
from pricemon.core.replaying import failures
from pricemon.core.replaying.failures import Range, Window
from tests.core.replaying.replay_kit import letter
from tests.lambda_src.processor_kit import NOW, sequence

BATCH: dict = {
    "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 6},
    "responseContext": {"functionError": "Unhandled"},
    "version": "1.0",
    "DDBStreamBatchInfo": {
        "shardId": "shardId-1",
        "startSequenceNumber": "800000000003126276362",
        "endSequenceNumber": "800000000003126276999",
        "approximateArrivalOfFirstRecord": "2027-01-15T08:00:00Z",
        "approximateArrivalOfLastRecord": "2027-01-15T08:00:07Z",
        "batchSize": 25,
        "streamArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/label",
    },
}
"""As Lambda's guide shows it."""


class Outbox:
    """Keeps what is sent to a queue, as a letter."""

    def send_message(self, **sent):
        said = {name: value["StringValue"] for name, value in sent["MessageAttributes"].items()}
        self.letter = letter(sent["MessageBody"], **said)


def put_away(record):
    """The letter that the processor makes of a record that it can't process."""
    outbox = Outbox()
    rejects.send(outbox, "url", record, GiveUp("bad_message", "why"), failed_at=NOW)
    return outbox.letter


def test_a_record_that_the_processor_put_away_is_itself():
    (record,) = sequence(["100"])
    found = put_away(record)
    assert failures.parse(found) == record
    assert (found.product_id, found.retailer, found.reason) == ("p1", "shop-a", "bad_message")
    assert failures.name_of(found) == failures.name(record) == ("p1", f"{1:021d}")


def test_a_record_too_large_for_the_queue_is_known_by_product_and_time():
    (record,) = sequence(["100"], title="x" * 300_000)
    assert failures.parse(put_away(record)) == Window(since=NOW, until=NOW, product_id="p1")


def test_a_batch_that_lambda_gave_up_is_a_range():
    found = letter(BATCH)
    assert failures.parse(found) == Range(
        stream_arn="arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/label",
        shard_id="shardId-1",
        first="800000000003126276362",
        last="800000000003126276999",
        window=Window(since=1_800_000_000_000, until=1_800_000_007_999),
    )
    assert found.reason == "RetryAttemptsExhausted"
    assert found.detail.startswith("a batch of 25 changes that arrived from 2027-01-15T08:00:00Z")


def unreadable():
    (record,) = sequence(["100"])
    record["dynamodb"]["NewImage"]["price"] = {"S": "cheap"}
    return {"record": record}


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        "{}",
        "[" * 100_000,
        {"record": None},
        {"record": {"dynamodb": 1}},
        {"DDBStreamBatchInfo": 1},
        {"DDBStreamBatchInfo": {}},
        {"DDBStreamBatchInfo": {**BATCH["DDBStreamBatchInfo"], **dict.fromkeys(
            ["approximateArrivalOfFirstRecord"], "soon")}},
        unreadable(),
    ],
)  # fmt: skip
def test_what_is_no_failure_of_the_streams_is_refused_with_a_sentence(body):
    with pytest.raises(GiveUp) as raised:
        failures.parse(letter(body))
    assert raised.value.detail
