"""How a running stack is doing: queue depths, alarms, and when its schedule is next due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
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


def next_run(
    aws: Aws, *, group: str, name: str, period: int | None, now: datetime
) -> datetime | None:
    """When a schedule is next due; `None` where it is absent, or has no `period` (seconds).

    EventBridge Scheduler does not tell. A rate counts from the schedule's start date, and where
    none was given from its creation (EventBridge Scheduler user guide, "Rate-based schedules").
    """
    found = aws.find("scheduler", "get_schedule", GroupName=group, Name=name)
    if found is None or period is None:
        return None
    return next_beat(found.get("StartDate") or found["CreationDate"], period, now)


def next_beat(start: datetime, period: int, now: datetime) -> datetime:
    """The first moment after `now` that is a whole number of periods after `start`."""
    beats = max(0, (now - start) // timedelta(seconds=period) + 1)
    return start + beats * timedelta(seconds=period)


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
