"""What a job found → what is known of the product from now on, and what is recorded. Pure.

`Evidence` is what fetching brought home; it stays the same if the product's row turns out to have
changed meanwhile and it has to be judged again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from pricemon.core import judge
from pricemon.core.errors import GiveUp, JobError
from pricemon.core.model import (
    Decision,
    Failure,
    Held,
    Job,
    Known,
    Observation,
    Outcome,
    Page,
    Product,
    Reading,
    Reason,
    Status,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from pricemon.core.settings import JudgeSettings

_NOT_THE_PRODUCTS = frozenset({Reason.CIRCUIT_OPEN, Reason.INTERNAL, Reason.UNKNOWN_RETAILER})
"""Failures that say nothing of the product: they do not bring it nearer to being paused."""

_MAX_TITLE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What came of a job: a page with its reading, a page not modified, or an error.

    `reader` tells one way of reading (URL, rule, version) from another.
    """

    reader: str = ""
    page: Page | None = None
    reading: Reading | None = None
    error: JobError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One job, concluded. `known` is `None` where nothing may be said of the product's row.

    `error` is set exactly when the observation's outcome is `failed`.
    """

    job: Job
    observation: Observation
    known: Known | None
    changed: bool = False
    error: JobError | None = None

    @property
    def tally(self) -> dict[str, int]:
        """What the job adds to its run's counters (`pricemon.core.runs.COUNTERS`)."""
        outcome = self.observation.outcome
        return {
            "done": int(outcome is not Outcome.FAILED),
            "failed": int(outcome is Outcome.FAILED),
            "held": int(outcome is Outcome.HELD),
            "not_modified": int(outcome is Outcome.NOT_MODIFIED),
            "changed": int(self.changed),
        }


def conclude(
    job: Job, product: Product | None, evidence: Evidence, bounds: JudgeSettings
) -> Result:
    """Judge the evidence of a job against the product's row as it is now.

    A job older than the row is recorded but changes nothing of it: `known` is `None`.
    """
    known = product.known if product else None
    if evidence.error is not None:
        result = _failed(job, known, evidence.error)
    elif evidence.reading is None:
        result = _not_modified(job, known, evidence.page)
    else:
        result = _read(job, known, evidence, evidence.reading, bounds)
    titles = (
        product.title if product else None,
        _bounded(evidence.reading.title) if evidence.reading else None,
        known.page_title if known else None,
    )
    observation = replace(result.observation, title=next(filter(None, titles), None))
    overtaken = known is not None and job.requested_at <= known.observed_at
    if product is None or overtaken:
        return replace(result, observation=observation, known=None, changed=False)
    return replace(result, observation=observation)


def vouched(reader: str, price: Decimal, currency: str) -> str:
    """What a page's validators vouch for: that it still says this price to this reader.

    A 304 renews the price only if that is still what is known and how it is read. It is not after
    a price was accepted by hand, or the URL, the retailer's rule or pricemon itself was changed.
    """
    said = f"{reader}|{price.normalize():f}|{currency}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _read(
    job: Job, known: Known | None, evidence: Evidence, reading: Reading, bounds: JudgeSettings
) -> Result:
    at, page = job.requested_at, evidence.page
    verdict = judge.judge(reading, known, bounds, at=at)
    reading = verdict.reading
    status = page.status if page else None
    if verdict.decision is Decision.FAIL:
        reason = reading.reason or Reason.INTERNAL
        return _failed(job, known, GiveUp(reason, reading.detail, http_status=status))
    price, currency = reading.price, reading.currency
    if price is None or currency is None:
        raise AssertionError("a reading without a price is judged a failure")
    observed = _observation(
        job,
        Outcome.HELD if verdict.decision is Decision.HOLD else Outcome.ACCEPTED,
        price=price,
        currency=currency,
        availability=reading.availability,
        source=reading.source,
        http_status=status,
        detail=verdict.why or None,
    )
    base = known or Known(observed_at=at, status=Status.OK)
    well = replace(base, observed_at=at, failures=0, last_error=None, gone_since=None)
    if verdict.decision is Decision.HOLD:
        held = Held(
            price=price,
            currency=currency,
            availability=reading.availability,
            held_at=at,
            why=verdict.why,
        )
        return Result(
            job=job, observation=observed, known=replace(well, status=Status.HELD, held=held)
        )
    same = (base.price, base.currency) == (price, currency)
    accepted = replace(
        well,
        status=Status.OK,
        price=price,
        currency=currency,
        availability=reading.availability,
        price_since=base.price_since if same and base.price_since else at,
        page_title=_bounded(reading.title) or base.page_title,
        source=reading.source,
        etag=page.etag if page else None,
        last_modified=page.last_modified if page else None,
        vouched=vouched(evidence.reader, price, currency),
        held=None,
    )
    changed = base.price is not None and not same
    return Result(job=job, observation=observed, known=accepted, changed=changed)


def _not_modified(job: Job, known: Known | None, page: Page | None) -> Result:
    if known is None or known.price is None:
        detail = "the shop answered 304 Not Modified to a request without conditions"
        return _failed(job, known, GiveUp(Reason.HTTP_ERROR, detail, http_status=304))
    observed = _observation(
        job,
        Outcome.NOT_MODIFIED,
        price=known.price,
        currency=known.currency,
        availability=known.availability,
        source=known.source,
        http_status=page.status if page else None,
    )
    renewed = replace(
        known,
        observed_at=job.requested_at,
        status=Status.OK,
        etag=(page and page.etag) or known.etag,
        last_modified=(page and page.last_modified) or known.last_modified,
        failures=0,
        last_error=None,
        gone_since=None,
        held=None,
    )
    return Result(job=job, observation=observed, known=renewed)


def _failed(job: Job, known: Known | None, error: JobError) -> Result:
    at = job.requested_at
    observed = _observation(
        job,
        Outcome.FAILED,
        reason=error.reason,
        detail=error.detail or None,
        http_status=error.http_status,
    )
    base = known or Known(observed_at=at, status=Status.FAILED)
    gone_since = base.gone_since
    gone = base.status is Status.GONE
    if error.reason == Reason.GONE:
        gone = gone or (gone_since is not None and _day(gone_since) != _day(at))
        gone_since = gone_since or at
    failed = replace(
        base,
        observed_at=at,
        status=Status.GONE if gone else Status.FAILED,
        failures=base.failures + (error.reason not in _NOT_THE_PRODUCTS),
        last_error=Failure(
            reason=error.reason, detail=error.detail, at=at, http_status=error.http_status
        ),
        gone_since=gone_since,
    )
    return Result(job=job, observation=observed, known=failed, error=error)


def _observation(job: Job, outcome: Outcome, **found: Any) -> Observation:
    return replace(
        Observation(
            product_id=job.product_id,
            timestamp=job.requested_at,
            retailer=job.retailer,
            run_id=job.run_id,
            outcome=outcome,
            url=job.url,
        ),
        **found,
    )


def _bounded(title: str | None) -> str | None:
    """A page may call anything its title; a row has 400 KB for everything."""
    return title[:_MAX_TITLE] if title else None


def _day(at: int) -> date:
    return datetime.fromtimestamp(at / 1000, UTC).date()
