"""What was told, kept in the table: one row for each alert, in one partition for each day.

`product_id` is `#alerts#YYYY-MM-DD` (the day of the observation, UTC); `timestamp` is the
observation's time in ms with a fraction taken from the alert's id. The same alert is thus always
the same row, however often it is stored, and alerts of one moment do not collide. The rows bear no
`retailer` of their own, so they stay out of the index.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pricemon.core import alerts, attributes
from pricemon.core.facts import DAY

if TYPE_CHECKING:
    from pricemon.core.attributes import Item
    from pricemon.core.dynamo import Rows
    from pricemon.core.model import Alert

PREFIX = "#alerts#"
_FRACTION = 10**12


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
        day = _date(until)
        while day >= _date(since):
            rows = self._rows.query(
                KeyConditionExpression="#partition = :day AND #time BETWEEN :since AND :until",
                ExpressionAttributeNames={"#partition": "product_id", "#time": "timestamp"},
                ExpressionAttributeValues={
                    ":day": {"S": f"{PREFIX}{day:%Y-%m-%d}"},
                    ":since": {"N": str(since)},
                    ":until": {"N": last_of(until)},
                },
                ScanIndexForward=False,
            )
            for item in rows:
                yield alerts.parse(attributes.Row(item).document("alert"))
            day -= timedelta(days=1)

    def _item(self, alert: Alert) -> Item:
        values: dict[str, Any] = {"alert": alerts.document(alert)}
        if self._keep_days:
            values["expires_at"] = alert.observed_at // 1000 + self._keep_days * DAY // 1000
        return {
            "product_id": {"S": f"{PREFIX}{_date(alert.observed_at):%Y-%m-%d}"},
            "timestamp": {"N": unique_time(alert.observed_at, alert.alert_id)},
            **attributes.attributes(values),
        }


def unique_time(milliseconds: int, unique: str) -> str:
    """A sort key at that millisecond that the hexadecimal id `unique` has for itself."""
    fraction = int(unique[:16], 16) % _FRACTION
    return f"{milliseconds + Decimal(fraction) / _FRACTION:f}"


def last_of(milliseconds: int) -> str:
    """The last sort key at that millisecond."""
    return f"{milliseconds}.{_FRACTION - 1}"


def _date(milliseconds: int) -> datetime:
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
