"""Messages to the topic, in batches, each entry with its own fate.

Throttled and failed entries are sent again with full-jitter backoff inside the time that is left;
what SNS refuses for good is told apart, since no repetition would mend it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from pricemon.core.backoff import full_jitter

if TYPE_CHECKING:
    from pricemon.core.alerts import Message

BATCH = 10
BATCH_BYTES = 250_000
"""SNS takes 256 KiB (262,144 bytes) in one request, attributes included."""

ATTEMPTS = 6
RESERVE = 6.0
"""Seconds kept for marking what was published and for reporting what was not."""

_BASE, _CAP = 0.1, 3.0

_TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalErrorException",
        "InternalFailure",
        "KMSThrottling",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SERVER_ERROR = 500


@dataclass(slots=True)
class Outcome:
    """By message id: what SNS took, what may be tried again, and what it refused (and why)."""

    sent: set[str] = field(default_factory=set)
    retry: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class Publisher:
    """Publishes to one topic through a boto3 SNS client."""

    def __init__(
        self,
        sns: Any,
        topic_arn: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._sns = sns
        self._topic_arn = topic_arn
        self._sleep = sleep
        self._jitter = jitter

    def publish(self, messages: Sequence[Message], remaining: Callable[[], float]) -> Outcome:
        """Publish each message at least once, or say why not. `remaining` is in seconds."""
        outcome = Outcome()
        for batch in _batches(messages):
            self._publish_batch(batch, outcome, remaining)
        return outcome

    def _publish_batch(
        self, batch: list[Message], outcome: Outcome, remaining: Callable[[], float]
    ) -> None:
        waiting = {message.message_id: message for message in batch}
        plain: set[str] = set()
        problem = "no time was left"
        for attempt in range(ATTEMPTS):
            if attempt:
                pause = full_jitter(attempt, base=_BASE, cap=_CAP, random=self._jitter)
                if pause + RESERVE > remaining():
                    break
                self._sleep(pause)
            try:
                entries = [m.entry(key, plain=key in plain) for key, m in waiting.items()]
                reply = self._sns.publish_batch(
                    TopicArn=self._topic_arn, PublishBatchRequestEntries=entries
                )
            except (BotoCoreError, ClientError) as error:
                problem = str(error)
                if not _is_transient(error):
                    break
                continue
            for done in reply.get("Successful", ()):
                outcome.sent.add(done["Id"])
                waiting.pop(done["Id"], None)
            for failure in reply.get("Failed", ()):
                key = failure["Id"]
                problem = f"{failure.get('Code')}: {failure.get('Message', '')}"
                if not failure.get("SenderFault") or failure.get("Code") in _TRANSIENT:
                    continue
                if "subject" in problem.lower() and key not in plain:
                    plain.add(key)
                    continue
                waiting.pop(key, None)
                outcome.refused[key] = problem
            if not waiting:
                return
        outcome.retry |= dict.fromkeys(waiting, problem)


def _batches(messages: Sequence[Message]) -> Iterator[list[Message]]:
    batch: list[Message] = []
    size = 0
    for message in messages:
        weight = len(str(message.entry("").values()).encode("utf-8", "replace"))
        if batch and (len(batch) == BATCH or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += weight
    if batch:
        yield batch


def _is_transient(error: BotoCoreError | ClientError) -> bool:
    if not isinstance(error, ClientError):
        return True  # the connection, not the request
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in _TRANSIENT or status >= _SERVER_ERROR
