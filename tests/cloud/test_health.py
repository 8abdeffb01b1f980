"""How a stack is doing: depths, alarms, and a schedule's next beat."""

from datetime import UTC, datetime, timedelta

import pytest

from pricemon.cloud import health

START = datetime(2026, 1, 1, 0, 20, tzinfo=UTC)
SIX_HOURS = 6 * 3600


@pytest.mark.parametrize(
    ("after", "beat"),
    [
        (timedelta(seconds=1), timedelta(hours=6)),
        (timedelta(hours=5, minutes=59), timedelta(hours=6)),
        (timedelta(hours=6), timedelta(hours=12)),
        (timedelta(days=30, hours=1), timedelta(days=30, hours=6)),
        (timedelta(hours=-2), timedelta(0)),
    ],
)
def test_a_rate_counts_from_its_start(after, beat):
    """Never in the past, and never a beat too far; a start to come is the next beat itself."""
    assert health.next_beat(START, SIX_HOURS, START + after) == START + beat


def test_what_is_absent_is_said_to_be(world):
    """A half-gone stack still has a status."""
    aws = world.usual
    assert health.queues(aws, ["nowhere"]) == {"nowhere": None}
    assert health.alarms(aws, ["price-monitor-nothing-prod"]) == {}
    assert health.alarms(aws, []) == {}
    absent = health.next_run(aws, group="default", name="nothing", period=SIX_HOURS, now=START)
    assert absent is None


def test_depths_and_states_are_read(world):
    """From the services themselves."""
    aws = world.usual
    url = aws.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    assert health.queues(aws, ["jobs"]) == {"jobs": {"waiting": 1, "in_flight": 0, "delayed": 0}}
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        Statistic="Sum",
    )
    aws.client("cloudwatch").set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="r")
    assert health.alarms(aws, ["a", "b"]) == {"a": "ALARM"}
