"""How long objects stay in the archive, as S3's lifecycle rules."""

from __future__ import annotations

from typing import Any, Protocol

PRICES = "prices/"
FAILURES = "failures/"
DEPLOY = "deploy/"
_DEPLOY_DAYS = 1


class Options(Protocol):
    """Days; `None` is never."""

    @property
    def infrequent_access(self) -> int | None:
        """Until prices move to the cheaper, slower storage class."""

    @property
    def glacier(self) -> int | None:
        """Until prices move to Glacier Instant Retrieval."""

    @property
    def expire(self) -> int | None:
        """Until prices are deleted."""

    @property
    def failures(self) -> int | None:
        """Until the pages of failed jobs are deleted."""

    @property
    def noncurrent(self) -> int | None:
        """Until an overwritten version is deleted."""

    @property
    def incomplete_uploads(self) -> int:
        """Until a broken-off upload is cleared."""


def rules(options: Options) -> tuple[dict[str, Any], ...]:
    """The rules, each under its own id."""
    steps = (("STANDARD_IA", options.infrequent_access), ("GLACIER_IR", options.glacier))
    transitions = [{"Days": days, "StorageClass": kind} for kind, days in steps if days]
    prices: dict[str, Any] = {"Transitions": transitions} if transitions else {}
    prices |= {"Expiration": {"Days": options.expire}} if options.expire else {}
    everything: dict[str, Any] = {
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": options.incomplete_uploads}
    }
    if options.noncurrent:
        everything["NoncurrentVersionExpiration"] = {"NoncurrentDays": options.noncurrent}
    failures = {"Expiration": {"Days": options.failures}} if options.failures else {}
    deploy = {"Expiration": {"Days": _DEPLOY_DAYS}}
    return tuple(
        {"ID": name, "Status": "Enabled", "Filter": {"Prefix": prefix}, **actions}
        for name, prefix, actions in (
            ("deploy", DEPLOY, deploy),
            ("everything", "", everything),
            ("failures", FAILURES, failures),
            ("prices", PRICES, prices),
        )
        if actions
    )
