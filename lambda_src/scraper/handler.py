"""Lambda entry point of the scraper: a batch of the scraping queue."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from lambda_src.scraper.worker import Worker
from pricemon.core.fetch import Fetcher
from pricemon.core.settings import Settings, Wiring

logger = Logger(service="scraper")

# A call fails fast and is tried again a little; beyond that, the queue delivers again.
_CLIENT = Config(
    connect_timeout=3,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
    # A quarter of the worker's own time per batch; the service checks the same again.
    parameter_validation=False,
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work a batch; the messages to be delivered again are reported, all others are done."""
    failed = _worker().process(
        event.get("Records", []),
        remaining_millis=context.get_remaining_time_in_millis(),
        request_id=context.aws_request_id,
    )
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


@cache
def _worker() -> Worker:
    """Made once per execution environment, so that a warm one reuses its connections."""
    settings = Settings.bundled()
    return Worker(
        settings=settings,
        wiring=Wiring.from_env(os.environ),
        dynamodb=boto3.client("dynamodb", config=_CLIENT),
        s3=boto3.client("s3", config=_CLIENT),
        sqs=boto3.client("sqs", config=_CLIENT),
        fetcher=Fetcher(settings.fetch, resolve_secret=_parameter),
        logger=logger,
    )


def _parameter(name: str) -> str:
    """A secret from SSM Parameter Store; only a retailer's proxy needs one."""
    ssm = boto3.client("ssm", config=_CLIENT)
    value: str = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    return value
