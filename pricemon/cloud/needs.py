"""What a person needs to make, read, change and remove each kind of resource: a table of facts.

By kind, the actions behind the calls its module makes, and the ARN they act on, in the form that
AWS's service authorization reference gives for them. Where it gives none, `anywhere` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_LOCAL_ARN = "arn:{partition}:%s:{region}:{account}:%s"
_ACCOUNT_ARN = "arn:{partition}:%s::{account}:%s"
_BUCKET_ARN = "arn:{partition}:s3:::{name}"

ANYWHERE = "*"
TAKE_NO_ARN = "TheseTakeNoArn"


@dataclass(frozen=True, kw_only=True)
class Need:
    """Actions of one service on one form of ARN. `names` are without the service's prefix.

    `resource` is filled in with partition, region, account and the resource's name; `{group}` is
    the schedule group's. With `of_functions` the stack's functions are the condition instead: an
    event source mapping has no name, but AWS tells whose it is. With `alike` several names become
    one pattern, since a policy may not be long.
    """

    sid: str
    resource: str
    service: str
    names: tuple[str, ...]
    below: str = ""
    """A suffix that, appended, is a second form of the ARN."""
    alike: bool = False
    of_functions: bool = False
    passed_to: tuple[str, ...] = ()
    """Services that a role may be passed to."""

    @property
    def actions(self) -> list[str]:
        """As a policy writes them."""
        return sorted(f"{self.service}:{name}" for name in self.names)


NEEDS: Mapping[str, tuple[Need, ...]] = {
    "table": (
        Need(
            sid="Table",
            service="dynamodb",
            resource=_LOCAL_ARN % ("dynamodb", "table/{name}"),
            names=(
                "CreateTable",
                "DeleteTable",
                "DescribeContinuousBackups",
                "DescribeTable",
                "DescribeTimeToLive",
                "ListTagsOfResource",
                "Scan",
                "TagResource",
                "UntagResource",
                "UpdateContinuousBackups",
                "UpdateTable",
                "UpdateTimeToLive",
            ),
        ),
    ),
    "bucket": (
        Need(
            sid="Bucket",
            service="s3",
            resource=_BUCKET_ARN,
            names=(
                "CreateBucket",
                "DeleteBucket",
                "GetBucketPolicy",
                "GetBucketPublicAccessBlock",
                "GetBucketTagging",
                "GetBucketVersioning",
                "GetEncryptionConfiguration",
                "GetLifecycleConfiguration",
                "ListBucketVersions",
                "PutBucketPolicy",
                "PutBucketPublicAccessBlock",
                "PutBucketTagging",
                "PutBucketVersioning",
                "PutEncryptionConfiguration",
                "PutLifecycleConfiguration",
                "TagResource",
            ),
        ),
        Need(
            sid="BucketContents",
            service="s3",
            resource=_BUCKET_ARN + "/*",
            names=("DeleteObject", "DeleteObjectVersion"),
        ),
    ),
    "queue": (
        Need(
            sid="Queues",
            service="sqs",
            resource=_LOCAL_ARN % ("sqs", "{name}"),
            alike=True,
            names=(
                "CreateQueue",
                "DeleteQueue",
                "GetQueueAttributes",
                "GetQueueUrl",
                "ListQueueTags",
                "SetQueueAttributes",
                "TagQueue",
                "UntagQueue",
            ),
        ),
    ),
    "topic": (
        Need(
            sid="Topic",
            service="sns",
            resource=_LOCAL_ARN % ("sns", "{name}"),
            names=(
                "CreateTopic",
                "DeleteTopic",
                "GetTopicAttributes",
                "ListSubscriptionsByTopic",
                "ListTagsForResource",
                "SetTopicAttributes",
                "Subscribe",
                "TagResource",
                "UntagResource",
            ),
        ),
        Need(
            sid=TAKE_NO_ARN,
            service="sns",
            resource=ANYWHERE,
            names=("GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"),
        ),
    ),
    "log-group": (
        Need(  # the form with `:*` is the one for everything but tags, which want the other
            sid="LogGroups",
            service="logs",
            resource=_LOCAL_ARN % ("logs", "log-group:{name}"),
            below=":*",
            names=(
                "CreateLogGroup",
                "DeleteLogGroup",
                "ListTagsForResource",
                "PutRetentionPolicy",
                "TagResource",
                "UntagResource",
            ),
        ),
        Need(
            sid=TAKE_NO_ARN,
            service="logs",
            resource=ANYWHERE,
            names=("DescribeLogGroups",),
        ),
    ),
    "role": (
        Need(
            sid="Roles",
            service="iam",
            resource=_ACCOUNT_ARN % ("iam", "role/{name}"),
            alike=True,
            names=(
                "CreateRole",
                "DeleteRole",
                "DeleteRolePermissionsBoundary",
                "DeleteRolePolicy",
                "DetachRolePolicy",
                "GetRole",
                "GetRolePolicy",
                "ListAttachedRolePolicies",
                "ListRolePolicies",
                "ListRoleTags",
                "PutRolePolicy",
                "TagRole",
                "UntagRole",
                "UpdateAssumeRolePolicy",
                "UpdateRole",
            ),
        ),
        Need(
            sid="RolesToTheirServices",
            service="iam",
            resource=_ACCOUNT_ARN % ("iam", "role/{name}"),
            alike=True,
            names=("PassRole",),
            passed_to=("lambda.amazonaws.com", "scheduler.amazonaws.com"),
        ),
    ),
    "function": (
        Need(
            sid="Functions",
            service="lambda",
            resource=_LOCAL_ARN % ("lambda", "function:{name}"),
            names=(
                "CreateFunction",
                "DeleteFunction",
                "DeleteFunctionConcurrency",
                "GetFunction",
                "GetFunctionConfiguration",
                "ListTags",
                "PutFunctionConcurrency",
                "TagResource",
                "UntagResource",
                "UpdateFunctionCode",
                "UpdateFunctionConfiguration",
            ),
        ),
    ),
    "mapping": (
        Need(
            sid="Mappings",
            service="lambda",
            resource=_LOCAL_ARN % ("lambda", "event-source-mapping:*"),
            names=(
                "DeleteEventSourceMapping",
                "GetEventSourceMapping",
                "UpdateEventSourceMapping",
            ),
            of_functions=True,
        ),
        Need(
            sid="MappingTags",
            service="lambda",
            resource=_LOCAL_ARN % ("lambda", "event-source-mapping:*"),
            names=("ListTags", "TagResource", "UntagResource"),
        ),
        Need(
            sid="NewMappingsTakeNoArn",
            service="lambda",
            resource=ANYWHERE,
            names=("CreateEventSourceMapping",),
            of_functions=True,
        ),
        Need(
            sid=TAKE_NO_ARN,
            service="lambda",
            resource=ANYWHERE,
            names=("ListEventSourceMappings",),
        ),
    ),
    "schedule-group": (
        Need(
            sid="ScheduleGroup",
            service="scheduler",
            resource=_LOCAL_ARN % ("scheduler", "schedule-group/{name}"),
            names=(
                "CreateScheduleGroup",
                "DeleteScheduleGroup",
                "GetScheduleGroup",
                "ListTagsForResource",
                "TagResource",
                "UntagResource",
            ),
        ),
    ),
    "schedule": (
        Need(
            sid="Schedule",
            service="scheduler",
            resource=_LOCAL_ARN % ("scheduler", "schedule/{group}/{name}"),
            alike=True,
            names=("CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule"),
        ),
    ),
    "alarm": (
        Need(
            sid="Alarms",
            service="cloudwatch",
            resource=_LOCAL_ARN % ("cloudwatch", "alarm:{name}"),
            alike=True,
            names=(
                "DeleteAlarms",
                "DescribeAlarms",
                "ListTagsForResource",
                "PutMetricAlarm",
                "TagResource",
                "UntagResource",
            ),
        ),
    ),
    "dashboard": (
        Need(
            sid="Dashboard",
            service="cloudwatch",
            resource=_ACCOUNT_ARN % ("cloudwatch", "dashboard/{name}"),
            names=("DeleteDashboards", "GetDashboard", "PutDashboard"),
        ),
    ),
    "subscription": (),  # the topic's
}
"""By `Resource.kind`. `sts:GetCallerIdentity`, the first call of every run, needs no permission."""
