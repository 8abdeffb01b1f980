"""The least policy of the person who runs `up` and `down`, made from the stack's own resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pricemon.cloud.needs import NEEDS, TAKE_NO_ARN, Need
from pricemon.cloud.policy import Arn, Document, allow, document

MANAGED_LIMIT = 6144
"""Characters, without white space, of a managed policy (IAM's quotas). A role's own hold 10,240."""


def deployer(
    resources: Iterable[tuple[str, str]],
    *,
    partition: str,
    account: str,
    region: str,
    parameters: Sequence[Arn] = (),
    keys: Sequence[Arn] = (),
    vpc: bool = False,
) -> Document:
    """What a person needs for `up` and `down` of a stack, and nothing beyond it.

    `resources` are the stack's, as kind and name. `parameters` are SSM parameters with
    subscriptions' endpoints, `keys` the KMS keys that encrypt the stack, `vpc` says that the
    functions have a network. Raises `KeyError` for a kind that `needs` does not know.
    """
    by_kind: dict[str, list[str]] = {}
    for kind, name in resources:
        by_kind.setdefault(kind, []).append(name)
    place = {"partition": partition, "account": account, "region": region}
    place["group"] = next(iter(by_kind.get("schedule-group", ())), "default")
    function_arn = f"arn:{partition}:lambda:{region}:{account}:function:"
    functions = sorted(function_arn + name for name in by_kind.get("function", ()))
    statements = []
    nowhere: list[str] = []
    for kind, names in by_kind.items():
        for need in NEEDS[kind]:
            if need.sid == TAKE_NO_ARN:
                nowhere += need.actions
                continue
            named = [_pattern(names)] if need.alike else sorted(names)
            arns = [need.resource.format(name=name, **place) for name in named]
            arns += [arn + need.below for arn in arns if need.below]
            unique = list(dict.fromkeys(arns))
            statements.append(allow(need.sid, need.actions, *unique) | _conditions(need, functions))
    statements.append(allow(TAKE_NO_ARN, sorted(nowhere), "*"))
    if parameters:
        statements.append(allow("Secrets", ["ssm:GetParameter"], *parameters))
    if keys:
        # DynamoDB takes a grant on the key for itself, in the name of whoever makes the table.
        actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey"]
        statements.append(allow("Encryption", actions, *keys))
    if vpc:
        lookups = ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"]
        statements.append(allow("VpcLookupsTakeNoArn", lookups, "*"))
    return document(*statements)


def _pattern(names: list[str]) -> str:
    """One pattern for names that begin and end with the same words."""
    if len(names) == 1:
        return names[0]
    words = [name.split("-") for name in names]
    start = list(_shared(*words))
    end = list(_shared(*(reversed(each[len(start) :]) for each in words)))
    return "-".join([*start, "*", *reversed(end)])


def _shared(*sequences: Iterable[str]) -> Iterator[str]:
    """The words with which all begin."""
    for together in zip(*sequences, strict=False):
        if len(set(together)) > 1:
            return
        yield together[0]


def _conditions(need: Need, functions: list[str]) -> dict[str, Any]:
    if need.of_functions:
        return {"Condition": {"ArnEqualsIfExists": {"lambda:FunctionArn": functions}}}
    if need.passed_to:
        return {"Condition": {"StringEquals": {"iam:PassedToService": list(need.passed_to)}}}
    return {}
