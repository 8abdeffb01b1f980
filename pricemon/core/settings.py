"""What the functions need to know at run time, in two parts.

`Settings` is the user's intent (retailers, bounds, rules): it travels as `settings.json` inside
each zip, so code and settings change together and a cold start reads no service for them.
`Wiring` is the addresses of the stack: it travels as environment variables. Both sides use these
classes, so a name cannot be spelled two ways.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

ENV_PREFIX = "PRICEMON_"

ALL_RETAILERS = "(all)"
"""The metrics dimension `Retailer` of what is counted over all shops; no shop can be called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule:
    """How to find one value on a shop's page. The first that is set applies.

    `css` with optional `attribute` (default: the element's text); `regex` has a group named
    `value`; `json_path` is dotted (`props.pageProps.product.price`, `offers[0].price`) into the
    JSON document, or into the script element that `json_script` selects by CSS.
    """

    css: str | None = None
    attribute: str | None = None
    regex: str | None = None
    json_path: str | None = None
    json_script: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractRule:
    """A shop's own rule. Values without one are found in the ordinary way.

    `prefer` settles several offers: `low` (lowest price), `new` (condition new), `in_stock`.
    `json_url` is a template (`https://shop/api/{product_id}.json`) fetched instead of the page.
    """

    price: ValueRule | None = None
    currency: ValueRule | None = None
    availability: ValueRule | None = None
    title: ValueRule | None = None
    prefer: str | None = None
    condition: str = "new"
    json_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules:
    """When to alert. `None` is off. Percentages as in 10 for 10 %, durations in seconds."""

    drop_percent: Decimal | None = None
    drop_amount: Decimal | None = None
    below: Decimal | None = None
    lowest_in_days: int | None = None
    rise_percent: Decimal | None = None
    back_in_stock: bool = False
    first_price_below: Decimal | None = None
    lowest_in_group: bool = False
    cooldown: int = 0
    quiet_hours: str | None = None
    """`22:00-07:00 Europe/Berlin`: alerts due then are delivered after, not lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailerSettings:
    """One shop: where it is, how fast it may be asked, how it is read.

    `hosts` are host names or `host:port`; a URL or redirect elsewhere is refused (sub-domains of a
    listed host are allowed). `rate` is requests per second over all workers; `concurrency` is per
    worker. `proxy` names an environment variable or `ssm:/path`, never the secret itself.
    """

    name: str
    hosts: tuple[str, ...]
    rate: float = 1.0
    concurrency: int = 2
    currency: str | None = None
    locale: str | None = None
    rule: ExtractRule | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    proxy: str | None = None
    robots: bool = True
    allow_private_addresses: bool = False
    max_failures: int | None = None
    """Consecutive failures that pause a product of this shop; `None` takes the judge's."""
    alerts: Mapping[str, Any] = field(default_factory=dict)
    """Overrides of the default alert rules, by field name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Bounds of one fetch. Seconds and bytes."""

    user_agent: str = "pricemon (+https://pricemon.example)"
    connect_timeout: float = 5.0
    read_timeout: float = 10.0
    total_timeout: float = 30.0
    max_bytes: int = 8_000_000
    max_redirects: int = 5
    retries: int = 2
    backoff: float = 0.5
    backoff_cap: float = 8.0
    circuit_failures: int = 5
    threads: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """Bounds beyond which a reading is held. Percent of the known price; seconds."""

    max_drop_percent: Decimal = Decimal(60)
    max_rise_percent: Decimal = Decimal(150)
    confirm_after: int = 600
    max_failures: int = 20
    """Consecutive failures after which a product is no longer dispatched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """Chat and push. `channels` are the SSM parameters that hold the URLs, never the URLs."""

    channels: tuple[str, ...] = ()
    attempts: int = 10
    """Deliveries of an alert to a channel before it is a dead letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything of the config that the functions act on."""

    env: str
    retailers: Mapping[str, RetailerSettings]
    fetch: FetchSettings = FetchSettings()
    judge: JudgeSettings = JudgeSettings()
    alerts: AlertRules = AlertRules(drop_percent=Decimal(10))
    tag_alerts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    max_alerts_per_run: int | None = None
    locale: str = "en"
    """How alerts write numbers for people (`de-DE`); the data beside them is locale-free."""
    keep_days: int | None = None
    """Days an observation stays in the table before its TTL; `None` keeps it for ever."""
    max_receive_count: int = 3
    notifier: NotifierSettings = NotifierSettings()

    def to_json(self) -> str:
        """Canonical JSON: the same settings give the same bytes."""
        return json.dumps(
            dataclasses.asdict(self), default=_encode, sort_keys=True, separators=(",", ":")
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`. Raises `ValueError` or `KeyError` on a foreign document."""
        raw = json.loads(text, parse_float=Decimal)
        retailers = {name: _retailer(value) for name, value in raw["retailers"].items()}
        return cls(
            env=raw["env"],
            retailers=retailers,
            fetch=FetchSettings(**_floats(raw["fetch"])),
            judge=JudgeSettings(**_decimals(raw["judge"], "max_drop_percent", "max_rise_percent")),
            alerts=alert_rules(raw["alerts"]),
            tag_alerts=raw["tag_alerts"],
            max_alerts_per_run=raw["max_alerts_per_run"],
            locale=raw["locale"],
            keep_days=raw["keep_days"],
            max_receive_count=raw["max_receive_count"],
            notifier=_notifier(raw["notifier"]),
        )

    @classmethod
    def bundled(cls, root: Path | None = None) -> Self:
        """Read `settings.json` at the root of the unpacked zip, two folders above this file."""
        root = root or Path(__file__).resolve().parents[2]
        return cls.from_json((root / "settings.json").read_text(encoding="utf-8"))


