"""The messages of one invocation: parsed, shared out among their kinds, answered for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_src.scraper.aftermath import Aftermath
from lambda_src.scraper.batch import Batch
from lambda_src.scraper.budget import Budget
from lambda_src.scraper.delivery import Delivery, show_again_after
from lambda_src.scraper.fan_out import FanOuts
from lambda_src.scraper.metrics import Metrics
from lambda_src.scraper.queue import Queue
from lambda_src.scraper.scrape import Scraper
from pricemon.core.errors import GiveUp, Retry
from pricemon.core.messages import FanOut
from pricemon.core.model import Reason
from pricemon.core.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_lambda_powertools import Logger

    from pricemon.core.fetch import Fetcher
    from pricemon.core.settings import Settings, Wiring

_SHARE_WITH_JOBS = 0.4
"""Of its time, what a fan-out takes where the batch has jobs as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What lives as long as the execution environment. `clock` is in epoch seconds."""

    settings: Settings
    wiring: Wiring
    dynamodb: Any
    s3: Any
    sqs: Any
    fetcher: Fetcher
    logger: Logger
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def process(
        self, records: Sequence[Mapping[str, Any]], *, remaining_millis: float, request_id: str
    ) -> list[str]:
        """Work the records of an SQS event; returns the ids of those to be delivered again."""
        budget = Budget(remaining_millis, sleep=self.sleep)
        queue = Queue(self.sqs, self.wiring.queue_url, sleep=budget.sleep)
        table = Table(
            self.dynamodb, self.wiring.table, keep_days=self.settings.keep_days, sleep=budget.sleep
        )
        metrics = Metrics(self.wiring.metrics_namespace)
        deliveries, back = self._parse(records)
        jobs = [d for d in deliveries if not isinstance(d.content, FanOut)]
        fan_outs = FanOuts(
            table=table,
            queue=queue,
            settings=self.settings,
            clock=self.clock,
            on_malformed=lambda error: self.logger.error(
                "a product is left out", row=error.message
            ),
        )
        for delivery in deliveries:
            if isinstance(delivery.content, FanOut):
                seconds = budget.left * (_SHARE_WITH_JOBS if jobs else 1)
                back |= self._fan_out(fan_outs, delivery, delivery.content, request_id, seconds)
        batch = Batch(
            settings=self.settings,
            table=table,
            scraper=Scraper(self.settings, self.fetcher),
            aftermath=self._aftermath(queue, budget),
            metrics=metrics,
            logger=self.logger,
            budget=budget,
            clock=self.clock,
        )
        back |= batch.process(jobs)
        metrics.flush()
        self._hand_back(queue, records, back)
        return list(back)

    def _parse(
        self, records: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Delivery], dict[str, float]]:
        """The deliveries; and the poison, which SQS moves aside when its receives run out."""
        deliveries = []
        poison: dict[str, float] = {}
        for record in records:
            try:
                deliveries.append(Delivery.parse(record, now=round(self.clock() * 1000)))
            except GiveUp as error:
                poison[record["messageId"]] = 0.0
                self.logger.exception(
                    "bad message", message_id=record["messageId"], detail=error.detail
                )
        return deliveries, poison

    def _fan_out(
        self, fan_outs: FanOuts, delivery: Delivery, request: FanOut, owner: str, seconds: float
    ) -> dict[str, float]:
        try:
            run = fan_outs.handle(request, owner=owner, seconds=seconds)
        except Retry as error:
            retry = error
        except Exception as error:  # noqa: BLE001  whatever it is, the batch's jobs go on
            retry = Retry(Reason.INTERNAL, f"{type(error).__name__}: {error}")
        else:
            self.logger.info(
                "fanned out", run_id=run.run_id, dispatched=run.dispatched, all=run.fanned_out
            )
            return {}
        self.logger.error("fan-out handed back", run_id=request.run_id, detail=retry.detail)
        return {delivery.message_id: show_again_after(retry, delivery.receives)}

    def _aftermath(self, queue: Queue, budget: Budget) -> Aftermath:
        return Aftermath(
            s3=self.s3,
            bucket=self.wiring.bucket,
            queue=queue,
            dlq=Queue(self.sqs, self.wiring.dlq_url, sleep=budget.sleep),
            confirm_after=self.settings.judge.confirm_after,
            logger=self.logger,
        )

    def _hand_back(
        self, queue: Queue, records: Sequence[Mapping[str, Any]], back: Mapping[str, float]
    ) -> None:
        handles = {record["messageId"]: record.get("receiptHandle") for record in records}
        visibility = {handle: s for id_, s in back.items() if (handle := handles[id_])}
        try:
            queue.hand_back(visibility)
        except (BotoCoreError, ClientError) as error:
            self.logger.exception("messages come back by their timeout", error=str(error))
