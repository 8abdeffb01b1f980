"""Alerts as data and words: the document and its schema, subjects, mails, hostile titles."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricemon.core import alerts
from pricemon.core.alerting import alert_text
from pricemon.core.alerting.alert_schema import SCHEMA
from pricemon.core.alerting.facts import DAY
from pricemon.core.alerting.wording import change, clean, money, number, plain_money, shorten, width
from pricemon.core.model import Alert, AlertKind, Availability

NOW = 1_732_233_600_000
ALERT = Alert(
    alert_id="0123456789abcdef0123456789abcdef",
    kind=AlertKind.DROP_PERCENT,
    product_id="sony-xm5",
    retailer="shop-a",
    url="https://shop-a.test/p/xm5?a=1&b=2",
    title="Sony WH-1000XM5",
    currency="EUR",
    new_price=Decimal(229),
    old_price=Decimal(259),
    reference_price=Decimal(279),
    change_percent=Decimal("-17.92"),
    observed_at=NOW,
    lowest_price=Decimal(235),
    lowest_since=NOW - 90 * DAY,
    history_since=NOW - 120 * DAY,
    prior_low_30d=Decimal(249),
    availability=Availability.IN_STOCK,
    tags=("audio",),
    why="fell by 10 % or more",
    also=(AlertKind.LOWEST_IN_DAYS,),
)


def validate(document: Any) -> None:
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_document_is_as_the_schema_says_and_comes_back_as_it_was() -> None:
    document = json.loads(json.dumps(alerts.document(ALERT)))
    validate(document)
    assert alerts.parse(document) == ALERT
    assert document["new_price"] == "229.00"
    assert document["change_percent"] == -17.92
    assert document["kinds"] == ["drop_percent", "lowest_in_days"]


@pytest.mark.parametrize(
    "change",
    [
        {"new_price": 229},
        {"new_price": "229,00"},
        {"currency": "€"},
        {"kind": "luck"},
        {"alert_id": ""},
        {"observed_at": None},
        {"availability": "maybe"},
    ],
    ids=str,
)
def test_the_schema_tells_a_foreign_document(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate({**alerts.document(ALERT), **change})


def test_every_field_is_required() -> None:
    document = alerts.document(ALERT)
    for name in document:
        with pytest.raises(jsonschema.ValidationError):
            validate({key: value for key, value in document.items() if key != name})


FIRST = replace(
    ALERT,
    kind=AlertKind.BELOW,
    also=(),
    target_price=Decimal(230),
    old_price=None,
    reference_price=None,
    change_percent=None,
    lowest_price=None,
    lowest_since=None,
    history_since=None,
    prior_low_30d=None,
)


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (ALERT, "−18 % · Sony WH-1000XM5 · 279.00 → 229.00 EUR at shop-a (lowest in 90 days)"),
        (FIRST, "Target reached · Sony WH-1000XM5 · 229.00 EUR at shop-a"),
        (
            replace(ALERT, title=" \n"),
            "−18 % · sony-xm5 · 279.00 → 229.00 EUR at shop-a (lowest in 90 days)",
        ),
        (
            replace(ALERT, lowest_since=NOW - DAY),
            "−18 % · Sony WH-1000XM5 · 279.00 → 229.00 EUR at shop-a (lowest in 1 day)",
        ),
        (
            replace(ALERT, lowest_since=NOW - DAY + 1),
            "−18 % · Sony WH-1000XM5 · 279.00 → 229.00 EUR at shop-a",
        ),
        (
            replace(
                ALERT,
                kind=AlertKind.RISE_PERCENT,
                reference_price=Decimal(200),
                change_percent=Decimal("14.50"),
            ),
            "+14 % · Sony WH-1000XM5 · 200.00 → 229.00 EUR at shop-a",
        ),
        (
            replace(
                ALERT,
                kind=AlertKind.BACK_IN_STOCK,
                reference_price=Decimal(229),
                change_percent=Decimal(0),
                lowest_since=None,
            ),
            "Back in stock · Sony WH-1000XM5 · 229.00 EUR at shop-a",
        ),
        (
            replace(ALERT, currency="JPY", lowest_since=None),
            "−18 % · Sony WH-1000XM5 · 279 → 229 JPY at shop-a",
        ),
    ],
    ids=["drop", "first", "untitled", "a day", "not a day", "rise", "back", "no minor units"],
)
def test_subjects(alert: Alert, expected: str) -> None:
    assert alert_text.subject(alert) == expected


def test_a_long_title_gives_way_and_the_price_stays() -> None:
    subject = alert_text.subject(replace(ALERT, title="Sony WH-1000XM5 " * 30))
    assert width(subject) <= 99
    assert subject.endswith("… · 279.00 → 229.00 EUR at shop-a (lowest in 90 days)")


HOSTILE = {
    "newlines": "Cheap\r\nBcc: everyone@example.com\n\nBuy",
    "control characters": "a\x00b\x1bc\x7fd\x85e",
    "separators": "a\u2028b\u2029c",
    "bidirectional override": "invoice \u202excod.exe",
    "zero width": "p\u200bri\ufeffce",
    "half a surrogate pair": "bad \ud83d pair",
    "emoji": "🎧" * 200,
    "a family": "👨‍👩‍👧‍👦" * 40,
    "ten kilobytes": "x" * 10_240,
    "ten kilobytes of spaces": " " * 10_240,
    "combining": "e\u0301\u0301\u0301" * 100,
    "private use": "\ue000\U000f0000",
    "empty": "",
    "json": '"}],"x":{"',
    "markup": "<script>alert(1)</script> & [bold]",
    "right to left": "سماعات لاسلكية",
}


@pytest.mark.parametrize("title", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_titles_do_no_harm(title: str) -> None:
    check(replace(ALERT, title=title, retailer="shop-a", tags=()))


@settings(max_examples=60, deadline=None)
@given(
    title=st.text(max_size=400),
    retailer=st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True),
    price=st.decimals("0.001", "10000000000", allow_nan=False, places=3),
    currency=st.sampled_from(["EUR", "JPY", "KWD", "XXX"]),
    kind=st.sampled_from([kind for kind in AlertKind if kind is not AlertKind.DIGEST]),
    locale=st.sampled_from(["en", "de-DE", "fr", "de-CH", "sv-SE", "xx"]),
)
def test_any_alert_is_publishable(
    title: str, retailer: str, price: Decimal, currency: str, kind: AlertKind, locale: str
) -> None:
    alert = replace(
        ALERT, title=title, retailer=retailer, new_price=price, currency=currency, kind=kind
    )
    check(alert, locale)


def check(alert: Alert, locale: str = "en") -> None:
    """SNS takes it, the document is valid, and each part is text that can be encoded."""
    message = alerts.message(alert, locale=locale)
    assert 0 < width(message.subject) < 100
    for text in (message.subject, alert_text.plain_subject(message.subject)):
        assert text == text.strip()
        text.encode()
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs")]
    message.body.encode()
    assert len(message.body.encode()) < 262_144 / 10, "ten of them fit into one request"
    parts = json.loads(message.body)
    assert set(parts) == {"default", "email", "sms"}
    document = json.loads(parts["default"])
    validate(document)
    assert Decimal(document["new_price"]) == alert.new_price
    assert parts["sms"].isascii()
    assert len(parts["sms"]) <= 160
    assert alert.url in parts["email"]


def test_a_plain_subject_is_ascii() -> None:
    assert alert_text.plain_subject(alert_text.subject(ALERT, "fr")) == (
        "-18 % - Sony WH-1000XM5 - 279,00 > 229,00 EUR at shop-a (lowest in 90 days)"
    )
    assert alert_text.plain_subject("🎧") == "Price alert"


def test_a_mail_says_what_happened_why_and_how_to_change_it() -> None:
    assert alert_text.email(ALERT) == (
        "Sony WH-1000XM5\n"
        "279.00 → 229.00 EUR (−17.9 %) at shop-a.\n"
        "\n"
        "https://shop-a.test/p/xm5?a=1&b=2\n"
        "\n"
        "Why you get this: fell by 10 % or more.\n"
        "The price before was 259.00 EUR.\n"
        "It is the lowest price since 2024-07-25, when the history begins; "
        "the lowest before was 235.00 EUR.\n"
        "The lowest price of the 30 days before was 249.00 EUR.\n"
        "Availability: in stock.\n"
        "Read on 2024-11-22 00:00 UTC.\n"
        "\n"
        "To hear of this product sooner or later than now:\n"
        "  pricemon products set sony-xm5 target_price=PRICE alerts.drop_percent=20\n"
        "The rules of all products are under `alerts` in pricemon.yaml. What would be told now:\n"
        "  pricemon alerts test sony-xm5\n"
        "\n"
        "Alert 0123456789abcdef0123456789abcdef (drop_percent)"
    )


def test_a_reduction_from_an_inflated_price_is_called_none() -> None:
    inflated = replace(ALERT, prior_low_30d=Decimal(229))
    assert "30 days before was 229.00 EUR: measured by that, this is no reduction" in (
        alert_text.email(inflated)
    )


def test_a_mail_without_history_claims_none() -> None:
    text = alert_text.email(FIRST)
    assert "There is no earlier price to compare with." in text
    assert "lowest" not in text


def test_a_text_message() -> None:
    assert alert_text.sms(ALERT) == "-18 % 279.00 > 229.00 EUR shop-a: Sony WH-1000XM5"


def test_digests_hold_every_alert_and_fit() -> None:
    many = [
        replace(ALERT, alert_id=f"{n:032x}", product_id=f"p{n}", title="é" * 300, url="u" * 500)
        for n in range(250)
    ]
    digests = list(alerts.digests(many))
    ids = []
    for digest in digests:
        assert len(str(digest.entry("1")).encode()) < 262_144
        document = json.loads(json.loads(digest.body)["default"])
        validate(document)
        ids += [each["alert_id"] for each in document["alerts"]]
        assert width(digest.subject) < 100
    assert ids == [alert.alert_id for alert in many]
    assert len({digest.message_id for digest in digests}) == len(digests)


def test_a_digest_passes_every_filter_that_one_of_its_alerts_passes() -> None:
    other = replace(
        ALERT, kind=AlertKind.BELOW, also=(), retailer="shop-b", tags=("home",), product_id="x",
        change_percent=Decimal("-40.00"),
    )  # fmt: skip
    attributes = alerts.digest([ALERT, other]).attributes
    assert json.loads(attributes["kind"]["StringValue"]) == [
        "digest",
        "drop_percent",
        "lowest_in_days",
        "below",
    ]
    assert json.loads(attributes["retailer"]["StringValue"]) == ["shop-a", "shop-b"]
    assert json.loads(attributes["tags"]["StringValue"]) == ["audio", "home"]
    assert attributes["change_percent"]["StringValue"] == "-40.00"


@pytest.mark.parametrize(
    ("value", "locale", "expected"),
    [
        ("1299.5", "en", "1,299.50 EUR"),
        ("1299.5", "en-US", "1,299.50 EUR"),
        ("1299.5", "de-DE", "1.299,50 EUR"),
        ("1299.5", "de_DE", "1.299,50 EUR"),
        ("1299.5", "de-CH", "1’299.50 EUR"),
        ("1299.5", "fr", "1\xa0299,50 EUR"),
        ("1299.5", "sr-Latn-RS", "1.299,50 EUR"),
        ("1299.5", "pt-PT", "1\xa0299,50 EUR"),
        ("1299.5", "xx", "1,299.50 EUR"),
        ("0.005", "en", "0.005 EUR"),
        ("1E+3", "en", "1,000.00 EUR"),
        ("-5", "en", "−5.00 EUR"),
    ],
)
def test_money_as_people_write_it(value: str, locale: str, expected: str) -> None:
    assert money(Decimal(value), "EUR", locale) == expected


def test_minor_units_are_the_currency_s() -> None:
    amount = Decimal(1500)
    assert money(amount, "JPY") == "1,500 JPY"
    assert money(amount, "KWD") == "1,500.000 KWD"
    assert plain_money(amount, "JPY") == "1500"
    assert plain_money(Decimal("1E+3"), "EUR") == "1000.00"
    assert plain_money(Decimal("0.12345"), "EUR") == "0.12345"


def test_changes_have_a_sign() -> None:
    changes = [change(Decimal(percent)) for percent in ("-17.92", "4.5", "0.3", "-0.3")]
    assert changes == ["−18 %", "+4 %", "0 %", "0 %"]
    assert change(Decimal("-17.92"), "de", places=1) == "−17,9 %"


def test_cleaning_keeps_what_writing_needs() -> None:
    assert clean("a\u200db") == "a\u200db"
    assert clean("  two   words \n") == "two words"
    assert number(Decimal(0)) == "0"
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("🎧🎧🎧", 4) == "🎧…"
    assert shorten("abc", 3) == "abc"
