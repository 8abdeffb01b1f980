"""Errors of the real AWS that no emulator shows: survived if they heal, else reported at once.

Every row of `HEALING` is played for every operation that it names. Time is injected.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from pricemon.cloud import engine
from pricemon.cloud.explain import explain
from pricemon.cloud.healing import HEALING
from pricemon.cloud.remedies import remedy
from pricemon.cloud.run import explained
from pricemon.cloud.session import TakenError
from pricemon.core.errors import PricemonError

SENTENCES = {
    "cannot be assumed by Lambda": "The role defined for the function cannot be assumed by Lambda.",
    "Cannot access stream": "Cannot access stream arn:aws:dynamodb:…. Please ensure the role can "
    "perform the GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams Actions "
    "on your stream in IAM.",
    "must allow AWS EventBridge Scheduler": "The execution role you provide must allow AWS "
    "EventBridge Scheduler to assume the role.",
    "can be created": "Only 1 online index can be created or deleted simultaneously per table",
}
"""AWS's words in full, where a row quotes a part of them."""

ROWS = [
    pytest.param(row, operation, id=f"{row.service}-{operation}-{row.code}-{row.message[:20]}")
    for row in HEALING
    for operation in sorted(row.operations or {"get_caller_identity"})
    if row.operations or row.service == "*"
] + [
    pytest.param(row, "put_role_policy", id=f"iam-{row.code}")
    for row in HEALING
    if row.service == "iam" and not row.operations
]

PERMANENT = [
    # service, operation, code, AWS's words, what the hint must say
    (
        *("lambda", "create_event_source_mapping", "InvalidParameterValueException"),
        "Queue visibility timeout: 60 seconds is less than Function timeout: 180 seconds",
        "queues.visibility_timeout",
    ),
    (
        *("dynamodb", "update_time_to_live", "ValidationException"),
        "Time to live has been modified multiple times within a fixed interval",
        "again later",
    ),
    (
        *("dynamodb", "update_time_to_live", "ValidationException"),
        "TimeToLive is active on a different AttributeName",
        "switch table.keep_days off",
    ),
    (
        *("dynamodb", "delete_table", "ValidationException"),
        (
            "Resource cannot be deleted as it is currently protected against deletion. Disable "
            "deletion protection first."
        ),
        "table.deletion_protection",
    ),
    (
        *("dynamodb", "create_table", "LimitExceededException"),
        "Subscriber limit exceeded: There is a limit of 2500 tables per region",
        None,
    ),
    (
        *("sqs", "create_queue", "AccessDenied"),
        (
            "User: arn:aws:iam::1:user/me is not authorized to perform: sqs:createqueue on "
            "resource: arn:aws:sqs:eu-west-1:1:jobs"
        ),
        "sqs:createqueue",
    ),
    (
        *("iam", "create_role", "AccessDenied"),
        (
            "User: arn:aws:iam::1:user/me is not authorized to perform: iam:CreateRole on "
            "resource: arn:aws:iam::1:role/scraper"
        ),
        "iam:CreateRole",
    ),
    (
        *("iam", "put_role_policy", "MalformedPolicyDocument"),
        "Syntax errors in policy.",
        None,
    ),
    (
        *("lambda", "create_function", "InvalidParameterValueException"),
        "Unzipped size must be smaller than 262144000 bytes",
        "pricemon bundle",
    ),
    (
        *("lambda", "put_function_concurrency", "InvalidParameterValueException"),
        (
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of [10]."
        ),
        "reserved_concurrency",
    ),
    (
        *("sqs", "set_queue_attributes", "InvalidAttributeName"),
        "You can use one type of server-side encryption (SSE) at one time.",
        "by hand",
    ),
    (
        *("scheduler", "create_schedule", "ValidationException"),
        "Invalid Schedule Expression rate(0 hours).",
        None,
    ),
    ("sts", "get_caller_identity", "ExpiredToken", "The security token is expired", "renew them"),
    (
        *("sts", "get_caller_identity", "InvalidClientTokenId"),
        "The security token included in the request is invalid.",
        "profile, keys and region",
    ),
]


def minimal(shape: Any) -> Any:
    """The least input that botocore accepts for a shape."""
    kind = shape.type_name
    if kind == "structure":
        return {name: minimal(shape.members[name]) for name in shape.required_members}
    if kind == "list":
        return [minimal(shape.member)] * (shape.metadata.get("min") or 0)
    if kind == "map":
        return {}
    if kind == "string":
        return (shape.enum or ["x" * max(1, shape.metadata.get("min") or 0)])[0]
    return {"boolean": True, "blob": b"x"}.get(kind, shape.metadata.get("min") or 1)


def ask(aws: Any, service: str, operation: str) -> Any:
    """Call an operation with the least input."""
    client = aws.client(service)
    name = client.meta.method_to_api_mapping[operation]
    return aws.call(
        service, operation, **minimal(client.meta.service_model.operation_model(name).input_shape)
    )


def api(aws: Any, service: str, operation: str) -> str:
    client = aws.client(service)
    named: str = client.meta.method_to_api_mapping[operation]
    return named


@pytest.fixture
def played(world, faults):
    """Clients that answer with the faults, then with success: no AWS behind them."""
    faults.then_succeed = True
    return world.aws(faults)


