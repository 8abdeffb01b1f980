"""One sweep over the catalogue: a row under `#runs` that says how far it is.

The row makes the fan-out resumable (its `cursor`, written by one holder of its lease at a time) and
`--wait` cheap (one read). Its counters rise by one update per batch of jobs, inside the very
transaction that writes the jobs' observations for the first time (`pricemon.core.ledger`): a job
is therefore counted exactly once, however often its message is delivered and wherever a worker
was cut off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from pricemon.core import dynamo
from pricemon.core.attributes import Item, Row, attributes
from pricemon.core.items import TTL_ATTRIBUTE, key
from pricemon.core.messages import CONFIRMATION, FanOut

if TYPE_CHECKING:
    from pricemon.core.model import Job
    from pricemon.core.table import Table

RUNS = "#runs"
COUNTERS = ("done", "failed", "held", "not_modified", "changed")
KEEP_DAYS = 90
"""Days a run's row is kept where the table's TTL is on."""
_COLLISIONS = 100
"""Runs that can begin in the same millisecond: each takes the next free one as its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One sweep: what was asked for (`filter`), and how far it is.

    `done` jobs ended with a reading, of which some were `held`, some `not_modified`, and some
    `changed` a known price; `failed` jobs ended without one.
    """

    run_id: str
    started_at: int
    filter: Mapping[str, Any] = field(default_factory=dict)
    cursor: str | None = None
    fanned_out: bool = False
    dispatched: int = 0
    done: int = 0
    failed: int = 0
    held: int = 0
    not_modified: int = 0
    changed: int = 0

    @property
    def complete(self) -> bool:
        """Whether every job has been sent, and every job sent has ended."""
        return self.fanned_out and self.done + self.failed >= self.dispatched


def start(table: Table, request: FanOut) -> Run:
    """The run of a fan-out, begun now or found as an earlier delivery left it."""
    wanted = {
        "retailer": request.retailer,
        "tag": request.tag,
        "product_ids": list(request.product_ids) or None,
    }
    for started_at in range(request.timestamp, request.timestamp + _COLLISIONS):
        row = key(RUNS, started_at) | attributes(
            {
                "run_id": request.run_id,
                "filter": {name: value for name, value in wanted.items() if value is not None},
                "cursor": request.cursor,
                TTL_ATTRIBUTE: started_at // 1000 + KEEP_DAYS * 86_400 if table.keep_days else None,
            }
        )
        begun = table.rows.conditionally(
            table.rows.client.put_item,
            Item=row,
            ConditionExpression="attribute_not_exists(#id)",
            ExpressionAttributeNames={"#id": "run_id"},
        )
        found = row if begun else table.rows.get_item(key(RUNS, started_at))
        if found and (run := _run(found)).run_id == request.run_id:
            return run
    raise dynamo.Throttled(f"{_COLLISIONS} runs began at {request.timestamp}: no key is left")


def lease(table: Table, run: Run, *, owner: str, now: int, until: int) -> Run | None:
    """Become the one that fans the run out, until `until` (epoch ms); `None` if another one is.

    The lease outlives its holder's function by little, so a fan-out that was cut off can be taken
    over by its redelivery, while one that is delivered twice runs once.
    """
    reply = _update(
        table,
        run,
        "SET #owner = :owner, #until = :until",
        "attribute_not_exists(#until) OR #until < :now OR #owner = :owner",
        {":owner": {"S": owner}, ":until": {"N": str(until)}, ":now": {"N": str(now)}},
        {"#owner": "lease_owner", "#until": "lease_until"},
    )
    return _run(reply) if reply else None


def advance(
    table: Table, run: Run, *, owner: str, cursor: str, sent: int, fanned_out: bool = False
) -> Run | None:
    """Move the cursor over `sent` jobs; `None` if the lease is lost or the cursor elsewhere."""
    unmoved = "#cursor = :before" if run.cursor is not None else "attribute_not_exists(#cursor)"
    values: Item = {
        ":owner": {"S": owner},
        ":cursor": {"S": cursor},
        ":sent": {"N": str(sent)},
        ":all": {"BOOL": fanned_out},
    }
    if run.cursor is not None:
        values[":before"] = {"S": run.cursor}
    reply = _update(
        table,
        run,
        "SET #cursor = :cursor, #all = :all ADD #dispatched :sent",
        f"#owner = :owner AND {unmoved}",
        values,
        {
            "#owner": "lease_owner",
            "#cursor": "cursor",
            "#all": "fanned_out",
            "#dispatched": "dispatched",
        },
    )
    return _run(reply) if reply else None


def release(table: Table, run: Run, *, owner: str) -> None:
    """Give the lease back, so that the next message of the run need not wait for it to run out."""
    _update(
        table,
        run,
        "REMOVE #owner, #until",
        "#owner = :owner",
        {":owner": {"S": owner}},
        {"#owner": "lease_owner", "#until": "lease_until"},
    )


def is_counted(job: Job) -> bool:
    """Whether a job belongs to a run's count: one that the run's fan-out sent."""
    return bool(job.run_id) and not job.run_id.endswith(CONFIRMATION)


def count(table: Table, run_id: str, started_at: int, tally: Mapping[str, int]) -> bool:
    """Count ended jobs outside of a transaction; `False` if there is no such run."""
    arguments = count_update(run_id, started_at, tally)
    return table.rows.conditionally(table.rows.client.update_item, **arguments)


def count_update(run_id: str, started_at: int, tally: Mapping[str, int]) -> dict[str, Any]:
    """The UpdateItem arguments that add `tally` (by names in `COUNTERS`) to a run that exists."""
    added = {name: tally[name] for name in COUNTERS if tally.get(name)}
    return {
        "Key": key(RUNS, started_at),
        "UpdateExpression": "ADD " + ", ".join(f"#{name} :{name}" for name in added),
        "ConditionExpression": "#id = :id",
        "ExpressionAttributeNames": {"#id": "run_id", **{f"#{name}": name for name in added}},
        "ExpressionAttributeValues": {
            ":id": {"S": run_id},
            **{f":{name}": {"N": str(number)} for name, number in added.items()},
        },
    }


def get(table: Table, run_id: str) -> Run | None:
    """A run by its id (one read: an id of ours begins with the time its row is kept under)."""
    started_at = _time_of(run_id)
    if started_at is None:
        return next((run for run in recent(table, limit=None) if run.run_id == run_id), None)
    bounds = (started_at, started_at + _COLLISIONS)
    return next((run for run in _runs(table, *bounds) if run.run_id == run_id), None)


def recent(table: Table, *, limit: int | None = 10) -> Iterator[Run]:
    """The runs, newest first."""
    return islice(_runs(table, 1, 10**15, limit=limit), limit)


def _runs(table: Table, low: int, high: int, *, limit: int | None = None) -> Iterator[Run]:
    rows = table.rows.query(
        KeyConditionExpression="#product = :runs AND #timestamp BETWEEN :low AND :high",
        ExpressionAttributeNames={"#product": "product_id", "#timestamp": "timestamp"},
        ExpressionAttributeValues={
            ":runs": {"S": RUNS},
            ":low": {"N": str(low)},
            ":high": {"N": str(high)},
        },
        ScanIndexForward=False,
        ConsistentRead=True,
        **({"Limit": limit} if limit else {}),
    )
    return map(_run, rows)


def _run(item: Item) -> Run:
    row = Row(item)
    return Run(
        run_id=row.need(row.text, "run_id"),
        started_at=row.need(row.integer, "timestamp"),
        filter=row.document("filter"),
        cursor=row.text("cursor"),
        fanned_out=row.flag("fanned_out") or False,
        dispatched=row.integer("dispatched") or 0,
        **{name: row.integer(name) or 0 for name in COUNTERS},
    )


def _update(
    table: Table, run: Run, expression: str, condition: str, values: Item, names: dict[str, str]
) -> Item | None:
    """A conditional update of the run's row: the row after it, or `None` if it did not apply."""
    client = table.rows.client
    try:
        reply = client.update_item(
            TableName=table.name,
            Key=key(RUNS, run.started_at),
            UpdateExpression=expression,
            ConditionExpression=f"#id = :id AND ({condition})",
            ExpressionAttributeNames={"#id": "run_id", **names},
            ExpressionAttributeValues={":id": {"S": run.run_id}, **values},
            ReturnValues="ALL_NEW",
        )
    except client.exceptions.ConditionalCheckFailedException:
        return None
    row: Item = reply["Attributes"]
    return row


def _time_of(run_id: str) -> int | None:
    try:
        instant = datetime.strptime(
            run_id.split("-", maxsplit=1)[0] + "+0000", "%Y%m%dT%H%M%S.%fZ%z"
        )
    except ValueError:
        return None
    return round(instant.timestamp() * 1000)
