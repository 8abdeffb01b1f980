"""One message as it was delivered, and when to show it again if it must come back."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pricemon.core import messages
from pricemon.core.model import Job, Reason

if TYPE_CHECKING:
    from pricemon.core.errors import Retry
    from pricemon.core.messages import FanOut

BACKOFF = 10.0
"""Seconds: the least wait after a first failed delivery. It doubles with each."""
BACKOFF_CAP = 900.0
POSTPONE_FOR = 12 * 3600
"""Seconds after its request that a job may still be put off for want of a turn at its shop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A parsed message. `receives` counts this delivery: 1 is the first."""

    message_id: str
    handle: str
    receives: int
    content: FanOut | Job

    @classmethod
    def parse(cls, record: Mapping[str, Any], *, now: int) -> Delivery:
        """The delivery of an SQS event record. Raises `GiveUp(bad_message)` for a foreign body."""
        attributes = record.get("attributes", {})
        sent_at = int(attributes.get("SentTimestamp", now))
        return cls(
            message_id=record["messageId"],
            handle=record.get("receiptHandle", ""),
            receives=int(attributes.get("ApproximateReceiveCount", 1)),
            content=messages.parse(record["body"], sent_at=sent_at),
        )


def show_again_after(
    error: Retry, receives: int, *, jitter: Callable[[], float] = random.random
) -> float:
    """Seconds until a message that failed with `error` is shown again.

    Doubling, with jitter over the upper half, so that it never comes at once and not all together;
    and never before the far side wants to be asked.
    """
    ceiling = min(BACKOFF_CAP, BACKOFF * 2.0**receives)
    return max(ceiling * (1 + jitter()) / 2, error.after or 0.0)


def is_untried(error: Retry) -> bool:
    """Whether the shop was not even asked: no turn or no time was left in this invocation."""
    return error.reason == Reason.RATE_LIMITED and error.http_status is None