@pytest.mark.parametrize(("row", "operation"), ROWS)
def test_what_heals_is_waited_for_within_bounds(world, faults, played, row, operation):
    service = "sts" if row.service == "*" else row.service
    words = SENTENCES.get(row.message, row.message or "Please try again.")
    name = api(played, service, operation)

    faults.play(service, name, row.code, words, times=3)
    ask(played, service, operation)
    assert faults.left[f"{service}.{name}"] == 0
    assert len(world.time.slept) == 3
    assert world.time.now <= row.budget

    world.time.now = 0.0
    faults.play(service, name, row.code, words, times=100_000)
    told: list[str] = []
    with (
        pytest.raises(PricemonError, match=r"waited \d+ s for") as gave_up,
        played.telling(told.append),
    ):
        ask(played, service, operation)
    assert row.budget / 2 < world.time.now <= row.budget
    assert max(world.time.slept) <= 8
    assert row.waits_for in gave_up.value.message
    assert words in gave_up.value.message
    assert told
    assert all(words in sentence for sentence in told)
    assert len(told) < len(world.time.slept)  # the first seconds pass in silence


@pytest.mark.parametrize(("service", "operation", "code", "words", "hint"), PERMANENT)
def test_what_does_not_heal_is_reported_at_once(
    world, faults, played, service, operation, code, words, hint
):
    faults.play(service, api(played, service, operation), code, words, times=2)
    with pytest.raises(Exception, match="error occurred") as problem:
        ask(played, service, operation)
    assert world.time.slept == []
    seen = explained(problem.value)
    assert words in seen.message
    assert hint is None or hint in str(seen.hint)


@pytest.mark.parametrize(
    ("service", "operation", "code", "words"),
    [
        ("lambda", "create_function", "ResourceConflictException", "Function already exist: x"),
        (
            *("lambda", "create_event_source_mapping", "ResourceConflictException"),
            (
                'An event source mapping with SQS arn (" a ") and function (" f ") already exists. '
                "Please update or delete the existing mapping with UUID 1"
            ),
        ),
        (
            *("lambda", "create_event_source_mapping", "ResourceConflictException"),
            "The event source arn a and function f provided mapping already exists",
        ),
        ("sqs", "create_queue", "QueueAlreadyExists", "A queue already exists with the same name"),
        ("dynamodb", "create_table", "ResourceInUseException", "Table already exists: x"),
        ("iam", "create_role", "EntityAlreadyExists", "Role with name x already exists."),
        ("logs", "create_log_group", "ResourceAlreadyExistsException", "It already exists"),
        ("s3", "create_bucket", "BucketAlreadyOwnedByYou", "You already own it."),
        ("scheduler", "create_schedule", "ConflictException", "Schedule x already exists."),
        ("scheduler", "create_schedule_group", "ConflictException", "x already exists."),
    ],
)
def test_what_somebody_else_has_made_is_adopted(
    world, faults, played, service, operation, code, words
):
    faults.play(service, api(played, service, operation), code, words, times=1)
    with pytest.raises(TakenError):
        ask(played, service, operation)
    assert world.time.slept == []


def test_a_bucket_name_of_somebody_elses_is_reported(world, faults):
    faults.play("s3", "CreateBucket", "BucketAlreadyExists", "Not available.", times=1)
    aws = world.aws(faults)
    [bucket] = [r for r in world.stack(aws) if r.kind == "bucket"]
    with pytest.raises(engine.ApplyError, match="taken by another AWS account") as refused:
        engine.apply([bucket], aws)
    assert "bucket.suffix" in str(refused.value.hint)


@pytest.mark.parametrize("code", ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"])
def test_an_absent_queue_by_either_of_its_names(world, faults, played, code):
    """The name depends on a header of the answer."""
    faults.play("sqs", "GetQueueUrl", code, "The specified queue does not exist.", times=1)
    assert played.find("sqs", "get_queue_url", QueueName="x") is None


def test_an_up_through_everything_at_once(world, faults):
    """One `up` in which nearly every service is still catching up."""
    trouble = {
        "lambda.CreateFunction": HEALING[0],
        "lambda.CreateEventSourceMapping": next(r for r in HEALING if "stream" in r.message),
        "sqs.CreateQueue": next(r for r in HEALING if r.code == "QueueDeletedRecently"),
        "dynamodb.UpdateContinuousBackups": next(
            r for r in HEALING if r.code == "ContinuousBackupsUnavailableException"
        ),
        "scheduler.CreateSchedule": next(r for r in HEALING if "EventBridge" in r.message),
        "s3.PutBucketPolicy": next(r for r in HEALING if r.code == "OperationAborted"),
        "s3.PutBucketVersioning": next(r for r in HEALING if r.code == "NoSuchBucket"),
        "logs.PutRetentionPolicy": next(
            r for r in HEALING if (r.service, r.code) == ("logs", "ResourceNotFoundException")
        ),
        "sns.Subscribe": next(r for r in HEALING if (r.service, r.code) == ("sns", "NotFound")),
        "iam.PutRolePolicy": next(r for r in HEALING if r.code == "NoSuchEntity"),
        "cloudwatch.PutMetricAlarm": next(r for r in HEALING if r.code == "Throttling"),
    }
    for key, row in trouble.items():
        faults.play(*key.split("."), row.code, row.message or "Later.", times=2)
    aws = world.aws(faults)
    engine.apply(world.stack(aws), aws)
    assert not any(faults.left.values())
    assert world.plan().pending == ()


def test_remedies_are_for_errors_that_do_not_heal():
    """An unknown error has AWS's own words and no invented advice."""
    error = ClientError({"Error": {"Code": "Odd", "Message": "Something odd."}}, "DoIt")
    assert remedy(error) is None
    assert "Something odd." in str(explain(error))
