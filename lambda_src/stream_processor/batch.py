"""The records of one invocation, and what becomes of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_src.stream_processor.lanes import Step
from pricemon.core import items
from pricemon.core.errors import JobError
from pricemon.core.messages import parse_stream_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Batch:
    """The records of one invocation, and what became of them."""

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._records = records
        self._failed: set[int] = set()
        self._rejected: dict[int, JobError] = {}

    def steps(self) -> Iterator[Step]:
        """The records of product rows, in order; poison is set aside."""
        for index, record in enumerate(self._records):
            if _is_foreign(record):
                continue
            try:
                change = parse_stream_record(record)
            except JobError as error:
                self._rejected[index] = error
                continue
            if change.after is not None:
                yield Step(index=index, record=record, before=change.before, after=change.after)

    def fail(self, index: int | None) -> None:
        """Have the record at `index` delivered again (and so, in a stream, all after it)."""
        if index is not None:
            self._failed.add(index)

    def reject(self, step: Step, error: JobError) -> None:
        """Set the record aside for the on-failure queue."""
        self._rejected[step.index] = error

    def poison(self, *, whole: bool) -> list[tuple[int, Mapping[str, Any], JobError]]:
        """What to put away now, with its place.

        Not what a redelivery brings back (of the `whole` batch, or from the first failure on): that
        would put it away twice.
        """
        end = len(self._records)
        if self._failed:
            end = 0 if whole else min(self._failed)
        return [
            (index, self._records[index], error)
            for index, error in sorted(self._rejected.items())
            if index < end
        ]

    def failed_numbers(self) -> list[str]:
        """The sequence numbers to deliver again, in the batch's order."""
        return [_sequence_number(self._records[index]) for index in sorted(self._failed)]


def _sequence_number(record: Mapping[str, Any]) -> str:
    """The record's sequence number; empty (to Lambda: the whole batch) where it has none."""
    change = record.get("dynamodb")
    return str(change.get("SequenceNumber", "")) if isinstance(change, dict) else ""


def _is_foreign(record: Mapping[str, Any]) -> bool:
    """Whether the record is of a row that is no product, or of a product's removal."""
    try:
        keys = record["dynamodb"]["Keys"]
        product_id, timestamp = keys["product_id"]["S"], keys["timestamp"]["N"]
    except (KeyError, TypeError):
        return False
    reserved = isinstance(product_id, str) and product_id.startswith(items.RESERVED_PREFIX)
    return reserved or timestamp != str(items.PRODUCT) or record.get("eventName") == "REMOVE"
