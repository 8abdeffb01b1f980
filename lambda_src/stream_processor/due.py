"""Delivers what was deferred and has become due, each row under a lease."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambda_src.stream_processor.publisher import RESERVE
from pricemon.core import alerts
from pricemon.core.alerting.deferred import Entry, Waiting
from pricemon.core.alerting.facts import Facts
from pricemon.core.alerting.rulebook import effective_rules
from pricemon.core.model import Status
from pricemon.core.rules import evaluate
from pricemon.core.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lambda_src.stream_processor.delivery import Delivery
    from lambda_src.stream_processor.evidence import Evidence
    from pricemon.core.alerting.deferred import Deferred
    from pricemon.core.alerting.states import States
    from pricemon.core.alerts import Message
    from pricemon.core.dynamo import Rows
    from pricemon.core.settings import Settings

CHUNK = alerts.DIGEST_SIZE
"""Rows taken at a time: bounded by the lease, which all of them must be delivered within."""

_LATER = 3_600_000
"""Milliseconds until a product that cannot be judged now is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The deferred rows of one table, and everything it takes to deliver them."""

    rows: Rows
    settings: Settings
    deferred: Deferred
    delivery: Delivery
    evidence: Evidence
    states: States
    clock: Callable[[], int]
    logger: Any

    def deliver(self, remaining: Callable[[], float]) -> int:
        """Deliver what is due while there is time; returns the number of alerts sent."""
        sent = 0
        taken: list[Entry] = []
        for entry in self.deferred.due(self.clock()):
            if remaining() < 2 * RESERVE:
                break
            if not self.deferred.lease(entry, self.clock()):
                continue
            if entry.waiting is Waiting.RECHECK:
                sent += self._recheck(entry, remaining)
            else:
                taken.append(entry)
            if len(taken) == CHUNK:
                sent += self._send(taken, remaining)
                taken = []
        return sent + self._send(taken, remaining)

    def _send(self, entries: Sequence[Entry], remaining: Callable[[], float]) -> int:
        held = {entry.alert.alert_id: entry for entry in entries if entry.alert}
        messages = list(self._messages(entries))
        outcome = self.delivery.publish(messages, remaining)
        count = 0
        for message in messages:
            if message.message_id in outcome.retry:
                continue  # the lease runs out, and the row is due again
            for alert in message.alerts:
                if message.message_id in outcome.sent:
                    self.delivery.record(alert)
                    count += 1
                else:
                    self.logger.error(
                        "SNS refused a deferred alert",
                        extra={
                            "alert": alerts.document(alert),
                            "problem": outcome.refused[message.message_id],
                        },
                    )
                self.deferred.done(held[alert.alert_id])
        return count

    def _messages(self, entries: Sequence[Entry]) -> Iterator[Message]:
        rest = []
        for entry in entries:
            if entry.alert and entry.waiting is Waiting.DIGEST:
                rest.append(entry.alert)
            elif entry.alert:
                yield alerts.message(entry.alert, locale=self.delivery.locale)
        yield from alerts.digests(rest, locale=self.delivery.locale)

    def _recheck(self, entry: Entry, remaining: Callable[[], float]) -> int:
        """Judge a product again after a cooldown: it may still be worth telling, or no more."""
        product = Table(self.rows.client, self.rows.name).get_product(entry.product_id)
        if product is None or product.known is None:
            self.deferred.done(entry)
            return 0
        now = self.clock()
        if product.known.status is not Status.OK:
            self.deferred.put_recheck(entry.product_id, entry.kinds, now + _LATER)
            self.deferred.done(entry)
            return 0
        rules = effective_rules(product, self.settings)
        state = self.states.get(entry.product_id)

        def judge(facts: Facts) -> Any:
            return evaluate(product, product, state, facts, rules, only=entry.kinds, at=now)

        found = judge(Facts())
        if found.wants_facts:
            found = judge(self.evidence.gather(product, rules))
        told = 0
        for alert in found.alerts:
            if not self.delivery.defer(alert, rules):
                outcome = self.delivery.send([alert], remaining)
                if alert.alert_id not in outcome.sent:
                    return 0  # the lease runs out, and the row is due again
                self.delivery.record(alert)
                told += 1
        if found.save and not self.states.save(
            entry.product_id, found.state, after=state.processed_at if state else None
        ):
            return told  # someone else judged it meanwhile: look once more when the lease ends
        self.deferred.done(entry)
        return told
