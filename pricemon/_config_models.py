"""The config's sections: every option, its default, its unit and its limits stand here alone.

A field's description is what a person reads in an error message and in `config/reference.yaml`.
Bounds that the functions act on take their defaults from `pricemon.core.settings`.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Self, Union, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from pricemon import _config_types as t
from pricemon.core.settings import AlertRules, FetchSettings, JudgeSettings, RetailerSettings

_FETCH = FetchSettings()
_JUDGE = JudgeSettings()
_SHOP = RetailerSettings(name="", hosts=())
_ALERTS = AlertRules()


class Section(BaseModel):
    """A mapping of options: frozen, and refusing what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, data: Any) -> Any:
        """A section whose options are all commented out reads as nothing: it means the defaults."""
        if data is None:
            return {}
        if not isinstance(data, dict):
            return data
        return {
            key: value
            for key, value in data.items()
            if value is not None or not _is_collection(cls, key)
        }


def _is_collection(model: type[BaseModel], key: object) -> bool:
    """Whether the option holds options or a list, so that "nothing" can only mean the default."""
    field = model.model_fields.get(key) if isinstance(key, str) else None
    if field is None or field.is_required():
        return False
    annotation = field.annotation
    if get_origin(annotation) in {Union, UnionType}:
        return False
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, (BaseModel, dict, tuple))


class Schedule(Section):
    """When the whole catalogue is scraped."""

    enabled: bool = Field(default=True, description="false keeps the schedule, switched off")
    expression: t.ScheduleExpression = Field(
        default="rate(6 hours)", description="rate(…), six-field cron(…) or at(…)"
    )
    timezone: t.TimeZone = Field(default="UTC", description="time zone of cron and at")
    window: int = Field(
        default=15, ge=0, le=1440, description="minutes within which a run may start; 0 is exact"
    )

    @property
    def period(self) -> int | None:
        """Seconds between two runs; `None` where the expression does not say (cron, at)."""
        return t.schedule_period(self.expression)

    @model_validator(mode="after")
    def _window_within_period(self) -> Self:
        if self.period and self.window * 60 >= self.period:
            raise ValueError(
                f"a window shorter than the time between two runs; {self.window} minutes is not, "
                f"with {self.expression}"
            )
        return self


class TableOptions(Section):
    """The DynamoDB table."""

    keep_days: int | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="days an observation stays in the table (the archive keeps it); null for ever",
    )
    point_in_time_recovery: bool = Field(default=True, description="restore to any second, 35 days")
    deletion_protection: bool = Field(default=False, description="true makes `down` refuse")


class Queues(Section):
    """The SQS queues: jobs, dead letters, and the stream's failures."""

    retention: int = Field(
        default=86_400, ge=60, le=1_209_600, description="seconds a job waits at most"
    )
    dead_letter_retention: int = Field(
        default=1_209_600, ge=60, le=1_209_600, description="seconds a failed job is kept"
    )
    max_receive_count: int = Field(
        default=3, ge=1, le=1000, description="attempts before a job is a dead letter"
    )
    long_poll: int = Field(default=20, ge=0, le=20, description="seconds a receive call waits")
    visibility_timeout: int | None = Field(
        default=None,
        ge=0,
        le=43_200,
        description="seconds; null is 6 x the scraper's timeout, plus its batch window",
    )


class Function(Section):
    """What both Lambda functions have in common."""

    python: t.PythonVersion = Field(default="3.13", description="Lambda's Python: 3.11 to 3.14")
    architecture: t.Architecture = Field(default="arm64", description="arm64 or x86_64")
    reserved_concurrency: int | None = Field(
        default=None, ge=0, description="instances set aside for this function; null for none"
    )
    log_retention: t.LogRetention = Field(default=7, description="days logs are kept")
    log_format: Literal["text", "json"] = Field(default="text", description="text or json")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    xray: bool = Field(default=False, description="trace with AWS X-Ray")


class Scraper(Function):
    """The function that fetches pages."""

    timeout: int = Field(default=60, ge=1, le=900, description="seconds")
    memory: int = Field(default=512, ge=128, le=10_240, description="MB")
    batch_size: int = Field(default=25, ge=1, le=10_000, description="jobs per invocation")
    batch_window: int = Field(
        default=1, ge=0, le=300, description="seconds to wait for a full batch"
    )
    max_concurrency: int = Field(
        default=10, ge=2, le=1000, description="instances that work the queue at once"
    )

    @model_validator(mode="after")
    def _large_batches_need_a_window(self) -> Self:
        if self.batch_size > 10 and self.batch_window < 1:  # noqa: PLR2004 - SQS's own rule
            raise ValueError(
                f"a batch_window of at least 1 second when batch_size is over 10, as Lambda "
                f"demands; they are {self.batch_window} and {self.batch_size}"
            )
        return self


class StreamProcessor(Function):
    """The function that detects changes and alerts."""

    timeout: int = Field(default=30, ge=1, le=900, description="seconds")
    memory: int = Field(default=256, ge=128, le=10_240, description="MB")
    batch_size: int = Field(default=100, ge=1, le=10_000, description="changes per invocation")
    batch_window: int = Field(
        default=1, ge=0, le=300, description="seconds to wait for a full batch"
    )
    parallelization: int = Field(default=10, ge=1, le=10, description="batches at once per shard")
    retries: int = Field(
        default=5, ge=0, le=10_000, description="attempts before a change goes to the queue"
    )
    max_age: int = Field(
        default=3600, ge=60, le=604_800, description="seconds a change is retried at most"
    )


