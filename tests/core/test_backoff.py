"""How long to wait: Retry-After in every form, and full jitter."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricemon.core.backoff import LONGEST, full_jitter, retry_after

NOW = datetime(2026, 11, 2, 12, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 5 ", 5.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("99999999999999999", LONGEST),
        ("Mon, 02 Nov 2026 12:00:10 GMT", 10.0),
        ("Monday, 02-Nov-26 12:00:10 GMT", 10.0),
        ("Mon Nov  2 12:00:10 2026", 10.0),
        ("Mon, 02 Nov 2026 14:00:10 +0200", 10.0),
        ("Mon, 02 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST),
        (None, None),
        ("", None),
        ("-1", None),
        ("1e9", None),
        ("inf", None),
        ("nan", None),
        ("٣", None),
        ("soon", None),
        ("Mon, 32 Nov 2026 12:00:10 GMT", None),
        ("120, 60", None),
    ],
)
def test_retry_after(value, seconds):
    """Both forms of RFC 9110, its three date formats, and the nonsense that servers send."""
    assert retry_after(value, now=NOW) == seconds


def test_retry_after_is_relative_to_the_servers_own_clock():
    """A server an hour ahead means ten seconds when it says so by its own clock."""
    date, until = "Mon, 02 Nov 2026 13:00:00 GMT", "Mon, 02 Nov 2026 13:00:10 GMT"
    assert retry_after(until, now=NOW, date=date) == 10.0
    assert retry_after(until, now=NOW, date="nonsense") == 3610.0


@given(st.text(), st.none() | st.text())
def test_retry_after_of_anything_is_a_sane_wait_or_nothing(value, date):
    """No header makes it raise, wait for ever, or go back in time."""
    seconds = retry_after(value, now=NOW, date=date)
    assert seconds is None or 0 <= seconds <= LONGEST


@given(st.integers(min_value=0, max_value=10**20))
def test_retry_after_in_seconds_is_what_it_says(seconds):
    """Up to a day, and up to the number of digits that anybody means."""
    found = retry_after(str(seconds), now=NOW)
    assert found == (min(seconds, LONGEST) if seconds < 10**18 else None)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - given a zone below
def test_retry_after_as_a_date_is_the_time_until_then(moment):
    """Any date, formatted by the standard library, comes back as its distance from now."""
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    expected = min(max(moment.timestamp() - NOW, 0.0), LONGEST)
    assert retry_after(format_datetime(moment, usegmt=True), now=NOW) == expected


@given(st.integers(0, 2000), st.floats(0, 1), st.floats(0.01, 5), st.floats(5, 60))
def test_full_jitter_stays_within_its_bounds(attempt, dice, base, cap):
    """Never above the cap, never above the exponential, however many attempts there were."""
    wait = full_jitter(attempt, base=base, cap=cap, random=lambda: dice)
    assert 0 <= wait <= cap
    assert attempt > 10 or wait <= base * 2**attempt
