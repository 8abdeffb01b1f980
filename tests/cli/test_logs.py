"""`pricemon logs`: in order, each line once, also while following."""

import time

import boto3
import pytest
from moto import mock_aws

from pricemon.cli import logs
from pricemon.cloud.session import Aws

GROUP = "/aws/lambda/price-scraper-local"
MINUTE = 60_000


@pytest.fixture
def aws():
    with mock_aws():
        client = boto3.client("logs", region_name="us-east-1")
        client.create_log_group(logGroupName=GROUP)
        for stream in ("a", "b"):
            client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        yield Aws(region="us-east-1")


def write(aws, stream: str, *events: tuple[int, str]) -> None:
    aws.client("logs").put_log_events(
        logGroupName=GROUP,
        logStreamName=stream,
        logEvents=[{"timestamp": at, "message": text} for at, text in events],
    )


def now(aws) -> int:
    return int(time.time() * 1000)  # moto refuses events that are far from the clock


def test_lines_of_all_instances_come_in_order(aws):
    """Several instances write several streams; a person reads one story."""
    at = now(aws)
    write(aws, "a", (at - 3000, "first"), (at - 1000, "third"))
    write(aws, "b", (at - 2000, "second"))
    found = logs._events(aws, GROUP, at - MINUTE, None, follow=False)
    assert [event["message"] for event in found] == ["first", "second", "third"]


def test_following_tells_each_line_once(aws, monkeypatch):
    """A late line with an older time is told too; nothing is told twice."""
    at = now(aws)
    write(aws, "a", (at - 2000, "early"))
    rounds = iter([lambda: write(aws, "b", (at - 2500, "late")), lambda: None])

    def sleep(_seconds: float) -> None:
        next(rounds, pytest.fail)()

    monkeypatch.setattr("pricemon.cli.logs.time.sleep", sleep)
    stream = logs._events(aws, GROUP, at - MINUTE, None, follow=True)
    assert [next(stream)["message"], next(stream)["message"]] == ["early", "late"]
