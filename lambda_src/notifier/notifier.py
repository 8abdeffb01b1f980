"""A batch of the notifier's queue → each channel told; what was not told comes again.

A message is first for all channels. Those that fail get a message each of their own, so that what
comes again is told only where it was not. A message whose attempts are used up goes to the
dead-letter queue with its reason. Everything is delivered at least once: a crash between telling
and settling tells it again.
"""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from pricemon.core.alerting.notes import note
from pricemon.core.errors import GiveUp
from pricemon.core.model import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lambda_src.notifier.channel import Channel
    from pricemon.core.alerting.notes import Note

UNDELIVERED = "undelivered"
"""Why a message is dead: its channel did not take it in all its attempts."""

RESERVE = 8.0
"""Seconds of an invocation that are kept for settling what was not told."""

LONGEST = 20.0
"""Seconds that one channel may take for one message."""

_LEAST = 1.0
_BACKOFF, _BACKOFF_CAP = 10.0, 900.0
_AWS_ERRORS = (BotoCoreError, ClientError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message of the queue. `receives` counts this delivery: 1 is the first."""

    message_id: str
    handle: str
    receives: int
    document: Mapping[str, Any]
    note: Note
    channels: tuple[str, ...]


class Notifier:
    """Everything one worker needs, made once and used for every batch. At least one channel."""

    def __init__(
        self,
        channels: Sequence[Channel],
        *,
        sqs: Any,
        queue_url: str,
        dlq_url: str,
        attempts: int,
        locale: str,
        logger: Any,
        clock: Callable[[], int],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._sqs = sqs
        self._queue_url = queue_url
        self._dlq_url = dlq_url
        self._attempts = attempts
        self._locale = locale
        self._logger = logger
        self._clock = clock
        self._jitter = jitter

    def deliver(
        self, records: Sequence[Mapping[str, Any]], remaining: Callable[[], float]
    ) -> list[str]:
        """Tell a batch within `remaining` seconds; the ids of the messages that come again."""
        again: list[str] = []
        deliveries: list[Delivery] = []
        for record in records:
            try:
                deliveries.append(self._parse(record))
            except GiveUp as error:
                if not self._bury(record["body"], error.reason, error.detail):
                    again.append(record["messageId"])
        problems = self._tell(deliveries, remaining)
        for delivery in deliveries:
            missed = problems.get(delivery.message_id)
            if missed and not self._settle(delivery, missed):
                again.append(delivery.message_id)
        return again

    def _parse(self, record: Mapping[str, Any]) -> Delivery:
        """The delivery of an SQS event's record. Raises `GiveUp` for what can't be told."""
        told = note(record["body"], locale=self._locale)
        document = json.loads(record["body"])
        only = document.get("channel")
        if only is not None and only not in self._channels:
            raise GiveUp(Reason.BAD_MESSAGE, f"there is no channel {only} any more")
        return Delivery(
            message_id=record["messageId"],
            handle=record["receiptHandle"],
            receives=int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
            document=document,
            note=told,
            channels=tuple(self._channels) if only is None else (only,),
        )

    def _tell(
        self, deliveries: Sequence[Delivery], remaining: Callable[[], float]
    ) -> dict[str, dict[str, str]]:
        """Tell the channels, all at once and each in order; what failed, by message and channel."""

        def tell(channel: Channel) -> dict[str, str]:
            mine = [each for each in deliveries if channel.name in each.channels]
            told = {each.message_id: self._tell_one(channel, each.note, remaining) for each in mine}
            return {message_id: problem for message_id, problem in told.items() if problem}

        problems: dict[str, dict[str, str]] = {}
        if deliveries:
            with ThreadPoolExecutor(len(self._channels)) as pool:
                for name, missed in zip(
                    self._channels, pool.map(tell, self._channels.values()), strict=True
                ):
                    for message_id, problem in missed.items():
                        problems.setdefault(message_id, {})[name] = problem
        return problems

    @staticmethod
    def _tell_one(channel: Channel, note: Note, remaining: Callable[[], float]) -> str | None:
        left = remaining() - RESERVE
        if left < _LEAST:
            return "no time was left in this invocation"
        return channel.tell(note, timeout=min(left, LONGEST))

    def _settle(self, delivery: Delivery, missed: Mapping[str, str]) -> bool:
        """See to what was missed; whether the message itself is done with."""
        for channel, problem in missed.items():
            self._logger.warning(
                "a channel was not told",
                extra={
                    "channel": channel,
                    "problem": problem,
                    "alert_id": delivery.document.get("alert_id"),
                    "receives": delivery.receives,
                },
            )
        seconds = self._backoff(delivery.receives)
        if len(delivery.channels) > 1:
            return all(self._send_on(delivery, channel, seconds) for channel in missed)
        if delivery.receives < self._attempts:
            self._hide(delivery, seconds)
            return False
        (problem,) = missed.values()
        body = json.dumps({**delivery.document, "channel": delivery.channels[0]})
        return self._bury(body, UNDELIVERED, f"{delivery.channels[0]}: {problem}")

    def _send_on(self, delivery: Delivery, channel: str, seconds: int) -> bool:
        """Put the message into the queue for one channel alone."""
        body = json.dumps({**delivery.document, "channel": channel}, ensure_ascii=False)
        return self._try(
            "send_message", QueueUrl=self._queue_url, MessageBody=body, DelaySeconds=seconds
        )

    def _hide(self, delivery: Delivery, seconds: int) -> None:
        """Show the message again after so many seconds; else the queue's own timeout holds."""
        self._try(
            "change_message_visibility",
            QueueUrl=self._queue_url,
            ReceiptHandle=delivery.handle,
            VisibilityTimeout=seconds,
        )

    def _bury(self, body: str, reason: str, detail: str) -> bool:
        """Put a message into the dead-letter queue, with why; `False`: SQS would not have it."""
        said = {"reason": reason, "detail": detail[:250], "failed_at": str(self._clock())}
        self._logger.error("a message is dead", extra={"reason": reason, "detail": said["detail"]})
        return self._try(
            "send_message",
            QueueUrl=self._dlq_url,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in said.items()
            },
        )

    def _try(self, operation: str, **parameters: Any) -> bool:
        """Make a call of SQS; where it fails, the message comes again by itself."""
        try:
            getattr(self._sqs, operation)(**parameters)
        except _AWS_ERRORS as error:
            self._logger.warning("SQS failed", extra={"problem": str(error)})
            return False
        return True

    def _backoff(self, receives: int) -> int:
        """Whole seconds until the next attempt: doubling, with jitter over the upper half."""
        ceiling = min(_BACKOFF_CAP, _BACKOFF * 2.0**receives)
        return round(ceiling * (1 + self._jitter()) / 2)
