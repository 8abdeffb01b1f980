"""Every field of every resource, changed by hand in AWS: seen as exactly that field, and mended.

`HANDS` is what somebody at a console does, one row a field. A test holds it against the fields that
the resources declare, so a new field without a row fails.
"""

import io
import json
import zipfile
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest

from pricemon.cloud import engine
from pricemon.cloud.plan import Kind
from pricemon.cloud.resource import Resource
from pricemon.cloud.role import POLICY
from pricemon.cloud.session import Aws

Client = Callable[[str], Any]
Hand = Callable[[Client, Any, Mapping[str, Any]], object]
"""Changes one field of a resource: given clients, the resource, and its outputs."""

OPEN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}],
}
ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}

NOT_BY_HAND = {
    ("table", "status"): "AWS sets it; nobody can",
    ("table", "keys"): "a table's keys never change: another table has to take its place",
    ("function", "status"): "AWS sets it; nobody can",
    ("mapping", "sources"): "AWS can't move a mapping to another source; old streams: test_engine",
    ("subscription", "topic"): "part of what identifies a subscription",
}


def table(**change: Any) -> Hand:
    return lambda c, r, _: c("dynamodb").update_table(TableName=r.name, **change)


def queue(attribute: str, value: str) -> Hand:
    return lambda c, _, out: c("sqs").set_queue_attributes(
        QueueUrl=out["url"], Attributes={attribute: value}
    )


