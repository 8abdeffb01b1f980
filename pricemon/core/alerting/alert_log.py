"""What was told, kept in the table: one row for each alert, in one partition for each month.

`product_id` is `#alerts#YYYY-MM` (the month of the observation, UTC); `timestamp` is the
observation's time in ms with a fraction taken from the alert's id. The same alert is thus always
the same row, however often it is stored, and alerts of one moment do not collide. The rows bear no
`retailer` of their own, so they stay out of the index.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pricemon.core import alerts, attributes
from pricemon.core.alerting.facts import DAY

if TYPE_CHECKING:
    from pricemon.core.attributes import Item
    from pricemon.core.dynamo import Rows
    from pricemon.core.model import Alert

PREFIX = "#alerts#"
_DIGITS = 20
"""Digits of a sort key's fraction; a DynamoDB number has 38 in all, a time in ms takes 13."""


class AlertLog:
    """The stored alerts of the table behind `rows`; `keep_days` gives them an expiry."""

    def __init__(self, rows: Rows, *, keep_days: int | None = None) -> None:
        self._rows = rows
        self._keep_days = keep_days

    def put(self, alert: Alert) -> None:
        """Store one alert; storing it again changes nothing."""
        self._rows.client.put_item(TableName=self._rows.name, Item=self._item(alert))

    def between(self, since: int, until: int) -> Iterator[Alert]:
        """The alerts observed from `since` to `until` (epoch ms, both included), newest first.

        Pages are read as they are consumed. Rows past their expiry are left out: DynamoDB may take
        two days to remove them.
        """
        for month in _months(since, until):
            rows = self._rows.query(
                KeyConditionExpression="#partition = :month AND #time BETWEEN :since AND :until",
                ExpressionAttributeNames={"#partition": "product_id", "#time": "timestamp"},
                ExpressionAttributeValues={
                    ":month": {"S": PREFIX + month},
                    ":since": {"N": str(since)},
                    ":until": {"N": last_of(until)},
                },
                ScanIndexForward=False,
            )
            for item in rows:
                if not _expired(item):
                    yield alerts.parse(attributes.Row(item).document("alert"))

    def _item(self, alert: Alert) -> Item:
        values: dict[str, Any] = {"alert": alerts.document(alert)}
        if self._keep_days:
            values["expires_at"] = alert.observed_at // 1000 + self._keep_days * DAY // 1000
        return {
            "product_id": {"S": PREFIX + _month(alert.observed_at)},
            "timestamp": {"N": unique_time(alert.observed_at, alert.alert_id)},
            **attributes.attributes(values),
        }


def unique_time(milliseconds: int, unique: str) -> str:
    """A sort key at that millisecond that the hexadecimal id `unique` has for itself."""
    return f"{milliseconds}.{int(unique, 16) % 10**_DIGITS:0{_DIGITS}d}"


def last_of(milliseconds: int) -> str:
    """The last sort key at that millisecond."""
    return f"{milliseconds}.{'9' * _DIGITS}"


def _month(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m")


def _months(since: int, until: int) -> Iterator[str]:
    """The months from that of `until` back to that of `since`."""
    first, month = _month(since), _month(until)
    while month >= first:
        yield month
        year, number = map(int, month.split("-"))
        month = f"{year - 1:04d}-12" if number == 1 else f"{year:04d}-{number - 1:02d}"


def _expired(item: Item) -> bool:
    expiry = item.get("expires_at")
    return expiry is not None and int(expiry["N"]) < time.time()
