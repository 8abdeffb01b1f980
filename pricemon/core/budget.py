"""How many alerts one run may send singly: a counter shared by all workers of the run.

A run is the sweep under `#runs` that began last before the reading; without one (single products
scraped by hand) it is the hour. A batch that is delivered again counts again, so the number is a
bound and not an exact one: fewer alerts may go out singly, never more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricemon.core.items import key

if TYPE_CHECKING:
    from pricemon.core.dynamo import Rows

PARTITION = "#alerts-in-run"
_RUNS = "#runs"
_HOUR = 3_600_000
_LONGEST_RUN = 24 * _HOUR
_KEEP = 7 * 24 * 3600
"""Seconds a counter's row is kept where the table's TTL is on."""


class Budget:
    """At most `limit` alerts for each run; no limit where it is `None`."""

    def __init__(self, rows: Rows, limit: int | None) -> None:
        self._rows = rows
        self._limit = limit

    def take(self, observed_at: int) -> bool:
        """Whether one more alert of a reading at that time may be sent singly."""
        if self._limit is None:
            return True
        run = self._run(observed_at)
        reply = self._rows.client.update_item(
            TableName=self._rows.name,
            Key=key(PARTITION, run),
            UpdateExpression="ADD alerts :one SET expires_at = :expiry",
            ExpressionAttributeValues={
                ":one": {"N": "1"},
                ":expiry": {"N": str(run // 1000 + _KEEP)},
            },
            ReturnValues="UPDATED_NEW",
        )
        return int(reply["Attributes"]["alerts"]["N"]) <= self._limit

    def _run(self, observed_at: int) -> int:
        found = self._rows.query(
            KeyConditionExpression="product_id = :runs AND #time BETWEEN :since AND :at",
            ExpressionAttributeNames={"#time": "timestamp"},
            ExpressionAttributeValues={
                ":runs": {"S": _RUNS},
                ":since": {"N": str(observed_at - _LONGEST_RUN)},
                ":at": {"N": str(observed_at)},
            },
            ScanIndexForward=False,
            Limit=1,
        )
        last = next(found, None)
        return int(last["timestamp"]["N"]) if last else observed_at - observed_at % _HOUR
