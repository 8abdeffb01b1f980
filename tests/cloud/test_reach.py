"""Subscribers that would hear nothing are found before anybody misses an alert."""

from __future__ import annotations

import json

import pytest

from pricemon.cloud import reach
from pricemon.cloud.subscription import Subscription

TOPIC = "arn:aws:sns:eu-west-1:123456789012:price-monitor-notifications-prod"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:listener"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:listener"
SNS = {"Service": "sns.amazonaws.com"}


def allow(**changes):
    statement = {"Effect": "Allow", "Principal": SNS, "Action": "sqs:SendMessage", **changes}
    return {"Version": "2012-10-17", "Statement": [statement]}


def only_from(*arns, test="ArnEquals", key="aws:SourceArn"):
    return {test: {key: list(arns)}}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (allow(), True),
        (allow(Action=["sqs:ReceiveMessage", "SQS:SendMessage"]), True),
        (allow(Action="sqs:*"), True),
        (allow(Principal="*", Condition=only_from(TOPIC)), True),
        (allow(Principal={"AWS": "*"}, Condition=only_from(TOPIC)), True),
        (allow(Condition=only_from("arn:aws:sns:*:123456789012:*", test="ArnLike")), True),
        (allow(Condition=only_from(TOPIC, key="AWS:SourceArn")), True),
        (allow(Condition={"StringEquals": {"aws:SourceAccount": "123456789012"}}), True),
        ({"Statement": allow()["Statement"][0]}, True),
        (allow(Effect="Deny"), False),
        (allow(Principal={"Service": "events.amazonaws.com"}), False),
        (allow(Principal={"AWS": "arn:aws:iam::123456789012:root"}), False),
        (allow(Action="sqs:ReceiveMessage"), False),
        (allow(Condition=only_from(TOPIC + "-other")), False),
        ({}, False),
    ],
)
def test_whether_a_policy_lets_the_topic_in(policy, expected):
    assert reach.lets_in(policy, TOPIC, "sqs:SendMessage") is expected


@pytest.fixture
def found(world):
    """What is unreachable among subscriptions to these endpoints, in words."""
    aws = world.aws()
    (topic,) = [each for each in world.stack(aws) if each.kind == "topic"]

    def look(protocol, endpoint):
        wanted = Subscription(
            name=f"{protocol}:x", topic=topic.ref("arn"), protocol=protocol, endpoint=endpoint
        )
        return [(each.why, each.remedy) for each in reach.unreachable(aws, TOPIC, [wanted])]

    return look


def test_a_queue_must_be_there_and_let_the_topic_in(world, found):
    sqs = world.aws().client("sqs")
    assert found("sqs", QUEUE)[0][0] == "there is no such queue"
    url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    ((why, remedy),) = found("sqs", QUEUE)
    assert why == "the queue does not let the topic in"
    assert QUEUE in remedy
    assert TOPIC in remedy
    policy = json.dumps(allow(Resource=QUEUE, Condition=only_from(TOPIC)))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    assert found("sqs", QUEUE) == []


def test_a_function_must_be_there_and_let_the_topic_in(world, found):
    assert found("lambda", FUNCTION)[0][0] == "there is no such function"
    client = world.aws().client("lambda")
    world.up()
    role = world.aws().client("iam").get_role(RoleName="price-monitor-scraper-prod")["Role"]["Arn"]
    client.create_function(
        FunctionName="listener",
        Runtime="python3.13",
        Role=role,
        Handler="x.y",
        Code={"ZipFile": world.bundle("scraper").read()},
    )
    ((why, remedy),) = found("lambda", FUNCTION)
    assert why == "the function does not let the topic in"
    assert remedy.startswith("aws lambda add-permission --function-name")
    client.add_permission(
        FunctionName="listener",
        StatementId="pricemon",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=TOPIC,
    )
    assert found("lambda", FUNCTION) == []


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("email", "buyer@example.com"),
        ("https", "https://hook.example/"),
        ("sqs", "arn:aws:sqs:eu-west-1:999999999999:theirs"),
        ("sqs", "arn:aws:sqs:us-east-1:123456789012:elsewhere"),
    ],
)
def test_what_is_not_ours_to_look_at_is_not_looked_at(found, protocol, endpoint):
    assert found(protocol, endpoint) == []