def redrive_elsewhere(c: Client, r: Any, out: Mapping[str, Any]) -> None:
    elsewhere = c("sqs").create_queue(QueueName="elsewhere")["QueueUrl"]
    found = c("sqs").get_queue_attributes(QueueUrl=elsewhere, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": found["Attributes"]["QueueArn"], "maxReceiveCount": 9}
    queue("RedrivePolicy", json.dumps(policy))(c, r, out)


def topic(attribute: str, value: str) -> Hand:
    return lambda c, _, out: c("sns").set_topic_attributes(
        TopicArn=out["arn"], AttributeName=attribute, AttributeValue=value
    )


def subscription(attribute: str, value: str) -> Hand:
    return lambda c, _, out: c("sns").set_subscription_attributes(
        SubscriptionArn=out["arn"], AttributeName=attribute, AttributeValue=value
    )


def bucket(operation: str, **parameters: Any) -> Hand:
    return lambda c, r, _: getattr(c("s3"), operation)(Bucket=r.name, **parameters)


def role(operation: str, **parameters: Any) -> Hand:
    return lambda c, r, _: getattr(c("iam"), operation)(RoleName=r.name, **parameters)


def function(**change: Any) -> Hand:
    return lambda c, r, _: c("lambda").update_function_configuration(FunctionName=r.name, **change)


def add_layer(c: Client, r: Any, out: Mapping[str, Any]) -> None:
    content = {"ZipFile": r.code().path.read_bytes()}
    layer = c("lambda").publish_layer_version(LayerName="tool", Content=content)
    function(Layers=[layer["LayerVersionArn"]])(c, r, out)


def mapping(**change: Any) -> Hand:
    return lambda c, _, out: c("lambda").update_event_source_mapping(UUID=out["uuid"], **change)


def point_elsewhere(c: Client, r: Any, out: Mapping[str, Any]) -> None:
    """At the other function of the stack."""
    mine, theirs = "price-scraper-prod", "stream-processor-prod"
    other = theirs if r.function.to.name == mine else mine
    mapping(FunctionName=other)(c, r, out)


def loosen(c: Client, r: Any, out: Mapping[str, Any]) -> None:
    """One datapoint more or less than all."""
    alarm(EvaluationPeriods=r.evaluation_periods, DatapointsToAlarm=1)(c, r, out)


def alarm(**change: Any) -> Hand:
    def put(c: Client, r: Any, _: Mapping[str, Any]) -> None:
        found = c("cloudwatch").describe_alarms(AlarmNames=[r.name])["MetricAlarms"][0]
        keys = c("cloudwatch").meta.service_model.operation_model("PutMetricAlarm").input_shape
        kept = {key: value for key, value in found.items() if key in keys.members}
        c("cloudwatch").put_metric_alarm(**kept | change)

    return put


def schedule(**change: Any) -> Hand:
    def update(c: Client, r: Any, _: Mapping[str, Any]) -> None:
        found = c("scheduler").get_schedule(Name=r.name, GroupName=r.group.to.name)
        keys = c("scheduler").meta.service_model.operation_model("UpdateSchedule").input_shape
        kept = {key: value for key, value in found.items() if key in keys.members}
        target = kept["Target"] | change.get("Target", {})
        c("scheduler").update_schedule(**kept | change | {"Target": target})

    return update


def new_code(c: Client, r: Any, _: Mapping[str, Any]) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("other.py", "")
    c("lambda").update_function_code(FunctionName=r.name, ZipFile=content.getvalue())


HANDS: dict[tuple[str, str], Hand] = {
    ("table", "billing_mode"): table(
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        GlobalSecondaryIndexUpdates=[
            {
                "Update": {
                    "IndexName": "retailer-index",
                    "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
                }
            }
        ],
    ),
    ("table", "indexes"): table(
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "retailer-index"}}]
    ),
    ("table", "stream"): table(StreamSpecification={"StreamEnabled": False}),
    ("table", "encryption"): table(
        SSESpecification={
            "Enabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1",
        }
    ),
    ("table", "deletion_protection"): table(DeletionProtectionEnabled=True),
    ("table", "point_in_time_recovery"): lambda c, r, _: c("dynamodb").update_continuous_backups(
        TableName=r.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    ),
    ("table", "time_to_live"): lambda c, r, _: c("dynamodb").update_time_to_live(
        TableName=r.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    ),
    ("table", "tags"): lambda c, _, out: c("dynamodb").tag_resource(
        ResourceArn=out["arn"], Tags=[{"Key": "team", "Value": "somebody"}]
    ),
    ("bucket", "versioning"): bucket(
        "put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}
    ),
    ("bucket", "encryption"): bucket(
        "put_bucket_encryption",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    ),
    ("bucket", "public_access_block"): bucket("delete_public_access_block"),
    ("bucket", "policy"): bucket("delete_bucket_policy"),
    ("bucket", "lifecycle"): bucket("delete_bucket_lifecycle"),
    ("bucket", "tags"): lambda c, r, _: c("s3").put_bucket_tagging(
        Bucket=r.name,
        Tagging={
            "TagSet": [
                {"Key": "pricemon:stack", "Value": "prod"},
                {"Key": "pricemon:region", "Value": "eu-west-1"},
            ]
        },
    ),
    ("queue", "visibility_timeout"): queue("VisibilityTimeout", "400"),
    ("queue", "retention"): queue("MessageRetentionPeriod", "60"),
    ("queue", "long_poll"): queue("ReceiveMessageWaitTimeSeconds", "1"),
    ("queue", "delay"): queue("DelaySeconds", "9"),
    ("queue", "max_message_size"): queue("MaximumMessageSize", "1024"),
    ("queue", "redrive"): redrive_elsewhere,
    ("queue", "redrive_allow"): queue(
        "RedriveAllowPolicy", json.dumps({"redrivePermission": "denyAll"})
    ),
    ("queue", "encryption"): queue("KmsMasterKeyId", "arn:aws:kms:eu-west-1:123456789012:key/1"),
    ("queue", "policy"): queue("Policy", json.dumps(OPEN)),
    ("queue", "tags"): lambda c, _, out: c("sqs").tag_queue(
        QueueUrl=out["url"], Tags={"extra": "1"}
    ),
    ("topic", "display_name"): topic("DisplayName", "Offers"),
    ("topic", "policy"): topic("Policy", json.dumps(OPEN)),
    ("topic", "encryption"): topic("KmsMasterKeyId", "alias/aws/sns"),
    ("topic", "subscribers"): lambda c, _, out: c("sns").untag_resource(
        ResourceArn=out["arn"], TagKeys=["pricemon:subscribers"]
    ),
    ("topic", "tags"): lambda c, _, out: c("sns").untag_resource(
        ResourceArn=out["arn"], TagKeys=["team"]
    ),
    ("subscription", "raw"): subscription("RawMessageDelivery", "false"),
    ("subscription", "filter_policy"): subscription("FilterPolicy", '{"kind":["below"]}'),
    ("log-group", "retention"): lambda c, r, _: c("logs").put_retention_policy(
        logGroupName=r.name, retentionInDays=400
    ),
    ("log-group", "tags"): lambda c, _, out: c("logs").tag_resource(
        resourceArn=out["arn"], tags={"team": "somebody", "extra": "1"}
    ),
    ("role", "description"): role("update_role", Description="Anything"),
    ("role", "trust"): role("update_assume_role_policy", PolicyDocument=json.dumps(ANYBODY)),
    ("role", "policy"): role(
        "put_role_policy", PolicyName=POLICY, PolicyDocument=json.dumps(ANYTHING)
    ),
    ("role", "other_policies"): role(
        "put_role_policy", PolicyName="more", PolicyDocument=json.dumps(ANYTHING)
    ),
    ("role", "permissions_boundary"): role(
        "put_role_permissions_boundary",
        PermissionsBoundary="arn:aws:iam::aws:policy/PowerUserAccess",
    ),
    ("role", "tags"): role("untag_role", TagKeys=["team"]),
    ("function", "description"): function(Description="Anything"),
    ("function", "handler"): function(Handler="other.handler"),
    ("function", "runtime"): function(Runtime="python3.11"),
    ("function", "timeout"): function(Timeout=1),
    ("function", "memory"): function(MemorySize=2048),
    ("function", "role"): function(Role="arn:aws:iam::123456789012:role/other"),
    ("function", "environment"): function(Environment={"Variables": {"PRICEMON_TABLE": "other"}}),
    ("function", "logging"): function(LoggingConfig={"LogFormat": "JSON", "LogGroup": "/other"}),
    ("function", "tracing"): function(TracingConfig={"Mode": "Active"}),
    ("function", "layers"): add_layer,
    ("function", "subnets"): function(
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": []}
    ),
    ("function", "security_groups"): function(
        VpcConfig={"SubnetIds": [], "SecurityGroupIds": ["sg-1"]}
    ),
    ("function", "architecture"): lambda c, r, _: c("lambda").update_function_code(
        FunctionName=r.name,
        Architectures=["x86_64"],
        ZipFile=r.code().path.read_bytes(),
    ),
    ("function", "code_sha256"): new_code,
    ("function", "reserved_concurrency"): lambda c, r, _: c("lambda").put_function_concurrency(
        FunctionName=r.name, ReservedConcurrentExecutions=1
    ),
    ("function", "tags"): lambda c, _, out: c("lambda").untag_resource(
        Resource=out["arn"], TagKeys=["team"]
    ),
    ("mapping", "function"): point_elsewhere,
    ("mapping", "enabled"): mapping(Enabled=False),
    ("mapping", "batch_size"): mapping(BatchSize=3),
    ("mapping", "batch_window"): mapping(MaximumBatchingWindowInSeconds=7),
    ("mapping", "filters"): mapping(FilterCriteria={"Filters": [{"Pattern": '{"a":["b"]}'}]}),
    ("mapping", "responses"): mapping(FunctionResponseTypes=[]),
    ("mapping", "maximum_concurrency"): mapping(ScalingConfig={"MaximumConcurrency": 99}),
    ("mapping", "parallelization"): mapping(ParallelizationFactor=2),
    ("mapping", "bisect"): mapping(BisectBatchOnFunctionError=False),
    ("mapping", "retries"): mapping(MaximumRetryAttempts=9),
    ("mapping", "maximum_age"): mapping(MaximumRecordAgeInSeconds=99),
    ("mapping", "on_failure"): mapping(
        DestinationConfig={
            "OnFailure": {"Destination": "arn:aws:sqs:eu-west-1:123456789012:elsewhere"}
        }
    ),
    ("mapping", "tags"): lambda c, _, out: c("lambda").tag_resource(
        Resource=out["arn"], Tags={"extra": "1"}
    ),
    ("schedule-group", "tags"): lambda c, _, out: c("scheduler").tag_resource(
        ResourceArn=out["arn"], Tags=[{"Key": "extra", "Value": "1"}]
    ),
    ("schedule", "description"): schedule(Description="Anything"),
    ("schedule", "expression"): schedule(ScheduleExpression="rate(1 days)"),
    ("schedule", "timezone"): schedule(ScheduleExpressionTimezone="Europe/Berlin"),
    ("schedule", "window"): schedule(FlexibleTimeWindow={"Mode": "OFF"}),
    ("schedule", "enabled"): schedule(State="DISABLED"),
    ("schedule", "target"): schedule(
        Target={"Arn": "arn:aws:sqs:eu-west-1:123456789012:elsewhere"}
    ),
    ("schedule", "role"): schedule(Target={"RoleArn": "arn:aws:iam::123456789012:role/other"}),
    ("schedule", "message"): schedule(Target={"Input": "${time}"}),
    ("schedule", "retries"): schedule(
        Target={"RetryPolicy": {"MaximumRetryAttempts": 9, "MaximumEventAgeInSeconds": 3600}}
    ),
    ("schedule", "maximum_age"): schedule(
        Target={"RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 99}}
    ),
    ("schedule", "dead_letters"): schedule(
        Target={"DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:123456789012:elsewhere"}}
    ),
    ("alarm", "description"): alarm(AlarmDescription="Anything"),
    ("alarm", "namespace"): alarm(Namespace="Other"),
    ("alarm", "metric"): alarm(MetricName="Other"),
    ("alarm", "dimensions"): alarm(Dimensions=[{"Name": "Other", "Value": "1"}]),
    ("alarm", "statistic"): alarm(Statistic="Minimum"),
    ("alarm", "period"): alarm(Period=60),
    ("alarm", "evaluation_periods"): alarm(EvaluationPeriods=5),
    ("alarm", "datapoints"): loosen,
    ("alarm", "comparison"): alarm(ComparisonOperator="GreaterThanThreshold"),
    ("alarm", "threshold"): alarm(Threshold=1000.0),
    ("alarm", "missing_data"): alarm(TreatMissingData="ignore"),
    ("alarm", "actions_enabled"): alarm(ActionsEnabled=False),
    ("alarm", "alarm_actions"): alarm(AlarmActions=[]),
    ("alarm", "ok_actions"): alarm(OKActions=["arn:aws:sns:eu-west-1:123456789012:other"]),
    ("alarm", "insufficient_data_actions"): alarm(
        InsufficientDataActions=["arn:aws:sns:eu-west-1:123456789012:other"]
    ),
    ("alarm", "tags"): lambda c, _, out: c("cloudwatch").tag_resource(
        ResourceARN=out["arn"], Tags=[{"Key": "extra", "Value": "1"}]
    ),
    ("dashboard", "body"): lambda c, r, _: c("cloudwatch").put_dashboard(
        DashboardName=r.name,
        DashboardBody=json.dumps(
            {
                "widgets": [
                    {
                        "type": "text",
                        "width": 1,
                        "height": 1,
                        "properties": {"markdown": "Kept by pricemon (pricemon:stack=prod)"},
                    }
                ]
            }
        ),
    ),
}