def alert_rules(raw: Mapping[str, Any], base: AlertRules | None = None) -> AlertRules:
    """`base` with the fields of `raw` laid over it; money and percentages become `Decimal`."""
    money = ("drop_percent", "drop_amount", "below", "rise_percent", "first_price_below")
    return dataclasses.replace(base or AlertRules(), **_decimals(raw, *money))


def extract_rule(raw: Mapping[str, Any]) -> ExtractRule:
    """An `ExtractRule` from its plain form (settings, or a product's `overrides["rule"]`)."""
    values: dict[str, Any] = {
        key: ValueRule(**raw[key])
        for key in ("price", "currency", "availability", "title")
        if raw.get(key)
    }
    rest = {
        key: raw[key] for key in ("prefer", "condition", "json_url") if raw.get(key) is not None
    }
    return ExtractRule(**values, **rest)


def _retailer(raw: Mapping[str, Any]) -> RetailerSettings:
    rule = extract_rule(raw["rule"]) if raw["rule"] else None
    hosts = tuple(raw["hosts"])
    return RetailerSettings(**{**raw, "rule": rule, "hosts": hosts, "rate": float(raw["rate"])})


def _notifier(raw: Mapping[str, Any]) -> NotifierSettings:
    return NotifierSettings(**{**raw, "channels": tuple(raw["channels"])})


def _floats(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: float(v) if isinstance(v, Decimal) else v for key, v in raw.items()}


def _decimals(raw: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: Decimal(str(v)) if key in keys and v is not None else v for key, v in raw.items()}


def _encode(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The stack's addresses, as environment variables. A function gets those it uses."""

    table: str = ""
    bucket: str = ""
    queue_url: str = ""
    dlq_url: str = ""
    on_failure_url: str = ""
    topic_arn: str = ""
    metrics_namespace: str = ""
    stream_failures: str = "report"
    """`report`: partial batch response. `raise`: fail the whole batch (for an event source that
    does not honour partial responses on streams, such as the embedded AWS)."""

    def to_env(self) -> dict[str, str]:
        """Environment variables; empty fields are left out."""
        return {
            ENV_PREFIX + f.name.upper(): value
            for f in dataclasses.fields(self)
            if (value := getattr(self, f.name))
        }

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """The inverse of `to_env`."""
        names = {f.name: ENV_PREFIX + f.name.upper() for f in dataclasses.fields(cls)}
        return cls(**{key: environ[var] for key, var in names.items() if var in environ})
