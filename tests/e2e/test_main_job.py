"""The main job on the embedded AWS, with IAM enforced, through the command line alone."""

import json

import pytest
from botocore.exceptions import ClientError

from pricemon.cli import demo_report
from pricemon.cli.demo_evidence import receive_alerts
from pricemon.core.model import AlertKind

pytestmark = pytest.mark.e2e

QUEUE = "someone-who-listens"


def test_up_import_scrape_alert_history_down(desk, aws, shop):
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:{QUEUE}"
    pricemon = desk(shop, subscriptions=[{"protocol": "sqs", "endpoint": arn, "raw": True}])
    sqs = pricemon.client("sqs")
    listening = sqs.create_queue(
        QueueName=QUEUE, Attributes={"Policy": json.dumps(allow_sns(arn))}
    )["QueueUrl"]

    made = pricemon("up")
    assert "table/price-monitor-local" in made["created"]
    again = pricemon("up")
    assert (again["created"], again["updated"], again["deleted"]) == ([], [], [])
    assert {*made["created"]} <= {*again["unchanged"]}

    rows = "".join(json.dumps(row) + "\n" for row in shop.catalogue())
    pricemon("products", "import", "-", stdin=rows)

    unreadable = [shop.unreadable()]
    first = pricemon("scrape", "--now", "--wait")
    shop.advance()
    unreadable.append(shop.unreadable())
    second = pricemon("scrape", "--now", "--wait")
    assert [run["failed"] for run in (first, second)] == [len(missing) for missing in unreadable]
    assert first["scraped"] == len(shop.goods) - len(unreadable[0])

    due = shop.true_drops()
    assert due
    alerts = receive_alerts(
        sqs, listening, enough=lambda got: due.keys() <= {alert.product_id for alert in got}
    )
    assert {alert.kind for alert in alerts} == {AlertKind.DROP_PERCENT}
    comparison = demo_report.compare(due, alerts)
    assert comparison.right, comparison.sentence()

    product_id, drop = next(iter(due.items()))
    history = json.dumps(pricemon("history", product_id))
    assert str(drop.reference) in history
    assert str(drop.price) in history

    letters = pricemon("dlq", "list")
    assert sorted((x["product_id"], x["reason"]) for x in letters) == sorted(
        (product, reason) for day in unreadable for product, reason in day.items()
    )

    gone = pricemon("down", "--yes")
    assert sorted(gone["deleted"]) == sorted(made["created"])
    assert nothing_of_ours_is_left(pricemon)
    assert pricemon("down", "--yes")["deleted"] == []


def test_iam_is_enforced_where_these_tests_run(desk, shop):
    """Otherwise the job above would prove nothing about our least-privilege policies."""
    pricemon = desk(shop)
    iam = pricemon.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    stranger = pricemon.client("sqs", key["AccessKeyId"], key["SecretAccessKey"])
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.list_queues()


def allow_sns(arn):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ],
    }


def nothing_of_ours_is_left(pricemon):
    """Ask each service itself, not the engine that did the deleting."""
    client = pricemon.client
    left = [
        *client("dynamodb").list_tables()["TableNames"],
        *(bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]),
        *client("sqs").list_queues().get("QueueUrls", []),
        *(topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]),
        *(f["FunctionName"] for f in client("lambda").list_functions()["Functions"]),
        *(m["UUID"] for m in client("lambda").list_event_source_mappings()["EventSourceMappings"]),
        *(group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]),
        *(role["RoleName"] for role in client("iam").list_roles()["Roles"]),
        *(s["Name"] for s in client("scheduler").list_schedules()["Schedules"]),
        *(g["Name"] for g in client("scheduler").list_schedule_groups()["ScheduleGroups"]),
        *(a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]),
    ]
    ours = [name for name in left if "price-" in name or "stream-processor" in name]
    assert ours == []
    return True