NEEDS = {
    ("queue", "redrive"): "price-monitor-scraping-prod",
    ("queue", "redrive_allow"): "price-monitor-dlq-prod",
    ("alarm", "datapoints"): "price-monitor-no-success-prod",
    ("alarm", "evaluation_periods"): "price-monitor-no-success-prod",
    ("schedule", "window"): "price-monitor-scrape-prod",
    ("subscription", "raw"): "sqs:arn:aws:sqs:eu-west-1:123456789012:elsewhere",
    ("mapping", "maximum_concurrency"): "price-monitor-scraping-prod-to-price-scraper-prod",
    ("mapping", "filters"): "price-monitor-prod-to-stream-processor-prod",
}
"""Where only some resource of a kind has the field, or shows the change best."""

MOTO_FORGETS = {
    ("table", "encryption"): "moto ignores SSESpecification in an update",
    ("table", "stream"): "moto can't enable a stream again",
    ("function", "architecture"): "moto ignores Architectures in an update",
    ("function", "tracing"): "moto ignores TracingConfig in an update",
    ("function", "logging"): "moto ignores LoggingConfig in an update",
}


def declared(resources: tuple[Resource, ...]) -> dict[tuple[str, str], list[Resource]]:
    """The resources that have a field, by kind and field."""
    having: dict[tuple[str, str], list[Resource]] = {}
    for resource in (each for each in resources if each.present):
        for name in resource.desired(lambda _: "known"):
            having.setdefault((resource.kind, name), []).append(resource)
    return having


