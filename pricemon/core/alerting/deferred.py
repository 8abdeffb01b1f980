"""What is to be told later: alerts of quiet hours, alerts beyond a run's number, second looks.

Rows of the partition `#deferred`, whose `timestamp` is when they are due (ms, with a fraction that
makes it unique). Whoever delivers takes a lease first, so that two workers do not deliver the same
row at the same time, and removes the row afterwards: at least once, with the alert's stable id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pricemon.core import alerts, attributes
from pricemon.core.alerting.alert_log import last_of, unique_time
from pricemon.core.model import Alert, AlertKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pricemon.core.attributes import Item
    from pricemon.core.dynamo import Rows

PARTITION = "#deferred"
LEASE = 60_000
"""Milliseconds; longer than one invocation, so a lease ends only when its holder died."""


class Waiting(StrEnum):
    """What a deferred row waits for."""

    QUIET = "quiet"
    """The end of quiet hours: the alert is sent as it is."""
    DIGEST = "digest"
    """The rest of its run: it is sent together with others."""
    RECHECK = "recheck"
    """The end of a cooldown: the product is judged again, as it is then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One deferred row. `alert` is set unless it is a recheck of `product_id` for `kinds`."""

    due: int
    waiting: Waiting
    product_id: str
    alert: Alert | None = None
    kinds: frozenset[AlertKind] = frozenset()
    key: str = ""


class Deferred:
    """The deferred rows of the table behind `rows`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def put_alert(self, alert: Alert, due: int, waiting: Waiting) -> None:
        """Keep an alert until `due` (epoch ms); the same alert and time are one row."""
        values = {
            "waiting": waiting.value,
            "subject_id": alert.product_id,
            "alert": alerts.document(alert),
        }
        self._put(due, alert.alert_id, values)

    def put_recheck(self, product_id: str, kinds: Collection[AlertKind], due: int) -> None:
        """Have the product judged again at `due` (epoch ms) for those kinds."""
        names = sorted(kind.value for kind in kinds)
        values = {"waiting": Waiting.RECHECK.value, "subject_id": product_id, "kinds": names}
        unique = hashlib.sha256("\n".join((product_id, *names)).encode()).hexdigest()
        self._put(due, unique, values)

    def due(self, now: int) -> Iterator[Entry]:
        """The rows due at `now` (epoch ms), oldest first, whether leased or not."""
        rows = self._rows.query(
            KeyConditionExpression="#partition = :partition AND #time <= :now",
            ExpressionAttributeNames={"#partition": "product_id", "#time": "timestamp"},
            ExpressionAttributeValues={
                ":partition": {"S": PARTITION},
                ":now": {"N": last_of(now)},
            },
            ConsistentRead=True,
        )
        return map(_entry, rows)

    def lease(self, entry: Entry, now: int) -> bool:
        """Take the row for `LEASE`; `False` when another worker has it, or has delivered it."""
        return self._rows.conditionally(
            self._rows.client.update_item,
            Key=_key(entry.key),
            UpdateExpression="SET leased_until = :until",
            ConditionExpression=(
                "attribute_exists(product_id) AND "
                "(attribute_not_exists(leased_until) OR leased_until <= :now)"
            ),
            ExpressionAttributeValues={
                ":until": {"N": str(now + LEASE)},
                ":now": {"N": str(now)},
            },
        )

    def done(self, entry: Entry) -> None:
        """Remove a delivered row."""
        self._rows.client.delete_item(TableName=self._rows.name, Key=_key(entry.key))

    def _put(self, due: int, unique: str, values: Mapping[str, object]) -> None:
        item = {**_key(unique_time(due, unique)), **attributes.attributes(values)}
        self._rows.client.put_item(TableName=self._rows.name, Item=item)


def _key(time: str) -> Item:
    return {"product_id": {"S": PARTITION}, "timestamp": {"N": time}}


def _entry(item: Item) -> Entry:
    row = attributes.Row(item)
    document = row.document("alert")
    return Entry(
        due=int(row.need(row.number, "timestamp")),
        waiting=row.need(lambda name: row.member(name, Waiting), "waiting"),
        product_id=row.need(row.text, "subject_id"),
        alert=alerts.parse(document) if document else None,
        kinds=frozenset(map(AlertKind, row.texts("kinds"))),
        key=item["timestamp"]["N"],
    )
