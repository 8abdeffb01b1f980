"""A CloudWatch alarm that tells the topic. `PutMetricAlarm` makes and replaces alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pricemon.cloud.resource import Get, Outputs, Ref, Resource, State, resolve
from pricemon.cloud.tagging import from_pairs, pairs, surplus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pricemon.cloud.session import Aws

_SCALARS = {
    "description": "AlarmDescription",
    "namespace": "Namespace",
    "metric": "MetricName",
    "statistic": "Statistic",
    "period": "Period",
    "evaluation_periods": "EvaluationPeriods",
    "datapoints": "DatapointsToAlarm",
    "threshold": "Threshold",
    "comparison": "ComparisonOperator",
    "missing_data": "TreatMissingData",
    "actions_enabled": "ActionsEnabled",
    "alarm_actions": "AlarmActions",
    "ok_actions": "OKActions",
    "insufficient_data_actions": "InsufficientDataActions",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Alarm(Resource):
    """An alarm on one metric. `period` is in seconds; `missing_data` as CloudWatch calls it."""

    kind: ClassVar[str] = "alarm"
    service: ClassVar[str] = "cloudwatch"

    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, Any] = field(default_factory=dict)
    statistic: str = "Sum"
    period: int = 300
    evaluation_periods: int = 1
    comparison: str = "GreaterThanOrEqualToThreshold"
    threshold: float
    missing_data: str = "notBreaching"
    topic: Ref

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        return {
            "description": self.description,
            "namespace": self.namespace,
            "metric": self.metric,
            "dimensions": dict(self.dimensions),
            "statistic": self.statistic,
            "period": self.period,
            "evaluation_periods": self.evaluation_periods,
            "datapoints": self.evaluation_periods,
            "comparison": self.comparison,
            "threshold": float(self.threshold),
            "missing_data": self.missing_data,
            "actions_enabled": True,
            "alarm_actions": [resolve(self.topic, get)],
            "ok_actions": [],
            "insufficient_data_actions": [],
            "tags": dict(self.tags),
        }

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`."""
        listed = aws.call("cloudwatch", "describe_alarms", AlarmNames=[self.name])
        found = next(iter(listed.get("MetricAlarms", [])), None)
        if found is None:
            return None
        state = {
            **{name: found.get(key) for name, key in _SCALARS.items()},
            "description": found.get("AlarmDescription", ""),
            "datapoints": found.get("DatapointsToAlarm") or found.get("EvaluationPeriods"),
            "missing_data": found.get("TreatMissingData", "missing"),
            "dimensions": {d["Name"]: d["Value"] for d in found.get("Dimensions", [])},
            "tags": self._tags(aws),
        }
        return state, self.foreseen(aws)

    def foreseen(self, aws: Aws) -> Outputs:
        """See `Resource`."""
        return {"arn": self._arn(aws), "name": self.name}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        self._put(aws, want, Tags=pairs(want["tags"]))
        return self.foreseen(aws)

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`. Putting an alarm that exists ignores tags: they have their own call."""
        if set(changed) - {"tags"}:
            self._put(aws, want)
        if "tags" in changed:
            arn = self._arn(aws)
            extra = surplus(want["tags"], self._tags(aws))
            if extra:
                aws.call("cloudwatch", "untag_resource", ResourceARN=arn, TagKeys=extra)
            aws.call("cloudwatch", "tag_resource", ResourceARN=arn, Tags=pairs(want["tags"]))
        return {}

    def delete(self, aws: Aws) -> None:
        """See `Resource`."""
        aws.find("cloudwatch", "delete_alarms", AlarmNames=[self.name])

    def _put(self, aws: Aws, want: State, **rest: Any) -> None:
        aws.call(
            "cloudwatch",
            "put_metric_alarm",
            AlarmName=self.name,
            Dimensions=[{"Name": k, "Value": v} for k, v in want["dimensions"].items()],
            **{key: want[name] for name, key in _SCALARS.items()},
            **rest,
        )

    def _tags(self, aws: Aws) -> dict[str, str]:
        found = aws.find("cloudwatch", "list_tags_for_resource", ResourceARN=self._arn(aws))
        return from_pairs(found and found["Tags"])

    def _arn(self, aws: Aws) -> str:
        return aws.arn("cloudwatch", f"alarm:{self.name}")