def mended(aws: Aws, resource: Resource, field: str, hand: Hand) -> None:
    """Change the field by hand; the plan must show it and nothing else, and `up` must mend it."""
    before = resource.read(aws)
    assert before is not None
    hand(aws.client, resource, before[1])
    plan = engine.plan([resource], aws)
    seen = [(c.kind, c.id, [f.field for f in c.fields]) for c in plan.pending]
    assert seen == [(Kind.UPDATE, resource.id, [field])]
    result = engine.apply([resource], aws, planned=plan)
    assert (result.created, result.updated) == ((), (resource.id,))
    assert engine.plan([resource], aws).pending == ()


def test_every_declared_field_has_a_hand(world, configs):
    """No field is left out, unless with a reason."""
    fields = declared(world.stack(world.usual, configs["other"])).keys()
    assert fields == HANDS.keys() | NOT_BY_HAND.keys()


def drift(world: Any, text: str, keys: Collection[tuple[str, str]]) -> None:
    """Make the resources that have the fields, then change and mend one field after another."""
    aws = world.usual
    having = declared(world.stack(aws, text))
    chosen = {
        key: next((r for r in having[key] if r.name == NEEDS.get(key)), having[key][-1])
        for key in keys
    }
    makers = {r.id: r for r in chosen.values()}
    if ("mapping", "function") in keys:  # one is pointed at the other's function
        makers |= {r.id: r for r in having["mapping", "function"]}
    engine.apply(list(makers.values()), aws)
    for key, resource in chosen.items():
        mended(aws, resource, key[1], HANDS[key])


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in HANDS}))
def test_drift_is_seen_and_mended(world, configs, kind):
    text = configs["base"] + ("dashboard: true" if kind == "dashboard" else "")
    drift(world, text, [key for key in HANDS if key[0] == kind and key not in MOTO_FORGETS])


