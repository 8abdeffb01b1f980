"""Sending to a queue and handing messages back to it, ten at a time, to the end."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pricemon.core import backoff
from pricemon.core.dispatch import MAX_DELAY
from pricemon.core.dynamo import chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_BATCH = 10
_ATTEMPTS = 4
_PARALLEL = 8
LONGEST_VISIBILITY = 6 * 3600
"""Seconds. SQS allows twelve hours from the receive; a new sweep comes before that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to send. `delay` is asked at the moment of sending, and gives whole seconds."""

    body: str
    delay: Callable[[], int] = lambda: 0
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Queue:
    """One queue, by its URL. Safe to share by threads."""

    def __init__(self, sqs: Any, url: str, *, sleep: Callable[[float], None]) -> None:
        self._sqs = sqs
        self._url = url
        self._sleep = sleep

    def send(self, messages: Iterable[Outgoing]) -> list[Outgoing]:
        """Send the messages, several batches at a time; returns those SQS would not take.

        An error of a whole call passes through: botocore has tried it again where that helps.
        """
        batches = list(chunks(messages, _BATCH))
        if len(batches) == 1:
            return self._send(batches[0])
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return [refused for left in pool.map(self._send, batches) for refused in left]

    def hand_back(self, visibility: Mapping[str, float]) -> None:
        """Show received messages again after so many seconds, by receipt handle.

        Those it fails for are shown again after the queue's own visibility timeout.
        """
        for batch in chunks(visibility.items(), _BATCH):
            entries = [
                {
                    "Id": str(number),
                    "ReceiptHandle": handle,
                    "VisibilityTimeout": min(LONGEST_VISIBILITY, max(0, round(seconds))),
                }
                for number, (handle, seconds) in enumerate(batch)
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def _send(self, batch: list[Outgoing]) -> list[Outgoing]:
        waiting = dict(enumerate(batch))
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(backoff.full_jitter(attempt, base=0.2, cap=2, random=random.random))
            entries = [_entry(number, message) for number, message in waiting.items()]
            reply = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            # SQS answers 200 for a batch of which it took only a part.
            failed = {int(entry["Id"]): entry for entry in reply.get("Failed", [])}
            waiting = {number: waiting[number] for number in failed}
            if not waiting or all(entry["SenderFault"] for entry in failed.values()):
                break
        return list(waiting.values())


def _entry(number: int, message: Outgoing) -> dict[str, Any]:
    entry: dict[str, Any] = {"Id": str(number), "MessageBody": message.body}
    if delay := min(MAX_DELAY, message.delay()):
        entry["DelaySeconds"] = delay
    if message.attributes:
        entry["MessageAttributes"] = message.attributes
    return entry
