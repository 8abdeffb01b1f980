"""Lambda entry point of the notifier: a batch of alerts from its queue, for chats and phones."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from lambda_src.notifier.channel import Channel
from lambda_src.notifier.notifier import Notifier
from pricemon.core.settings import Settings, Wiring

logger = Logger(service="notifier")

# A call fails fast and is tried once more; beyond that, the queue delivers again.
_CLIENT = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Tell a batch; the messages that must come again are reported, all others are done."""
    again = _notifier().deliver(
        event.get("Records", []), lambda: float(context.get_remaining_time_in_millis()) / 1000
    )
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


@cache
def _notifier() -> Notifier:
    """Made once per execution environment, so that a warm one keeps its services' pace."""
    settings, wiring = Settings.bundled(), Wiring.from_env(os.environ)
    ssm = boto3.client("ssm", config=_CLIENT)

    def parameter(name: str) -> str:
        value: str = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        return value

    return Notifier(
        [Channel(name, parameter) for name in settings.notifier.channels],
        sqs=boto3.client("sqs", config=_CLIENT),
        queue_url=wiring.queue_url,
        dlq_url=wiring.dlq_url,
        attempts=settings.notifier.attempts,
        locale=settings.locale,
        logger=logger,
        clock=lambda: time.time_ns() // 1_000_000,
    )