@pytest.mark.e2e
@pytest.mark.parametrize("key", sorted(MOTO_FORGETS), ids="/".join)
def test_drift_that_only_the_embedded_aws_keeps(embedded_world, configs, key):
    drift(embedded_world, configs["base"], [key])


@pytest.mark.reliability
@pytest.mark.e2e
@pytest.mark.parametrize("key", sorted(HANDS), ids="/".join)
def test_drift_on_the_embedded_aws(embedded_world, configs, key):
    """There is no field that the embedded AWS forgets."""
    text = configs["base"] + ("dashboard: true" if key[0] == "dashboard" else "")
    drift(embedded_world, text, [key])


@pytest.mark.reliability
def test_drift_of_every_field_of_every_resource(world, configs, record_property):
    """As above, for all of the stack at once instead of one resource of each kind."""
    aws = world.usual
    text = configs["base"] + "dashboard: true"
    having = declared(world.stack(aws, text))
    world.up(text)
    seen = 0
    for key, hand in HANDS.items():
        for resource in [] if key in MOTO_FORGETS else having[key]:
            before = resource.read(aws)
            assert before is not None
            hand(aws.client, resource, before[1])
            if resource.read(aws) == before:
                continue  # this one was so already
            assert pending_fields(world.plan(text)) == {resource.id: [key[1]]}
            assert world.up(text).updated == (resource.id,)
            assert world.plan(text).pending == ()
            seen += 1
    record_property("fields drifted and mended", seen)


def pending_fields(plan: Any) -> dict[str, list[str]]:
    return {change.id: [field.field for field in change.fields] for change in plan.pending}
