"""The dead-letter queues: what is in them, and the way back.

SQS has no browsing: to look is to receive. Messages looked at are hidden for a short while
(`LOOK_SECONDS`) so that no receive returns one twice, and shown again when the look is over, also
when it is cut off: their visibility timeout ends by itself.

Redriving is our own receive → send → delete (emulators lack `StartMessageMoveTask`, and it can
neither select nor renew): at least once, never less. A job sent back is a *new* request: its
`requested_at` becomes now, because an observation bears its job's time and a price read today must
not be recorded as last week's.

What is in the on-failure queue of the stream is not sent back but replayed:
`pricemon.core.replaying`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pricemon.core.errors import PricemonError

LOOK_SECONDS = 60
"""Visibility timeout of a look: long enough to page through a large queue, short if we die."""

WAIT_SECONDS = 1
"""Long polling asks every server of the queue; short polling may miss messages."""

_BATCH = 10  # SQS's limit for every batch call


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message of a dead-letter queue. Fields that the message does not state are `None`."""

    message_id: str
    body: str
    receipt_handle: str
    sent_at: int
    receive_count: int
    product_id: str | None = None
    retailer: str | None = None
    url: str | None = None
    run_id: str | None = None
    reason: str | None = None
    detail: str | None = None
    http_status: int | None = None
    failed_at: int | None = None

    def matches(self, *, product_id: str | None = None, retailer: str | None = None) -> bool:
        """Whether the message is of that product and that retailer, where they are given."""
        return product_id in (None, self.product_id) and retailer in (None, self.retailer)


def parse(message: Mapping[str, Any]) -> DeadLetter:
    """A received SQS message as a `DeadLetter`; any body at all is accepted."""
    attributes = {
        name: value.get("StringValue")
        for name, value in message.get("MessageAttributes", {}).items()
    }
    system = message.get("Attributes", {})
    body = message.get("Body", "")
    job = _object(body)

    def stated(name: str) -> str | None:
        value = attributes.get(name) or job.get(name)
        return None if value is None else str(value)

    batch = _given_up(job)
    return DeadLetter(
        message_id=message["MessageId"],
        body=body,
        receipt_handle=message["ReceiptHandle"],
        sent_at=int(system.get("SentTimestamp", 0)),
        receive_count=int(system.get("ApproximateReceiveCount", 0)),
        product_id=stated("product_id"),
        retailer=stated("retailer"),
        url=stated("url"),
        run_id=stated("run_id"),
        # Without our attribute SQS itself moved the message: its receives ran out, unexplained.
        reason=attributes.get("reason")
        or batch.get("reason")
        or ("receives_exhausted" if job else "bad_message"),
        detail=attributes.get("detail") or batch.get("detail"),
        http_status=_integer(attributes.get("http_status")),
        failed_at=_integer(attributes.get("failed_at")),
    )


@contextmanager
def look(sqs: Any, queue_url: str) -> Iterator[Iterator[DeadLetter]]:
    """Walk through the queue once; everything looked at and not deleted is visible again after."""
    seen: dict[str, DeadLetter] = {}

    def walk() -> Iterator[DeadLetter]:
        while messages := _receive(sqs, queue_url):
            fresh = [letter for letter in messages if letter.message_id not in seen]
            seen.update({letter.message_id: letter for letter in messages})
            if not fresh:
                return
            yield from fresh

    try:
        yield walk()
    finally:
        _show_again(sqs, queue_url, seen.values())


def letters(sqs: Any, queue_url: str, *, limit: int | None = None) -> list[DeadLetter]:
    """What is in the queue, oldest first, at most `limit` of it."""
    found: list[DeadLetter] = []
    with look(sqs, queue_url) as walk:
        for letter in walk:
            found.append(letter)
            if limit is not None and len(found) >= limit:
                break
    return sorted(found, key=lambda letter: (letter.sent_at, letter.message_id))


