"""How long objects stay in the archive, as S3's lifecycle rules."""

from __future__ import annotations

from typing import Any, Protocol

PRICES = "prices/"
FAILURES = "failures/"
DEPLOY = "deploy/"
_DEPLOY_DAYS = 1


class Options(Protocol):
    """The config's lifecycle: days until something happens; `None` is never."""

    infrequent_access: int | None
    glacier: int | None
    expire: int | None
    failures: int | None
    noncurrent: int | None
    incomplete_uploads: int


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
