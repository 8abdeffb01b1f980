"""A range of a shard, read page by page; and the answers of a stream that has it no more."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from pricemon.core.errors import GiveUp, PricemonError
from pricemon.core.replaying import stream
from pricemon.core.replaying.failures import Range, Window
from tests.core.replaying.replay_kit import ARN, Shard
from tests.core.table_kit import client
from tests.lambda_src.processor_kit import product, reading, record, sequence


def wanted(first, last):
    window = Window(since=0, until=1)
    return Range(
        stream_arn=ARN, shard_id="s", first=f"{first:021d}", last=f"{last:021d}", window=window
    )


def test_a_range_is_read_to_its_end_and_no_further():
    records = sequence(["100", "90", "80", "70", "60", "50"])
    found = stream.changes(Shard(records), wanted(2, 5))
    assert [each["dynamodb"] for each in found] == [each["dynamodb"] for each in records[1:5]]
    assert {each["eventSourceARN"] for each in found} == {ARN}


def test_only_what_the_mappings_filter_lets_through_is_a_change():
    new = record(None, product(known=reading("1", 5)), 1)
    observation = {**record(None, product("p2"), 2), "eventName": "MODIFY"}
    observation["dynamodb"]["Keys"]["timestamp"] = {"N": "5"}
    (changed,) = sequence(["100"], start=3)
    removed = record(product(), None, 4)
    found = stream.changes(Shard([new, observation, changed, removed]), wanted(1, 4))
    assert [each["dynamodb"] for each in found] == [changed["dynamodb"]]


def test_times_and_bytes_are_as_lambda_gives_them():
    (changed,) = sequence(["100"])
    at = datetime(2027, 1, 15, 8, tzinfo=UTC)
    changed["dynamodb"]["ApproximateCreationDateTime"] = at
    changed["dynamodb"]["NewImage"]["picture"] = {"L": [{"B": b"\x00\xff"}]}
    (found,) = stream.changes(Shard([changed]), wanted(1, 1))
    assert found["dynamodb"]["ApproximateCreationDateTime"] == at.timestamp()
    assert found["dynamodb"]["NewImage"]["picture"] == {"L": [{"B": "AP8="}]}


@pytest.mark.parametrize("code", ["TrimmedDataAccessException", "ResourceNotFoundException"])
def test_trimmed_or_made_anew_it_is_gone(code):
    with pytest.raises(stream.Gone):
        stream.changes(Shard([], refusal=code), wanted(1, 2))


def test_a_range_of_no_stream_is_refused():
    """By boto3 before it asks, or by DynamoDB."""
    never_asked = client("dynamodbstreams")
    with pytest.raises(GiveUp, match="Invalid length for parameter"):
        stream.changes(never_asked, wanted(1, 2))
    error = {"Error": {"Code": "ValidationException", "Message": "of another account"}}

    class Refusing(Shard):
        def get_shard_iterator(self, **_):
            raise ClientError(error, "GetShardIterator")

    with pytest.raises(GiveUp, match="of another account"):
        stream.changes(Refusing([]), wanted(1, 2))
    error["Error"]["Code"] = "AccessDeniedException"
    with pytest.raises(ClientError, match="AccessDenied"):
        stream.changes(Refusing([]), wanted(1, 2))


def test_a_closed_shard_ends_before_the_range_does():
    records = sequence(["100", "90"])
    assert len(stream.changes(Shard(records), wanted(1, 9))) == 2


def test_an_open_shard_that_never_comes_to_the_end_is_given_up():
    with pytest.raises(PricemonError, match="did not come to"):
        stream.changes(Shard(sequence(["100"]), closed=False), wanted(1, 9))
