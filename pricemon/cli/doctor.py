"""`pricemon doctor`: is everything there that the other commands need?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

import typer

from pricemon.cli import context, render
from pricemon.core.errors import ExitCode, PricemonError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pricemon.cloud.session import Aws

_PACKAGES = ("pricemon", "boto3", "botocore", "typer", "pydantic", "selectolax", "urllib3")
_MAX_SKEW = 240
"""Seconds. AWS refuses a signature that is five minutes off; warn a little before."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at: what was found, and the remedy where it will not do."""

    name: str
    ok: bool
    found: str
    remedy: str | None = None


def doctor(ctx: typer.Context) -> None:
    """Check Python, packages, config, credentials, region, clock and permissions.

    Each problem comes with its remedy. Exits with 3 when there is one.

    Examples:

        pricemon doctor

        pricemon doctor --env prod --json
    """
    mine = context.current(ctx)
    checks = list(_checks(mine))
    mine.emit(checks, lambda: _table(checks))
    if not all(check.ok for check in checks):
        raise typer.Exit(ExitCode.PENDING)


def _checks(mine: context.Context) -> Iterator[Check]:
    yield _python()
    yield _packages()
    yield _guarded("pip", _pip)
    config = _guarded("config", lambda: _config(mine))
    yield config
    if not config.ok:
        return
    if mine.config.is_local:
        yield _guarded("embedded AWS", lambda: _embedded(mine))
    identity = _guarded("credentials", lambda: _identity(mine.aws))
    yield identity
    if identity.ok:
        yield _guarded("region", lambda: _region(mine.aws))
        yield _guarded("clock", lambda: _clock(mine.aws))
        yield _guarded("permissions", lambda: _permissions(mine))
        if mine.config.subscriptions:
            yield _guarded("subscriptions", lambda: _subscriptions(mine))


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    """A check that fails with an error is a finding, not the end of the others."""
    from pricemon.cloud.explain import explain

    try:
        return check()
    except PricemonError as problem:
        return Check(name=name, ok=False, found=problem.message, remedy=problem.hint)
    except Exception as problem:
        explained = explain(problem)
        if explained is None:
            raise
        return Check(name=name, ok=False, found=explained.message, remedy=explained.hint)


def _python() -> Check:
    found = sys.version.split()[0]
    return Check(
        name="python",
        ok=sys.version_info >= (3, 11),
        found=f"{found} at {sys.executable}",
        remedy="install Python 3.11 or newer",
    )


def _packages() -> Check:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            return Check(
                name="packages",
                ok=False,
                found=f"{package} is missing",
                remedy="pip install --force-reinstall pricemon",
            )
    versions = ", ".join(f"{name} {version}" for name, version in found.items())
    return Check(name="packages", ok=True, found=versions)


def _pip() -> Check:
    from pricemon.cloud import installer

    return Check(name="pip", ok=True, found=" ".join(installer.command()))


def _config(mine: context.Context) -> Check:
    from pricemon import config

    path = config.find(mine.config_path)
    shops = len(mine.config.retailers)
    found = f"{path}: environment {mine.env}, {shops} retailers"
    return Check(name="config", ok=True, found=found)


def _embedded(mine: context.Context) -> Check:
    from pricemon.local import embedded

    found = embedded.status(mine.config.local.data_dir)
    return Check(
        name="embedded AWS",
        ok=found.state in ("running", "stopped"),
        found=f"{found.state}, version {found.version or 'none'}, in {found.data_dir}",
        remedy="pricemon local start; its last words: pricemon local logs",
    )


def _identity(aws: Aws) -> Check:
    return Check(name="credentials", ok=True, found=aws.caller)


def _region(aws: Aws) -> Check:
    """Whether DynamoDB answers in the region: a misspelt region has no such host."""
    aws.client("dynamodb").list_tables(Limit=1)
    return Check(name="region", ok=True, found=aws.region)


def _clock(aws: Aws) -> Check:
    answer = aws.client("sts").get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]
    skew = _skew(answer.get("date"), datetime.now(UTC))
    return Check(
        name="clock",
        ok=skew is None or abs(skew) < _MAX_SKEW,
        found="AWS did not say the time" if skew is None else f"{skew:+.0f} s against AWS's",
        remedy="set the clock: AWS refuses signatures that are five minutes off",
    )


def _skew(header: str | None, now: datetime) -> float | None:
    """Seconds this clock is ahead of an HTTP Date header; `None` for none that can be read."""
    try:
        theirs = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    return (now - theirs).total_seconds()


def _permissions(mine: context.Context) -> Check:
    """Ask IAM whether the caller may do what `up` and `down` need, where that may be asked."""
    if mine.config.is_local:
        return Check(name="permissions", ok=True, found="root of the embedded AWS")
    from botocore.exceptions import ClientError

    from pricemon.cli.policy import deployer

    denied: list[str] = []
    try:
        for statement in deployer(mine)["Statement"]:
            denied += _denied(mine.aws, statement)
    except ClientError as problem:
        code = problem.response.get("Error", {}).get("Code", "")
        return Check(name="permissions", ok=True, found=f"IAM did not let us ask ({code})")
    return Check(
        name="permissions",
        ok=not denied,
        found=f"denied: {', '.join(sorted(set(denied)))}" if denied else "all that up needs",
        remedy="attach what `pricemon policy deployer` prints to the caller",
    )


def _subscriptions(mine: context.Context) -> Check:
    """Whether the queues and functions that are subscribed let the topic in."""
    from pricemon.cloud import reach
    from pricemon.cloud.subscription import Subscription

    topic = mine.aws.arn("sns", mine.names.topic)
    wanted = [
        each for each in mine.stack if isinstance(each, Subscription) and each.receiver is None
    ]
    deaf = reach.unreachable(mine.aws, topic, wanted)
    return Check(
        name="subscriptions",
        ok=not deaf,
        found="; ".join(f"{each.name}: {each.why}" for each in deaf)
        or f"{len(wanted)}, all of which the topic may reach",
        remedy="; ".join(dict.fromkeys(each.remedy for each in deaf)),
    )


def _denied(aws: Aws, statement: dict[str, Any]) -> list[str]:
    actions, resources = statement["Action"], statement["Resource"]
    answer = aws.client("iam").simulate_principal_policy(
        PolicySourceArn=_principal(aws.caller),
        ActionNames=actions if isinstance(actions, list) else [actions],
        ResourceArns=resources if isinstance(resources, list) else [resources],
        ContextEntries=_context(statement.get("Condition", {})),
    )
    results = answer["EvaluationResults"]
    return [r["EvalActionName"] for r in results if r["EvalDecision"] != "allowed"]


def _context(condition: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What IAM is to take as given: the very values a statement is limited to.

    Without them, what is allowed on a condition (passing a role to Lambda) looks denied.
    """
    return [
        {
            "ContextKeyName": key,
            "ContextKeyValues": values if isinstance(values, list) else [values],
            "ContextKeyType": "string",
        }
        for keys in condition.values()
        for key, values in keys.items()
    ]


def _principal(caller: str) -> str:
    """The role behind an assumed role's session; IAM simulates roles and users only."""
    if ":assumed-role/" not in caller:
        return caller
    head, _, tail = caller.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{tail.split('/')[0]}"


def _table(checks: list[Check]) -> RenderableType:
    rows = [
        ("ok" if check.ok else "PROBLEM", check.name, check.found, "" if check.ok else check.remedy)
        for check in checks
    ]
    return render.table(["", "check", "found", "remedy"], rows)
