"""Each alert rule, as cases: the readings of one product in order, and what they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from pricemon.core.alerting.facts import Facts
from pricemon.core.alerting.rule_case import alert_id
from pricemon.core.model import (
    Alert,
    AlertKind,
    AlertState,
    Availability,
    Held,
    Known,
    Product,
    Status,
)
from pricemon.core.rules import evaluate
from pricemon.core.settings import AlertRules, alert_rules

HOUR = 3_600_000
START = 1_700_000_000_000
IN, OUT = Availability.IN_STOCK, Availability.OUT_OF_STOCK
FACTS = Facts(loaded=True)


@dataclass
class Watch:
    """One product, its readings given one by one; each hour one."""

    rules: AlertRules
    overrides: Mapping[str, Any] = field(default_factory=dict)
    facts: Facts = FACTS
    state: AlertState | None = None
    writes: int = 0
    known: Known | None = None
    hour: int = 0
    record: tuple[Product | None, Product] | None = None

    def product(self, known: Known | None) -> Product:
        return Product(
            product_id="p",
            retailer="shop",
            url="https://shop.test/p",
            group="g",
            known=known,
            overrides=self.overrides,
        )

    def read(self, text: str) -> list[Alert]:
        """One reading: `99.50`, `99.50 USD`, `99.50 out`, `held`, `failed`, `gone`."""
        self.hour += 1
        at = START + self.hour * HOUR
        before, self.known = self.known, _known(text, at, self.known)
        self.record = (self.product(before), self.product(self.known))
        return self.process()

    def process(self) -> list[Alert]:
        """The current record; again, when called again."""
        assert self.record is not None
        found = evaluate(*self.record, self.state, self.facts, self.rules)
        if found.save:
            self.state = found.state
            self.writes += 1
        return list(found.alerts)


def _known(text: str, at: int, before: Known | None) -> Known:
    words = text.split()
    last = before or Known(observed_at=0, status=Status.OK)
    if words[0] == "held":
        held = Held(price=Decimal(1), currency="EUR", availability=IN, held_at=at, why="a jump")
        return replace(last, observed_at=at, status=Status.HELD, held=held)
    if words[0] in ("failed", "gone"):
        return replace(last, observed_at=at, status=Status(words[0]))
    price = Decimal(words[0])
    currency = next((word for word in words if word.isupper()), "EUR")
    stock = {"out": OUT, "unknown": None, "preorder": Availability.PRE_ORDER}
    available = next((stock[word] for word in words[1:] if word in stock), IN)
    same = (last.price, last.currency) == (price, currency)
    return Known(
        observed_at=at,
        status=Status.OK,
        price=price,
        currency=currency,
        availability=available,
        price_since=last.price_since if same else at,
    )


def told(alert: Alert) -> str:
    kinds = "+".join(kind.value for kind in (alert.kind, *alert.also))
    return f"{kinds} {alert.reference_price}→{alert.new_price}"


TEN = {"drop_percent": 10}
DAY = 24 * 3600

# name, rules, readings with the alert each leads to ("" for none)
CASES: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("a first price is no drop", TEN, [("100", "")]),
    ("exactly the threshold", TEN, [("100", ""), ("90", "drop_percent 100→90")]),
    ("a cent short of it", TEN, [("100", ""), ("90.01", "")]),
    ("a third is not rounded up", {"drop_percent": "33.34"}, [("3", ""), ("2", "")]),
    (
        "creeping, until the sum reaches the threshold",
        TEN,
        [("100", ""), ("97", ""), ("94", ""), ("91", ""), ("89", "drop_percent 100→89")],
    ),
    (
        "never twice for the same fall",
        TEN,
        [("100", ""), ("80", "drop_percent 100→80"), ("80", ""), ("79", ""), ("73", "")],
    ),
    (
        "the next fall is measured from the price told",
        TEN,
        [("100", ""), ("80", "drop_percent 100→80"), ("72", "drop_percent 80→72")],
    ),
    (
        "from the highest since the alert",
        TEN,
        [("100", ""), ("80", "drop_percent 100→80"), ("90", ""), ("81", "drop_percent 90→81")],
    ),
    (
        "flapping is a fall each time",
        TEN,
        [("100", ""), ("89", "drop_percent 100→89"), ("100", ""), ("89", "drop_percent 100→89")],
    ),
    (
        "flapping within the cooldown is told once",
        TEN | {"cooldown": DAY},
        [("100", ""), ("89", "drop_percent 100→89"), ("100", ""), ("89", ""), ("100", "")],
    ),
    (
        "a fall during the cooldown is told by the next change after it",
        TEN | {"cooldown": 2 * 3600},
        [("100", ""), ("89", "drop_percent 100→89"), ("79", ""), ("78", "drop_percent 89→78")],
    ),
    (
        "an accepted spike raises the reference",
        TEN,
        [("100", ""), ("150", ""), ("100", "drop_percent 150→100")],
    ),
    (
        "held readings count for nothing",
        TEN,
        [("100", ""), ("held", ""), ("100", ""), ("95", "")],
    ),
    (
        "a failure in between hides no fall",
        TEN,
        [("100", ""), ("failed", ""), ("failed", ""), ("85", "drop_percent 100→85")],
    ),
    (
        "gone and back at another price",
        TEN,
        [("100", ""), ("gone", ""), ("85", "drop_percent 100→85")],
    ),
    (
        "a restock at another price",
        TEN | {"back_in_stock": True},
        [("100", ""), ("100 out", ""), ("85", "drop_percent+back_in_stock 100→85")],
    ),
    (
        "another currency is not compared, and starts anew",
        TEN,
        [("100", ""), ("50 USD", ""), ("46 USD", ""), ("45 USD", "drop_percent 50→45")],
    ),
    (
        "back in the first currency starts anew as well",
        TEN,
        [("100", ""), ("50 USD", ""), ("80 EUR", ""), ("72 EUR", "drop_percent 80→72")],
    ),
    (
        "an amount",
        {"drop_amount": 5},
        [("100", ""), ("95.01", ""), ("95", "drop_amount 100→95"), ("91", "")],
    ),
    (
        "one alert for one reading, by the kind that says most",
        TEN | {"drop_amount": 5, "below": 90},
        [("100", ""), ("89", "below+drop_percent+drop_amount 100→89")],
    ),
    ("a target already met alerts on the first reading", {"below": 90}, [("89", "below None→89")]),
    ("a target is met at its price", {"below": 90}, [("91", ""), ("90", "below 91→90")]),
    (
        "a target is told once until the price was above it",
        {"below": 90},
        [("95", ""), ("90", "below 95→90"), ("85", ""), ("91", ""), ("89", "below 91→89")],
    ),
    (
        "a target says nothing of another currency",
        {"below": 90},
        [("95", ""), ("80 USD", ""), ("79 USD", ""), ("91 USD", ""), ("90 USD", "below 91→90")],
    ),
    (
        "a fall told by a target is not told again as a drop",
        TEN | {"below": 95},
        [("100", ""), ("94", "below 100→94"), ("89", ""), ("84", "drop_percent 94→84")],
    ),
    (
        "first price below",
        {"first_price_below": 50},
        [("49", "first_price_below None→49"), ("60", ""), ("40", "")],
    ),
    (
        "first price at it",
        {"first_price_below": 50},
        [("50", "first_price_below None→50")],
    ),
    ("first price not below", {"first_price_below": 50}, [("51", ""), ("40", "")]),
    (
        "a rise, from the lowest",
        {"rise_percent": 10},
        [("100", ""), ("90", ""), ("98", ""), ("99", "rise_percent 90→99"), ("105", "")],
    ),
    (
        "rises creep as well",
        {"rise_percent": 10},
        [("100", ""), ("105", ""), ("109", ""), ("110", "rise_percent 100→110")],
    ),
    (
        "a rise from nothing has no percentage",
        {"rise_percent": 10},
        [("0", ""), ("5", "")],
    ),
    ("a fall to nothing", TEN, [("10", ""), ("0", "drop_percent 10→0"), ("0", "")]),
    (
        "back in stock",
        {"back_in_stock": True},
        [("10", ""), ("10 out", ""), ("10 out", ""), ("10", "back_in_stock 10→10"), ("10", "")],
    ),
    (
        "back in stock by way of a page that does not say",
        {"back_in_stock": True},
        [("10", ""), ("10 out", ""), ("10 unknown", ""), ("10", "back_in_stock 10→10")],
    ),
    (
        "not known to have been out",
        {"back_in_stock": True},
        [("10 unknown", ""), ("10", "")],
    ),
    (
        "from pre-order",
        {"back_in_stock": True},
        [("10 preorder", ""), ("10", "back_in_stock 10→10")],
    ),
    (
        "stock that flaps is told once in a cooldown",
        {"back_in_stock": True, "cooldown": DAY},
        [("9 out", ""), ("9", "back_in_stock 9→9"), ("9 out", ""), ("9", ""), ("9 out", "")],
    ),
    (
        "a block page that looks like a removal",
        {"back_in_stock": True},
        [("9", ""), ("failed", ""), ("9", ""), ("held", ""), ("9", "")],
    ),
    (
        "returned after it was gone",
        {"back_in_stock": True},
        [("9", ""), ("gone", ""), ("9", "back_in_stock 9→9")],
    ),
    ("no rules, no alerts", {}, [("100", ""), ("1", ""), ("100", "")]),
]


@pytest.mark.parametrize(("rules", "readings"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_readings_lead_to_alerts(rules: dict[str, Any], readings: list[tuple[str, str]]) -> None:
    watch = Watch(alert_rules(rules))
    seen = [(text, " ".join(map(told, watch.read(text)))) for text, _ in readings]
    assert seen == readings


@pytest.mark.parametrize(("rules", "readings"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_record_delivered_again_at_once_alerts_no_more(
    rules: dict[str, Any], readings: list[tuple[str, str]]
) -> None:
    watch = Watch(alert_rules(rules))
    for text, _ in readings:
        watch.read(text)
        assert watch.process() == []


def test_a_crash_before_the_mark_gives_the_same_id_again() -> None:
    watch = Watch(alert_rules(TEN))
    watch.read("100")
    (first,) = watch.read("80")
    watch.state = None
    (again,) = watch.process()
    assert again == first


def test_an_id_tells_causes_apart() -> None:
    base = ("p", AlertKind.BELOW, 1, Decimal("1.50"), Decimal(2))
    same = ("p", AlertKind.BELOW, 1, Decimal("1.5"), Decimal("2.00"))
    others = [
        ("q", *base[1:]),
        ("p", AlertKind.DROP_PERCENT, *base[2:]),
        ("p", AlertKind.BELOW, 2, *base[3:]),
        ("p", AlertKind.BELOW, 1, Decimal("1.51"), Decimal(2)),
        ("p", AlertKind.BELOW, 1, Decimal("1.50"), Decimal(3)),
    ]
    assert alert_id(*base) == alert_id(*same)
    assert len({alert_id(*case) for case in [base, *others]}) == len(others) + 1


def test_an_unchanged_or_rising_price_needs_no_state_row() -> None:
    watch = Watch(alert_rules(TEN))
    for price in ("100", "100", "105", "105", "120"):
        watch.read(price)
    assert watch.writes == 0
    watch.read("119")
    assert watch.writes == 1
    watch.read("118")
    assert watch.writes == 1


def test_a_redelivered_older_record_changes_nothing() -> None:
    watch = Watch(alert_rules(TEN))
    for price in ("100", "95"):
        watch.read(price)
    old = watch.record
    watch.read("85")
    state = watch.state
    watch.record = old
    assert watch.process() == []
    assert watch.state == state


def test_a_product_added_anew_starts_anew() -> None:
    """Its state may have outlived it: neither the old prices nor what was told of them count."""
    watch = Watch(alert_rules(TEN | {"below": 90}))
    watch.state = AlertState(
        reference_price=Decimal(500), currency="EUR", processed_at=1, target_met=True
    )
    assert [told(alert) for alert in watch.read("80")] == ["below None→80"]
    assert watch.read("73") == []


LOW = Facts(loaded=True, history_since=1, lowest_price=Decimal(90), window_low=Decimal(90))


@pytest.mark.parametrize(
    ("facts", "price", "expected"),
    [
        (LOW, "89.99", "lowest_in_days 100→89.99"),
        (LOW, "90", ""),
        (LOW, "95", ""),
        (LOW, "101", ""),
        (Facts(loaded=True), "50", ""),
        (replace(LOW, window_low=None), "50", ""),
    ],
    ids=["lower", "as low", "lower before", "a rise", "no history", "none in the window"],
)
def test_lowest_in_days(facts: Facts, price: str, expected: str) -> None:
    watch = Watch(AlertRules(lowest_in_days=90), facts=facts)
    watch.read("100")
    assert " ".join(map(told, watch.read(price))) == expected


@pytest.mark.parametrize(
    ("low", "text", "expected"),
    [
        (Decimal(90), "89", "lowest_in_group 100→89"),
        (Decimal(90), "90", ""),
        (Decimal(90), "89 out", ""),
        (None, "89", ""),
    ],
    ids=["lowest", "as low as another", "not to be had", "alone"],
)
def test_lowest_in_group(low: Decimal | None, text: str, expected: str) -> None:
    watch = Watch(AlertRules(lowest_in_group=True), facts=Facts(loaded=True, group_low=low))
    watch.read("100")
    assert " ".join(map(told, watch.read(text))) == expected


@pytest.mark.parametrize(
    ("rules", "price", "expected"),
    [
        (AlertRules(drop_percent=Decimal(10)), "80", True),
        (AlertRules(drop_percent=Decimal(10)), "99", False),
        (AlertRules(lowest_in_days=30), "99", True),
        (AlertRules(lowest_in_days=30), "101", False),
        (AlertRules(lowest_in_group=True), "99", True),
    ],
    ids=["an alert", "no alert", "a rule of history", "a rise", "a rule of groups"],
)
def test_history_is_asked_for_only_when_it_is_needed(
    rules: AlertRules, price: str, *, expected: bool
) -> None:
    watch = Watch(rules)
    watch.read("100")
    watch.facts = Facts()
    watch.read(price)
    assert watch.record is not None
    assert evaluate(*watch.record, None, Facts(), rules).wants_facts is expected


def test_an_alert_states_the_facts() -> None:
    facts = Facts(
        loaded=True,
        history_since=1,
        lowest_price=Decimal(85),
        lowest_since=2,
        prior_low_30d=Decimal(88),
    )
    watch = Watch(AlertRules(drop_percent=Decimal(10)), facts=facts)
    watch.read("100")
    (alert,) = watch.read("82.1")
    assert alert.change_percent == Decimal("-17.90")
    assert (alert.lowest_price, alert.lowest_since, alert.prior_low_30d) == (
        Decimal(85),
        2,
        Decimal(88),
    )
    assert alert.old_price == Decimal(100)
    assert alert.observed_at == START + 2 * HOUR


def test_a_target_set_on_a_known_price_is_told_at_once_and_only_then() -> None:
    watch = Watch(AlertRules())
    watch.read("100")
    edited = replace(watch.product(watch.known), overrides={"target_price": "120"})
    rules = AlertRules(below=Decimal(120))
    before = watch.product(watch.known)
    found = evaluate(before, edited, None, FACTS, rules)
    assert [alert.kind for alert in found.alerts] == [AlertKind.BELOW]
    assert evaluate(before, edited, found.state, FACTS, rules).alerts == ()
    watch.state, watch.rules = found.state, rules
    assert watch.read("99") == []


def test_a_suppressed_alert_names_the_end_of_its_cooldown() -> None:
    watch = Watch(alert_rules(TEN | {"cooldown": DAY}))
    watch.read("100")
    watch.read("80")
    watch.read("70")
    assert watch.record is not None
    found = evaluate(*watch.record, watch.state, FACTS, watch.rules)
    assert found.suppressed == {AlertKind.DROP_PERCENT: START + 2 * HOUR + DAY * 1000}


def test_a_second_look_after_the_cooldown_tells_what_still_holds() -> None:
    watch = Watch(alert_rules(TEN | {"cooldown": DAY}))
    for price in ("100", "80", "70"):
        watch.read(price)
    product = watch.product(watch.known)
    kinds = frozenset({AlertKind.DROP_PERCENT})
    later = START + 30 * HOUR
    again = evaluate(product, product, watch.state, FACTS, watch.rules, only=kinds, at=later)
    assert [told(alert) for alert in again.alerts] == ["drop_percent 80→70"]
    watch.state = again.state
    over = evaluate(product, product, watch.state, FACTS, watch.rules, only=kinds, at=later)
    assert over.alerts == ()
    watch.read("79")
    product = watch.product(watch.known)
    recovered = evaluate(product, product, watch.state, FACTS, watch.rules, only=kinds, at=later)
    assert recovered.alerts == ()
