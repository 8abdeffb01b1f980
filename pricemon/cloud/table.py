"""The DynamoDB table: keys, index, stream, backups, time to live.

`UpdateTable` takes one concern per call, and between two calls the table must come to rest; that,
and the minutes an index takes on a live table, is what most of this file is about.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pricemon.cloud import table_shapes as shapes
from pricemon.cloud.resource import Get, Outputs, Resource, State
from pricemon.cloud.tagging import from_pairs, pairs, surplus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pricemon.cloud.session import Aws

Key = tuple[str, str]
"""An attribute and its type (`S`, `N`)."""

_INDEX_BUDGET = 1800.0
"""Seconds. An index added to a live table has been seen to take 17 minutes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Table(Resource):
    """A table on demand, with at most a handful of indexes that project everything.

    `indexes` are hash and range key by name. `time_to_live` is the attribute's name. `kms_key` is
    an ARN; without one DynamoDB encrypts with its own key.
    """

    kind: ClassVar[str] = "table"
    service: ClassVar[str] = "dynamodb"
    fixed: ClassVar[frozenset[str]] = frozenset({"keys"})
    renews: ClassVar[Mapping[str, frozenset[str]]] = {"stream": frozenset({"stream_arn"})}

    hash_key: Key
    range_key: Key
    indexes: Mapping[str, tuple[Key, Key]] = field(default_factory=dict)
    stream: str | None = "NEW_AND_OLD_IMAGES"
    point_in_time_recovery: bool = True
    time_to_live: str | None = None
    deletion_protection: bool = False
    kms_key: str | None = None

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        del get
        return {
            "status": "ACTIVE",
            "keys": [list(self.hash_key), list(self.range_key)],
            "billing_mode": "PAY_PER_REQUEST",
            "indexes": {
                name: {"keys": [list(key) for key in keys], "projection": "ALL"}
                for name, keys in self.indexes.items()
            },
            "stream": self.stream,
            "encryption": self.kms_key,
            "deletion_protection": self.deletion_protection,
            "point_in_time_recovery": self.point_in_time_recovery,
            "time_to_live": self.time_to_live,
            "tags": dict(self.tags),
        }

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`. A table that is being deleted is none."""
        table = self._describe(aws)
        if table is None or table["TableStatus"] == "DELETING":
            return None
        backups, ttl, tags = aws.gather(
            lambda: aws.find("dynamodb", "describe_continuous_backups", TableName=self.name),
            lambda: aws.find("dynamodb", "describe_time_to_live", TableName=self.name),
            lambda: self._read_tags(aws),
        )
        if not tags and table["TableStatus"] == "CREATING":
            tags = self._tags_of_a_new_table(aws)
        types = {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}
        stream = table.get("StreamSpecification", {})
        protected = table.get("DeletionProtectionEnabled", False)
        state = {
            "status": "CREATING" if table["TableStatus"] == "CREATING" else "ACTIVE",
            "keys": shapes.from_schema(table["KeySchema"], types),
            "billing_mode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "indexes": {
                index["IndexName"]: {
                    "keys": shapes.from_schema(index["KeySchema"], types),
                    "projection": index["Projection"]["ProjectionType"],
                }
                for index in table.get("GlobalSecondaryIndexes", [])
                if index.get("IndexStatus") != "DELETING"
            },
            "stream": stream.get("StreamViewType") if stream.get("StreamEnabled") else None,
            "encryption": shapes.key_of(table.get("SSEDescription", {})),
            "deletion_protection": protected,
            "point_in_time_recovery": shapes.recoverable(backups),
            "time_to_live": shapes.time_to_live(ttl),
            "tags": tags,
        }
        return state, _outputs(table)

    def foreseen(self, aws: Aws) -> Outputs:
        """See `Resource`. A stream's ARN holds the time it began: only AWS knows it."""
        return {"arn": self._arn(aws), "name": self.name}

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`. Index, stream and tags come with the table; backups only after it."""
        aws.create(
            self._wait_until_gone,
            "dynamodb",
            "create_table",
            TableName=self.name,
            AttributeDefinitions=self._attribute_definitions(),
            KeySchema=shapes.schema(want["keys"]),
            BillingMode=want["billing_mode"],
            GlobalSecondaryIndexes=[
                shapes.index(name, index) for name, index in want["indexes"].items()
            ],
            StreamSpecification=shapes.stream(want["stream"]),
            SSESpecification=shapes.encryption(want["encryption"]),
            DeletionProtectionEnabled=want["deletion_protection"],
            Tags=pairs(want["tags"]),
        )
        table = self._wait_until_at_rest(aws)
        settings = [name for name in ("point_in_time_recovery", "time_to_live") if want[name]]
        aws.gather(*(self._setting(aws, want, name) for name in settings))
        return _outputs(table)

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`. One concern after another, as DynamoDB demands."""
        table = self._wait_until_at_rest(aws)
        if "billing_mode" in changed:
            table = self._update_table(aws, BillingMode=want["billing_mode"])
        if "deletion_protection" in changed:
            table = self._update_table(aws, DeletionProtectionEnabled=want["deletion_protection"])
        if "encryption" in changed:
            table = self._update_table(aws, SSESpecification=shapes.encryption(want["encryption"]))
        if "stream" in changed:
            if table.get("StreamSpecification", {}).get("StreamEnabled"):
                table = self._update_table(aws, StreamSpecification=shapes.stream(None))
            if want["stream"]:
                table = self._update_table(aws, StreamSpecification=shapes.stream(want["stream"]))
        if "indexes" in changed:
            table = self._update_indexes(aws, want)
        for name in ("point_in_time_recovery", "time_to_live", "tags"):
            if name in changed:
                self._setting(aws, want, name)()
        return _outputs(table)

    def delete(self, aws: Aws) -> None:
        """See `Resource`."""
        table = self._describe(aws)
        if table is None:
            return
        if table["TableStatus"] != "DELETING":
            aws.find("dynamodb", "delete_table", TableName=self.name)
        self._wait_until_gone(aws)

    def protection(self, have: State) -> str | None:
        """See `Resource`."""
        return "its deletion protection is on" if have["deletion_protection"] else None

    def contents(self, aws: Aws) -> Mapping[str, int]:
        """See `Resource`. DynamoDB's own count is hours old, so a small table is counted now."""
        page = aws.call("dynamodb", "scan", TableName=self.name, Select="COUNT")
        if "LastEvaluatedKey" not in page:
            return {"rows": page["Count"]}
        table = self._describe(aws) or {}
        return {"rows": max(page["Count"], table.get("ItemCount", 0))}

    def _arn(self, aws: Aws) -> str:
        return aws.arn("dynamodb", f"table/{self.name}")

    def _describe(self, aws: Aws) -> dict[str, Any] | None:
        found = aws.find("dynamodb", "describe_table", TableName=self.name)
        return found and found["Table"]

    def _read_tags(self, aws: Aws) -> dict[str, str]:
        arn = self._arn(aws)  # ten tags a page
        return from_pairs(aws.listed("dynamodb", "list_tags_of_resource", "Tags", ResourceArn=arn))

    def _tags_of_a_new_table(self, aws: Aws) -> dict[str, str]:
        """Tags show up a second or three after the table: without them it would not be ours."""
        return aws.until(
            lambda: self._read_tags(aws) or None, f"the tags of {self.id}", budget=20.0
        )

    def _attribute_definitions(self) -> list[dict[str, str]]:
        keys = {self.hash_key, self.range_key, *(k for keys in self.indexes.values() for k in keys)}
        return [{"AttributeName": name, "AttributeType": type_} for name, type_ in sorted(keys)]

    def _setting(self, aws: Aws, want: State, name: str) -> Callable[[], object]:
        """The call that sets what has an operation of its own."""

        def recovery() -> None:
            aws.call(
                "dynamodb",
                "update_continuous_backups",
                TableName=self.name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": want[name]},
            )

        def time_to_live() -> None:
            on = want[name] is not None
            described = aws.call("dynamodb", "describe_time_to_live", TableName=self.name)
            attribute = want[name] or shapes.time_to_live(described)
            aws.call(
                "dynamodb",
                "update_time_to_live",
                TableName=self.name,
                TimeToLiveSpecification={"Enabled": on, "AttributeName": attribute},
            )

        def tags() -> None:
            arn = self._arn(aws)
            extra = surplus(want["tags"], self._read_tags(aws))
            if extra:
                aws.call("dynamodb", "untag_resource", ResourceArn=arn, TagKeys=extra)
            aws.call("dynamodb", "tag_resource", ResourceArn=arn, Tags=pairs(want["tags"]))

        return {
            "point_in_time_recovery": recovery,
            "time_to_live": time_to_live,
            "tags": tags,
        }[name]

    def _update_indexes(self, aws: Aws, want: State) -> dict[str, Any]:
        """Index by index: a changed one is removed and built anew, which queries must live with."""
        found = self.read(aws)
        have = found[0]["indexes"] if found else {}
        wanted = want["indexes"]
        table: dict[str, Any] = {}
        for name in sorted(have.keys() | wanted.keys()):
            if have.get(name) == wanted.get(name):
                continue
            if name in have:
                table = self._update_table(
                    aws, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}]
                )
            if name in wanted:
                table = self._update_table(
                    aws,
                    AttributeDefinitions=self._attribute_definitions(),
                    GlobalSecondaryIndexUpdates=[{"Create": shapes.index(name, wanted[name])}],
                )
        return table or self._wait_until_at_rest(aws)

    def _update_table(self, aws: Aws, **change: Any) -> dict[str, Any]:
        aws.call("dynamodb", "update_table", TableName=self.name, **change)
        return self._wait_until_at_rest(aws)

    def _wait_until_at_rest(self, aws: Aws) -> dict[str, Any]:
        """The description of the table once it, and every index, is active."""

        def probe() -> dict[str, Any] | None:
            table = self._describe(aws)
            return table if table is not None and shapes.at_rest(table) else None

        return aws.until(probe, f"{self.id} and its indexes to be active", budget=_INDEX_BUDGET)

    def _wait_until_gone(self, aws: Aws) -> None:
        def probe() -> bool | None:
            table = self._describe(aws)
            return True if table is None or table["TableStatus"] != "DELETING" else None

        aws.until(probe, f"{self.id} to be deleted")


def _outputs(table: Mapping[str, Any]) -> Outputs:
    outputs = {"arn": table["TableArn"], "name": table["TableName"]}
    stream = table.get("LatestStreamArn")
    return {**outputs, "stream_arn": stream} if stream else outputs
