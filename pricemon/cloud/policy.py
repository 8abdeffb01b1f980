"""Least-privilege policy documents of the stack's roles, topic and bucket, as pure functions.

An `Arn` is a string, or a reference that becomes one later: it is embedded as it is, and a path
below it is written `arn + "/prices/*"`, so a reference needs to support `+ str` and nothing else.
No document here grants an action on the resource `*`, except where the service accepts no ARN for
the action (AWS's service authorization reference); such a statement says so in its `Sid`.

The actions are those that the functions' code and Lambda's pollers use, and no others: a test takes
away each one and shows what breaks. None may create a log group, since logs that arrive after a
teardown would bring the group back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Arn = Any
Document = dict[str, Any]
Statement = dict[str, Any]

VERSION = "2012-10-17"
"""The policy language's version, not a date of ours."""


def scraper(
    *,
    table: Arn,
    index: Arn,
    bucket: Arn,
    queue: Arn,
    dlq: Arn,
    log_group: Arn,
    parameters: Sequence[Arn] = (),
    keys: Sequence[Arn] = (),
    tracing: bool = False,
    network: Arn | None = None,
) -> Document:
    """What the scraper may do: read and write the table, archive, work its queue, fill the DLQ.

    Three of the `Jobs` actions are those of Lambda's poller. The options are the same for both
    functions: `parameters` are SSM parameters that hold secrets, `keys` are KMS keys that encrypt
    the other resources, `network` is the account's EC2 pattern (`arn:aws:ec2:…:*`) for a function
    in a VPC, which is as narrow as Lambda takes it.
    """
    return document(
        allow(
            "Table",
            [
                "dynamodb:BatchGetItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ],
            table,
        ),
        allow("Catalogue", ["dynamodb:Query"], index),
        allow("Archive", ["s3:PutObject"], bucket + "/prices/*", bucket + "/failures/*"),
        allow(
            "Jobs",
            [
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
                "sqs:SendMessage",
            ],
            queue,
        ),
        allow("DeadLetters", ["sqs:SendMessage"], dlq),
        *_function(log_group, parameters=parameters, keys=keys, tracing=tracing, network=network),
    )


def stream_processor(
    *,
    table: Arn,
    stream: Arn,
    topic: Arn,
    on_failure: Arn,
    log_group: Arn,
    queue: Arn | None = None,
    parameters: Sequence[Arn] = (),
    keys: Sequence[Arn] = (),
    tracing: bool = False,
    network: Arn | None = None,
) -> Document:
    """What the stream processor may do: follow the stream, remember alerts, publish them.

    The `Stream` actions and the poller's use of `OnFailure` are Lambda's, on the role's behalf.
    Lambda's error names `ListStreams` among what it wants; AWS's reference gives that action no
    ARN, but SAM's `DynamoDBStreamReadPolicy` grants it on a table's streams, and mappings work.
    """
    return document(
        allow(
            "Stream",
            [
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
            ],
            stream,
        ),
        allow("StreamListing", ["dynamodb:ListStreams"], stream),
        allow(
            "AlertState",
            [
                "dynamodb:BatchGetItem",
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ],
            table,
        ),
        allow("Alerts", ["sns:Publish"], topic),
        allow("OnFailure", ["sqs:SendMessage"], on_failure),
        *([allow("Deferred", ["sqs:SendMessage"], queue)] if queue is not None else []),
        *_function(log_group, parameters=parameters, keys=keys, tracing=tracing, network=network),
    )


def notifier(
    *,
    queue: Arn,
    dlq: Arn,
    log_group: Arn,
    parameters: Sequence[Arn],
    keys: Sequence[Arn] = (),
    tracing: bool = False,
    network: Arn | None = None,
) -> Document:
    """What the notifier may do: work its queue, put back what one channel missed, fill its DLQ.

    `parameters` hold its channels' URLs. As secure strings under AWS's own key they need no
    permission of KMS: that key lets in whoever may read the parameter.
    """
    return document(
        allow(
            "Alerts",
            [
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
                "sqs:SendMessage",
            ],
            queue,
        ),
        allow("DeadLetters", ["sqs:SendMessage"], dlq),
        *_function(log_group, parameters=parameters, keys=keys, tracing=tracing, network=network),
    )


def scheduler(*, queue: Arn, processor: Arn, keys: Sequence[Arn] = ()) -> Document:
    """What the schedules may do: send to the scraping queue, call the stream processor."""
    return document(
        allow("FanOut", ["sqs:SendMessage"], queue),
        allow("DeferredAlerts", ["lambda:InvokeFunction"], processor),
        *_encryption(keys),
    )


def trust_lambda() -> Document:
    """Lambda may assume the role.

    Without an `aws:SourceAccount` condition: Lambda does not document that it sends one when it
    assumes an execution role, and a function can only be given a role of its own account.
    """
    return document(_trust("lambda.amazonaws.com"))


def trust_scheduler(*, account: str, schedule_group: Arn) -> Document:
    """EventBridge Scheduler may assume the role, for schedules of this account's group only.

    The scope must be the group: AWS refuses a single schedule here ("Confused deputy prevention in
    EventBridge Scheduler", its user guide).
    """
    return document(
        _trust("scheduler.amazonaws.com")
        | {
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account, "aws:SourceArn": schedule_group}
            }
        }
    )


