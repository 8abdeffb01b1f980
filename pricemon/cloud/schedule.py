"""EventBridge schedules, and the group that carries their tags."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pricemon.cloud.documents import compact
from pricemon.cloud.resource import Get, Outputs, Ref, Resource, State, resolve
from pricemon.cloud.tagging import from_pairs, pairs, surplus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pricemon.cloud.session import Aws

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""Replaced by the time a run was due. A context attribute of EventBridge Scheduler's own: the
`${…}` of other services is not among them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScheduleGroup(Resource):
    """A group of schedules: schedules themselves can't be tagged."""

    kind: ClassVar[str] = "schedule-group"
    service: ClassVar[str] = "scheduler"

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        del get
        return {"tags": dict(self.tags)}

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`. A group that is being deleted is none."""
        found = aws.find("scheduler", "get_schedule_group", Name=self.name)
        if found is None or found["State"] == "DELETING":
            return None
        return {"tags": self._tags(aws)}, {"arn": found["Arn"], "name": self.name}

    def foreseen(self, aws: Aws) -> Outputs:
        """See `Resource`."""
        return {"arn": self._arn(aws), "name": self.name}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        made = aws.create(
            self._wait_until_gone,
            "scheduler",
            "create_schedule_group",
            Name=self.name,
            Tags=pairs(want["tags"]),
        )
        return {"arn": made["ScheduleGroupArn"], "name": self.name}

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`."""
        if "tags" in changed:
            arn = self._arn(aws)
            extra = surplus(want["tags"], self._tags(aws))
            if extra:
                aws.call("scheduler", "untag_resource", ResourceArn=arn, TagKeys=extra)
            aws.call("scheduler", "tag_resource", ResourceArn=arn, Tags=pairs(want["tags"]))
        return {}

    def delete(self, aws: Aws) -> None:
        """See `Resource`. Its schedules go with it, and may fire until they are gone."""
        aws.find("scheduler", "delete_schedule_group", Name=self.name)
        self._wait_until_gone(aws)

    def _wait_until_gone(self, aws: Aws) -> None:
        """For the end of a deletion; there is no waiter in boto3."""

        def probe() -> bool | None:
            found = aws.find("scheduler", "get_schedule_group", Name=self.name)
            return True if found is None or found["State"] != "DELETING" else None

        aws.until(probe, f"{self.id} to be deleted")

    def _tags(self, aws: Aws) -> dict[str, str]:
        found = aws.find("scheduler", "list_tags_for_resource", ResourceArn=self._arn(aws))
        return from_pairs(found and found["Tags"])

    def _arn(self, aws: Aws) -> str:
        return aws.arn("scheduler", f"schedule-group/{self.name}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule(Resource):
    """A schedule that sends `message` to a queue, or calls a function with it, not waiting for it.

    `window` is in minutes, 0 is on the dot.

    `UpdateSchedule` replaces everything, so every field is sent with it.
    """

    kind: ClassVar[str] = "schedule"
    service: ClassVar[str] = "scheduler"

    group: Ref
    expression: str
    timezone: str = "UTC"
    window: int = 0
    enabled: bool = True
    target: Ref
    role: Ref
    message: Mapping[str, Any]
    retries: int = 3
    maximum_age: int = 3600
    description: str = ""

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        return {
            "description": self.description,
            "expression": self.expression,
            "timezone": self.timezone,
            "window": self.window,
            "enabled": self.enabled,
            "target": resolve(self.target, get),
            "role": resolve(self.role, get),
            "message": dict(self.message),
            "retries": self.retries,
            "maximum_age": self.maximum_age,
            "dead_letters": None,
        }

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`."""
        found = aws.find("scheduler", "get_schedule", Name=self.name, GroupName=self.group.to.name)
        if found is None:
            return None
        target = found["Target"]
        retry = target.get("RetryPolicy", {})
        state = {
            "description": found.get("Description", ""),
            "expression": found["ScheduleExpression"],
            "timezone": found.get("ScheduleExpressionTimezone", "UTC"),
            "window": found["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0),
            "enabled": found.get("State", "ENABLED") == "ENABLED",
            "target": target["Arn"],
            "role": target["RoleArn"],
            "message": _message(target.get("Input", "")),
            "retries": retry.get("MaximumRetryAttempts"),
            "maximum_age": retry.get("MaximumEventAgeInSeconds"),
            "dead_letters": target.get("DeadLetterConfig", {}).get("Arn"),
        }
        return state, {"arn": found["Arn"], "name": self.name}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        made = aws.call("scheduler", "create_schedule", **self._everything(want))
        return {"arn": made["ScheduleArn"], "name": self.name}

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`."""
        del changed
        aws.call("scheduler", "update_schedule", **self._everything(want))
        return {}

    def delete(self, aws: Aws) -> None:
        """See `Resource`."""
        aws.find("scheduler", "delete_schedule", Name=self.name, GroupName=self.group.to.name)

    def _everything(self, want: State) -> dict[str, Any]:
        window = (
            {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": want["window"]}
            if want["window"]
            else {"Mode": "OFF"}
        )
        return {
            "Name": self.name,
            "GroupName": self.group.to.name,
            "Description": want["description"],
            "ScheduleExpression": want["expression"],
            "ScheduleExpressionTimezone": want["timezone"],
            "FlexibleTimeWindow": window,
            "State": "ENABLED" if want["enabled"] else "DISABLED",
            "Target": {
                "Arn": want["target"],
                "RoleArn": want["role"],
                "Input": compact(want["message"]),
                "RetryPolicy": {
                    "MaximumRetryAttempts": want["retries"],
                    "MaximumEventAgeInSeconds": want["maximum_age"],
                },
            },
        }


def _message(text: str) -> Any:
    """The message; what somebody has made of it that is not JSON, as it stands."""
    try:
        return json.loads(text)
    except ValueError:
        return text