def redrive(
    sqs: Any,
    dlq_url: str,
    queue_url: str,
    *,
    select: Callable[[DeadLetter], bool],
    renew: Callable[[str], str],
    limit: int | None = None,
    on_moved: Callable[[DeadLetter], None] = lambda _: None,
) -> int:
    """Send the selected messages back to `queue_url`; returns how many. At least once each.

    `renew` turns a dead letter's body into the body to send. A message that SQS does not accept
    stays where it is; the rest goes on, and `PricemonError` says how many stayed.
    """
    moved = 0
    refused = 0
    batch: list[DeadLetter] = []

    def flush() -> None:
        nonlocal moved, refused
        sent = _send(sqs, queue_url, batch, renew)
        delete(sqs, dlq_url, sent)
        for letter in sent:
            on_moved(letter)
        moved += len(sent)
        refused += len(batch) - len(sent)
        batch.clear()

    with look(sqs, dlq_url) as walk:
        for letter in walk:
            if limit is not None and moved + len(batch) >= limit:
                break
            if select(letter):
                batch.append(letter)
            if len(batch) == _BATCH:
                flush()
        if batch:
            flush()
    if refused:
        raise PricemonError(
            f"{moved} messages were sent back, {refused} were not accepted and stay in the queue",
            hint="run the same command again",
        )
    return moved


def delete(sqs: Any, queue_url: str, gone: Sequence[DeadLetter]) -> None:
    """Delete messages that are done with."""
    for start in range(0, len(gone), _BATCH):
        entries = [
            {"Id": str(number), "ReceiptHandle": letter.receipt_handle}
            for number, letter in enumerate(gone[start : start + _BATCH])
        ]
        # A failed delete only means that the work is done twice, under the same product row.
        sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)


def renewed(body: str, *, now: int) -> str:
    """A job's body as a new request at `now` (epoch ms).

    It belongs to no run any more: its run has counted it as failed. A body that is no JSON object
    goes back as it was: it is not ours to mend.
    """
    job = _object(body)
    if not job.get("product_id"):
        return body
    return json.dumps({**job, "run_id": "", "requested_at": now}, separators=(",", ":"))


def _receive(sqs: Any, queue_url: str) -> list[DeadLetter]:
    answer = sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=_BATCH,
        VisibilityTimeout=LOOK_SECONDS,
        WaitTimeSeconds=WAIT_SECONDS,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    )
    return [parse(message) for message in answer.get("Messages", [])]


def _send(
    sqs: Any, queue_url: str, batch: list[DeadLetter], renew: Callable[[str], str]
) -> list[DeadLetter]:
    entries = [
        {"Id": str(number), "MessageBody": renew(letter.body)}
        for number, letter in enumerate(batch)
    ]
    answer = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
    return [batch[int(done["Id"])] for done in answer.get("Successful", [])]


def _show_again(sqs: Any, queue_url: str, seen: Iterable[DeadLetter]) -> None:
    pending = list(seen)
    for start in range(0, len(pending), _BATCH):
        entries = [
            {"Id": str(number), "ReceiptHandle": letter.receipt_handle, "VisibilityTimeout": 0}
            for number, letter in enumerate(pending[start : start + _BATCH])
        ]
        # Entries that fail are those deleted meanwhile.
        sqs.change_message_visibility_batch(QueueUrl=queue_url, Entries=entries)


def _object(body: str) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _given_up(body: Mapping[str, Any]) -> dict[str, str]:
    """What Lambda says of a batch of the stream that it has given up."""
    batch = body.get("DDBStreamBatchInfo")
    if not isinstance(batch, dict):
        return {}
    context = body.get("requestContext")
    condition = context.get("condition") if isinstance(context, dict) else None
    begin, end = (batch.get(f"approximateArrivalOf{each}Record") for each in ("First", "Last"))
    size = batch.get("batchSize")
    return {
        "reason": str(condition or "given_up"),
        "detail": f"a batch of {size} changes that arrived from {begin} to {end}",
    }


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.lstrip("-").isdigit() else None
