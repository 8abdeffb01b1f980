"""`pricemon policy`: the IAM policies of the stack's roles, and of the person who deploys it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricemon.cli import context, render

if TYPE_CHECKING:
    from pricemon.cloud.policy import Document
    from pricemon.cloud.resource import Resource
    from pricemon.cloud.session import Aws


class Whose(StrEnum):
    """Who is given the policy."""

    SCRAPER = "scraper"
    STREAM_PROCESSOR = "stream-processor"
    NOTIFIER = "notifier"
    SCHEDULER = "scheduler"
    DEPLOYER = "deployer"


def policy(
    ctx: typer.Context,
    whose: Annotated[Whose, typer.Argument(help="A role of the stack, or who deploys it.")],
    account: Annotated[
        str | None, typer.Option(help="Account id. Default: that of the credentials.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Region. Default: the config's, else boto3's.")
    ] = None,
    partition: Annotated[
        str, typer.Option(help="With --account: aws, aws-cn, aws-us-gov.")
    ] = "aws",
) -> None:
    """Print an IAM policy: what each role of the stack may do, or what `up` and `down` need.

    With --account no credentials are needed, so that an administrator can be asked beforehand.

    Examples:

        pricemon policy scraper --env prod

        pricemon policy deployer --env prod --account 123456789012 --region eu-west-1
    """
    mine = context.current(ctx)
    from pricemon.cloud.deployer import MANAGED_LIMIT

    aws = _place(mine, account, region, partition)
    document = deployer(mine, aws) if whose is Whose.DEPLOYER else _of_role(mine, aws, whose)
    size = len(json.dumps(document, separators=(",", ":")))
    if size > MANAGED_LIMIT:
        mine.talk(
            f"note: {size} characters are too long for one managed policy ({MANAGED_LIMIT}); "
            "as an inline policy of a role they fit"
        )
    render.print_json(document)


def deployer(mine: context.Context, aws: Aws | None = None) -> Document:
    """What a person needs for `up` and `down` of the environment's stack."""
    from pricemon.cloud.deployer import deployer as permissions

    aws = aws or mine.aws
    config = mine.config
    stack = _stack(mine, aws)
    endpoints = [each.endpoint for each in config.subscriptions]
    paths = [each.removeprefix("ssm:") for each in endpoints if each.startswith("ssm:")]
    keys = {key for resource in stack if (key := getattr(resource, "kms_key", None))}
    return permissions(
        [(resource.kind, resource.name) for resource in stack],
        partition=aws.partition,
        account=aws.account,
        region=aws.region,
        parameters=[aws.arn("ssm", f"parameter{path}") for path in paths],
        keys=sorted(keys),
        vpc=bool(config.functions.vpc.subnets),
    )


def _of_role(mine: context.Context, aws: Aws, whose: Whose) -> Any:
    from pricemon.cloud.names import Names
    from pricemon.cloud.resource import UNKNOWN, resolve
    from pricemon.cloud.role import Role

    names = Names(mine.env, aws.account)
    wanted = {
        Whose.SCRAPER: names.scraper_role,
        Whose.STREAM_PROCESSOR: names.processor_role,
        Whose.NOTIFIER: names.notifier_role,
        Whose.SCHEDULER: names.scheduler_role,
    }[whose]
    (role,) = [r for r in _stack(mine, aws) if isinstance(r, Role) and r.name == wanted]
    return resolve(role.policy, lambda ref: ref.to.foreseen(aws).get(ref.attr, UNKNOWN))


def _stack(mine: context.Context, aws: Aws) -> list[Resource]:
    """The stack's resources. Without subscriptions: they grant nothing, and may name secrets."""
    from pricemon.cloud import stack
    from pricemon.cloud.walk import in_order

    config = mine.config.model_copy(update={"subscriptions": ()})

    def no_bundle(function: str) -> Any:
        raise AssertionError(f"a policy does not depend on the code of {function}")

    return list(in_order(stack.build(config, aws=aws, bundles=no_bundle).resources))


def _place(mine: context.Context, account: str | None, region: str | None, partition: str) -> Aws:
    """Where the stack is or would be. The embedded AWS is not started for it."""
    from pricemon.cloud.session import Aws

    if mine.config.is_local:
        from pricemon.local import emulator

        account, region = account or emulator.ACCOUNT, region or emulator.REGION
    if account is None:
        return mine.aws

    class Elsewhere(Aws):
        """An account that is told, not asked."""

        @property
        def caller(self) -> str:
            return f"arn:{partition}:iam::{account}:root"

        @property
        def account(self) -> str:
            return str(account)

    return Elsewhere(region=region or mine.config.region, profile=mine.config.profile)
