"""Writing a batch of concluded jobs: one transaction, so that each job is written and counted once.

For every job the transaction holds the product's row (as it was read), the job's observation (not
there yet), and, once for all jobs of a run, the run's counters. Either all of that is in the table
or none of it, wherever a worker is cut off: a redelivered job finds its observation and is done.
It also costs a third of the requests that single updates would, for one more write unit per row.

Where a transaction is refused, DynamoDB says which of its items was the cause. The jobs concerned
are taken out, each with its own fate, and the rest is written without them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from pricemon.core import dynamo, items, runs
from pricemon.core.attributes import MalformedItem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pricemon.core.attributes import Item
    from pricemon.core.model import Known, Observation, Product
    from pricemon.core.outcomes import Result
    from pricemon.core.table import Table

MAX_ENTRIES = 40
"""Jobs in one transaction: two rows each, and room for the runs, below the limit of 100 rows."""

_RunKey = tuple[str, int]
_Cause = tuple[str, "Entry | _RunKey"]
_CONDITION = "ConditionalCheckFailed"
_STRIKES = 4
"""Times one row may be the cause of a refusal before its job is left to the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A concluded job, with the product's row it was judged against (`None`: there is none)."""

    before: Product | None
    result: Result


@dataclass(slots=True)
class Written:
    """What became of the entries; each is in exactly one of these."""

    written: list[Entry] = field(default_factory=list)
    repeated: list[tuple[Entry, Observation]] = field(default_factory=list)
    """The job's observation was there already: this is a redelivery."""
    stale: list[Entry] = field(default_factory=list)
    """The product's row is not what it was: read it and judge again."""
    failed: list[tuple[Entry, str]] = field(default_factory=list)
    """DynamoDB would not take it; it may later."""

    def add(self, other: Written) -> None:
        """Take in the fates of other entries."""
        self.written += other.written
        self.repeated += other.repeated
        self.stale += other.stale
        self.failed += other.failed


def write(table: Table, entries: Sequence[Entry]) -> Written:
    """Write the entries, of which no two may be of the same product."""
    fates = Written()
    for chunk in dynamo.chunks(entries, MAX_ENTRIES):
        fates.add(_Transaction(table, chunk).write())
    return fates


