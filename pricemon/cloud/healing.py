"""Errors of AWS that heal if one waits: the behaviour of the real services, one row each.

The messages are AWS's own words, since a code alone (`InvalidParameterValueException`) covers both
what heals and what never will. Anything that is not listed is permanent and is reported at once: a
long blind retry would hide a genuine permission error behind minutes of waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pricemon.cloud.answers import names, sentence

if TYPE_CHECKING:
    from botocore.exceptions import ClientError


@dataclass(frozen=True, kw_only=True)
class Healing:
    """An error that time heals. `message` is a part of AWS's sentence; empty matches any.

    `budget` is the most seconds to spend on it, `waits_for` completes "waited 60 s for …".
    """

    service: str
    operations: frozenset[str]
    code: str
    message: str = ""
    budget: float = 120.0
    first_delay: float = 1.0
    waits_for: str

    def matches(self, service: str, operation: str, error: ClientError) -> bool:
        """Whether `error`, raised by `operation` of `service`, is this one."""
        return (
            self.service in (service, "*")
            and (operation in self.operations or not self.operations)
            and self.code in names(error)
            and self.message in sentence(error)
        )


def _row(service: str, operations: str, code: str, message: str = "", **rest: Any) -> Healing:
    return Healing(
        service=service,
        operations=frozenset(operations.split()),
        code=code,
        message=message,
        **rest,
    )


_FUNCTION = "create_function update_function_configuration"
_MAPPING = "create_event_source_mapping update_event_source_mapping"
_BUCKET = (
    "put_bucket_versioning put_bucket_encryption put_public_access_block put_bucket_policy "
    "put_bucket_lifecycle_configuration put_bucket_tagging delete_bucket_policy "
    "delete_bucket_lifecycle"
)
_ROLE: dict[str, Any] = {"waits_for": "the new role to be known everywhere", "first_delay": 0.25}
_INVALID = "InvalidParameterValueException"
_NO_PERMISSION = "execution role does not have permissions"

HEALING = (
    # Lambda
    _row("lambda", _FUNCTION, _INVALID, "cannot be assumed by Lambda", **_ROLE),
    _row("lambda", _FUNCTION, _INVALID, _NO_PERMISSION, **_ROLE),
    _row("lambda", _FUNCTION, _INVALID, "KMS key is invalid for CreateGrant", **_ROLE),
    _row(
        "lambda",
        f"{_FUNCTION} update_function_code delete_function put_function_concurrency "
        "delete_function_concurrency",
        "ResourceConflictException",
        waits_for="the function's previous change to finish",
    ),
    _row("lambda", _MAPPING, _INVALID, "cannot be assumed by Lambda", **_ROLE),
    _row("lambda", _MAPPING, _INVALID, _NO_PERMISSION, **_ROLE),
    _row("lambda", _MAPPING, _INVALID, "Cannot access stream", **_ROLE),
    _row(
        "lambda",
        _MAPPING,
        _INVALID,
        "NonExistentQueue",
        waits_for="the new queue to be known everywhere",
    ),
    _row(
        "lambda",
        "update_event_source_mapping delete_event_source_mapping",
        "ResourceInUseException",
        waits_for="the mapping's previous change to finish",
    ),
    # SQS
    _row(
        "sqs",
        "create_queue",
        "QueueDeletedRecently",
        budget=90.0,
        waits_for="the minute after which SQS gives a deleted queue's name out again",
    ),
    _row(
        "sqs",
        "set_queue_attributes tag_queue untag_queue",
        "QueueDoesNotExist",
        budget=20.0,
        waits_for="the new queue to be known everywhere",
    ),
    _row(
        "sqs",
        "create_queue set_queue_attributes",
        "InvalidParameterValue",
        "Dead letter target does not exist",
        budget=60.0,
        waits_for="the new dead-letter queue to be known everywhere",
    ),
    _row(
        "sqs",
        "create_queue set_queue_attributes",
        "InvalidAttributeValue",
        "Invalid value for the parameter Policy",
        **_ROLE,
    ),
    # SNS
    _row(
        "sns", "create_topic set_topic_attributes", "InvalidParameter", "PrincipalNotFound", **_ROLE
    ),
    _row(
        "sns",
        "subscribe set_topic_attributes tag_resource",
        "NotFound",
        budget=20.0,
        waits_for="the new topic to be known everywhere",
    ),
    # IAM
    _row(
        "iam",
        "create_role update_assume_role_policy",
        "MalformedPolicyDocument",
        "Invalid principal in policy",
        waits_for="the principal to be known everywhere",
        first_delay=0.25,
    ),
    _row(
        "iam",
        "delete_role",
        "DeleteConflict",
        waits_for="the role's removed policies to be forgotten everywhere",
    ),
    _row(
        "iam",
        "put_role_policy tag_role update_role update_assume_role_policy",
        "NoSuchEntity",
        **_ROLE,
    ),
    _row("iam", "", "ConcurrentModification", waits_for="another change of the same role"),
    _row("iam", "", "EntityTemporarilyUnmodifiable", waits_for="another change of the same role"),
    # EventBridge Scheduler
    _row(
        "scheduler",
        "create_schedule update_schedule",
        "ValidationException",
        "must allow AWS EventBridge Scheduler to assume the role",
        **_ROLE,
    ),
    _row(
        "scheduler",
        "create_schedule",
        "ResourceNotFoundException",
        budget=20.0,
        waits_for="the new schedule group to be known everywhere",
    ),
    # S3
    _row(
        "s3",
        f"create_bucket delete_bucket {_BUCKET}",
        "OperationAborted",
        waits_for="another operation on the bucket, or on one of its name deleted just now",
    ),
    _row(
        "s3",
        _BUCKET,
        "NoSuchBucket",
        budget=30.0,
        waits_for="the new bucket to be known everywhere",
    ),
    # CloudWatch Logs
    _row(
        "logs",
        "create_log_group delete_log_group put_retention_policy delete_retention_policy "
        "tag_resource untag_resource",
        "OperationAbortedException",
        waits_for="another operation on the log group",
    ),
    _row(
        "logs",
        "put_retention_policy",
        "ResourceNotFoundException",
        budget=20.0,
        waits_for="the new log group to be known everywhere",
    ),
    # DynamoDB
    _row(
        "dynamodb",
        "update_continuous_backups update_time_to_live",
        "ContinuousBackupsUnavailableException",
        waits_for="the new table's backups to be enabled",
    ),
    _row(
        "dynamodb",
        "update_time_to_live",
        "ValidationException",
        "Backups are being enabled",
        waits_for="the new table's backups to be enabled",
    ),
    _row(
        "dynamodb",
        "update_table delete_table tag_resource untag_resource update_time_to_live "
        "update_continuous_backups",
        "ResourceInUseException",
        waits_for="the table's previous change to finish",
    ),
    _row(
        "dynamodb",
        "update_table delete_table tag_resource untag_resource",
        "LimitExceededException",
        "Table tags are being updated",
        waits_for="the table's tags to be written",
    ),
    _row(
        "dynamodb",
        "create_table update_table delete_table",
        "LimitExceededException",
        "can be created",
        budget=1200.0,
        waits_for="other tables and indexes to be built",
    ),
    _row(
        "dynamodb",
        "tag_resource update_time_to_live update_continuous_backups",
        "ResourceNotFoundException",
        budget=20.0,
        waits_for="the new table to be known everywhere",
    ),
    # KMS
    _row(
        "kms",
        "create_key put_key_policy",
        "MalformedPolicyDocumentException",
        waits_for="the key policy's principals to be known everywhere",
    ),
    # Every service, beyond the retries that boto3 makes by itself
    *(
        _row("*", "", code, budget=60.0, waits_for="AWS to accept this many requests")
        for code in (
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "SlowDown",
            "TooManyUpdates",
        )
    ),
)

_NOT_HEALING = (
    # the same codes as rows above, with words that say the opposite
    ("lambda", "ResourceConflictException", "already exist"),
    ("dynamodb", "LimitExceededException", "Subscriber limit exceeded"),
)


def healing(service: str, operation: str, error: ClientError) -> Healing | None:
    """The row that says the error heals; `None` if it is permanent."""
    words = sentence(error)
    if any(
        service == where and code in names(error) and part in words
        for where, code, part in _NOT_HEALING
    ):
        return None
    return next((row for row in HEALING if row.matches(service, operation, error)), None)
