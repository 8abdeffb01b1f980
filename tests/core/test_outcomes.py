"""What a job found → what is known from now on, and what is recorded."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pricemon.core.errors import GiveUp, JobError, Retry
from pricemon.core.model import (
    Availability,
    Failure,
    Held,
    Job,
    Known,
    Outcome,
    Page,
    Product,
    Reading,
    Reason,
    Status,
)
from pricemon.core.outcomes import Evidence, Result, conclude, vouched
from pricemon.core.settings import JudgeSettings

DAY = 86_400_000
BOUNDS = JudgeSettings()
KNOWN = Known(
    observed_at=100,
    status=Status.OK,
    price=Decimal(100),
    currency="EUR",
    availability=Availability.IN_STOCK,
    price_since=50,
    page_title="Thing",
    source="json-ld",
    etag='"old"',
    last_modified="then",
)
HELD = Held(price=Decimal(20), currency="EUR", availability=None, held_at=100, why="-80 %")


def job(at: int = 200) -> Job:
    return Job(
        product_id="p", retailer="shop-a", url="https://s.test/p", run_id="run", requested_at=at
    )


def page(**fields: Any) -> Page:
    plain = Page(url="https://s.test/p", status=200, body=b"", etag='"new"')
    return replace(plain, **fields)


def read(price: str = "90", currency: str = "EUR", **fields: Any) -> Evidence:
    reading = Reading(price=Decimal(price), currency=currency, source="microdata", **fields)
    return Evidence(page=page(), reading=reading)


def failed(reason: str = Reason.TIMEOUT, error: type[JobError] = Retry, **fields: Any) -> Evidence:
    return Evidence(error=error(reason, "as it went", **fields))


def end(known: Known | None, evidence: Evidence, at: int = 200) -> Result:
    product = Product(product_id="p", retailer="shop-a", url="https://s.test/p", known=known)
    return conclude(job(at), product, evidence, BOUNDS)


def test_an_accepted_reading_becomes_what_is_known() -> None:
    result = end(KNOWN, read(availability=Availability.OUT_OF_STOCK, title="Thing 2"))
    assert result.known == Known(
        observed_at=200,
        status=Status.OK,
        price=Decimal(90),
        currency="EUR",
        availability=Availability.OUT_OF_STOCK,
        price_since=200,
        page_title="Thing 2",
        source="microdata",
        etag='"new"',
        vouched=vouched("", Decimal(90), "EUR"),
    )
    assert result.observation.outcome is Outcome.ACCEPTED
    assert (result.observation.price, result.observation.timestamp) == (Decimal(90), 200)
    assert result.changed
    assert result.tally == {"done": 1, "failed": 0, "held": 0, "not_modified": 0, "changed": 1}


def test_the_same_price_keeps_its_since() -> None:
    result = end(KNOWN, read("100.00"))
    assert result.known is not None
    assert result.known.price_since == 50
    assert not result.changed


def test_a_first_price_is_no_change() -> None:
    result = end(None, read())
    assert result.known is not None
    assert result.known.price_since == 200
    assert not result.changed


def test_a_held_reading_is_recorded_and_is_not_the_price() -> None:
    result = end(KNOWN, read("20"))
    why = "100 → 20 EUR is -80.0 %, more than 60 % down"
    held = Held(price=Decimal(20), currency="EUR", availability=None, held_at=200, why=why)
    assert result.known == replace(KNOWN, observed_at=200, status=Status.HELD, held=held)
    assert (result.observation.outcome, result.observation.detail) == (Outcome.HELD, why)
    assert result.tally["held"] == result.tally["done"] == 1


def test_a_second_reading_that_agrees_makes_it_true() -> None:
    result = end(replace(KNOWN, status=Status.HELD, held=HELD), read("20"))
    assert result.known is not None
    assert (result.known.price, result.known.held) == (Decimal(20), None)
    assert result.known.status is Status.OK
    assert result.changed


def test_a_page_not_modified_renews_the_price() -> None:
    shaky = replace(KNOWN, failures=3, last_error=Failure(reason="x", detail="", at=1), held=HELD)
    result = end(shaky, Evidence(page=page(status=304, not_modified=True, etag=None)))
    assert result.known == replace(KNOWN, observed_at=200)
    assert result.observation.outcome is Outcome.NOT_MODIFIED
    assert result.observation.price == Decimal(100)
    assert result.tally["not_modified"] == result.tally["done"] == 1


def test_validators_vouch_for_a_price_as_it_is_read() -> None:
    said = vouched("reader", Decimal("19.90"), "EUR")
    assert said == vouched("reader", Decimal("19.9"), "EUR")  # as DynamoDB gives it back
    assert said != vouched("reader 2", Decimal("19.90"), "EUR")
    assert said != vouched("reader", Decimal("19.91"), "EUR")
    assert said != vouched("reader", Decimal("19.90"), "USD")


def test_a_304_that_nobody_asked_for_is_a_failure() -> None:
    result = end(None, Evidence(page=page(status=304, not_modified=True)))
    assert result.observation.outcome is Outcome.FAILED
    assert result.observation.http_status == 304


@pytest.mark.parametrize("evidence", [failed(), failed(Reason.HTTP_ERROR, GiveUp, http_status=500)])
def test_a_failure_keeps_the_price_and_says_what_happened(evidence: Evidence) -> None:
    result = end(replace(KNOWN, failures=2, held=HELD), evidence)
    error = evidence.error
    assert error is not None
    assert result.known == replace(
        KNOWN,
        observed_at=200,
        status=Status.FAILED,
        failures=3,
        held=HELD,
        last_error=Failure(
            reason=error.reason, detail="as it went", at=200, http_status=error.http_status
        ),
    )
    assert (result.observation.reason, result.observation.price) == (error.reason, None)
    assert result.tally == {"done": 0, "failed": 1, "held": 0, "not_modified": 0, "changed": 0}


def test_an_unread_page_is_a_failure_with_its_status() -> None:
    unread = Evidence(page=page(), reading=Reading(reason=Reason.AMBIGUOUS, detail="two prices"))
    result = end(KNOWN, unread)
    assert isinstance(result.error, GiveUp)
    assert (result.error.reason, result.error.http_status) == (Reason.AMBIGUOUS, 200)


def test_a_success_clears_failures() -> None:
    broken = replace(
        KNOWN, failures=7, gone_since=1, last_error=Failure(reason="gone", detail="", at=1)
    )
    result = end(broken, read("20"))  # even one that is held: the page was there and was read
    assert result.known is not None
    assert (result.known.failures, result.known.last_error, result.known.gone_since) == (
        0,
        None,
        None,
    )


@pytest.mark.parametrize("reason", [Reason.CIRCUIT_OPEN, Reason.INTERNAL, Reason.UNKNOWN_RETAILER])
def test_failures_that_say_nothing_of_the_product_do_not_pause_it(reason: Reason) -> None:
    result = end(KNOWN, failed(reason))
    assert result.known is not None
    assert result.known.failures == 0


NOON = 1_800_000_000_000  # 08:00 UTC
GONE = failed(Reason.GONE, GiveUp, http_status=404)


@pytest.mark.parametrize(
    ("history", "status"),
    [
        ([(NOON, GONE)], Status.FAILED),
        ([(NOON, GONE), (NOON + DAY // 4, GONE)], Status.FAILED),
        ([(NOON, GONE), (NOON + DAY, GONE)], Status.GONE),
        ([(NOON, GONE), (NOON + DAY // 4, GONE), (NOON + DAY * 3 // 4, GONE)], Status.GONE),
        ([(NOON, GONE), (NOON + DAY // 4, read()), (NOON + DAY, GONE)], Status.FAILED),
        ([(NOON, GONE), (NOON + DAY // 4, failed()), (NOON + DAY, GONE)], Status.GONE),
        ([(NOON, GONE), (NOON + DAY, GONE), (NOON + 2 * DAY, failed())], Status.GONE),
        ([(NOON, GONE), (NOON + DAY, GONE), (NOON + 2 * DAY, read())], Status.OK),
    ],
)
def test_gone_is_twice_on_different_days(
    history: list[tuple[int, Evidence]], status: Status
) -> None:
    known: Known | None = KNOWN
    for at, evidence in history:
        known = end(known, evidence, at).known
    assert known is not None
    assert known.status is status


@pytest.mark.parametrize("at", [99, 100])
def test_a_job_that_was_overtaken_is_recorded_and_changes_nothing(at: int) -> None:
    result = end(KNOWN, read(), at)
    assert result.known is None
    assert not result.changed
    assert result.observation.outcome is Outcome.ACCEPTED


def test_a_job_without_a_product_is_recorded() -> None:
    result = conclude(job(), None, failed(Reason.UNKNOWN_PRODUCT, GiveUp), BOUNDS)
    assert result.known is None
    assert result.observation.reason == Reason.UNKNOWN_PRODUCT


def test_a_page_may_not_fill_the_row_with_its_title() -> None:
    result = end(None, read(title="x" * 10**6))
    assert result.known is not None
    assert len(result.known.page_title or "") == 500
    assert len(result.observation.title or "") == 500
