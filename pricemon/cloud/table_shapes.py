"""A table's description and settings, between DynamoDB's shapes and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def at_rest(table: Mapping[str, Any]) -> bool:
    """Whether the table can be changed. With an index in the making it calls itself active, too."""
    indexes = table.get("GlobalSecondaryIndexes", [])
    return table["TableStatus"] == "ACTIVE" and all(
        index.get("IndexStatus", "ACTIVE") == "ACTIVE" for index in indexes
    )


def from_schema(schema: list[dict[str, str]], types: Mapping[str, str]) -> list[list[str]]:
    """Hash and range key, each with its type, from a key schema."""
    ordered = sorted(schema, key=lambda key: key["KeyType"])  # HASH, then RANGE
    return [[key["AttributeName"], types[key["AttributeName"]]] for key in ordered]


def schema(keys: list[list[str]]) -> list[dict[str, str]]:
    """A key schema from hash and range key."""
    return [
        {"AttributeName": key[0], "KeyType": kind}
        for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)
    ]


def index(name: str, index: Mapping[str, Any]) -> dict[str, Any]:
    """The definition of an index that projects as it says."""
    return {
        "IndexName": name,
        "KeySchema": schema(index["keys"]),
        "Projection": {"ProjectionType": index["projection"]},
    }


def stream(view: str | None) -> dict[str, Any]:
    """A stream of the given view, or none."""
    return {"StreamEnabled": True, "StreamViewType": view} if view else {"StreamEnabled": False}


def encryption(key: str | None) -> dict[str, Any]:
    """Encryption with the key of the given ARN, or with DynamoDB's own."""
    return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key} if key else {"Enabled": False}


def key_of(encryption: Mapping[str, Any]) -> str | None:
    """The ARN of the key that encrypts; `None` is DynamoDB's own."""
    on = encryption.get("Status") in {"ENABLED", "ENABLING", "UPDATING"}
    return encryption.get("KMSMasterKeyArn") if on else None


def recoverable(backups: Mapping[str, Any] | None) -> bool:
    """`ContinuousBackupsStatus` is always enabled; recovery has a status of its own."""
    description = (backups or {}).get("ContinuousBackupsDescription", {})
    recovery = description.get("PointInTimeRecoveryDescription", {})
    return bool(recovery.get("PointInTimeRecoveryStatus") == "ENABLED")


def time_to_live(ttl: Mapping[str, Any] | None) -> str | None:
    """The attribute that rows expire by; `None` if they do not."""
    description = (ttl or {}).get("TimeToLiveDescription", {})
    on = description.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return description.get("AttributeName") if on else None
