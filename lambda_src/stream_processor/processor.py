"""A batch of stream records → alerts told and states stored; and the records that must come again.

Quiet records (`changes.is_quiet`) cost no call. The others are judged product by product, each in
its own order: first the alert is told, then the fact is kept, then the state is marked. A crash
between the first and the last tells the same alert again, with the same id; a crash anywhere else
tells it once. `processed_at` in the state recognises what is delivered again.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_src.stream_processor import rejects
from lambda_src.stream_processor.batch import Batch
from lambda_src.stream_processor.delivery import Delivery
from lambda_src.stream_processor.due import Due
from lambda_src.stream_processor.evidence import Evidence
from lambda_src.stream_processor.lanes import Lane, Step, Stop
from lambda_src.stream_processor.metrics import Metrics
from lambda_src.stream_processor.publisher import RESERVE, Publisher
from pricemon.core import items
from pricemon.core.alerting import changes
from pricemon.core.alerting.alert_log import AlertLog
from pricemon.core.alerting.deferred import Deferred
from pricemon.core.alerting.facts import Facts
from pricemon.core.alerting.rulebook import effective_rules
from pricemon.core.alerting.states import States
from pricemon.core.attributes import MalformedItem
from pricemon.core.budget import Budget
from pricemon.core.dynamo import Rows, Throttled, chunks
from pricemon.core.errors import GiveUp, JobError
from pricemon.core.model import Reason
from pricemon.core.rules import Evaluation, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pricemon.core.settings import AlertRules, Settings, Wiring

WORKERS = 8
"""Calls of one batch that wait for AWS at the same time."""

AT_ONCE = 20
"""Products judged together: what is told of them is marked before the next, so that a batch that
outlives its time (alerts take a look at history) has come further when it is delivered again."""

DUE_EVERY = 60_000
"""Milliseconds between two looks of a worker at what was deferred."""

AWS_ERRORS = (BotoCoreError, ClientError, Throttled)
"""What a later delivery of the same record may heal."""


class Unhandled(Exception):
    """Records of the batch must be delivered again."""


def wall_clock() -> int:
    """Now, in epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Processor:
    """Everything one worker needs, made once and used for every batch."""

    def __init__(
        self,
        *,
        settings: Settings,
        wiring: Wiring,
        rows: Rows,
        sns: Any,
        sqs: Any,
        logger: Any,
        clock: Callable[[], int] = wall_clock,
        sleep: Callable[[float], None] = time.sleep,
        workers: int = WORKERS,
    ) -> None:
        self.settings = settings
        self.wiring = wiring
        self._sqs = sqs
        self._logger = logger
        self._clock = clock
        self._workers = workers
        self._states = States(rows)
        self._evidence = Evidence(rows, logger)
        self._metrics = Metrics(wiring.metrics_namespace)
        self._deferred = Deferred(rows)
        self._delivery = Delivery(
            publisher=Publisher(sns, wiring.topic_arn, sleep=sleep),
            deferred=self._deferred,
            log=AlertLog(rows, keep_days=settings.keep_days),
            budget=Budget(rows, settings.max_alerts_per_run),
            metrics=self._metrics,
            clock=clock,
            logger=logger,
            locale=settings.locale,
        )
        self._due = Due(
            rows=rows,
            settings=settings,
            deferred=self._deferred,
            delivery=self._delivery,
            evidence=self._evidence,
            states=self._states,
            clock=clock,
            logger=logger,
        )
        self._next_look = 0

    def process(
        self, records: Sequence[Mapping[str, Any]], remaining: Callable[[], float]
    ) -> list[str]:
        """Process a batch; returns the sequence numbers that must be delivered again, in order."""
        batch = Batch(records)
        try:
            for some in chunks(self._open(batch), AT_ONCE):
                lanes = some
                while lanes:
                    lanes = self._round(lanes, batch, remaining)
            self._reject(batch)
            if self._clock() >= self._next_look and remaining() > 2 * RESERVE:
                self._next_look = self._clock() + DUE_EVERY
                self._deliver_due_anyway(remaining)
        finally:
            self._metrics.flush()
        return batch.failed_numbers()

    def deliver_due(self, remaining: Callable[[], float]) -> int:
        """Deliver what was deferred and is due; returns the number of alerts sent."""
        try:
            return self._due.deliver(remaining)
        finally:
            self._metrics.flush()

    def _open(self, batch: Batch) -> list[Lane]:
        """The lanes of the records that say something new, with their states."""
        lanes: dict[str, Lane] = {}
        for step in batch.steps():
            if not changes.is_quiet(step.before, step.after):
                lane = lanes.setdefault(
                    step.after.product_id, Lane(product_id=step.after.product_id)
                )
                lane.steps.append(step)
        try:
            states = self._states.load(lanes)
        except AWS_ERRORS as error:
            self._logger.warning("states unread", extra={"problem": str(error)})
            for lane in lanes.values():
                batch.fail(lane.steps[0].index)
            return []
        opened = []
        for product_id, lane in lanes.items():
            try:
                item = states.get(product_id)
                lane.load(items.alert_state(item) if item else None)
                opened.append(lane)
            except MalformedItem as error:
                for step in lane.steps:
                    batch.reject(step, GiveUp(Reason.BAD_MESSAGE, error.message))
        return opened

    def _round(self, lanes: list[Lane], batch: Batch, remaining: Callable[[], float]) -> list[Lane]:
        """Bring each lane to its next alert, tell those, and return the lanes that go on."""
        if remaining() < RESERVE:
            for lane in lanes:
                batch.fail(lane.first_open())
            return []
        self._each(lanes, lambda lane: self._advance(lane, batch))
        stops = {lane.stop.alert.alert_id: lane for lane in lanes if lane.stop}
        outcome = self._delivery.send(
            [lane.stop.alert for lane in stops.values() if lane.stop], remaining
        )
        for alert_id, problem in outcome.retry.items():
            self._abandon(stops[alert_id], batch, f"not published: {problem}")
        for alert_id, problem in outcome.refused.items():
            lane = stops[alert_id]
            if lane.stop:
                batch.reject(lane.stop.step, GiveUp(Reason.BAD_MESSAGE, f"SNS refused: {problem}"))
            lane.stop = None
        told = [stops[alert_id] for alert_id in stops if alert_id in outcome.sent]
        self._each(told, lambda lane: self._mark(lane, batch))
        done = [lane for lane in lanes if not lane.steps and lane.stop is None]
        self._each(done, lambda lane: self._save(lane, batch))
        return [lane for lane in lanes if lane.steps]

    def _advance(self, lane: Lane, batch: Batch) -> None:
        """Judge the lane's records up to the next alert that is to be sent now."""
        while lane.steps:
            step = lane.steps.popleft()
            try:
                if self._settle(lane, step):
                    return
            except AWS_ERRORS as error:
                lane.steps.appendleft(step)
                self._abandon(lane, batch, f"{type(error).__name__}: {error}", at=step.index)
                return
            except JobError as error:
                batch.reject(step, error)
            except Exception as error:  # a pure function failed: it would fail again
                self._logger.exception("a record cannot be judged")
                batch.reject(step, GiveUp(Reason.INTERNAL, f"{type(error).__name__}: {error}"))

    def _settle(self, lane: Lane, step: Step) -> bool:
        """Judge one record; `True` when it left an alert in `lane.stop`."""
        rules = effective_rules(step.after, self.settings)
        found = self._judge(lane, step, rules)
        if not found.redelivered:
            kinds = changes.detect(step.before, step.after)
            self._metrics.changes(step.after.retailer, kinds)
            self._evidence.remember_group(step.before, step.after)
        for kind, due in found.suppressed.items():
            self._deferred.put_recheck(lane.product_id, (kind,), due)
            self._metrics.count(step.after.retailer, "AlertsInCooldown")
        for alert in found.alerts:
            if not self._delivery.defer(alert, rules):
                lane.stop = Stop(step=step, alert=alert, evaluation=found, rules=rules)
                return True
        lane.reach(step, found)
        return False

    def _judge(self, lane: Lane, step: Step, rules: AlertRules) -> Evaluation:
        found = evaluate(step.before, step.after, lane.state, Facts(), rules)
        if not found.wants_facts:
            return found
        facts = self._evidence.gather(step.after, rules)
        return evaluate(step.before, step.after, lane.state, facts, rules)

    def _mark(self, lane: Lane, batch: Batch) -> None:
        """An alert was published: keep the fact and the state, and let the lane go on."""
        if (stop := lane.stop) is None:
            return
        try:
            self._delivery.record(stop.alert)
        except AWS_ERRORS as error:
            self._abandon(lane, batch, f"alert not kept: {error}")
            return
        lane.stop = None
        lane.reach(stop.step, stop.evaluation)
        self._save(lane, batch)

    def _save(self, lane: Lane, batch: Batch) -> None:
        """Store the lane's state if it is not; where another worker stored one, begin anew."""
        if lane.unsaved_from is None or lane.state is None:
            return
        try:
            after = lane.stored.processed_at if lane.stored else None
            saved = self._states.save(lane.product_id, lane.state, after=after)
            problem = "another worker stored a state"
        except AWS_ERRORS as error:
            saved, problem = False, str(error)
        if not saved:
            batch.fail(lane.unsaved_from)
            lane.steps.clear()
            self._logger.warning(
                "state not stored", extra={"product_id": lane.product_id, "problem": problem}
            )
        lane.settled()

    def _abandon(self, lane: Lane, batch: Batch, problem: str, at: int | None = None) -> None:
        """Leave the lane's next record, and those after it, to a later delivery."""
        index = lane.stop.step.index if lane.stop else at
        batch.fail(index)
        lane.steps.clear()
        lane.stop = None
        self._logger.warning(
            "record left for redelivery",
            extra={"product_id": lane.product_id, "problem": problem},
        )

    def _reject(self, batch: Batch) -> None:
        """Send poison to the on-failure queue, unless its record is delivered again anyway."""
        for step_index, record, error in batch.poison(whole=self.wiring.stream_failures == "raise"):
            self._logger.error(
                "a record can never be processed",
                extra={"reason": error.reason, "detail": error.detail},
            )
            try:
                rejects.send(
                    self._sqs, self.wiring.on_failure_url, record, error, failed_at=self._clock()
                )
            except AWS_ERRORS as problem:
                batch.fail(step_index)
                self._logger.warning("poison not put away", extra={"problem": str(problem)})

    def _deliver_due_anyway(self, remaining: Callable[[], float]) -> None:
        """What was deferred keeps; its trouble must not repeat the batch."""
        try:
            self._due.deliver(remaining)
        except Exception:  # the batch is done, and due rows stay due
            self._logger.exception("deferred alerts were not delivered")

    def _each(self, lanes: Sequence[Lane], work: Callable[[Lane], None]) -> None:
        if self._workers > 1 and len(lanes) > 1:
            with ThreadPoolExecutor(min(self._workers, len(lanes))) as pool:
                list(pool.map(work, lanes))
        else:
            for lane in lanes:
                work(lane)
