"""An SQS queue: visibility, redrive, encryption.

A queue is never created as an upsert: `CreateQueue` with other attributes than the present ones is
an error, so what exists is changed by `SetQueueAttributes`. That takes up to a minute to be seen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pricemon.cloud.documents import canonical, compact
from pricemon.cloud.resource import Get, Outputs, Ref, Resource, State, resolve
from pricemon.cloud.tagging import ours, surplus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pricemon.cloud.session import Aws

_SSE_SQS = "SQS"
_NUMBERS = {
    "visibility_timeout": "VisibilityTimeout",
    "retention": "MessageRetentionPeriod",
    "long_poll": "ReceiveMessageWaitTimeSeconds",
    "delay": "DelaySeconds",
    "max_message_size": "MaximumMessageSize",
}
_WAITING = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Queue(Resource):
    """A standard queue. Seconds and bytes.

    `dead_letters` is the ARN of the queue that takes a message after `max_receive_count` attempts;
    `redrive_from` are the ARNs of the only queues that may use this one so. `policy` lets in who
    has no policy of its own, such as a topic. `kms_key` is an ARN; without one SQS encrypts with
    its own key.
    """

    kind: ClassVar[str] = "queue"
    service: ClassVar[str] = "sqs"

    visibility_timeout: int = 30
    retention: int = 345_600
    long_poll: int = 0
    delay: int = 0
    max_message_size: int = 262_144
    dead_letters: Ref | None = None
    max_receive_count: int = 3
    redrive_from: tuple[str, ...] = ()
    policy: Mapping[str, Any] | None = None
    kms_key: str | None = None

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        redrive = None
        if self.dead_letters is not None:
            redrive = {
                "dead_letters": resolve(self.dead_letters, get),
                "max_receive_count": self.max_receive_count,
            }
        return {
            **{name: getattr(self, name) for name in _NUMBERS},
            "redrive": redrive,
            "redrive_allow": _allow("byQueue", self.redrive_from) if self.redrive_from else None,
            "encryption": self.kms_key or _SSE_SQS,
            "policy": canonical(self.policy),
            "tags": dict(self.tags),
        }

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`."""
        url = self._url(aws)
        if url is None:
            return None
        found, tags = aws.gather(
            lambda: self._attributes(aws, url),
            lambda: aws.find("sqs", "list_queue_tags", QueueUrl=url),
        )
        if found is None:
            return None
        state = {**_state(found), "tags": ours((tags or {}).get("Tags"))}
        return state, {"arn": found["QueueArn"], "url": url, "name": self.name}

    def foreseen(self, aws: Aws) -> Outputs:
        """See `Resource`. The URL is the endpoint's business."""
        return {"arn": aws.arn("sqs", self.name), "name": self.name}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        made = aws.call(
            "sqs",
            "create_queue",
            QueueName=self.name,
            Attributes=_as_attributes(want, want.keys() - {"tags"}, new=True),
            tags=want["tags"],
        )
        return {**self.foreseen(aws), "url": made["QueueUrl"]}

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`. Returns when the new attributes can be read back."""
        url = aws.call("sqs", "get_queue_url", QueueName=self.name)["QueueUrl"]
        if "tags" in changed:
            self._tag(aws, url, want["tags"])
        names = set(changed) - {"tags"}
        if names:
            attributes = _as_attributes(want, names)
            aws.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes=attributes)
            self._wait_until_seen(aws, url, {name: want[name] for name in names})
        return {}

    def delete(self, aws: Aws) -> None:
        """See `Resource`."""
        url = self._url(aws)
        if url is not None:
            aws.find("sqs", "delete_queue", QueueUrl=url)

    def contents(self, aws: Aws) -> Mapping[str, int]:
        """See `Resource`."""
        url = self._url(aws)
        found = (url and self._attributes(aws, url)) or {}
        return {"messages": sum(int(found.get(name, 0)) for name in _WAITING)}

    def _url(self, aws: Aws) -> str | None:
        found = aws.find("sqs", "get_queue_url", QueueName=self.name)
        return found and found["QueueUrl"]

    def _attributes(self, aws: Aws, url: str) -> dict[str, str] | None:
        found = aws.find("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
        return found and found["Attributes"]

    def _tag(self, aws: Aws, url: str, tags: Mapping[str, str]) -> None:
        have = ours(aws.call("sqs", "list_queue_tags", QueueUrl=url).get("Tags"))
        extra = surplus(tags, have)
        if extra:
            aws.call("sqs", "untag_queue", QueueUrl=url, TagKeys=extra)
        aws.call("sqs", "tag_queue", QueueUrl=url, Tags=dict(tags))

    def _wait_until_seen(self, aws: Aws, url: str, want: State) -> None:
        def probe() -> bool | None:
            have = _state(self._attributes(aws, url) or {})
            return True if want.items() <= have.items() else None

        aws.until(probe, f"the new attributes of {self.id} to be known everywhere")


def _state(found: Mapping[str, str]) -> dict[str, Any]:
    redrive = json.loads(found.get("RedrivePolicy") or "null")
    allow = json.loads(found.get("RedriveAllowPolicy") or "{}")
    permission = allow.get("redrivePermission", "allowAll")
    own_key = _SSE_SQS if found.get("SqsManagedSseEnabled") == "true" else None
    return {
        **{name: int(found.get(attribute, -1)) for name, attribute in _NUMBERS.items()},
        "redrive": redrive
        and {
            "dead_letters": redrive["deadLetterTargetArn"],
            "max_receive_count": int(redrive["maxReceiveCount"]),
        },
        "redrive_allow": None
        if permission == "allowAll"
        else _allow(permission, allow.get("sourceQueueArns", ())),
        "encryption": found.get("KmsMasterKeyId") or own_key,
        "policy": canonical(found.get("Policy")),
    }


def _as_attributes(want: State, names: Collection[str], *, new: bool = False) -> dict[str, str]:
    """The named fields as SQS takes them. A new queue is not told what it has not got."""
    attributes = {_NUMBERS[name]: str(want[name]) for name in _NUMBERS if name in names}
    if "encryption" in names:
        attributes |= _encryption(want["encryption"], new=new)
    if "redrive" in names and (want["redrive"] or not new):
        attributes["RedrivePolicy"] = _redrive(want["redrive"])
    if "redrive_allow" in names and (want["redrive_allow"] or not new):
        attributes["RedriveAllowPolicy"] = _redrive_allow(want["redrive_allow"])
    if "policy" in names and (want["policy"] or not new):
        attributes["Policy"] = compact(want["policy"]) if want["policy"] else ""
    return attributes


def _encryption(key: str, *, new: bool) -> dict[str, str]:
    """SQS takes one kind of encryption at a time, and an empty key id for none."""
    if key != _SSE_SQS:
        return {"KmsMasterKeyId": key}
    managed = {"SqsManagedSseEnabled": "true"}
    return managed if new else {"KmsMasterKeyId": "", **managed}


def _redrive(redrive: Mapping[str, Any] | None) -> str:
    """An empty string clears the policy; an empty document would be refused."""
    if redrive is None:
        return ""
    return compact(
        {
            "deadLetterTargetArn": redrive["dead_letters"],
            "maxReceiveCount": redrive["max_receive_count"],
        }
    )


def _redrive_allow(allow: Mapping[str, Any] | None) -> str:
    if allow is None:
        return compact({"redrivePermission": "allowAll"})
    return compact({"redrivePermission": allow["permission"], "sourceQueueArns": allow["sources"]})


def _allow(permission: str, sources: Iterable[str] = ()) -> dict[str, Any]:
    return {"permission": permission, "sources": sorted(sources)}
