"""Which subscriptions of the topic the config has made: kept as a tag of the topic.

A subscription has no tags of its own, and people may subscribe by hand. So that one which leaves
the config is removed, and one that was never in it is left alone, the topic bears a fingerprint of
each of ours: written before it is made, and dropped after it is gone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from pricemon.cloud.answers import is_absent, sentence
from pricemon.cloud.tagging import pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pricemon.cloud.session import Aws

KEY = "pricemon:subscribers"
"""The tag's key; further ones are numbered."""

_PER_TAG = 28
"""Fingerprints of 8 characters and their spaces, in the 256 that a tag holds."""


def fingerprint(protocol: str, endpoint: str) -> str:
    """What stands for a subscription: 32 bits, which do not give a secret endpoint away."""
    return hashlib.sha256(f"{protocol} {endpoint}".encode()).hexdigest()[:8]


def visible(protocol: str, endpoint: str) -> str:
    """How a subscription is shown. Of a URL, its host alone: the rest may be a secret."""
    if protocol in {"http", "https"}:
        return f"{protocol}://{urlsplit(endpoint).hostname}/…"
    return f"{protocol}:{endpoint}"


def as_tags(fingerprints: Iterable[str]) -> dict[str, str]:
    """The tags that bear the fingerprints."""
    ordered = sorted(fingerprints)
    parts = [ordered[start : start + _PER_TAG] for start in range(0, len(ordered), _PER_TAG)]
    return {
        KEY if number == 1 else f"{KEY}-{number}": " ".join(part)
        for number, part in enumerate(parts, start=1)
    }


def split(tags: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """The tags that are not the roster's, and the fingerprints in those that are."""
    rest = {key: value for key, value in tags.items() if not key.startswith(KEY)}
    return rest, {each for key in tags.keys() - rest.keys() for each in tags[key].split()}


def former(aws: Aws, topic: str, ours: Collection[str]) -> dict[str, str]:
    """Confirmed subscriptions with one of these fingerprints: ARN → how it is shown."""
    return {
        each["SubscriptionArn"]: visible(each["Protocol"], each["Endpoint"])
        for each in _with(aws, topic, ours)
        if each["SubscriptionArn"].startswith("arn:")
    }


def pending(aws: Aws, topic: str, ours: Collection[str]) -> set[str]:
    """Those of the fingerprints whose subscription awaits confirmation.

    Such a one can't be removed, and may be confirmed for two days yet.
    """
    return {
        fingerprint(each["Protocol"], each["Endpoint"])
        for each in _with(aws, topic, ours)
        if not each["SubscriptionArn"].startswith("arn:")
    }


def _with(aws: Aws, topic: str, ours: Collection[str]) -> list[dict[str, str]]:
    """The topic's subscriptions with one of these fingerprints; asks only where there are any."""
    if not ours:
        return []
    listed = aws.listed("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    return [
        each for each in listed or () if fingerprint(each["Protocol"], each["Endpoint"]) in ours
    ]


def unsubscribe(aws: Aws, arn: str) -> None:
    """Remove a subscription. Already gone, and never confirmed, are success."""
    try:
        aws.call("sns", "unsubscribe", SubscriptionArn=arn)
    except ClientError as problem:
        if not is_absent("sns", problem) and "pending confirmation" not in sentence(problem):
            raise


def write(aws: Aws, topic: str, have: Mapping[str, str], fingerprints: Iterable[str]) -> None:
    """Have the topic bear these fingerprints; `have` are its present tags."""
    wanted = as_tags(fingerprints)
    surplus = sorted(key for key in have if key.startswith(KEY) and key not in wanted)
    if changed := {key: value for key, value in wanted.items() if have.get(key) != value}:
        aws.call("sns", "tag_resource", ResourceArn=topic, Tags=pairs(changed))
    if surplus:
        aws.call("sns", "untag_resource", ResourceArn=topic, TagKeys=surplus)
