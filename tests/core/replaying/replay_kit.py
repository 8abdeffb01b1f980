"""A message of the on-failure queue, and a shard that gives its records page by page."""

from __future__ import annotations

import json

from pricemon.core import dead_letters
from tests.core.table_kit import client

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/t/stream/l"


class Shard:
    """A shard that gives its records in pages of two, with empty pages between them."""

    exceptions = client("dynamodbstreams").exceptions

    def __init__(self, records, *, refusal=None, closed=True):
        self.records = records
        self.refusal = refusal
        self.closed = closed

    def get_shard_iterator(self, **asked):
        if self.refusal:
            error = getattr(self.exceptions, self.refusal)
            raise error({"Error": {"Code": self.refusal, "Message": "gone"}}, "GetShardIterator")
        assert asked["ShardIteratorType"] == "AT_SEQUENCE_NUMBER"
        assert (asked["StreamArn"], asked["ShardId"]) == (ARN, "s")
        numbers = [each["dynamodb"]["SequenceNumber"] for each in self.records]
        return {"ShardIterator": f"{numbers.index(asked['SequenceNumber'])}."}

    def get_records(self, *, ShardIterator):  # noqa: N803 - boto3's own
        place, _, turn = ShardIterator.partition(".")
        start = int(place)
        if turn == "full":
            page, following = self.records[start : start + 2], f"{start + 2}."
        else:
            page, following = [], f"{start}.full"
        if start >= len(self.records):
            return {"Records": [], **({} if self.closed else {"NextShardIterator": ShardIterator})}
        return {"Records": page, "NextShardIterator": following}


def letter(body, **attributes):
    return dead_letters.parse(
        {
            "MessageId": "m1",
            "ReceiptHandle": "r1",
            "Body": body if isinstance(body, str) else json.dumps(body),
            "Attributes": {"SentTimestamp": "1800000000000", "ApproximateReceiveCount": "1"},
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        }
    )