def alarms_may_publish(*, topic: Arn, account: str, alarms: Arn) -> Document:
    """The topic's policy: CloudWatch alarms of this account may publish, and nobody else by it.

    `alarms` is an ARN pattern (`arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*`). Principals of
    the account itself are let in by their own policies.
    """
    return document(
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": alarms},
            },
        }
    )


def topic_may_send(*, queue: Arn, topic: Arn) -> Document:
    """A queue's policy: the topic may send to it, and nobody else by it."""
    return document(
        {
            "Sid": "Topic",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
    )


def tls_only(*, bucket: Arn, loopback: bool = False) -> Document:
    """The bucket's policy: nobody reads or writes it over plain HTTP.

    With `loopback` requests from this very machine may: the embedded AWS has no certificate.
    """
    conditions: dict[str, Any] = {"Bool": {"aws:SecureTransport": "false"}}
    if loopback:
        conditions["NotIpAddress"] = {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]}
    return document(
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, bucket + "/*"],
            "Condition": conditions,
        }
    )


def _function(
    log_group: Arn,
    *,
    parameters: Sequence[Arn],
    keys: Sequence[Arn],
    tracing: bool,
    network: Arn | None,
) -> list[Statement]:
    """What every function needs, and what its options add."""
    statements = [
        allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], log_group + ":log-stream:*")
    ]
    if parameters:
        statements.append(allow("Secrets", ["ssm:GetParameter"], *parameters))
    statements += _encryption(keys)
    if tracing:
        statements.append(
            allow("TracingTakesNoArn", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*")
        )
    if network is not None:
        statements += [
            allow(
                "VpcInterfaces",
                [
                    "ec2:AssignPrivateIpAddresses",
                    "ec2:CreateNetworkInterface",
                    "ec2:DeleteNetworkInterface",
                    "ec2:UnassignPrivateIpAddresses",
                ],
                network,
            ),
            allow(
                "VpcLookupsTakeNoArn",
                ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
                "*",
            ),
        ]
    return statements


def _encryption(keys: Sequence[Arn]) -> list[Statement]:
    return [allow("Encryption", ["kms:Decrypt", "kms:GenerateDataKey"], *keys)] if keys else []


def document(*statements: Statement) -> Document:
    """A policy of the statements."""
    return {"Version": VERSION, "Statement": list(statements)}


def allow(sid: str, actions: list[str], *resources: Arn) -> Statement:
    """A statement of a policy that belongs to whoever may act."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": list(resources)}


def _trust(service: str) -> Statement:
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
