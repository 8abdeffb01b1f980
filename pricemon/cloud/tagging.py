"""Tags in the shapes of the services, a list of pairs or a mapping. AWS's own are not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Pairs = list[dict[str, str]]


def pairs(tags: Mapping[str, str]) -> Pairs:
    """As most services take them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def from_pairs(listed: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """The inverse of `pairs`, less the tags that only AWS may set."""
    return ours({tag["Key"]: tag["Value"] for tag in listed or ()})


def ours(tags: Mapping[str, str] | None) -> dict[str, str]:
    """The tags that users may set, in order of their keys."""
    return {key: value for key, value in sorted((tags or {}).items()) if not key.startswith("aws:")}


def surplus(want: Mapping[str, str], have: Mapping[str, str]) -> list[str]:
    """The keys to remove."""
    return sorted(have.keys() - want.keys())
