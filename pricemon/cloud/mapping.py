"""An event source mapping: a queue or a stream that calls a function.

AWS gives mappings no names, only UUIDs. One is found again by its function and the name of its
source. A stream that was made anew has another ARN, and leaves its old mapping behind, alive and
useless: that is why `sources` is a field, with every mapping of ours in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pricemon.cloud.documents import compact
from pricemon.cloud.resource import Get, Outputs, Ref, Resource, State, resolve
from pricemon.cloud.tagging import ours, surplus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pricemon.cloud.session import Aws

_SETTLED = {"Enabled", "Disabled"}

Found = dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class EventSourceMapping(Resource):
    """`source` → `function`, with filters and partial batch responses. Seconds.

    `batch_window` is the longest wait for a full batch. `maximum_concurrency` is for queues; for
    streams are `parallelization`, `retries`, `maximum_age`, and `on_failure`, the ARN of the queue
    that takes what could not be handled.
    """

    kind: ClassVar[str] = "mapping"
    service: ClassVar[str] = "lambda"

    source: Ref
    function: Ref
    batch_size: int
    batch_window: int = 0
    filters: tuple[Mapping[str, Any], ...] = ()
    maximum_concurrency: int | None = None
    parallelization: int = 1
    retries: int = -1
    maximum_age: int = -1
    on_failure: Ref | None = None

    @property
    def is_stream(self) -> bool:
        """Whether the source is a stream, which has retries of its own."""
        return self.source.attr == "stream_arn"

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        common = {
            "sources": [get(self.source)],
            "function": get(self.function),
            "enabled": True,
            "batch_size": self.batch_size,
            "batch_window": self.batch_window,
            "filters": _by_pattern(self.filters),
            "responses": ["ReportBatchItemFailures"],
        }
        if not self.is_stream:
            return {
                **common,
                "maximum_concurrency": self.maximum_concurrency,
                "tags": dict(self.tags),
            }
        return {
            **common,
            "parallelization": self.parallelization,
            "bisect": True,
            "retries": self.retries,
            "maximum_age": self.maximum_age,
            "on_failure": resolve(self.on_failure, get),
            "tags": dict(self.tags),
        }

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`. Of several, the newest stream's is the one that is described."""
        found = self._list(aws)
        if not found:
            return None
        newest = found[-1]
        arn = self._arn(aws, newest)
        tags = aws.find("lambda", "list_tags", Resource=arn)
        common = {
            "sources": [each["EventSourceArn"] for each in found],
            "function": newest["FunctionArn"],
            "enabled": newest["State"] in {"Enabled", "Enabling", "Creating", "Updating"},
            "batch_size": newest["BatchSize"],
            "batch_window": newest.get("MaximumBatchingWindowInSeconds", 0),
            "filters": _by_pattern(
                json.loads(each["Pattern"])
                for each in (newest.get("FilterCriteria") or {}).get("Filters", [])
            ),
            "responses": newest.get("FunctionResponseTypes") or [],
        }
        destination = (newest.get("DestinationConfig") or {}).get("OnFailure", {})
        scaling = newest.get("ScalingConfig") or {}
        special = (
            {
                "parallelization": newest.get("ParallelizationFactor", 1),
                "bisect": newest.get("BisectBatchOnFunctionError", False),
                "retries": newest.get("MaximumRetryAttempts", -1),
                "maximum_age": newest.get("MaximumRecordAgeInSeconds", -1),
                "on_failure": destination.get("Destination"),
            }
            if self.is_stream
            else {"maximum_concurrency": scaling.get("MaximumConcurrency")}
        )
        state = {**common, **special, "tags": ours((tags or {}).get("Tags"))}
        return state, {"uuid": newest["UUID"], "arn": arn}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        starting = {"StartingPosition": "TRIM_HORIZON"} if self.is_stream else {}
        made = aws.call(
            "lambda",
            "create_event_source_mapping",
            EventSourceArn=want["sources"][0],
            FunctionName=want["function"],
            Tags=want["tags"],
            **starting,
            **_parameters(want, want.keys(), new=True),
        )
        _, one = aws.gather(
            lambda: self._wait_until_settled(aws, made["UUID"]),
            lambda: self._only_one(aws, made),
        )
        return {"uuid": one["UUID"], "arn": self._arn(aws, one)}

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`. The wanted mapping is made before those of old streams are removed."""
        found = self._list(aws)
        right = [each for each in found if each["EventSourceArn"] == want["sources"][0]]
        right.sort(key=lambda each: each["FunctionArn"] != want["function"])
        made = None if right else self.create(aws, want)
        for old in found:
            if old not in right[:1]:
                self._delete(aws, old["UUID"])
        if made:
            return made
        uuid = right[0]["UUID"]
        parameters = _parameters(want, changed)
        if parameters:
            self._wait_until_settled(aws, uuid)
            aws.call("lambda", "update_event_source_mapping", UUID=uuid, **parameters)
            self._wait_until_settled(aws, uuid)
        if "tags" in changed:
            self._tag(aws, self._arn(aws, right[0]), want)
        return {"uuid": uuid, "arn": self._arn(aws, right[0])}

    def delete(self, aws: Aws) -> None:
        """See `Resource`. It would outlive its function, and its queue or stream."""
        for each in self._list(aws):
            self._delete(aws, each["UUID"])

    def _only_one(self, aws: Aws, made: Found) -> Found:
        """AWS refuses a second mapping of the same two; where an endpoint does not, one stays.

        Two runs at the same time agree which.
        """
        twins = sorted(
            (
                each
                for each in self._search(aws, EventSourceArn=made["EventSourceArn"])
                if each["FunctionArn"] == made["FunctionArn"] and each["State"] != "Deleting"
            ),
            key=lambda each: str(each["UUID"]),
        )
        for twin in twins[1:]:
            self._delete(aws, twin["UUID"])
        return twins[0] if twins else made

    def _list(self, aws: Aws) -> list[Found]:
        """Our mappings, oldest source first (a stream's ARN ends in the time it began)."""
        function = aws.arn("lambda", f"function:{self.function.to.name}")
        by_function, by_source = aws.gather(
            lambda: self._search(aws, FunctionName=function),
            lambda: self._at_source(aws),
        )
        found = {
            each["UUID"]: each
            for each in [*by_source, *by_function]
            if each["State"] != "Deleting"
            and _names(each.get("EventSourceArn", ""), self.source.to.name)
            and (each["FunctionArn"] == function or self._is_tagged_ours(aws, each))
        }
        return sorted(found.values(), key=lambda each: (each["EventSourceArn"], each["UUID"]))

    def _search(self, aws: Aws, **by: str) -> list[Found]:
        """Mappings by function, which may be gone, or by source."""
        key = "EventSourceMappings"
        return aws.listed("lambda", "list_event_source_mappings", key, **by) or []

    def _at_source(self, aws: Aws) -> list[Found]:
        """Mappings of the present source, whichever function they call."""
        arn: str | None = aws.arn("sqs", self.source.to.name)
        if self.is_stream:
            table = aws.find("dynamodb", "describe_table", TableName=self.source.to.name) or {}
            arn = table.get("Table", {}).get("LatestStreamArn")
        return self._search(aws, EventSourceArn=arn) if arn else []

    def _is_tagged_ours(self, aws: Aws, found: Found) -> bool:
        """Whether it is ours and was pointed at another function; others may follow the source."""
        tags = aws.find("lambda", "list_tags", Resource=self._arn(aws, found)) or {}
        return self.owned({"tags": tags.get("Tags", {})})

    def _arn(self, aws: Aws, found: Found) -> str:
        arn = found.get("EventSourceMappingArn")
        return str(arn) if arn else aws.arn("lambda", f"event-source-mapping:{found['UUID']}")

    def _tag(self, aws: Aws, arn: str, want: State) -> None:
        extra = surplus(want["tags"], ours(aws.call("lambda", "list_tags", Resource=arn)["Tags"]))
        if extra:
            aws.call("lambda", "untag_resource", Resource=arn, TagKeys=extra)
        aws.call("lambda", "tag_resource", Resource=arn, Tags=want["tags"])

    def _get(self, aws: Aws, uuid: str) -> Found | None:
        found: Found | None = aws.find("lambda", "get_event_source_mapping", UUID=uuid)
        return found

    def _delete(self, aws: Aws, uuid: str) -> None:
        if aws.find("lambda", "delete_event_source_mapping", UUID=uuid) is None:
            return
        aws.until(lambda: self._get(aws, uuid) is None or None, f"{self.id} to be deleted")

    def _wait_until_settled(self, aws: Aws, uuid: str) -> None:
        def probe() -> bool | None:
            found = self._get(aws, uuid)
            return True if found is None or found["State"] in _SETTLED else None

        aws.until(probe, f"{self.id} to be enabled", budget=300.0)


def _names(arn: str, source: str) -> bool:
    """Whether the ARN is that of the queue, or of any stream of the table, called `source`."""
    resource = arn.split(":", 5)[-1]
    return resource == source or resource.startswith(f"table/{source}/stream/")


def _by_pattern(filters: Any) -> list[Any]:
    return sorted((dict(each) for each in filters), key=compact)


def _filter_criteria(filters: list[Any]) -> dict[str, Any]:
    patterns = [{"Pattern": compact(each)} for each in filters]
    return {"FilterCriteria": {"Filters": patterns} if patterns else {}}


_PARAMETERS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "enabled": lambda v: {"Enabled": v},
    "batch_size": lambda v: {"BatchSize": v},
    "batch_window": lambda v: {"MaximumBatchingWindowInSeconds": v},
    "filters": _filter_criteria,
    "responses": lambda v: {"FunctionResponseTypes": v},
    "maximum_concurrency": lambda v: {
        "ScalingConfig": {} if v is None else {"MaximumConcurrency": v}
    },
    "parallelization": lambda v: {"ParallelizationFactor": v},
    "bisect": lambda v: {"BisectBatchOnFunctionError": v},
    "retries": lambda v: {"MaximumRetryAttempts": v},
    "maximum_age": lambda v: {"MaximumRecordAgeInSeconds": v},
    "on_failure": lambda v: {"DestinationConfig": {"OnFailure": {"Destination": v}} if v else {}},
    "function": lambda v: {"FunctionName": v},
}
"""By field, its part of a request."""


def _parameters(want: State, fields: Collection[str], *, new: bool = False) -> dict[str, Any]:
    """The named fields as Lambda takes them. What is omitted stays; what is empty is cleared."""
    chosen = [
        _PARAMETERS[name](want[name]) for name in want if name in fields and name in _PARAMETERS
    ]
    return {
        key: value
        for part in chosen
        for key, value in part.items()
        if not (new and (value in ({}, []) or key == "FunctionName"))
    }
