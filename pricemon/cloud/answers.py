"""What AWS's errors say: their names and words, and whether something is absent or taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

ABSENT = {
    "cloudwatch": {"ResourceNotFound", "ResourceNotFoundException", "DashboardNotFoundError"},
    "dynamodb": {"ResourceNotFoundException", "TableNotFoundException"},
    "iam": {"NoSuchEntity"},
    "kms": {"NotFoundException"},
    "lambda": {"ResourceNotFoundException"},
    "logs": {"ResourceNotFoundException"},
    "s3": {
        "404",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "ServerSideEncryptionConfigurationNotFoundError",
    },
    "scheduler": {"ResourceNotFoundException"},
    "sns": {"NotFound", "NotFoundException"},
    "sqs": {"QueueDoesNotExist", "NonExistentQueue"},
}
"""By service: the names of errors that say the thing asked for is not there."""

_EXISTS = {
    "dynamodb": {"ResourceInUseException"},
    "iam": {"EntityAlreadyExists"},
    "kms": {"AlreadyExistsException"},
    "lambda": {"ResourceConflictException"},
    "logs": {"ResourceAlreadyExistsException"},
    "s3": {"BucketAlreadyOwnedByYou"},
    "scheduler": {"ConflictException"},
    "sqs": {"QueueNameExists", "QueueAlreadyExists"},
}


def names(error: ClientError) -> set[str]:
    """The error's names: its modelled class and its code, without a protocol's prefix.

    SQS says `AWS.SimpleQueueService.NonExistentQueue` or `QueueDoesNotExist` depending on a
    response header, but both arrive as the class `QueueDoesNotExist`.
    """
    code = str(error.response.get("Error", {}).get("Code", ""))
    return {type(error).__name__, code, code.removeprefix("AWS.SimpleQueueService.")}


def sentence(error: ClientError) -> str:
    """AWS's own words, without botocore's introduction."""
    details = error.response.get("Error", {})
    return str(details.get("Message") or details.get("Code") or error)


def is_absent(service: str, error: ClientError) -> bool:
    """Whether the error says that the thing asked for is not there."""
    return bool(names(error) & ABSENT.get(service, set()))


def is_taken(service: str, operation: str, error: ClientError) -> bool:
    """Whether the error says that someone (another run of ours, perhaps) has created it already."""
    if not operation.startswith("create_") or not names(error) & _EXISTS.get(service, set()):
        return False
    return service != "lambda" or "already exist" in sentence(error)
