"""The way of an alert out: now, after quiet hours, or in the digest of its run.

An alert is *told* once the topic has it, or the table keeps it for later. Only then is it marked,
so a crash in between tells it again, with the same id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambda_src.stream_processor.publisher import Outcome
from pricemon.core import alerts
from pricemon.core.alerting.deferred import Waiting
from pricemon.core.alerting.quiet import quiet_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambda_src.stream_processor.metrics import Metrics
    from lambda_src.stream_processor.publisher import Publisher
    from pricemon.core.alerting.alert_log import AlertLog
    from pricemon.core.alerting.deferred import Deferred
    from pricemon.core.alerts import Message
    from pricemon.core.budget import Budget
    from pricemon.core.model import Alert
    from pricemon.core.settings import AlertRules

DIGEST_AFTER = 600_000
"""Milliseconds that a digest waits for the rest of its run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Tells alerts, and remembers having told them."""

    publisher: Publisher
    deferred: Deferred
    log: AlertLog
    budget: Budget
    metrics: Metrics
    clock: Callable[[], int]
    logger: Any
    locale: str = "en"

    def defer(self, alert: Alert, rules: AlertRules) -> bool:
        """Keep the alert for later if it must wait; `False` if it is to be sent now."""
        now = self.clock()
        if due := self._quiet_until(rules.quiet_hours, now):
            self.deferred.put_alert(alert, due, Waiting.QUIET)
        elif not self.budget.take(alert.observed_at):
            self.deferred.put_alert(alert, now + DIGEST_AFTER, Waiting.DIGEST)
        else:
            return False
        self.metrics.alert(alert, sent=False)
        return True

    def _quiet_until(self, spec: str | None, now: int) -> int | None:
        """An alert at night is better than one lost to a zone that this machine does not know."""
        try:
            return quiet_until(spec, now)
        except ValueError as error:
            self.logger.warning("quiet hours not kept", extra={"problem": str(error)})
            return None

    def send(self, pending: Sequence[Alert], remaining: Callable[[], float]) -> Outcome:
        """Publish alerts, one message each; the outcome is by `alert_id`."""
        messages = [alerts.message(alert, locale=self.locale) for alert in pending]
        return self.publish(messages, remaining)

    def publish(self, messages: Sequence[Message], remaining: Callable[[], float]) -> Outcome:
        """Publish messages; the outcome is by `message_id`."""
        return self.publisher.publish(messages, remaining) if messages else Outcome()

    def record(self, alert: Alert) -> None:
        """Keep the fact that an alert was sent."""
        self.log.put(alert)
        self.metrics.alert(alert, sent=True)
