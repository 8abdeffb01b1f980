"""What a chat is told: alerts, digests, alarms, hostile titles, and what is none of the topic's."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricemon.core import alerts
from pricemon.core.alerting.notes import DIGEST_LINES, Gravity, note
from pricemon.core.errors import GiveUp
from pricemon.core.model import Alert, AlertKind

ALERT = Alert(
    alert_id="0123",
    kind=AlertKind.DROP_PERCENT,
    product_id="sony-xm5",
    retailer="shop-a",
    url="https://shop-a.test/p/xm5",
    title="Sony WH-1000XM5",
    currency="EUR",
    new_price=Decimal(229),
    old_price=Decimal(259),
    reference_price=Decimal(279),
    change_percent=Decimal("-17.92"),
    observed_at=1_732_233_600_000,
    why="fell by 10 % or more",
)
ALARM = {
    "AlarmName": "price-monitor-dlq-depth-prod",
    "AlarmDescription": "Jobs have failed for good",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 datapoint [140.0] was >= 100.0",
}


def body(*found: Alert) -> str:
    """What a subscribed queue is given for one alert, or for a digest of several."""
    sent = alerts.message(found[0]) if len(found) == 1 else alerts.digest(found)
    default: str = json.loads(sent.body)["default"]
    return default


def test_an_alert_is_its_subject_and_below_it_the_link_the_reason_and_the_history():
    told = note(body(ALERT))
    assert told.title == "−18 % · Sony WH-1000XM5 · 279.00 → 229.00 EUR at shop-a"
    assert told.text.splitlines() == [
        "https://shop-a.test/p/xm5",
        "Why you get this: fell by 10 % or more.",
        "The price before was 259.00 EUR.",
    ]
    assert told.gravity is Gravity.SUCCESS


def test_numbers_are_written_as_the_config_wants_them():
    dear = replace(ALERT, new_price=Decimal("1229.5"), reference_price=Decimal(1500))
    assert "1.500,00 → 1.229,50 EUR" in note(body(dear), locale="de-DE").title


def test_a_rise_is_no_success():
    rise = replace(ALERT, kind=AlertKind.RISE_PERCENT, change_percent=Decimal(12))
    assert note(body(rise)).gravity is Gravity.INFO


def test_a_digest_names_the_largest_falls_first_and_counts_the_rest():
    many = [
        replace(ALERT, alert_id=str(n), product_id=f"p{n}", change_percent=Decimal(-n))
        for n in range(1, DIGEST_LINES + 6)
    ]
    lines = note(body(*many)).text.splitlines()
    assert lines[0].startswith("−25 %")
    assert lines[1] == "  https://shop-a.test/p/xm5"
    assert lines[-1] == "and 5 more: pricemon alerts list"
    assert len(lines) == 2 * DIGEST_LINES + 1


@pytest.mark.parametrize(
    ("state", "gravity"), [("ALARM", Gravity.FAILURE), ("INSUFFICIENT_DATA", Gravity.INFO)]
)
def test_cloudwatchs_alarms_are_told_too(state, gravity):
    told = note(json.dumps({**ALARM, "NewStateValue": state}))
    assert told.title == f"{state}: price-monitor-dlq-depth-prod"
    assert told.text.splitlines()[0] == "Jobs have failed for good"
    assert "Threshold Crossed" in told.text
    assert told.gravity is gravity


@pytest.mark.parametrize("many", [1, 2])
def test_a_title_wakes_nobody_and_forges_no_line(many):
    hostile = replace(ALERT, title="@everyone\n<@&123> @here\x07")
    found = [replace(hostile, alert_id=str(n)) for n in range(many)]
    told = note(body(*found))
    assert "@" not in told.title + told.text
    assert "\n" not in told.title


@pytest.mark.parametrize(
    "foreign",
    [
        *("", "hello", "[]", "1", "null", "{}", "[" * 9999),
        *('{"kind": "digest"}', '{"kind": "digest", "alerts": 1}', '{"kind": "below"}'),
        *('{"AlarmName": "x"}', '{"AlarmName": 1, "NewStateValue": "OK"}'),
    ],
)
def test_what_is_none_of_the_topics_is_given_up(foreign):
    with pytest.raises(GiveUp, match="bad_message"):
        note(foreign)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda x: st.dictionaries(
            st.sampled_from([*alerts.document(ALERT), "AlarmName", "alerts"]), x
        ),
        max_leaves=8,
    )
)
def test_any_document_is_told_or_given_up(document):
    """With every field of an alert in its place, or something else there."""
    whole = {**alerts.document(ALERT), **document} if isinstance(document, dict) else document
    with suppress(GiveUp):
        assert note(json.dumps(whole)).title


def test_fields_of_a_later_version_are_ignored():
    later = {**json.loads(body(ALERT)), "channel": "/pricemon/slack", "schema": 2}
    assert note(json.dumps(later)) == note(body(ALERT))
