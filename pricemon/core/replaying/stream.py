"""A range of a table's stream, read again while the stream still has it (24 hours)."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

from pricemon.core.errors import GiveUp, PricemonError
from pricemon.core.messages import is_product_record
from pricemon.core.model import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pricemon.core.replaying.failures import Range, Record, Window

_EMPTY_PAGES = 50
"""A page may be empty although more is to come; so many in a row are not a gap any more."""


class Gone(Exception):
    """The stream has the range no more: it was trimmed, or the table was made anew."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window = window


def changes(streams: Any, wanted: Range) -> list[Record]:
    """The changes of product rows in the range, as the processor is given them.

    `streams` is a boto3 `dynamodbstreams` client. Raises `Gone`, `GiveUp(bad_message)` for a range
    of no stream, and `PricemonError` if the stream never came to the range's end; other errors of
    AWS pass through.
    """
    try:
        return [record for record in _records(streams, wanted) if _is_change(record)]
    except (
        streams.exceptions.ResourceNotFoundException,
        streams.exceptions.TrimmedDataAccessException,
    ) as error:
        raise Gone(wanted.window) from error
    except ParamValidationError as error:
        raise GiveUp(Reason.BAD_MESSAGE, str(error)) from error
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        raise GiveUp(Reason.BAD_MESSAGE, str(error)) from error


def _is_change(record: Record) -> bool:
    """What the mapping's filter lets through: rows of products that were written again."""
    return record.get("eventName") == "MODIFY" and is_product_record(record)


def _records(streams: Any, wanted: Range) -> Iterator[Record]:
    iterator = streams.get_shard_iterator(
        StreamArn=wanted.stream_arn,
        ShardId=wanted.shard_id,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=wanted.first,
    )["ShardIterator"]
    last, empty = int(wanted.last), 0
    while iterator and empty < _EMPTY_PAGES:
        page = streams.get_records(ShardIterator=iterator)
        for found in page["Records"]:
            if int(found["dynamodb"]["SequenceNumber"]) > last:
                return
            yield {**_plain(found), "eventSourceARN": wanted.stream_arn}
            if int(found["dynamodb"]["SequenceNumber"]) == last:
                return
        empty = 0 if page["Records"] else empty + 1
        iterator = page.get("NextShardIterator")
    if iterator:
        raise PricemonError(
            f"the stream did not come to {wanted.last} in shard {wanted.shard_id}",
            hint="run the same command again",
        )


def _plain(value: Any) -> Any:
    """What boto3 made of the answer, in JSON's types again, as Lambda's events have them."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.timestamp()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
