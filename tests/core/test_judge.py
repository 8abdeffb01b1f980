"""Reading + what was known → verdict, as a table."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricemon.core.judge import judge
from pricemon.core.model import Decision, Held, Known, Reading, Reason, Status
from pricemon.core.settings import JudgeSettings

BOUNDS = JudgeSettings()
AT = 1000
ACCEPT, HOLD, FAIL = Decision.ACCEPT, Decision.HOLD, Decision.FAIL


def reading(price: str, currency: str = "EUR") -> Reading:
    return Reading(price=Decimal(price), currency=currency, source="json-ld")


def known(
    price: str | None,
    currency: str = "EUR",
    held: tuple[str, str] | None = None,
    held_at: int = 500,
) -> Known:
    kept = held and Held(
        price=Decimal(held[0]), currency=held[1], availability=None, held_at=held_at, why="odd"
    )
    return Known(
        observed_at=500,
        status=Status.HELD if held else Status.OK,
        price=None if price is None else Decimal(price),
        currency=None if price is None else currency,
        held=kept or None,
    )


@pytest.mark.parametrize(
    ("before", "now", "decision", "why"),
    [
        # the first reading
        (None, reading("10"), ACCEPT, ""),
        (None, reading("0"), HOLD, "the price is zero"),
        (known(None), reading("10"), ACCEPT, ""),
        # within bounds, which are inclusive
        (known("100"), reading("100"), ACCEPT, ""),
        (known("100"), reading("40"), ACCEPT, ""),
        (known("100"), reading("250"), ACCEPT, ""),
        (known("2879.2"), reading("2879.20"), ACCEPT, ""),
        # beyond
        (known("100"), reading("39.99"), HOLD, "100 → 39.99 EUR is -60.0 %, more than 60 % down"),
        (known("100"), reading("250.01"), HOLD, "100 → 250.01 EUR is +150.0 %, more than 150 % up"),
        (known("100"), reading("0"), HOLD, "the price is zero"),
        (known("100"), reading("100", "USD"), HOLD, "the currency changed from EUR to USD"),
        # a zero that was confirmed is the price; what comes after it has no percentage
        (known("0"), reading("0"), ACCEPT, ""),
        (known("0"), reading("0", "USD"), HOLD, "the price is zero"),
        (known("0"), reading("10"), HOLD, "the price was zero and is 10 EUR"),
        # the second look
        (known("100", held=("20", "EUR")), reading("20.00"), ACCEPT, "confirmed by a second"),
        (known("100", held=("0", "EUR")), reading("0"), ACCEPT, "confirmed by a second"),
        (known(None, held=("0", "EUR")), reading("0"), ACCEPT, "confirmed by a second"),
        (known("100", held=("90", "USD")), reading("90", "USD"), ACCEPT, "confirmed by a second"),
        # … that says something else: strange again, or back to normal
        (known("100", held=("20", "EUR")), reading("21"), HOLD, "-79.0 %"),
        (known("100", held=("20", "EUR")), reading("20", "USD"), HOLD, "the currency changed"),
        (known("100", held=("20", "EUR")), reading("95"), ACCEPT, ""),
        # the held reading itself, delivered again, confirms nothing
        (known("100", held=("20", "EUR"), held_at=AT), reading("20"), HOLD, "-80.0 %"),
        # no reading, or none to speak of
        (known("100"), Reading(reason=Reason.NO_PRICE, detail="none"), FAIL, "none"),
        (known("100"), Reading(reason=Reason.NO_CURRENCY, detail="12"), FAIL, "12"),
        (known("100"), Reading(price=Decimal(12)), FAIL, "12 without a currency"),
        (known("100"), reading("-5"), FAIL, "-5 is not a price"),
        (known("100"), reading("NaN"), FAIL, "NaN is not a price"),
        (known("100"), reading("Infinity"), FAIL, "Infinity is not a price"),
        (known("100"), reading("1E+40"), FAIL, "is not a price"),
        (known("100"), reading("1." + "1" * 40), FAIL, "is not a price"),
        (None, Reading(), FAIL, "None is not a price"),
    ],
)
def test_verdicts(before: Known | None, now: Reading, decision: Decision, why: str) -> None:
    verdict = judge(now, before, BOUNDS, at=AT)
    assert verdict.decision is decision
    assert why in verdict.why
    assert (verdict.why == "") == (why == "")
    assert (verdict.reading.reason is not None) == (decision is FAIL)


def test_bounds_are_the_configs() -> None:
    narrow = JudgeSettings(max_drop_percent=Decimal("12.5"), max_rise_percent=Decimal(5))
    assert judge(reading("87.5"), known("100"), narrow, at=AT).decision is ACCEPT
    assert judge(reading("87.4"), known("100"), narrow, at=AT).decision is HOLD
    assert judge(reading("105.1"), known("100"), narrow, at=AT).decision is HOLD


prices = st.decimals(min_value=0, max_value=10**9, places=2)


@given(prices, prices, st.sampled_from(["EUR", "USD"]))
def test_whatever_is_held_is_accepted_when_it_is_seen_again(
    first: Decimal, second: Decimal, currency: str
) -> None:
    """Nothing is held for ever: a shop that means it is believed at the second look."""
    now = Reading(price=second, currency=currency)
    before = known(str(first))
    if judge(now, before, BOUNDS, at=AT).decision is HOLD:
        waiting = known(str(first), held=(str(second), currency))
        assert judge(now, waiting, BOUNDS, at=AT).decision is ACCEPT
