"""Quiet hours: when they end, over midnight and changes of the clock."""

from __future__ import annotations

from datetime import datetime

import pytest

from pricemon.core.alerting.quiet import quiet_until


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("spec", "now", "until"),
    [
        (None, "2024-11-22T03:00Z", None),
        ("22:00-07:00", "2024-11-22T03:00Z", "2024-11-22T07:00Z"),
        ("22:00-07:00", "2024-11-22T22:00Z", "2024-11-23T07:00Z"),
        ("22:00-07:00", "2024-11-22T21:59:59Z", None),
        ("22:00-07:00", "2024-11-22T07:00Z", None),
        ("12:00-13:30", "2024-11-22T12:15Z", "2024-11-22T13:30Z"),
        ("12:00-13:30", "2024-11-22T13:30Z", None),
        ("22:00-07:00 Europe/Berlin", "2024-11-22T21:30Z", "2024-11-23T06:00Z"),
        ("22:00-07:00 Europe/Berlin", "2024-11-22T20:30Z", None),
        ("22:00-07:00 Europe/Berlin", "2024-03-30T23:00Z", "2024-03-31T05:00Z"),
        ("22:00-07:00 America/New_York", "2024-11-22T04:00Z", "2024-11-22T12:00Z"),
    ],
)
def test_when_they_end(spec: str | None, now: str, until: str | None) -> None:
    assert quiet_until(spec, ms(now)) == (None if until is None else ms(until))


@pytest.mark.parametrize("spec", ["night", "22-7", "22:00-07:00 Europe/Atlantis", "25:00-07:00"])
def test_what_are_none(spec: str) -> None:
    with pytest.raises(ValueError, match=r"quiet|zone|hour"):
        quiet_until(spec, 0)