class _Transaction:
    """One chunk on its way into the table."""

    def __init__(self, table: Table, entries: Sequence[Entry]) -> None:
        self._table = table
        self._waiting = list(entries)
        self._fates = Written()
        self._strikes: Counter[tuple[str, int]] = Counter()
        self._uncounted: set[_RunKey] = set()
        """Runs without a row: of jobs sent by hand, or a run whose row was removed."""

    def write(self) -> Written:
        """Try until every entry has its fate."""
        for attempt in range(dynamo.ATTEMPTS):
            if not self._waiting:
                return self._fates
            writes = [*self._writes()]
            try:
                self._transact([write for _, write in writes])
            except ClientError as error:
                if self._settle(error, [cause for cause, _ in writes]):
                    continue
            except ParamValidationError as error:
                self._each_for_itself(str(error))
                continue
            except BotoCoreError:
                pass  # The connection broke. If all was written nevertheless, all is repeated.
            else:
                self._fates.written += self._waiting
                return self._fates
            try:
                self._table.rows.pause(attempt)
            except dynamo.Throttled:  # no time is left to wait in
                break
        self._fail_all("DynamoDB kept turning the rows away")
        return self._fates

    def _writes(self) -> Iterator[tuple[_Cause, dict[str, Any]]]:
        """The transaction's items, each with what it would mean if that one were refused."""
        name = self._table.name
        tallies: dict[_RunKey, Counter[str]] = {}
        for entry in self._waiting:
            result = entry.result
            if result.known is not None and entry.before is not None:
                update = _product_update(self._table, entry.before, result.known)
                yield ("product", entry), {"Update": {"TableName": name, **update}}
            put = {
                "Item": self._table.observation_item(result.observation),
                "ConditionExpression": "attribute_not_exists(#product)",
                "ExpressionAttributeNames": {"#product": "product_id"},
            }
            yield ("observation", entry), {"Put": {"TableName": name, **put}}
            if runs.is_counted(result.job):
                run = (result.job.run_id, result.job.requested_at)
                tallies.setdefault(run, Counter()).update(result.tally)
        for run, tally in tallies.items():
            if run not in self._uncounted:
                update = runs.count_update(*run, tally)
                yield ("run", run), {"Update": {"TableName": name, **update}}

    def _transact(self, writes: list[dict[str, Any]]) -> None:
        self._table.rows.client.transact_write_items(TransactItems=writes)

    def _settle(self, error: ClientError, causes: list[_Cause]) -> bool:
        """Take out the entries whose fate the error decides; `False` if it decides nothing."""
        if reasons := dynamo.cancellation_reasons(error):
            return self._settle_each(reasons, causes)
        if dynamo.is_transient(error):
            return False
        if error.response["Error"]["Code"] == "ValidationException":
            self._each_for_itself(str(error))
        else:
            self._fail_all(str(error))
        return True

    def _each_for_itself(self, why: str) -> None:
        """One of the rows spoils the request as a whole: find out which."""
        if len(self._waiting) == 1:
            self._fail_all(why)
            return
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            self._fates.add(_Transaction(self._table, [entry]).write())

    def _settle_each(self, reasons: list[dict[str, Any]], causes: list[_Cause]) -> bool:
        """Give the entries that were refused their fates: each one, whatever was wrong with it."""
        repeated: dict[tuple[str, int], Entry] = {}
        stale: dict[tuple[str, int], Entry] = {}
        refused: dict[tuple[str, int], tuple[Entry, str]] = {}
        settled = False
        for (kind, cause), reason in zip(causes, reasons, strict=True):
            code = reason.get("Code", "None")
            if code == "None":
                continue
            if isinstance(cause, tuple):
                if code == _CONDITION:
                    self._uncounted.add(cause)
                    settled = True
            elif code == _CONDITION:
                (repeated if kind == "observation" else stale)[_key(cause)] = cause
            elif code not in dynamo.TRANSIENT or self._strike(_key(cause)):
                refused[_key(cause)] = cause, f"{code}: {reason.get('Message', '')}"
        fates = self._fates
        fates.failed += [refused[key] for key in refused.keys() - repeated.keys()]
        fates.stale += [stale[key] for key in stale.keys() - repeated.keys() - refused.keys()]
        self._find_repeated(repeated)
        decided = {*repeated, *stale, *refused}
        self._waiting = [entry for entry in self._waiting if _key(entry) not in decided]
        return settled or bool(decided)

    def _strike(self, key: tuple[str, int]) -> bool:
        self._strikes[key] += 1
        return self._strikes[key] >= _STRIKES

    def _find_repeated(self, entries: dict[tuple[str, int], Entry]) -> None:
        """What was written for these jobs when they were first done."""
        missing = dict(entries)
        for item in self._table.rows.get_items(items.key(*key) for key in entries):
            entry = missing.pop((item["product_id"]["S"], int(item["timestamp"]["N"])))
            try:
                self._fates.repeated.append((entry, items.observation(item)))
            except MalformedItem as error:
                self._fates.failed.append((entry, error.message))
        gone = "its observation was removed at this very moment"
        self._fates.failed += [(entry, gone) for entry in missing.values()]

    def _fail_all(self, why: str) -> None:
        self._fates.failed += [(entry, why) for entry in self._waiting]
        self._waiting = []


def _key(entry: Entry) -> tuple[str, int]:
    return entry.result.job.product_id, entry.result.job.requested_at


def _product_update(table: Table, before: Product, known: Known) -> dict[str, Any]:
    """The update of a product's row on condition that it is as it was read.

    The time of the last observation tells one scrape's write from another's; the status tells the
    one thing a person may change between two scrapes (accepting a held reading).
    """
    values: Item = {}
    if before.known is None:
        condition, names = "attribute_not_exists(#seen)", {"#seen": "observed_at"}
    else:
        condition = "#seen = :seen AND #state = :state"
        names = {"#seen": "observed_at", "#state": "status"}
        values = {
            ":seen": {"N": str(before.known.observed_at)},
            ":state": {"S": str(before.known.status)},
        }
    return table.known_update(
        before.product_id, known, condition=condition, names=names, values=values
    )
