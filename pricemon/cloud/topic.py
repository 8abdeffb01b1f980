"""The SNS topic of alerts and alarms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pricemon.cloud import roster
from pricemon.cloud.documents import canonical, compact
from pricemon.cloud.resource import Get, Outputs, Resource, State
from pricemon.cloud.tagging import from_pairs, pairs, surplus

if TYPE_CHECKING:
    from pricemon.cloud.session import Aws

_ATTRIBUTES = {
    "display_name": "DisplayName",
    "policy": "Policy",
    "encryption": "KmsMasterKeyId",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Topic(Resource):
    """A standard topic. `policy` is its access policy, `kms_key` an ARN.

    `subscribers` are the subscriptions of the config, fingerprint → name. What was one and is none
    any more is unsubscribed.
    """

    kind: ClassVar[str] = "topic"
    service: ClassVar[str] = "sns"

    display_name: str
    policy: Mapping[str, Any]
    kms_key: str | None = None
    subscribers: Mapping[str, str] = field(default_factory=dict)

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        del get
        return {
            "display_name": self.display_name,
            "policy": canonical(self.policy),
            "encryption": self.kms_key,
            "subscribers": sorted(self.subscribers.values()),
            "tags": dict(self.tags),
        }

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`."""
        arn = self._arn(aws)
        found = aws.find("sns", "get_topic_attributes", TopicArn=arn)
        if found is None:
            return None
        tags, recorded = roster.split(self._all_tags(aws))
        former = roster.former(aws, arn, recorded - self.subscribers.keys())
        kept = [name for key, name in self.subscribers.items() if key in recorded]
        attributes = found["Attributes"]
        state = {
            "display_name": attributes.get("DisplayName", ""),
            "policy": canonical(attributes.get("Policy")),
            "encryption": attributes.get("KmsMasterKeyId") or None,
            "subscribers": sorted([*kept, *former.values()]),
            "tags": tags,
        }
        return state, self.foreseen(aws)

    def foreseen(self, aws: Aws) -> Outputs:
        """See `Resource`."""
        return {"arn": self._arn(aws), "name": self.name}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        attributes = {name: _value(want[wish]) for wish, name in _ATTRIBUTES.items()}
        made = aws.call(
            "sns",
            "create_topic",
            Name=self.name,
            Attributes={name: value for name, value in attributes.items() if value},
            Tags=pairs({**want["tags"], **roster.as_tags(self.subscribers)}),
        )
        return {"arn": made["TopicArn"], "name": self.name}

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`."""
        arn = self._arn(aws)
        for wish, name in _ATTRIBUTES.items():
            if wish in changed:
                aws.call(
                    "sns",
                    "set_topic_attributes",
                    TopicArn=arn,
                    AttributeName=name,
                    AttributeValue=_value(want[wish]),
                )
        if "tags" in changed:
            have, _ = roster.split(self._all_tags(aws))
            extra = surplus(want["tags"], have)
            if extra:
                aws.call("sns", "untag_resource", ResourceArn=arn, TagKeys=extra)
            aws.call("sns", "tag_resource", ResourceArn=arn, Tags=pairs(want["tags"]))
        if "subscribers" in changed:
            self._renew_roster(aws, arn)
        return {}

    def delete(self, aws: Aws) -> None:
        """See `Resource`. SNS forgets the subscriptions with it."""
        aws.find("sns", "delete_topic", TopicArn=self._arn(aws))

    def contents(self, aws: Aws) -> Mapping[str, int]:
        """See `Resource`. Counts those subscribed by hand as well."""
        listed = aws.pages(
            "sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=self._arn(aws)
        )
        return {"subscriptions": sum(1 for _ in listed)}

    def _renew_roster(self, aws: Aws, arn: str) -> None:
        """Record the new subscribers, unsubscribe the former ones, then forget those.

        In this order whatever cuts it off leaves nobody subscribed that no record knows. Former
        ones that were never confirmed stay recorded: they may be confirmed yet.
        """
        tags = self._all_tags(aws)
        recorded = roster.split(tags)[1]
        roster.write(aws, arn, tags, recorded | self.subscribers.keys())
        gone = recorded - self.subscribers.keys()
        for subscription in roster.former(aws, arn, gone):
            roster.unsubscribe(aws, subscription)
        pending = roster.pending(aws, arn, gone)
        roster.write(aws, arn, self._all_tags(aws), self.subscribers.keys() | pending)

    def _all_tags(self, aws: Aws) -> dict[str, str]:
        found = aws.find("sns", "list_tags_for_resource", ResourceArn=self._arn(aws))
        return from_pairs(found and found["Tags"])

    def _arn(self, aws: Aws) -> str:
        return aws.arn("sns", self.name)


def _value(value: Any) -> str:
    """SNS knows strings only, and an empty one clears an attribute."""
    return compact(value) if isinstance(value, Mapping) else value or ""
