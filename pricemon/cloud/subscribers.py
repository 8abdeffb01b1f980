"""Who hears of alerts: the config's subscriptions, with their secrets and filters."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pricemon.cloud.roster import fingerprint
from pricemon.cloud.subscription import Subscription
from pricemon.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from pricemon.cloud.resource import Resource
    from pricemon.cloud.session import Aws


class Selection(Protocol):
    """Which alerts somebody hears of. Empty lists mean all."""

    @property
    def kinds(self) -> Sequence[str]:
        """Kinds of alert."""

    @property
    def retailers(self) -> Sequence[str]:
        """Retailers, by name."""

    @property
    def tags(self) -> Sequence[str]:
        """Products' tags."""

    @property
    def min_percent(self) -> Decimal | None:
        """The least change, up or down."""


class Subscriber(Selection, Protocol):
    """One of the config's subscriptions."""

    @property
    def protocol(self) -> str:
        """As SNS calls it."""

    @property
    def endpoint(self) -> str:
        """An address, or `env:NAME` or `ssm:/path` where it holds a secret."""

    @property
    def raw(self) -> bool:
        """Whether the bare message is delivered."""


@dataclass(frozen=True)
class Receiver:
    """A subscriber with its endpoint, which may be a secret."""

    subscriber: Subscriber
    endpoint: str = field(repr=False)

    @property
    def name(self) -> str:
        """What people may see of it."""
        return f"{self.subscriber.protocol}:{self.subscriber.endpoint}"

    @property
    def fingerprint(self) -> str:
        """What the topic's roster knows it by."""
        return fingerprint(self.subscriber.protocol, self.endpoint)


def receivers(wanted: Sequence[Subscriber], aws: Aws) -> list[Receiver]:
    """The config's subscriptions with their endpoints.

    Raises `UsageError` for a secret that is not to be had.
    """
    return [Receiver(each, _secret(each.endpoint, aws)) for each in wanted]


def subscriptions(wanted: Sequence[Receiver], topic: Resource) -> list[Subscription]:
    """The receivers' subscriptions to `topic`."""
    return [
        Subscription(
            name=each.name,
            topic=topic.ref("arn"),
            protocol=each.subscriber.protocol,
            endpoint=each.endpoint,
            filter_policy=filter_policy(each.subscriber),
            raw=each.subscriber.raw,
        )
        for each in wanted
    ]


def filter_policy(selection: Selection) -> dict[str, Any] | None:
    """The SNS filter of a selection, on the alerts' message attributes."""
    wanted: dict[str, Any] = {
        attribute: list(values)
        for attribute, values in (
            ("kind", [str(kind) for kind in selection.kinds]),
            ("retailer", selection.retailers),
            ("tags", selection.tags),
        )
        if values
    }
    if selection.min_percent is not None:
        least = float(selection.min_percent)
        wanted["change_percent"] = [{"numeric": ["<=", -least]}, {"numeric": [">=", least]}]
    return wanted or None


def _secret(value: str, aws: Aws) -> str:
    """What `env:NAME` or `ssm:/path` stands for; anything else stands for itself."""
    if value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in os.environ:
            raise UsageError(
                f"a subscription's endpoint is in the variable {name}, which is not set",
                hint=f"set {name}, then run the same command again",
            )
        return os.environ[name]
    if value.startswith("ssm:"):
        path = value.removeprefix("ssm:")
        found = aws.call("ssm", "get_parameter", Name=path, WithDecryption=True)
        return str(found["Parameter"]["Value"])
    return value
