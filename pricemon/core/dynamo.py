"""Calls of one DynamoDB table, followed to their end.

Every read follows its pages and its unprocessed keys, every batch write its unprocessed items.
What DynamoDB still turns away after `ATTEMPTS` tries raises `Throttled`; other errors of AWS pass
through as botocore raises them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from pricemon.core import backoff
from pricemon.core.errors import PricemonError

if TYPE_CHECKING:
    from pricemon.core.attributes import Item

ATTEMPTS = 8
"""Tries of one batch call before `Throttled`: with full jitter, some 12 s of waiting at most."""
GET_LIMIT, WRITE_LIMIT, TRANSACT_LIMIT = 100, 25, 100
"""Most items in one BatchGetItem, BatchWriteItem, TransactWriteItems."""
PARALLEL_CALLS = 4

TRANSIENT = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Codes that heal by themselves: of errors, and of a cancelled transaction's reasons."""

_T = TypeVar("_T")


class Throttled(PricemonError):
    """DynamoDB kept turning requests away; the same call may succeed later."""


class Rows:
    """The rows of the table `name`, through a boto3 client. Safe to share by threads."""

    def __init__(
        self, client: Any, name: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.client = client
        self.name = name
        self._sleep = sleep

    def get_item(self, item_key: Item) -> Item | None:
        """One row, consistently read."""
        reply = self.client.get_item(TableName=self.name, Key=item_key, ConsistentRead=True)
        item: Item | None = reply.get("Item")
        return item

    def get_items(self, keys: Iterable[Item]) -> Iterator[Item]:
        """Those of the rows that exist, in no order, consistently read; each key once."""
        unique = {(k["product_id"]["S"], k["timestamp"]["N"]): k for k in keys}
        for chunk in chunks(unique.values(), GET_LIMIT):
            waiting: list[Item] = chunk
            for attempt in range(ATTEMPTS):
                request = {self.name: {"Keys": waiting, "ConsistentRead": True}}
                reply = self._unless_throttled(self.client.batch_get_item, RequestItems=request)
                if reply is not None:
                    yield from reply["Responses"].get(self.name, ())
                    waiting = reply.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
                if not waiting:
                    break
                self.pause(attempt)
            else:
                raise self._throttled(f"reading {len(waiting)} rows")

    def query(self, **arguments: Any) -> Iterator[Item]:
        """The rows of a Query, page after page."""
        while True:
            page = self.client.query(TableName=self.name, **arguments)
            yield from page["Items"]
            if not (last := page.get("LastEvaluatedKey")):
                return
            arguments["ExclusiveStartKey"] = last

    def write(self, requests: Iterable[Mapping[str, Any]]) -> None:
        """Put and delete requests in batches, several at a time. No two may name the same row."""
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            list(pool.map(self._write_chunk, chunks(requests, WRITE_LIMIT)))

    def transact(self, writes: Iterable[Mapping[str, Any]]) -> None:
        """Unconditional writes in transactions of the largest size; conflicts are tried again."""
        for chunk in chunks(writes, TRANSACT_LIMIT):
            self._transact_chunk(chunk)

    def conditionally(self, call: Callable[..., Any], **arguments: Any) -> bool:
        """Do a conditional write; `False` when its condition does not hold."""
        try:
            call(TableName=self.name, **arguments)
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def pause(self, attempt: int) -> None:
        """Wait before the next attempt: exponential with full jitter, after AWS's own advice."""
        self._sleep(backoff.full_jitter(attempt, base=0.1, cap=5, random=random.random))

    def _write_chunk(self, chunk: list[Mapping[str, Any]]) -> None:
        waiting = chunk
        for attempt in range(ATTEMPTS):
            request = {self.name: waiting}
            reply = self._unless_throttled(self.client.batch_write_item, RequestItems=request)
            if reply is not None:
                waiting = reply.get("UnprocessedItems", {}).get(self.name, [])
            if not waiting:
                return
            self.pause(attempt)
        raise self._throttled(f"writing {len(waiting)} rows")

    def _transact_chunk(self, chunk: list[Mapping[str, Any]]) -> None:
        call = self.client.transact_write_items
        for attempt in range(ATTEMPTS):
            if self._unless_throttled(call, TransactItems=chunk) is not None:
                return
            self.pause(attempt)
        raise self._throttled(f"writing {len(chunk)} rows")

    def _throttled(self, doing: str) -> Throttled:
        return Throttled(
            f"DynamoDB kept turning requests away while {doing} of {self.name}",
            hint="The table is throttled: wait a minute, then do the same again.",
        )

    def _unless_throttled(self, call: Callable[..., _T], **arguments: Any) -> _T | None:
        try:
            return call(**arguments)
        except ClientError as error:
            if is_transient(error):
                return None
            raise


def update(item_key: Item, values: Item, absent: Iterable[str] = ()) -> dict[str, Any]:
    """The arguments of an UpdateItem that sets `values` and removes `absent`.

    Every name goes by an alias: `status`, `timestamp`, `group` and more of ours are reserved.
    """
    assignments = {f"#set{i}": name for i, name in enumerate(values)}
    removals = {f"#remove{i}": name for i, name in enumerate(absent)}
    expression = "SET " + ", ".join(f"{a} = {a.replace('#', ':')}" for a in assignments)
    if removals:
        expression += " REMOVE " + ", ".join(removals)
    return {
        "Key": item_key,
        "UpdateExpression": expression,
        "ExpressionAttributeNames": assignments | removals,
        "ExpressionAttributeValues": {f":set{i}": v for i, v in enumerate(values.values())},
    }


def is_transient(error: ClientError) -> bool:
    """Whether an error heals by itself; a cancelled transaction does if all its reasons do."""
    codes = {reason.get("Code", "None") for reason in cancellation_reasons(error)} - {"None"}
    return (codes or {error.response["Error"]["Code"]}) <= TRANSIENT


def cancellation_reasons(error: ClientError) -> list[dict[str, Any]]:
    """What each item of a cancelled transaction met (`Code` "None": nothing); else empty."""
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])
    return reasons


def chunks(values: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Consecutive lists of at most `size`: `itertools.batched`, which Python 3.11 lacks."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
