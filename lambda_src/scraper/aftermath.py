"""What follows from results that are in the table: archive, second looks, dead letters.

All of it may be repeated, and is, for a job that was redelivered after its result was written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from lambda_src.scraper.queue import Outgoing
from pricemon.core import archive, messages
from pricemon.core.dynamo import Throttled
from pricemon.core.errors import GiveUp, JobError
from pricemon.core.messages import CONFIRMATION
from pricemon.core.model import Job, Observation, Outcome, Page, Product

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aws_lambda_powertools import Logger

    from lambda_src.scraper.delivery import Delivery
    from lambda_src.scraper.queue import Queue


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A job whose observation is in the table, with the product's row after it."""

    delivery: Delivery
    job: Job
    observation: Observation
    product: Product | None
    error: JobError | None = None

    @property
    def failure(self) -> JobError | None:
        """Why the job failed, if it did; of a redelivery, as far as its observation tells."""
        seen = self.observation
        if seen.outcome is not Outcome.FAILED:
            return None
        found = GiveUp(seen.reason or "", seen.detail or "", http_status=seen.http_status)
        return self.error or found

    @property
    def is_held(self) -> bool:
        """Whether the product's row holds this very reading, awaiting a second one."""
        known = self.product.known if self.product else None
        held = known.held if known else None
        return held is not None and held.held_at == self.observation.timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """Does what follows. Each part returns the jobs for which it could not be done."""

    s3: Any
    bucket: str
    queue: Queue
    dlq: Queue
    confirm_after: int
    logger: Logger

    def archive(self, finished: Sequence[Finished]) -> list[Finished]:
        """Write the observations to the archive, as one object."""
        entries = [archive.Entry(observation=f.observation, product=f.product) for f in finished]
        try:
            archive.write(self.s3, self.bucket, entries)
        except (BotoCoreError, ClientError) as error:
            self.logger.exception("the archive failed", error=str(error), observations=len(entries))
            return list(finished)
        return []

    def confirm(self, finished: Iterable[Finished]) -> list[Finished]:
        """Have held readings looked at again. A second look that is held waits for the next run."""
        held = [f for f in finished if f.is_held and not f.job.run_id.endswith(CONFIRMATION)]
        bodies = [messages.job_body(confirmation(f.job, self.confirm_after)) for f in held]
        outgoing = [Outgoing(body=body, delay=lambda: self.confirm_after) for body in bodies]
        return self._send(self.queue, held, outgoing)

    def bury(self, finished: Iterable[Finished], *, now: int) -> list[Finished]:
        """Put failed jobs into the dead-letter queue, with the reason."""
        failed = [(f, f.failure) for f in finished]
        letters = [
            Outgoing(
                body=messages.job_body(f.job),
                attributes=messages.failure_attributes(error, failed_at=now, job=f.job),
            )
            for f, error in failed
            if error
        ]
        return self._send(self.dlq, [f for f, error in failed if error], letters)

    def keep_page(self, job: Job, page: Page, *, reason: str) -> None:
        """Keep a page that could not be read: a help for people, which no job depends on."""
        try:
            archive.save_page(self.s3, self.bucket, job, page, reason=reason)
        except (BotoCoreError, ClientError) as error:
            self.logger.warning("a page was not kept", error=str(error), product_id=job.product_id)

    def postpone(self, job: Job, *, seconds: int) -> bool:
        """Put a job into the queue anew, for it could not be tried in all its deliveries."""
        again = Outgoing(body=messages.job_body(job), delay=lambda: seconds)
        return not self._send(self.queue, [job], [again])

    def _send(self, queue: Queue, of: Sequence[_T], outgoing: Sequence[Outgoing]) -> list[_T]:
        """Send one message for each of `of`; returns those whose message SQS would not take."""
        if not outgoing:
            return []
        try:
            refused = {id(message) for message in queue.send(outgoing)}
        except (BotoCoreError, ClientError, Throttled) as error:
            self.logger.exception("SQS failed", error=str(error), messages=len(outgoing))
            return list(of)
        return [each for each, sent in zip(of, outgoing, strict=True) if id(sent) in refused]


def confirmation(job: Job, confirm_after: int) -> Job:
    """The job that looks again at a held reading; it is not counted in the run."""
    run_id = f"{job.run_id}{CONFIRMATION}"
    return replace(job, run_id=run_id, requested_at=job.requested_at + confirm_after * 1000)
