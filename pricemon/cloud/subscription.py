"""A subscription of the topic: who hears of which alerts.

Subscriptions have no names and no tags. One is found again by its protocol and endpoint. Those that
leave the config are the topic's business (`roster`); those made by hand are left alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pricemon.cloud.documents import compact
from pricemon.cloud.resource import Get, Outputs, Ref, Resource, State
from pricemon.cloud.roster import unsubscribe

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pricemon.cloud.session import Aws

PENDING = "PendingConfirmation"
"""What SNS says instead of an ARN until the receiver has agreed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Subscription(Resource):
    """One endpoint. `name` is what people may see of it: the endpoint may be a secret.

    `filter_policy` is matched against message attributes. `receiver` is the endpoint where it is
    one of the stack's own resources: made before, and removed after.
    """

    kind: ClassVar[str] = "subscription"
    service: ClassVar[str] = "sns"

    topic: Ref
    protocol: str
    endpoint: str
    receiver: Ref | None = None
    filter_policy: Mapping[str, Any] | None = None
    raw: bool = False

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        return {"topic": get(self.topic), "filter_policy": self.filter_policy, "raw": self.raw}

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`. What awaits confirmation can't be read: it is taken to be as wished."""
        topic = self._topic(aws)
        arn = next(iter(self._matching(aws, topic)), None)
        if arn is None:
            return None
        state = {"topic": topic, "filter_policy": self.filter_policy, "raw": self.raw}
        if arn == PENDING:
            return state, {"arn": PENDING}
        found = aws.find("sns", "get_subscription_attributes", SubscriptionArn=arn)
        if found is None:
            return None
        attributes = found["Attributes"]
        state["raw"] = attributes.get("RawMessageDelivery") == "true"
        state["filter_policy"] = _filter_policy(attributes)
        return state, {"arn": arn}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`. Idempotent: subscribing again gives the same subscription."""
        attributes = {"RawMessageDelivery": "true"} if want["raw"] else {}  # e-mail knows none
        if want["filter_policy"]:
            attributes["FilterPolicyScope"] = "MessageAttributes"
            attributes["FilterPolicy"] = compact(want["filter_policy"])
        made = aws.call(
            "sns",
            "subscribe",
            TopicArn=want["topic"],
            Protocol=self.protocol,
            Endpoint=self.endpoint,
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )
        return {"arn": made["SubscriptionArn"]}

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`. The scope is set before the policy that it governs."""
        arn = next(iter(self._matching(aws, want["topic"])), None)
        if arn is None:
            return self.create(aws, want)
        values: list[tuple[str, str]] = []
        if "raw" in changed:
            values.append(("RawMessageDelivery", _flag(want["raw"])))
        if "filter_policy" in changed:
            values.append(("FilterPolicyScope", "MessageAttributes"))
            values.append(("FilterPolicy", compact(want["filter_policy"] or {})))
        for name, value in values:
            aws.call(
                "sns",
                "set_subscription_attributes",
                SubscriptionArn=arn,
                AttributeName=name,
                AttributeValue=value,
            )
        return {}

    def delete(self, aws: Aws) -> None:
        """See `Resource`. One that was never confirmed can't be removed; SNS drops it itself."""
        for arn in self._matching(aws, self._topic(aws)):
            if arn != PENDING:
                unsubscribe(aws, arn)

    def _topic(self, aws: Aws) -> str:
        return aws.arn("sns", self.topic.to.name)

    def _matching(self, aws: Aws, topic: str) -> list[str]:
        key = "Subscriptions"
        listed = aws.listed("sns", "list_subscriptions_by_topic", key, TopicArn=topic)
        return [
            each["SubscriptionArn"]
            for each in listed or ()
            if (each["Protocol"], each["Endpoint"]) == (self.protocol, self.endpoint)
        ]


def _filter_policy(attributes: Mapping[str, str]) -> dict[str, Any] | None:
    """The policy, with its scope where that is not the one we use."""
    policy = json.loads(attributes.get("FilterPolicy") or "{}") or None
    scope = attributes.get("FilterPolicyScope", "MessageAttributes")
    return {"scope": scope, "policy": policy} if policy and scope != "MessageAttributes" else policy


def _flag(value: bool) -> str:
    return "true" if value else "false"
