"""A CloudWatch log group. It exists before its function, which may not make one itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pricemon.cloud.resource import Get, Outputs, Resource, State
from pricemon.cloud.tagging import ours, surplus

if TYPE_CHECKING:
    from collections.abc import Collection

    from pricemon.cloud.session import Aws


@dataclass(frozen=True, kw_only=True, eq=False)
class LogGroup(Resource):
    """A log group. `retention` is in days, of those that CloudWatch Logs knows.

    Deleted last of all: logs that arrive late would otherwise find no group, or make a new one.
    """

    kind: ClassVar[str] = "log-group"
    service: ClassVar[str] = "logs"
    outlives_all: ClassVar[bool] = True

    retention: int

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        del get
        return {"retention": self.retention, "tags": dict(self.tags)}

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`."""
        listed = aws.call("logs", "describe_log_groups", logGroupNamePrefix=self.name)
        found = next((g for g in listed["logGroups"] if g["logGroupName"] == self.name), None)
        if found is None:
            return None
        state = {"retention": found.get("retentionInDays"), "tags": self._tags(aws)}
        return state, self.foreseen(aws)

    def foreseen(self, aws: Aws) -> Outputs:
        """See `Resource`."""
        return {"arn": self._arn(aws), "name": self.name}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        aws.call("logs", "create_log_group", logGroupName=self.name, tags=want["tags"])
        self._retain(aws, want)
        return self.foreseen(aws)

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`."""
        if "retention" in changed:
            self._retain(aws, want)
        if "tags" in changed:
            arn = self._arn(aws)
            extra = surplus(want["tags"], self._tags(aws))
            if extra:
                aws.call("logs", "untag_resource", resourceArn=arn, tagKeys=extra)
            aws.call("logs", "tag_resource", resourceArn=arn, tags=want["tags"])
        return {}

    def delete(self, aws: Aws) -> None:
        """See `Resource`."""
        aws.find("logs", "delete_log_group", logGroupName=self.name)

    def _retain(self, aws: Aws, want: State) -> None:
        aws.call(
            "logs",
            "put_retention_policy",
            logGroupName=self.name,
            retentionInDays=want["retention"],
        )

    def _tags(self, aws: Aws) -> dict[str, str]:
        found = aws.find("logs", "list_tags_for_resource", resourceArn=self._arn(aws))
        return ours(found and found["tags"])

    def _arn(self, aws: Aws) -> str:
        """Without the `:*` that the service appends in some answers and refuses in others."""
        return aws.arn("logs", f"log-group:{self.name}")
