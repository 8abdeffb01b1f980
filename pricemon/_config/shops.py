"""What is watched, and who hears of it: retailers, bounds, alert rules, subscriptions.

Bounds that the functions act on take their defaults from `pricemon.core.settings`. A field's
description is what a person reads in an error message and in `config/reference.yaml`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pricemon._config import secrets
from pricemon._config import types as t
from pricemon._config.section import Section
from pricemon.core.settings import AlertRules, FetchSettings, JudgeSettings, RetailerSettings

_FETCH = FetchSettings()
_JUDGE = JudgeSettings()
_SHOP = RetailerSettings(name="", hosts=())
_ALERTS = AlertRules()


class ValueRule(Section):
    """Where one value stands on a shop's page. A plain text is a CSS selector."""

    css: t.Text | None = Field(default=None, description="CSS selector")
    attribute: t.Text | None = Field(
        default=None, description="the element's attribute; null is its text"
    )
    regex: t.Regex | None = Field(default=None, description="pattern with (?P<value>…)")
    json_path: t.Text | None = Field(
        default=None, description="dotted path into JSON, such as offers[0].price"
    )
    json_script: t.Text | None = Field(
        default=None, description="CSS selector of the script that holds the JSON"
    )

    @model_validator(mode="before")
    @classmethod
    def _text_is_css(cls, data: Any) -> Any:
        return {"css": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.attribute and not self.css:
            raise ValueError("attribute needs css beside it")
        if self.json_script and not self.json_path:
            raise ValueError("json_script needs json_path beside it")
        return self


class Rule(Section):
    """How a shop's pages are read where the ordinary way does not suffice."""

    price: ValueRule = Field(default=ValueRule(), description="where the price stands")
    currency: ValueRule = Field(default=ValueRule(), description="where the currency stands")
    availability: ValueRule = Field(default=ValueRule(), description="where availability stands")
    title: ValueRule = Field(default=ValueRule(), description="where the title stands")
    prefer: Literal["low", "new", "in_stock"] | None = Field(
        default=None, description="which of several offers: low, new, in_stock; null refuses"
    )
    condition: Literal["new", "used", "refurbished", "any"] = Field(
        default="new", description="new, used, refurbished or any"
    )
    json_url: t.Text | None = Field(
        default=None, description="https://shop/api/{product_id}.json, fetched instead of the page"
    )


class AlertOptions(Section):
    """When to alert; null is off. In a retailer, tag or product: only what differs."""

    drop_percent: t.Percent | None = Field(
        default=_ALERTS.drop_percent, lt=100, description="percent below the reference price"
    )
    drop_amount: t.Money | None = Field(
        default=_ALERTS.drop_amount, description="amount below the reference price"
    )
    below: t.Money | None = Field(default=_ALERTS.below, description="at or below this price")
    lowest_in_days: int | None = Field(
        default=_ALERTS.lowest_in_days, ge=1, le=3650, description="lowest price in so many days"
    )
    rise_percent: t.Percent | None = Field(
        default=_ALERTS.rise_percent, description="percent above the previous price"
    )
    back_in_stock: bool = Field(default=_ALERTS.back_in_stock, description="true or false")
    first_price_below: t.Money | None = Field(
        default=_ALERTS.first_price_below, description="a first reading at or below this price"
    )
    lowest_in_group: bool = Field(
        default=_ALERTS.lowest_in_group, description="the lowest price among a group's shops"
    )
    cooldown: int = Field(
        default=_ALERTS.cooldown, ge=0, le=31_536_000, description="seconds between two alerts"
    )
    quiet_hours: t.QuietHours | None = Field(
        default=_ALERTS.quiet_hours, description="22:00-07:00 Europe/Berlin: delivered after"
    )


class DefaultAlerts(AlertOptions):
    """The alert rules of every product."""

    drop_percent: t.Percent | None = Field(
        default=Decimal(10), lt=100, description="percent below the reference price"
    )


class Retailer(Section):
    """One shop: where it is, how fast it may be asked, how its pages are read."""

    hosts: t.Hosts = Field(description="host names, such as shop.example; their sub-domains too")
    rate: float = Field(
        default=_SHOP.rate,
        ge=0.001,
        le=10_000,
        allow_inf_nan=False,
        description="requests per second, over all workers",
    )
    concurrency: int = Field(
        default=_SHOP.concurrency, ge=1, le=100, description="requests at once per worker"
    )
    currency: t.Currency | None = Field(
        default=_SHOP.currency, description="where a page does not say, such as EUR"
    )
    locale: t.Locale | None = Field(
        default=_SHOP.locale, description="how its pages write numbers, such as de-DE"
    )
    rule: Rule = Field(default=Rule(), description="how its pages are read")
    headers: t.Headers = Field(default={}, description="sent with each request")
    cookies: t.Headers = Field(default={}, description="sent with each request")
    proxy: t.Reference | None = Field(
        default=_SHOP.proxy,
        description="env:NAME (on this machine) or ssm:/path that holds the proxy's URL",
    )
    robots: bool = Field(default=_SHOP.robots, description="honour robots.txt")
    allow_private_addresses: bool = Field(
        default=_SHOP.allow_private_addresses, description="true for a shop on your own network"
    )
    max_failures: int | None = Field(
        default=_SHOP.max_failures,
        ge=1,
        description="failures in a row that pause a product; null is judge.max_failures",
    )
    alerts: AlertOptions = Field(default=AlertOptions(), description="what differs from `alerts`")


_ENDPOINTS = {
    "email": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address"),
    "email-json": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address"),
    "sms": (r"\+[1-9]\d{6,14}", "a phone number such as +491701234567"),
    "http": (r"http://\S+", "a URL that begins with http://"),
    "https": (r"https://\S+", "a URL that begins with https://"),
    "sqs": (r"arn:aws[a-z-]*:sqs:[^:]+:\d{12}:[\w-]{1,80}(\.fifo)?", "a queue's ARN"),
    "lambda": (
        r"arn:aws[a-z-]*:lambda:[^:]+:\d{12}:function:[\w-]+(:[\w$-]+)?",
        "a function's ARN",
    ),
}


class Selection(Section):
    """Which alerts somebody hears of. Empty lists mean all."""

    kinds: Annotated[
        tuple[t.AlertKindName, ...], BeforeValidator(t.as_list), AfterValidator(t.unique)
    ] = Field(default=(), description="kinds of alert, such as drop_percent")
    retailers: Annotated[
        tuple[t.RetailerName, ...], BeforeValidator(t.as_list), AfterValidator(t.unique)
    ] = Field(default=(), description="retailers by name")
    tags: Annotated[tuple[t.Tag, ...], BeforeValidator(t.as_list), AfterValidator(t.unique)] = (
        Field(default=(), description="products' tags")
    )
    min_percent: t.Percent | None = Field(
        default=None, description="least change in percent, up or down"
    )


class Subscription(Selection):
    """Who hears of alerts, and of which."""

    protocol: Literal["email", "email-json", "sms", "http", "https", "sqs", "lambda"] = Field(
        description="email, email-json, sms, http, https, sqs or lambda"
    )
    endpoint: str = Field(
        description="address, number, URL or ARN; env:NAME or ssm:/path where it holds a secret"
    )
    raw: bool = Field(default=False, description="deliver the bare message (sqs, http, https)")

    @model_validator(mode="after")
    def _endpoint_of_its_protocol(self) -> Self:
        if secrets.is_reference(self.endpoint):
            return self
        if secrets.looks_secret(self.endpoint):
            raise secrets.secret("endpoint: env:NAME or ssm:/path")
        pattern, expectation = _ENDPOINTS[self.protocol]
        if not t.fullmatch(pattern, self.endpoint):
            raise ValueError(f"endpoint must be {expectation}, or env:NAME, or ssm:/path")
        if self.raw and self.protocol not in {"sqs", "http", "https"}:
            raise ValueError("raw must be false: only sqs, http and https deliver bare messages")
        return self


class Notifier(Selection):
    """Chat and push by Apprise, in a function of its own."""

    enabled: bool = Field(default=False, description="make the notifier")
    urls: Annotated[
        tuple[t.Parameter, ...], BeforeValidator(t.as_list), AfterValidator(t.unique)
    ] = Field(
        default=(),
        max_length=20,
        description="ssm:/path of each parameter that holds an Apprise URL",
    )
    attempts: int = Field(
        default=10, ge=1, le=1000, description="deliveries to a channel before a dead letter"
    )

    @property
    def parameters(self) -> tuple[str, ...]:
        """Paths of the SSM parameters with the URLs."""
        return tuple(url.removeprefix("ssm:") for url in self.urls)

    @model_validator(mode="after")
    def _has_channels(self) -> Self:
        if self.enabled and not self.urls:
            raise ValueError("urls must name a parameter when enabled, such as ssm:/pricemon/slack")
        return self


class Fetch(Section):
    """Bounds of one fetch."""

    user_agent: t.Text = Field(default=_FETCH.user_agent, description="who we say we are")
    connect_timeout: float = Field(
        default=_FETCH.connect_timeout, gt=0, le=60, description="seconds"
    )
    read_timeout: float = Field(
        default=_FETCH.read_timeout, gt=0, le=300, description="seconds of silence"
    )
    total_timeout: float = Field(
        default=_FETCH.total_timeout,
        gt=0,
        le=600,
        description="seconds, with redirects and retries",
    )
    max_bytes: int = Field(
        default=_FETCH.max_bytes, ge=10_000, le=100_000_000, description="bytes of a page, unpacked"
    )
    max_redirects: int = Field(
        default=_FETCH.max_redirects, ge=0, le=20, description="redirects followed"
    )
    retries: int = Field(default=_FETCH.retries, ge=0, le=10, description="further attempts")
    backoff: float = Field(
        default=_FETCH.backoff, gt=0, le=60, description="seconds before the first retry, at most"
    )
    backoff_cap: float = Field(
        default=_FETCH.backoff_cap, gt=0, le=300, description="seconds before any retry, at most"
    )
    circuit_failures: int = Field(
        default=_FETCH.circuit_failures,
        ge=1,
        le=1000,
        description="refusals in a row after which a host is left alone",
    )
    threads: int = Field(
        default=_FETCH.threads, ge=1, le=256, description="pages at once per worker"
    )


class Judge(Section):
    """Bounds beyond which a reading is held until a second one agrees."""

    max_drop_percent: t.Percent = Field(
        default=_JUDGE.max_drop_percent, le=100, description="percent below the known price"
    )
    max_rise_percent: t.Percent = Field(
        default=_JUDGE.max_rise_percent, description="percent above the known price"
    )
    confirm_after: int = Field(
        default=_JUDGE.confirm_after, ge=1, le=900, description="seconds until the second reading"
    )
    max_failures: int = Field(
        default=_JUDGE.max_failures, ge=1, description="failures in a row that pause a product"
    )
