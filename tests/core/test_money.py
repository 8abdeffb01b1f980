"""Amounts and currencies as shops write them, one row per way of writing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricemon.core import countries, currencies
from pricemon.core.money import evidence, find_money, parse_machine, parse_money


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        # the examples of the extraction requirements
        ("1.299,00 €", "1299.00", "EUR"),
        ("1 299,00 zł", "1299.00", "PLN"),
        ("1'299.–", "1299", None),
        ("CHF 1’299.00", "1299.00", "CHF"),
        ("₹1,29,999.00", "129999.00", "INR"),
        ("1,299", "1299", None),
        ("￥1299", "1299", None),
        ("٣٬٤٩٩", "3499", None),
        ("kr 99:-", "99", None),
        ("R$ 1.299,90", "1299.90", "BRL"),
        # decimal and group marks
        ("59,90", "59.90", None),
        ("1.849,90", "1849.90", None),
        ("24.990 €", "24990", "EUR"),
        ("1.234.567,89 €", "1234567.89", "EUR"),
        ("$1,234.5 USD", "1234.5", "USD"),
        ("0,299 €", "0.299", "EUR"),
        ("1\u00a0299,00\u00a0Kč", "1299.00", "CZK"),
        ("1\u202f299 €", "1299", "EUR"),
        ("12 990 руб.", "12990", "RUB"),
        ("129 990 Ft", "129990", "HUF"),
        ("Rp 1.250.000", "1250000", "IDR"),
        ("1.250.000₫", "1250000", "VND"),
        # whole prices ending in a dash
        ("99,-", "99", None),
        ("1299:-", "1299", None),
        ("1 299,– Kč", "1299", "CZK"),
        ("12.990,-Ft", "12990", "HUF"),
        ("299:50 kr", "299.50", None),
        # three-decimal currencies
        ("BHD 12.345", "12.345", "BHD"),
        ("KD 1.250", "1.250", "KWD"),
        # signs before, after, touching, spelled out
        ("EUR12,50", "12.50", "EUR"),
        ("12,50EUR", "12.50", "EUR"),
        ("US $12.99", "12.99", "USD"),
        ("$12.99 USD", "12.99", "USD"),
        ("C $12.99", "12.99", "CAD"),
        ("AU$12", "12", "AUD"),
        ("NT$1,200", "1200", "TWD"),
        ("HK$ 1,200", "1200", "HKD"),
        ("S/. 49.90", "49.90", "PEN"),
        ("Price: £39.99", "39.99", "GBP"),
        ("MRP ₹ 499", "499", "INR"),
        ("1299円", "1299", "JPY"),
        ("32,000원", "32000", "KRW"),
        ("349,90 TL", "349.90", "TRY"),
        # scripts
        ("١٬٢٤٩٫٥٠ ر.س", "1249.50", "SAR"),
        ("٤٩٫٩٩ د.إ.\u200f", "49.99", "AED"),
        ("۱۲۵", "125", None),
        ("１２８０円", "1280", "JPY"),
    ],
)
def test_printed_prices(text, amount, currency):
    """Every way of writing gives its exact amount, and a currency only where one is meant."""
    money = parse_money(text)
    assert money is not None
    assert (money.amount, money.currency) == (Decimal(amount), currency)


@pytest.mark.parametrize(
    "text",
    [
        "$12.99 – $18.99",
        "$25/mo",
        "£9.99 per month",
        "free shipping over $50",
        "Save $20",
        "20 % off",
        "12,99 € / kg",
        "12.05.2021",
        "1.2.3",
        "",
        "free",
        "0.00 €",
        "007",
        "999999999999999999999",
    ],
)
def test_what_is_no_price(text):
    """Ranges, rates, thresholds, dates and zero are nobody's price."""
    assert parse_money(text) is None


@pytest.mark.parametrize(
    ("text", "locale", "currency", "expected"),
    [
        ("$5", "en-CA", None, "CAD"),
        ("$5", "en_AU", None, "AUD"),
        ("$5", "es-MX", None, "MXN"),
        ("$5", "fr-FR", None, None),
        ("$5", None, "NZD", "NZD"),
        ("299 kr", "sv-SE", None, "SEK"),
        ("299 kr", "da", None, "DKK"),
        ("299 kr", "de-DE", None, None),
        ("¥99", "ja", None, "JPY"),
        ("¥99", "zh-CN", None, "CNY"),
        ("Rs. 99", "en-PK", None, "PKR"),
        ("R 99", "en-ZA", None, "ZAR"),
        ("99", None, "EUR", "EUR"),
        ("99", "de-DE", None, None),
        ("€99", "en-US", "USD", "EUR"),
    ],
)
def test_locale_and_currency_settle_shared_signs_only(text, locale, currency, expected):
    """`$` and `kr` are resolved by what is configured and never guessed; `€` is never overruled."""
    money = parse_money(text, locale=locale, currency=currency)
    assert money is not None
    assert money.currency == expected


