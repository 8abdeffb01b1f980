"""Whether the topic may reach the queues and functions that are subscribed to it.

SNS subscribes them in any case, and then drops without a word what it may not deliver. Only a
receiver of the same account and region is looked at; the others are their owners' business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pricemon.cloud.session import Aws
    from pricemon.cloud.subscription import Subscription

_SNS = "sns.amazonaws.com"
_ACTIONS = {"sqs": "sqs:SendMessage", "lambda": "lambda:InvokeFunction"}
_REMEDIES = {
    "sqs": "give the queue a policy that allows {sns} the action sqs:SendMessage on {endpoint} "
    "where aws:SourceArn is {topic}",
    "lambda": "aws lambda add-permission --function-name {endpoint} --statement-id pricemon "
    "--action lambda:InvokeFunction --principal {sns} --source-arn {topic}",
}


@dataclass(frozen=True, kw_only=True)
class Unreachable:
    """A subscriber that hears nothing: why, and what lets it hear."""

    name: str
    why: str
    remedy: str


def unreachable(aws: Aws, topic: str, wanted: Iterable[Subscription]) -> list[Unreachable]:
    """Those of the subscriptions whose queue or function does not let the topic in."""
    found = []
    for each in wanted:
        if each.protocol not in _ACTIONS or not _is_here(aws, each.endpoint):
            continue
        policy = _queue(aws, each.endpoint) if each.protocol == "sqs" else _function(aws, each)
        if policy is not None and lets_in(policy, topic, _ACTIONS[each.protocol]):
            continue
        what = "queue" if each.protocol == "sqs" else "function"
        found.append(
            Unreachable(
                name=each.name,
                why=f"there is no such {what}"
                if policy is None
                else f"the {what} does not let the topic in",
                remedy=f"make the {what}, or correct the endpoint"
                if policy is None
                else _REMEDIES[each.protocol].format(sns=_SNS, endpoint=each.endpoint, topic=topic),
            )
        )
    return found


def lets_in(policy: Mapping[str, Any], topic: str, action: str) -> bool:
    """Whether a statement allows SNS the action, with no condition that the topic fails.

    Conditions other than on the source are taken as met: this finds what was forgotten, and does
    not stand in for IAM.
    """
    statements = policy.get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    return any(_allows(statement, topic, action) for statement in statements)


def _allows(statement: Mapping[str, Any], topic: str, action: str) -> bool:
    principal = statement.get("Principal", {})
    named = [principal] if isinstance(principal, str) else _flat(principal.values())
    sources = [
        pattern
        for keys in statement.get("Condition", {}).values()
        for key, value in keys.items()
        if key.lower() == "aws:sourcearn"
        for pattern in _flat([value])
    ]
    return (
        statement.get("Effect") == "Allow"
        and bool({_SNS, "*"} & {*named})
        and any(
            fnmatchcase(action.lower(), pattern.lower())
            for pattern in _flat([statement.get("Action", [])])
        )
        and (not sources or any(fnmatchcase(topic, pattern) for pattern in sources))
    )


def _flat(values: Iterable[Any]) -> list[str]:
    return [
        str(item)
        for value in values
        for item in (value if isinstance(value, list | tuple) else [value])
    ]


def _is_here(aws: Aws, arn: str) -> bool:
    _, _, _, region, account, *_ = arn.split(":")
    return (region, account) == (aws.region, aws.account)


def _queue(aws: Aws, arn: str) -> dict[str, Any] | None:
    url = aws.find("sqs", "get_queue_url", QueueName=arn.rpartition(":")[2])
    if url is None:
        return None
    found = aws.find(
        "sqs", "get_queue_attributes", QueueUrl=url["QueueUrl"], AttributeNames=["Policy"]
    )
    policy: dict[str, Any] = json.loads((found or {}).get("Attributes", {}).get("Policy") or "{}")
    return policy


def _function(aws: Aws, subscription: Subscription) -> dict[str, Any] | None:
    name = subscription.endpoint
    if aws.find("lambda", "get_function", FunctionName=name) is None:
        return None
    found = aws.find("lambda", "get_policy", FunctionName=name)
    policy: dict[str, Any] = json.loads(found["Policy"]) if found else {}
    return policy
