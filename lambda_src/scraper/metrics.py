"""Counts by retailer, as CloudWatch embedded metrics on stdout: no call, no permission.

`Retailer` is the only dimension: a dimension of products would be billed for each of them. An alarm
sees only the dimensions it names, so successes are counted for all shops together as well.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from pricemon.core.model import Outcome, Reason
from pricemon.core.settings import ALL_RETAILERS

if TYPE_CHECKING:
    from pricemon.core.model import Observation

_NAMES = {
    Outcome.ACCEPTED: ("ScrapingSuccess",),
    Outcome.NOT_MODIFIED: ("ScrapingSuccess", "NotModified"),
    Outcome.HELD: ("Held",),
    Outcome.FAILED: ("ScrapingFailure",),
}


class Metrics:
    """What one invocation counts. A job is counted when its result is first written."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._counts: dict[str, Counter[str]] = {}

    def observed(self, observation: Observation) -> None:
        """Count a job's result."""
        names = list(_NAMES[observation.outcome])
        if observation.reason == Reason.BLOCKED:
            names.append("Blocked")
        self._count(observation.retailer, *names)
        if "ScrapingSuccess" in names:
            self._count(ALL_RETAILERS, "ScrapingSuccess")

    def handed_back(self, retailer: str) -> None:
        """Count a job that is to be tried again."""
        self._count(retailer, "Retried")

    def flush(self) -> None:
        """Print one document for each retailer, and start over."""
        counts, self._counts = self._counts, {}
        for retailer, metrics in counts.items():
            if not self._namespace:
                continue
            document = EphemeralMetrics(namespace=self._namespace)
            document.add_dimension("Retailer", retailer)
            for name, value in metrics.items():
                document.add_metric(name, MetricUnit.Count, value)
            document.flush_metrics()

    def _count(self, retailer: str, *names: str) -> None:
        self._counts.setdefault(retailer, Counter()).update(names)