class Vpc(Section):
    """The network the functions run in; empty for none."""

    subnets: tuple[
        Annotated[
            str,
            AfterValidator(
                t.matching(r"subnet-[0-9a-f]{8,17}", "a subnet id, such as subnet-0a1b2c3d")
            ),
        ],
        ...,
    ] = Field(default=(), max_length=16, description="subnet ids with a way out to the internet")
    security_groups: tuple[
        Annotated[
            str,
            AfterValidator(
                t.matching(r"sg-[0-9a-f]{8,17}", "a security group id, such as sg-0a1b2c3d")
            ),
        ],
        ...,
    ] = Field(default=(), max_length=5, description="security group ids")

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if bool(self.subnets) != bool(self.security_groups):
            raise ValueError("both subnets and security_groups, or neither")
        return self


class Functions(Section):
    """The Lambda functions."""

    scraper: Scraper = Field(default=Scraper(), description="fetches pages and reads prices")
    stream_processor: StreamProcessor = Field(
        default=StreamProcessor(), description="detects changes and alerts"
    )
    vpc: Vpc = Field(default=Vpc(), description="the network they run in")


class Lifecycle(Section):
    """How long objects stay in the archive, and where. Days; null is never."""

    infrequent_access: int | None = Field(
        default=90, ge=30, description="days until the cheaper, slower storage class"
    )
    glacier: int | None = Field(
        default=None, ge=30, description="days until Glacier Instant Retrieval"
    )
    expire: int | None = Field(default=None, ge=1, description="days until prices are deleted")
    failures: int | None = Field(
        default=30, ge=1, description="days until the pages of failed jobs are deleted"
    )
    noncurrent: int | None = Field(
        default=30, ge=1, description="days until an overwritten version is deleted"
    )
    incomplete_uploads: int = Field(
        default=7, ge=1, description="days until a broken-off upload is cleared"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        steps = [
            (name, days)
            for name in ("infrequent_access", "glacier", "expire")
            if (days := getattr(self, name)) is not None
        ]
        for (earlier, first), (later, second) in pairwise(steps):
            gap = 30 if later == "glacier" else 1
            if second < first + gap:
                raise ValueError(
                    f"{later} at least {gap} days after {earlier}; they are {second} and {first}"
                )
        return self


class Bucket(Section):
    """The S3 bucket of the archive."""

    suffix: (
        Annotated[
            str,
            AfterValidator(
                t.matching(
                    r"[a-z0-9]([a-z0-9-]{0,15}[a-z0-9])?",
                    "1 to 17 lower-case letters, digits and hyphens",
                )
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="end of the bucket's name, globally unique; null is the account's id in the "
        "cloud, nothing on the embedded AWS",
    )
    versioning: bool = Field(default=True, description="keep overwritten objects for a while")
    lifecycle: Lifecycle = Field(default=Lifecycle(), description="how long objects stay")


class Alarms(Section):
    """CloudWatch alarms, to the notification topic. A threshold of null switches one off."""

    enabled: bool = Field(default=True, description="false switches all of them off")
    period: t.AlarmPeriod = Field(default=300, description="seconds over which is counted")
    scraper_errors: int | None = Field(default=5, ge=1, description="errors in one period")
    processor_errors: int | None = Field(default=1, ge=1, description="errors in one period")
    dead_letters: int | None = Field(default=100, ge=1, description="jobs in the queue")
    on_failure: int | None = Field(default=1, ge=1, description="stream batches in the queue")
    iterator_age: int | None = Field(
        default=600, ge=1, le=86_400, description="seconds the stream processor lags behind"
    )
    silent_periods: int | None = Field(
        default=2, ge=1, le=7, description="schedule periods without one success"
    )

    @model_validator(mode="after")
    def _period_within_a_day(self) -> Self:
        if self.period > 86_400:  # noqa: PLR2004 - CloudWatch's limit
            raise ValueError(f"a period of at most 86400 seconds; it is {self.period}")
        return self


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
            raise ValueError("css beside attribute")
        if self.json_script and not self.json_path:
            raise ValueError("json_path beside json_script")
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
        default=_SHOP.proxy, description="env:NAME or ssm:/path that holds the proxy's URL"
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


class Subscription(Section):
    """Who hears of alerts, and of which. Empty lists mean all."""

    protocol: Literal["email", "email-json", "sms", "http", "https", "sqs", "lambda"] = Field(
        description="email, email-json, sms, http, https, sqs or lambda"
    )
    endpoint: str = Field(
        description="address, number, URL or ARN; env:NAME or ssm:/path where it holds a secret"
    )
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
    raw: bool = Field(default=False, description="deliver the bare message (sqs, http, https)")

    @model_validator(mode="after")
    def _endpoint_of_its_protocol(self) -> Self:
        if t.is_reference(self.endpoint):
            return self
        if t.looks_secret(self.endpoint):
            raise t.secret("endpoint: env:NAME or ssm:/path")
        pattern, expectation = _ENDPOINTS[self.protocol]
        if not t.fullmatch(pattern, self.endpoint):
            raise ValueError(f"with endpoint as {expectation} (or env:NAME, ssm:/path)")
        if self.raw and self.protocol not in {"sqs", "http", "https"}:
            raise ValueError("without raw: only sqs, http and https deliver bare messages")
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


class Local(Section):
    """The embedded AWS on this machine."""

    port: int | None = Field(
        default=None, ge=1, le=65_535, description="loopback port; null is the usual one"
    )
    data_dir: Path | None = Field(
        default=None, description="folder of its state; null is the user's data folder"
    )
