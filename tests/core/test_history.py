"""What a price did: facts for rules, statistics, days and weeks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricemon.core import history
from pricemon.core.alerting import facts
from pricemon.core.alerting.facts import DAY, Facts
from pricemon.core.model import Observation, Outcome

HOUR = 3_600_000
D = Decimal
START = 1_732_060_800_000  # Wednesday, 2024-11-20 00:00 UTC


def seen(
    at: int, price: str | None, currency: str = "EUR", outcome: Outcome = Outcome.ACCEPTED
) -> Observation:
    return Observation(
        product_id="p",
        timestamp=at,
        retailer="s",
        run_id="r",
        outcome=outcome,
        price=None if price is None else Decimal(price),
        currency=currency,
    )


def days(*prices: str) -> list[Observation]:
    return [seen(START + number * DAY, price) for number, price in enumerate(prices)]


def gather(past: Sequence[Observation], price: str, at: int, window: int | None = None) -> Facts:
    return facts.gather(facts.prices(past, "EUR"), price=Decimal(price), at=at, days=window)


def test_no_history_no_facts() -> None:
    assert gather([], "5", START) == Facts(loaded=True)


def test_the_lowest_and_since_when() -> None:
    found = gather(days("10", "7", "9", "12"), "8", START + 4 * DAY)
    assert found.lowest_price == 7
    assert found.lowest_since == START + 2 * DAY, "7 was in effect until the third day"
    assert found.history_since == START


def test_the_lowest_ever_since_the_history_begins() -> None:
    found = gather(days("10", "9", "8"), "7", START + 3 * DAY)
    assert (found.lowest_price, found.lowest_since) == (Decimal(8), START)


def test_a_price_as_low_is_as_low() -> None:
    assert gather(days("8", "10"), "8", START + 2 * DAY).lowest_since == START + DAY


@pytest.mark.parametrize(
    ("age", "low"), [(29, "5"), (30, "5"), (31, "10")], ids=["within", "at the edge", "before"]
)
def test_the_prior_price_is_the_lowest_of_thirty_days(age: int, low: str) -> None:
    at = START + 100 * DAY
    past = [seen(START, "10"), seen(at - (age + 1) * DAY, "5"), seen(at - age * DAY + 1, "10")]
    assert gather(past, "4", at).prior_low_30d == Decimal(low)


def test_a_price_counts_as_long_as_it_was_in_effect_not_when_it_was_read() -> None:
    found = gather([seen(START, "10")], "9", START + 300 * DAY, window=7)
    assert found.window_low == found.prior_low_30d == 10


def test_the_window_of_lowest_in_days() -> None:
    past = days("5", "10", "10", "10")
    assert gather(past, "9", START + 4 * DAY, window=3).window_low == 10
    assert gather(past, "9", START + 4 * DAY, window=4).window_low == 5


@pytest.mark.parametrize(
    "noise",
    [
        seen(START + DAY // 2, "1", outcome=Outcome.HELD),
        seen(START + DAY // 2, "1", outcome=Outcome.FAILED),
        seen(START + DAY // 2, None, outcome=Outcome.FAILED),
        seen(START + DAY // 2, "1", currency="USD"),
        seen(START + 9 * DAY, "1"),
    ],
    ids=["held", "failed", "without a price", "in another currency", "later"],
)
def test_what_is_no_price_enters_no_facts_and_no_statistics(noise: Observation) -> None:
    past = days("10", "9")
    until = START + 2 * DAY
    assert gather([*past, noise], "8", until) == gather(past, "8", until)
    with_noise = history.statistics([*past, noise], until=until, currency="EUR")
    assert with_noise == history.statistics(past, until=until)


def test_entries_are_newest_first_with_their_change() -> None:
    past = [
        *days("100", "90", "90"),
        seen(START + 3 * DAY, "50", outcome=Outcome.HELD),
        seen(START + 4 * DAY, "99"),
        seen(START + 5 * DAY, "99", "USD"),
        seen(START + 6 * DAY, "108.9", "USD"),
    ]
    changes = [entry.change_percent for entry in history.entries(past)]
    assert changes == [
        Decimal("10.00"),
        None,
        Decimal("10.00"),
        None,
        Decimal("0.00"),
        Decimal("-10.00"),
        None,
    ]


def test_a_change_from_nothing_has_no_percentage() -> None:
    assert history.entries(days("0", "5"))[0].change_percent is None


def test_statistics() -> None:
    past = [*days("100", "80", "80", "90"), seen(START + 4 * DAY, "90")]
    found = history.statistics(past, until=START + 14 * DAY)
    assert found is not None
    assert (found.lowest, found.lowest_at) == (D(80), START + DAY)
    assert (found.highest, found.highest_at) == (D(100), START)
    assert (found.current, found.current_since) == (D(90), START + 3 * DAY)
    assert found.median == 90
    assert found.weighted_median == 90
    assert found.changes == 2
    assert found.observations == 5
    assert found.time_at == ((D(80), 2 * DAY), (D(90), 11 * DAY), (D(100), DAY))


def test_statistics_of_nothing() -> None:
    assert history.statistics([], until=START) is None
    held = [seen(START, "5", outcome=Outcome.HELD)]
    assert history.statistics(held, until=START + DAY) is None
    assert history.statistics(days("5"), until=START - 1) is None


def test_the_latest_currency_unless_another_is_named() -> None:
    past = [*days("100", "90"), seen(START + 3 * DAY, "60", "USD")]
    latest = history.statistics(past, until=START + 4 * DAY)
    euros = history.statistics(past, until=START + 4 * DAY, currency="EUR")
    assert latest is not None
    assert euros is not None
    assert (latest.currency, latest.lowest) == ("USD", D(60))
    assert (euros.currency, euros.highest) == ("EUR", D(100))


def test_unchanged_observations_count() -> None:
    past = [seen(START, "5"), seen(START + DAY, "5", outcome=Outcome.NOT_MODIFIED)]
    found = history.statistics(past, until=START + 2 * DAY)
    assert found is not None
    assert (found.observations, found.changes) == (2, 0)


def test_days_and_weeks_begin_where_they_do() -> None:
    past = [
        seen(START, "10"),
        seen(START + 23 * HOUR, "8"),
        seen(START + 24 * HOUR, "9"),
        seen(START + 5 * DAY, "12"),
    ]
    by_day = history.periods(past, "day", currency="EUR")
    assert [
        (p.start, *map(int, (p.first, p.last, p.lowest, p.highest)), p.observations) for p in by_day
    ] == [
        (START + 5 * DAY, 12, 12, 12, 12, 1),
        (START + DAY, 9, 9, 9, 9, 1),
        (START, 10, 8, 8, 10, 2),
    ]
    by_week = history.periods(past, "week", currency="EUR")
    starts = [datetime.fromtimestamp(p.start / 1000, tz=UTC).date().isoformat() for p in by_week]
    assert starts == ["2024-11-25", "2024-11-18"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(1, 50)),
        min_size=1,
        max_size=30,
        unique_by=lambda step: step[0],
    )
)
def test_statistics_agree_with_an_hourly_count(steps: list[tuple[int, int]]) -> None:
    """Independently: look at the price in effect in every single hour."""
    past = [seen(START + hour * HOUR, str(price)) for hour, price in steps]
    until = 420
    found = history.statistics(past, until=START + until * HOUR)
    ordered = sorted(steps)
    hourly = [
        next(price for begun, price in reversed(ordered) if begun <= hour)
        for hour in range(ordered[0][0], until)
    ]
    assert found is not None
    assert {int(p): ms // HOUR for p, ms in found.time_at if ms} == {
        p: hourly.count(p) for p in hourly
    }
    assert found.weighted_median == sorted(hourly)[(len(hourly) - 1) // 2]
    assert found.median == median(price for _, price in steps)
    assert (found.lowest, found.highest) == (
        D(min(p for _, p in steps)),
        D(max(p for _, p in steps)),
    )
    changed = [a != b for (_, a), (_, b) in pairwise(ordered)]
    assert found.changes == sum(changed)
