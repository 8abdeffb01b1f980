"""Lambda entry point of the stream processor: product rows that changed become alerts.

Two kinds of event: a batch of the table's stream, and `{"action": "deliver_due"}`, with which a
schedule (or a person) has what was deferred delivered without waiting for the next batch.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from lambda_src.stream_processor.processor import Processor, Unhandled
from pricemon.core.dynamo import Rows
from pricemon.core.settings import Settings, Wiring

logger = Logger(service="stream-processor")

# Each call fails fast and is tried once more here; beyond that, Lambda redelivers the records.
_CLIENT = Config(
    connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process a batch; what must be delivered again is reported, or raised (`stream_failures`)."""
    processor = _processor()

    def remaining() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    if event.get("action") == "deliver_due":
        return {"delivered": processor.deliver_due(remaining)}
    failed = processor.process(event.get("Records", []), remaining)
    if failed and processor.wiring.stream_failures == "raise":
        raise Unhandled(f"{len(failed)} records must be delivered again, from {failed[0]} on")
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


@cache
def _processor() -> Processor:
    """Made once per execution environment, so that a warm one reuses its connections."""
    wiring = Wiring.from_env(os.environ)
    return Processor(
        settings=Settings.bundled(),
        wiring=wiring,
        rows=Rows(boto3.client("dynamodb", config=_CLIENT), wiring.table),
        sns=boto3.client("sns", config=_CLIENT),
        sqs=boto3.client("sqs", config=_CLIENT),
        logger=logger,
    )
