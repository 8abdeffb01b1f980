"""What to do about errors that no waiting heals, where AWS's own sentence does not say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricemon.cloud.answers import names, sentence

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_REMEDIES = (
    (
        "InvalidParameterValueException",
        "is less than Function timeout",
        "set queues.visibility_timeout to six times functions.scraper.timeout, or at least to it",
    ),
    (
        "ValidationException",
        "modified multiple times within a fixed interval",
        "DynamoDB takes one change of the time to live an hour: run the same command again later",
    ),
    (
        "ValidationException",
        "active on a different AttributeName",
        "switch table.keep_days off, run `pricemon up`, wait an hour, then switch it on again",
    ),
    (
        "ValidationException",
        "deletion protection",
        "switch table.deletion_protection off and run `pricemon up` first",
    ),
    (
        "InvalidParameterValueException",
        "Unzipped size must be smaller than",
        "`pricemon bundle` shows what is in the zip",
    ),
    (
        "RequestEntityTooLargeException",
        "",
        "`pricemon bundle` shows what is in the zip",
    ),
    (
        "InvalidAttributeName",
        "one type of server-side encryption",
        "remove the queue's encryption by hand, then run the same command again",
    ),
    (
        "LimitExceeded",
        "",
        "ask AWS to raise the quota, or delete what is no longer needed",
    ),
    (
        "InvalidParameterValueException",
        "decreases account's UnreservedConcurrentExecution",
        "lower functions.*.reserved_concurrency, or ask AWS to raise the account's concurrency",
    ),
)


def remedy(error: ClientError) -> str | None:
    """The hint for an error; `None` if its own words must do."""
    known, words = names(error), sentence(error)
    return next((hint for code, part, hint in _REMEDIES if code in known and part in words), None)
