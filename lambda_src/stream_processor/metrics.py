"""Counts by retailer, as CloudWatch embedded metrics on stdout: no call, no permission.

`Retailer` is the only dimension: a dimension of products would be billed for each of them.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from pricemon.core.alerting.changes import ChangeKind
from pricemon.core.model import AlertKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pricemon.core.model import Alert

_CHANGES = {
    ChangeKind.FIRST_PRICE: ("FirstPrices",),
    ChangeKind.PRICE_DROP: ("PriceChanges", "PriceDrops"),
    ChangeKind.PRICE_RISE: ("PriceChanges", "PriceIncreases"),
    ChangeKind.CURRENCY_CHANGE: ("PriceChanges", "CurrencyChanges"),
    ChangeKind.BACK_IN_STOCK: ("BackInStock",),
    ChangeKind.OUT_OF_STOCK: ("OutOfStock",),
    ChangeKind.GONE: ("Gone",),
    ChangeKind.RETURNED: ("Returned",),
}
_SIGNIFICANT = frozenset({AlertKind.DROP_PERCENT, AlertKind.DROP_AMOUNT})


class Metrics:
    """What one invocation counts. Records that are delivered again are counted again."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._counts: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()

    def count(self, retailer: str, *names: str) -> None:
        """Count each of the metrics up by one."""
        with self._lock:
            self._counts.setdefault(retailer, Counter()).update(names)

    def changes(self, retailer: str, kinds: Iterable[ChangeKind]) -> None:
        """Count what changed."""
        self.count(retailer, *(name for kind in kinds for name in _CHANGES[kind]))

    def alert(self, alert: Alert, *, sent: bool) -> None:
        """Count an alert that was sent, or put off until it is due."""
        significant = _SIGNIFICANT & {alert.kind, *alert.also}
        names = ["AlertsSent" if sent else "AlertsDeferred"]
        self.count(alert.retailer, *names, *(["SignificantPriceDrops"] if significant else []))

    def flush(self) -> None:
        """Print one document for each retailer, and start over."""
        counts, self._counts = self._counts, {}
        for retailer, metrics in counts.items():
            if not metrics or not self._namespace:
                continue
            document = EphemeralMetrics(namespace=self._namespace)
            document.add_dimension("Retailer", retailer)
            for name, value in metrics.items():
                document.add_metric(name, MetricUnit.Count, value)
            document.flush_metrics()
