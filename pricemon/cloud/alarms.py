"""Which alarms a config means. One that is switched off stays in the stack, as absent."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, Protocol

from pricemon.cloud.alarm import Alarm
from pricemon.core.settings import ALL_RETAILERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pricemon.cloud.names import Names
    from pricemon.cloud.resource import Resource

_DAY = 86_400
_LONGEST_WATCH = 7 * _DAY
"""CloudWatch's bound on period x evaluations, for periods of an hour and more."""


class Options(Protocol):
    """The config's alarms. Seconds; a threshold of `None` switches one off."""

    enabled: bool
    period: int
    scraper_errors: int | None
    processor_errors: int | None
    dead_letters: int | None
    on_failure: int | None
    iterator_age: int | None
    silent_periods: int | None


class Sweeps(Protocol):
    """The config's schedule. `period` is in seconds, and `None` where the expression tells none."""

    enabled: bool
    expression: str

    @property
    def period(self) -> int | None:
        """Between two runs."""


def alarms(
    options: Options, sweeps: Sweeps, names: Names, *, topic: Resource, tags: Mapping[str, str]
) -> list[Alarm]:
    """The six alarms, all of them to the topic."""

    def alarm(what: str, *, threshold: int | None, wanted: bool = True, **rest: Any) -> Alarm:
        return Alarm(
            name=names.alarm(what),
            tags=tags,
            topic=topic.ref("arn"),
            present=options.enabled and wanted and threshold is not None,
            threshold=threshold or 0,
            **{"period": options.period, **rest},
        )

    def errors(what: str, function: str, threshold: int | None) -> Alarm:
        return alarm(
            what,
            threshold=threshold,
            description=f"{function} fails",
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions={"FunctionName": function},
        )

    def depth(what: str, queue: str, threshold: int | None, description: str) -> Alarm:
        return alarm(
            what,
            threshold=threshold,
            description=description,
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue},
            statistic="Maximum",
        )

    age = options.iterator_age
    return [
        errors("scraper-errors", names.scraper, options.scraper_errors),
        errors("processor-errors", names.processor, options.processor_errors),
        depth("dlq-depth", names.dlq, options.dead_letters, "Jobs have failed for good"),
        depth(
            "on-failure-depth",
            names.on_failure,
            options.on_failure,
            "Price changes could not be handled",
        ),
        alarm(
            "iterator-age",
            threshold=None if age is None else age * 1000,
            description="The stream processor lags behind",
            namespace="AWS/Lambda",
            metric="IteratorAge",
            dimensions={"FunctionName": names.processor},
            statistic="Maximum",
        ),
        _silence(alarm, options.silent_periods, sweeps, names),
    ]


def _silence(alarm: Any, periods: int | None, sweeps: Sweeps, names: Names) -> Alarm:
    """No page has been read for some schedule periods. No data at all is the worst of it."""
    every = sweeps.period or _DAY  # cron does not say how often: once a day, at least
    watched = (periods or 1) * every
    period = min(max(60, ceil(every / 60) * 60), _DAY)
    once = sweeps.expression.startswith("at(")
    made: Alarm = alarm(
        "no-success",
        threshold=None if periods is None else 1,
        wanted=sweeps.enabled and not once and watched <= _LONGEST_WATCH,
        description=f"No price has been read for {periods} schedule periods",
        namespace=names.metrics_namespace,
        metric="ScrapingSuccess",
        dimensions={"Retailer": ALL_RETAILERS},
        period=period,
        evaluation_periods=ceil(watched / period),
        comparison="LessThanThreshold",
        missing_data="breaching",
    )
    return made
