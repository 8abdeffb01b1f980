"""How a running stack is doing: queue depths and alarms, read at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pricemon.cloud.session import Aws

_DEPTHS = {
    "waiting": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


def queues(aws: Aws, names: Iterable[str]) -> dict[str, dict[str, int] | None]:
    """The depths of the named queues (approximate, as SQS says); `None` for one that is absent."""
    wanted = list(names)
    depths = aws.gather(*(lambda name=name: _depths(aws, name) for name in wanted))
    return dict(zip(wanted, depths, strict=True))


def alarms(aws: Aws, names: Iterable[str]) -> dict[str, str]:
    """The state of the named alarms that exist: `OK`, `ALARM` or `INSUFFICIENT_DATA`."""
    wanted = list(names)
    if not wanted:
        return {}
    found = aws.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNames=wanted)
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}


def _depths(aws: Aws, name: str) -> dict[str, int] | None:
    url = aws.find("sqs", "get_queue_url", QueueName=name)
    if url is None:
        return None
    answer: Mapping[str, Any] | None = aws.find(
        "sqs",
        "get_queue_attributes",
        QueueUrl=url["QueueUrl"],
        AttributeNames=list(_DEPTHS.values()),
    )
    if answer is None:
        return None
    return {word: int(answer["Attributes"][attribute]) for word, attribute in _DEPTHS.items()}