@pytest.mark.parametrize(
    ("value", "currency", "amount", "other"),
    [
        ("1299.00", "EUR", "1299.00", None),
        (1299, "EUR", "1299", None),
        (Decimal("13.4"), "EUR", "13.4", None),
        (29.989999999, "EUR", "29.99", None),
        ("71,91", "EUR", "71.91", None),
        ("1.849,90", "EUR", "1849.90", None),
        ("1,299.00", "INR", "1299.00", None),
        ("1e3", "EUR", "1000", None),
        ("16.5289", "EUR", "16.53", None),
        ("€ 12,50", None, "12.50", None),
        # two readings: pesos as printed, euros by schema.org's rule
        ("24.990", "CLP", "24990", "24.990"),
        ("24.990", "EUR", "24.990", "24990"),
        ("1.299", "EUR", "1299", "1.299"),
        ("12.500", "KWD", "12.500", None),
        ("0.990", "EUR", "0.990", None),
    ],
)
def test_machine_values(value, currency, amount, other):
    """The point is decimal, unless the value says that a person printed it."""
    money = parse_machine(value, currency=currency)
    assert money is not None
    assert money.amount == Decimal(amount)
    assert money.other == (Decimal(other) if other else None)


@pytest.mark.parametrize("value", [None, True, {}, [], "", "abc", "-5", "N/A", "call us", "1.2.3"])
def test_machine_values_that_are_none(value):
    assert parse_machine(value) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("rur", "RUB"),
        (" usd ", "USD"),
        ("€", "EUR"),
        ("$", None),
        ("руб", None),
        ("RMB", "CNY"),
        ("EURO", "EUR"),
        ("XYZ", None),
        ("", None),
        (None, None),
    ],
)
def test_codes_are_normalised(code, expected):
    """Obsolete codes and plain signs become ISO 4217; a shared sign stays unknown."""
    assert currencies.normalise(code) == expected


def test_every_currency_of_the_tables_is_a_code():
    meant = {code for codes in currencies.SIGNS.values() for code in codes}
    assert all(currencies.is_code(code) for code in meant | set(countries.BY_COUNTRY.values()))


def test_evidence_is_the_currency_before_the_locale():
    assert evidence("en-CA", "eur") == ("EUR", "CAD")


@pytest.mark.parametrize("text", ["TOP 10", "ALL 12", "CUP 250", "GEL 200", "SOS 112"])
def test_words_that_are_also_codes_are_money_in_their_country_only(text):
    code, _, _ = text.partition(" ")
    (elsewhere,) = find_money(text)
    (at_home,) = find_money(text, evidence=[code])
    assert (elsewhere.sign, elsewhere.currency) == ("", None)
    assert (at_home.sign, at_home.currency) == (code, code)


def test_several_amounts_keep_their_places():
    text = "Was $20, now $15.50!"
    found = list(find_money(text, evidence=("USD",)))
    assert [(m.amount, text[m.start : m.end]) for m in found] == [
        (Decimal(20), "$20"),
        (Decimal("15.50"), "$15.50"),
    ]


@given(st.text(max_size=200))
def test_any_text_gives_money_or_none(text):
    """No text raises, and what comes out is a finite, non-negative number."""
    for money in find_money(text):
        assert money.amount.is_finite()
        assert money.amount >= 0
    parse_money(text)
    parse_machine(text)


@given(st.decimals(min_value=1, max_value=999_999, places=2))
def test_every_grouping_reads_back(amount):
    """One amount, printed as six countries print it, is one amount."""
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    swiss = english.replace(",", "’")
    french = english.translate(str.maketrans(",.", "\u202f,"))
    for text in (f"${english}", f"{german} €", f"CHF {swiss}", f"{french} €"):
        money = parse_money(text)
        assert money is not None
        assert money.amount == amount
