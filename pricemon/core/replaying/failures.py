"""What the messages of the on-failure queue stand for. Pure.

Two hands write into that queue. The stream processor puts a record that it can never process there
by itself, whole (`lambda_src/stream_processor/rejects.py`). Lambda puts batches there that it has
given up: where in the stream they were, and when they arrived, but not what was in them ("Retaining
discarded batches", Lambda's guide to DynamoDB streams).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pricemon.core.errors import GiveUp
from pricemon.core.messages import parse_stream_record
from pricemon.core.model import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pricemon.core.dead_letters import DeadLetter

Record = dict[str, Any]
"""A stream record, in the shape in which Lambda delivers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Changes that reached the stream between two times (epoch ms), of one product or of all."""

    since: int
    until: int
    product_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A part of one shard of a stream, both ends included, and when it was written."""

    stream_arn: str
    shard_id: str
    first: str
    last: str
    window: Window


def parse(letter: DeadLetter) -> Record | Range | Window:
    """What to replay: the record itself, or where it is to be had from.

    A record that was too large for the queue is known by its product and time alone. Raises
    `GiveUp(bad_message)` for a message of neither kind, and for a record that cannot be read: what
    read it then would refuse it again.
    """
    try:
        body = json.loads(letter.body)
        if isinstance(body, dict) and "DDBStreamBatchInfo" in body:
            return _range(body["DDBStreamBatchInfo"])
        record = body["record"]
        if body.get("images") == "too large":
            at = letter.failed_at or letter.sent_at
            keys = record["dynamodb"]["Keys"]
            return Window(since=at, until=at, product_id=keys["product_id"]["S"])
        parse_stream_record(record)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise GiveUp(Reason.BAD_MESSAGE, f"no failure of the stream's: {error!r}") from None
    return dict(record)


def name(record: Record) -> tuple[str, str]:
    """What tells a record from others: its product and its sequence number."""
    change = record["dynamodb"]
    return str(change["Keys"]["product_id"]["S"]), str(change.get("SequenceNumber", ""))


def name_of(letter: DeadLetter) -> tuple[str, str] | None:
    """The name of the record that a message holds, if it holds one."""
    try:
        return name(json.loads(letter.body)["record"])
    except (KeyError, RecursionError, TypeError, ValueError):
        return None


def _range(info: Mapping[str, Any]) -> Range:
    first, last = str(info["startSequenceNumber"]), str(info["endSequenceNumber"])
    int(first), int(last)  # else a `ValueError`
    return Range(
        stream_arn=str(info["streamArn"]),
        shard_id=str(info["shardId"]),
        first=first,
        last=last,
        window=Window(
            since=_milliseconds(info["approximateArrivalOfFirstRecord"]),
            # the times are whole seconds
            until=_milliseconds(info["approximateArrivalOfLastRecord"]) + 999,
        ),
    )


def _milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
