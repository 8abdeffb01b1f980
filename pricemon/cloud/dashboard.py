"""The CloudWatch dashboard. An account has one set of dashboards for all its regions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pricemon.cloud.documents import compact
from pricemon.cloud.resource import OWNER, Get, Outputs, Resource, State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pricemon.cloud.names import Names
    from pricemon.cloud.session import Aws


@dataclass(frozen=True, kw_only=True, eq=False)
class Dashboard(Resource):
    """A dashboard of widgets as CloudWatch writes them, without positions.

    Not every endpoint can tag dashboards, so a line of text on it says whose it is.
    """

    kind: ClassVar[str] = "dashboard"
    service: ClassVar[str] = "cloudwatch"

    title: str
    widgets: tuple[Mapping[str, Any], ...]

    def desired(self, get: Get) -> State:
        """See `Resource`."""
        del get
        heading = {
            "type": "text",
            "width": 24,
            "height": 2,
            "properties": {"markdown": f"# {self.title}\n{self._mark()}"},
        }
        return {"body": json.loads(json.dumps({"widgets": [heading, *self.widgets]}))}

    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """See `Resource`."""
        found = aws.find("cloudwatch", "get_dashboard", DashboardName=self.name)
        if found is None:
            return None
        return {"body": json.loads(found["DashboardBody"])}, {
            "arn": found["DashboardArn"],
            "name": self.name,
        }

    def create(self, aws: Aws, want: State) -> Outputs:
        """See `Resource`."""
        self._put(aws, want)
        return {
            "arn": aws.arn("cloudwatch", f"dashboard/{self.name}", regional=False),
            "name": self.name,
        }

    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """See `Resource`."""
        del changed
        self._put(aws, want)
        return {}

    def delete(self, aws: Aws) -> None:
        """See `Resource`."""
        aws.find("cloudwatch", "delete_dashboards", DashboardNames=[self.name])

    def owned(self, have: State) -> bool:
        """See `Resource`."""
        return self._mark() in json.dumps(have["body"])

    def _put(self, aws: Aws, want: State) -> None:
        aws.call(
            "cloudwatch",
            "put_dashboard",
            DashboardName=self.name,
            DashboardBody=compact(want["body"]),
        )

    def _mark(self) -> str:
        return f"Kept by pricemon ({OWNER}={self.tags[OWNER]})"


def widgets(names: Names, region: str) -> tuple[dict[str, Any], ...]:
    """What one wants to see of a monitor: successes, queues, functions, the stream, the table."""

    def graph(title: str, *metrics: list[Any], stat: str = "Sum") -> dict[str, Any]:
        return {
            "type": "metric",
            "width": 12,
            "height": 6,
            "properties": {
                "title": title,
                "region": region,
                "stat": stat,
                "period": 300,
                "metrics": list(metrics),
            },
        }

    def by_retailer(metric: str) -> list[Any]:
        search = f'{{{names.metrics_namespace},Retailer}} MetricName="{metric}"'
        return [{"expression": f"SEARCH('{search}', 'Sum')", "label": ""}]

    def queue(name: str) -> list[Any]:
        return ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]

    def function(metric: str) -> list[list[Any]]:
        both = (names.scraper, names.processor)
        return [["AWS/Lambda", metric, "FunctionName", name] for name in both]

    return (
        graph("Prices read, by shop", by_retailer("ScrapingSuccess")),
        graph("Failures, by shop", by_retailer("ScrapingFailure")),
        graph("Price changes, by shop", by_retailer("PriceChanges")),
        graph("Alerts sent, by shop", by_retailer("AlertsSent")),
        graph(
            "Messages waiting",
            *(queue(name) for name in (names.queue, names.dlq, names.on_failure)),
            stat="Maximum",
        ),
        graph("Function errors", *function("Errors"), *function("Throttles")),
        graph("Function duration (ms)", *function("Duration"), stat="p90"),
        graph(
            "Stream lag (ms)",
            ["AWS/Lambda", "IteratorAge", "FunctionName", names.processor],
            stat="Maximum",
        ),
    )
