"""A batch of jobs: read, scrape, write, follow up; and which messages must come back.

The order keeps the promises: the table first (one transaction: rows, observations, counts), then
what follows from it (`aftermath`), and only then is a message deleted, by Lambda, because it is not
among those handed back. Cut off anywhere, the redelivered job finds its observation in the table,
asks no shop again, and repeats what follows.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lambda_src.scraper.aftermath import Finished
from lambda_src.scraper.delivery import POSTPONE_FOR, is_untried, show_again_after
from pricemon.core import items, ledger, outcomes
from pricemon.core.attributes import MalformedItem
from pricemon.core.dispatch import MAX_DELAY
from pricemon.core.dynamo import Throttled
from pricemon.core.errors import GiveUp, Retry
from pricemon.core.model import Job, Observation, Product, Reason
from pricemon.core.outcomes import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from aws_lambda_powertools import Logger

    from lambda_src.scraper.aftermath import Aftermath
    from lambda_src.scraper.budget import Budget
    from lambda_src.scraper.delivery import Delivery
    from lambda_src.scraper.metrics import Metrics
    from lambda_src.scraper.scrape import Scraper
    from pricemon.core.settings import Settings
    from pricemon.core.table import Table

_AWS_FAILED = (BotoCoreError, ClientError, Throttled)
_JUDGEMENTS = 4
"""Times a job is judged again because its product's row was written meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A job on its way through the batch."""

    delivery: Delivery
    job: Job
    product: Product | None
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def key(self) -> tuple[str, int]:
        """What tells the job from all others: also its observation's key."""
        return self.job.product_id, self.job.requested_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The jobs of one invocation. `clock` is in epoch seconds."""

    settings: Settings
    table: Table
    scraper: Scraper
    aftermath: Aftermath
    metrics: Metrics
    logger: Logger
    budget: Budget
    clock: Callable[[], float] = time.time

    def process(self, deliveries: Iterable[Delivery]) -> dict[str, float]:
        """Work the jobs. Returns the messages to hand back: id → seconds until shown again."""
        back: dict[str, float] = {}
        for round_ in _rounds(deliveries):
            back |= self._process(round_)
        return back

    def _process(self, deliveries: Sequence[Delivery]) -> dict[str, float]:
        try:
            cases, finished = self._read(deliveries)
        except _AWS_FAILED as error:
            return self._all_back(deliveries, f"the table cannot be read: {error}")
        back: dict[str, float] = {}
        final: list[Case] = []
        for case in self._scrape(cases):
            if isinstance(case.evidence.error, Retry) and not self._is_final(case):
                back |= self._later(case, case.evidence.error)
            else:
                final.append(case)
        try:
            finished += self._write(final, back)
        except _AWS_FAILED as error:
            # Nothing of the last attempt was written; what was before, is found when it is back.
            back |= self._all_back([c.delivery for c in final], f"the table failed: {error}")
        back |= self._follow_up([f for f in finished if f.delivery.message_id not in back])
        return back

    # -- reading ----------------------------------------------------------------------------------

    def _read(self, deliveries: Sequence[Delivery]) -> tuple[list[Case], list[Finished]]:
        """The jobs to do, and those whose observation is there already."""
        jobs = {d.message_id: d.content for d in deliveries if isinstance(d.content, Job)}
        products, observations = self._rows(jobs.values())
        cases, finished = [], []
        for delivery in deliveries:
            job = jobs[delivery.message_id]
            case = self._case(delivery, job, products.get(job.product_id))
            seen = observations.get(case.key)
            if seen is None:
                cases.append(case)
            else:
                finished.append(_finished(case, seen))
        return cases, finished

    def _rows(
        self, jobs: Iterable[Job]
    ) -> tuple[dict[str, Product | MalformedItem], dict[tuple[str, int], Observation]]:
        wanted = [(job.product_id, job.requested_at) for job in jobs]
        keys = [items.key(product_id, items.PRODUCT) for product_id, _ in wanted]
        keys += [items.key(product_id, at) for product_id, at in wanted]
        products: dict[str, Product | MalformedItem] = {}
        observations: dict[tuple[str, int], Observation] = {}
        for item in self.table.rows.get_items(keys):
            product_id, at = item["product_id"]["S"], int(item["timestamp"]["N"])
            try:
                if at == items.PRODUCT:
                    products[product_id] = items.product(item)
                else:
                    observations[product_id, at] = items.observation(item)
            except MalformedItem as error:
                products[product_id] = error
        return products, observations

    def _case(self, delivery: Delivery, job: Job, row: Product | MalformedItem | None) -> Case:
        if isinstance(row, Product):
            # The catalogue may have been edited since the job was sent.
            job = replace(job, retailer=row.retailer, url=row.url)
            return Case(delivery=delivery, job=job, product=row)
        if row is None:
            error = GiveUp(Reason.UNKNOWN_PRODUCT, "the product is not in the catalogue")
        else:
            error = GiveUp(Reason.INTERNAL, row.message)
        return Case(delivery=delivery, job=job, product=None, evidence=Evidence(error=error))

    # -- scraping ---------------------------------------------------------------------------------

    def _scrape(self, cases: Sequence[Case]) -> Iterator[Case]:
        """The cases with their evidence, in no order, all of them before the time to write."""
        pool = ThreadPoolExecutor(max(1, min(self.settings.fetch.threads, len(cases))))
        futures = {pool.submit(self._examine, case): case for case in cases if case.product}
        yield from (case for case in cases if not case.product)
        # A fetch ends by its deadline; this is for whatever else might hang in there.
        done, late = wait(futures, timeout=max(0.0, self.budget.left - 1))
        pool.shutdown(wait=False, cancel_futures=True)
        for future in done:
            yield replace(futures[future], evidence=future.result())
        for future in late:
            error = Retry(Reason.TIMEOUT, "reading the page took all the function's time")
            yield replace(futures[future], evidence=Evidence(error=error))

    def _examine(self, case: Case) -> Evidence:
        if case.product is None or time.monotonic() >= self.budget.fetch_until:
            error = Retry(Reason.RATE_LIMITED, "no time was left for it in this invocation")
            return Evidence(error=error)
        evidence = self.scraper.scrape(case.product, deadline=self.budget.fetch_until)
        reading, page = evidence.reading, evidence.page
        if reading is not None and reading.reason is not None and page is not None:
            self.aftermath.keep_page(case.job, page, reason=reading.reason)
        return evidence

    # -- handing back -----------------------------------------------------------------------------

    def _is_final(self, case: Case) -> bool:
        return case.delivery.receives >= self.settings.max_receive_count and not self._may_wait(
            case
        )

    def _may_wait(self, case: Case) -> bool:
        """Whether a job that found no turn in all its deliveries is put into the queue anew."""
        error = case.evidence.error
        age = self.clock() - case.job.requested_at / 1000
        return isinstance(error, Retry) and is_untried(error) and age < POSTPONE_FOR

    def _later(self, case: Case, error: Retry) -> dict[str, float]:
        """Have the job delivered again: by handing it back, or as a new message."""
        delivery, job = case.delivery, case.job
        self.metrics.handed_back(job.retailer)
        seconds = show_again_after(error, delivery.receives)
        self.logger.info(
            "job handed back",
            product_id=job.product_id,
            retailer=job.retailer,
            reason=error.reason,
            detail=error.detail,
            receives=delivery.receives,
            seconds=round(seconds),
        )
        last = delivery.receives >= self.settings.max_receive_count
        if last and self.aftermath.postpone(job, seconds=min(MAX_DELAY, round(seconds))):
            return {}
        return {delivery.message_id: seconds}

    def _all_back(self, deliveries: Iterable[Delivery], why: str) -> dict[str, float]:
        error = Retry(Reason.INTERNAL, why)
        back = {d.message_id: show_again_after(error, d.receives) for d in deliveries}
        if back:
            self.logger.error("jobs handed back", reason=why, jobs=len(back))
        return back

    # -- writing ----------------------------------------------------------------------------------

    def _write(self, cases: Sequence[Case], back: dict[str, float]) -> list[Finished]:
        """Judge and write; a product's row that was written meanwhile is read and judged anew."""
        finished: list[Finished] = []
        waiting = {case.key: case for case in cases}
        for _ in range(_JUDGEMENTS):
            if not waiting:
                return finished
            fates = ledger.write(self.table, [self._entry(case) for case in waiting.values()])
            for entry in fates.written:
                case = waiting.pop(_key(entry))
                finished.append(_finished(case, entry.result.observation, entry))
                self.metrics.observed(entry.result.observation)
            for entry, seen in fates.repeated:
                finished.append(_finished(waiting.pop(_key(entry)), seen))
            for entry, why in fates.failed:
                back |= self._all_back([waiting.pop(_key(entry)).delivery], why)
            if waiting:
                products, _ = self._rows(case.job for case in waiting.values())
                for key, case in waiting.items():
                    waiting[key] = self._again(case, products.get(case.job.product_id))
        contended = [case.delivery for case in waiting.values()]
        back |= self._all_back(contended, "the product's row keeps changing")
        return finished

    def _again(self, case: Case, row: Product | MalformedItem | None) -> Case:
        fresh = self._case(case.delivery, case.job, row)
        return replace(fresh, evidence=case.evidence) if fresh.product else fresh

    def _entry(self, case: Case) -> ledger.Entry:
        bounds = self.settings.judge
        try:
            result = outcomes.conclude(case.job, case.product, case.evidence, bounds)
        except Exception as error:
            self.logger.exception("a job cannot be judged", product_id=case.job.product_id)
            fault = Evidence(error=GiveUp(Reason.INTERNAL, f"{type(error).__name__}: {error}"))
            result = outcomes.conclude(case.job, case.product, fault, bounds)
        return ledger.Entry(before=case.product, result=result)

    def _follow_up(self, finished: Sequence[Finished]) -> dict[str, float]:
        if not finished:
            return {}
        undone = self.aftermath.archive(finished)
        undone += self.aftermath.confirm(finished)
        undone += self.aftermath.bury(finished, now=round(self.clock() * 1000))
        return self._all_back((f.delivery for f in undone), "what follows a result was not done")


def _rounds(deliveries: Iterable[Delivery]) -> Iterator[list[Delivery]]:
    """The deliveries in rounds of distinct products, each product's jobs in order of time."""
    rounds: list[dict[str, Delivery]] = []
    for delivery in sorted(deliveries, key=_requested_at):
        if isinstance(delivery.content, Job):
            product_id = delivery.content.product_id
            free = next((r for r in rounds if product_id not in r), None)
            if free is None:
                rounds.append(free := {})
            free[product_id] = delivery
    return (list(round_.values()) for round_ in rounds)


def _requested_at(delivery: Delivery) -> int:
    return delivery.content.requested_at if isinstance(delivery.content, Job) else 0


def _key(entry: ledger.Entry) -> tuple[str, int]:
    return entry.result.job.product_id, entry.result.job.requested_at


def _finished(case: Case, seen: Observation, entry: ledger.Entry | None = None) -> Finished:
    product = case.product
    if product is not None and entry is not None and entry.result.known is not None:
        product = replace(product, known=entry.result.known)
    return Finished(
        delivery=case.delivery,
        job=case.job,
        observation=seen,
        product=product,
        error=entry.result.error if entry else None,
    )
