"""The emulator's process: ministack, brought nearer to AWS where a price monitor would notice.

Run as a script by `pricemon.local.emulator`; nothing imports it. Each change is to ministack
1.5.33, the pinned version:

- AWS has no action `sqs:SendMessageBatch`: a batch needs the permission of its single call.
  ministack looks for the batch's own name, and so refuses roles that AWS would let pass.
- Lambda fills a queue's batch up to the mapping's size; ministack stops at ten.
- Lambda polls streams and queues independently; ministack's one poller waits for each stream
  batch to be processed before it looks at a queue again.
- An expression's syntax is checked once, not again for every item it is applied to.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, NoReturn

from ministack import app
from ministack.core import iam_actions
from ministack.services import dynamodb, lambda_svc, sqs

STREAM_POLL_SECONDS = 0.1
"""Between two looks at a stream, so that records gather into batches."""

_SINGLE = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sns:PublishBatch": "sns:Publish",
}


def as_aws_names_it(extract: Callable[..., str | None]) -> Callable[..., str | None]:
    """`extract_iam_action` with batch calls under the name of their single call."""

    def action(*arguments: Any, **named: Any) -> str | None:
        found = extract(*arguments, **named)
        return _SINGLE.get(found, found) if found else None

    return action


def filling_the_batch(receive: Callable[[str, int], list[Any]]) -> Callable[[str, int], list[Any]]:
    """`_receive_messages_for_esm` that goes on until the batch is full or the queue empty."""

    def received(queue_url: str, size: int) -> list[Any]:
        batch: list[Any] = []
        while len(batch) < size and (more := receive(queue_url, size - len(batch))):
            batch += more
        return batch

    return received


def on_a_thread_of_its_own(poll: Callable[[], bool]) -> Callable[[], bool]:
    """`_poll_dynamodb_streams` that only sees to it that the streams are being polled."""

    def forever() -> NoReturn:
        while True:
            try:
                poll()
            except Exception:
                logging.getLogger("lambda").exception("stream poller")
            time.sleep(STREAM_POLL_SECONDS)

    @cache
    def begin() -> None:
        threading.Thread(target=forever, name="stream-poller", daemon=True).start()

    def polled() -> bool:
        begin()
        return False

    return polled


def bring_nearer_to_aws() -> None:
    """Apply the changes; before any request is served."""
    iam_actions.extract_iam_action = as_aws_names_it(iam_actions.extract_iam_action)
    sqs._receive_messages_for_esm = filling_the_batch(sqs._receive_messages_for_esm)  # noqa: SLF001
    lambda_svc._poll_dynamodb_streams = on_a_thread_of_its_own(  # noqa: SLF001
        lambda_svc._poll_dynamodb_streams  # noqa: SLF001
    )
    dynamodb._condition_syntax_error = lru_cache(maxsize=1000)(  # noqa: SLF001
        dynamodb._condition_syntax_error  # noqa: SLF001
    )


if __name__ == "__main__":
    bring_nearer_to_aws()
    app.main()
