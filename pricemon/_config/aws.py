"""What is provisioned, in AWS or on this machine: each resource's options and their limits.

A field's description is what a person reads in an error message and in `config/reference.yaml`.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pricemon._config import schedule
from pricemon._config import types as t
from pricemon._config.section import Section


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
        return schedule.period(self.expression)

    @model_validator(mode="after")
    def _window_within_period(self) -> Self:
        if self.period and self.window * 60 >= self.period:
            raise ValueError(
                f"window must be shorter than the time between two runs; {self.window} minutes "
                f"is not, with {self.expression}"
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
    """What all Lambda functions have in common."""

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
                f"batch_window must be at least 1 second when batch_size is over 10, as Lambda "
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


class NotifierFunction(Function):
    """The function that tells chats and phones."""

    timeout: int = Field(default=60, ge=15, le=900, description="seconds")
    memory: int = Field(default=256, ge=128, le=10_240, description="MB")
    batch_size: int = Field(default=5, ge=1, le=10, description="alerts per invocation")
    max_concurrency: int = Field(
        default=2, ge=2, le=1000, description="instances that work the queue at once"
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
            raise ValueError("subnets and security_groups must be given together, or neither")
        return self


class Functions(Section):
    """The Lambda functions."""

    scraper: Scraper = Field(default=Scraper(), description="fetches pages and reads prices")
    stream_processor: StreamProcessor = Field(
        default=StreamProcessor(), description="detects changes and alerts"
    )
    notifier: NotifierFunction = Field(
        default=NotifierFunction(), description="tells chats and phones, where it is enabled"
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
                    f"{later} must be at least {gap} days after {earlier}; they are {second} "
                    f"and {first}"
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
    notifier_dead_letters: int | None = Field(
        default=1, ge=1, description="alerts that a chat did not take, in their queue"
    )
    iterator_age: int | None = Field(
        default=600, ge=1, le=86_400, description="seconds the stream processor lags behind"
    )
    silent_periods: int | None = Field(
        default=2, ge=1, le=7, description="schedule periods without one success"
    )


class Local(Section):
    """The embedded AWS on this machine."""

    port: int | None = Field(
        default=None, ge=1, le=65_535, description="loopback port; null is the usual one"
    )
    data_dir: Path | None = Field(
        default=None, description="folder of its state; null is the user's data folder"
    )
