"""The demo's accounts: when an alert is right, and when a failure is accounted for."""

import dataclasses
from decimal import Decimal

import pytest

from pricemon.cli import demo_report
from pricemon.cli.demo_report import Sweep
from pricemon.core.dead_letters import DeadLetter
from pricemon.core.model import Alert, AlertKind
from pricemon.local.shop_prices import Good, Move, Trouble, TrueDrop

GOOD = Good(
    number=1,
    retailer=0,
    title="Tent",
    brand="Alder",
    kind="Tent",
    sku="AL-1",
    base=Decimal("100.00"),
    move=Move.DROP,
    trouble=Trouble.NONE,
)
DROP = TrueDrop(good=GOOD, reference=Decimal("100.00"), price=Decimal("80.00"))
ALERT = Alert(
    alert_id="a1",
    kind=AlertKind.DROP_PERCENT,
    product_id="p1",
    retailer="northpeak",
    url="http://127.0.0.1/p1",
    title="Tent",
    currency="USD",
    new_price=Decimal(80),
    old_price=Decimal(100),
    reference_price=Decimal(100),
    change_percent=Decimal(-20),
    observed_at=1,
)
SWEEP = Sweep(run_id="r1", dispatched=10, done=9, failed=1, not_modified=0, changed=1, seconds=1.0)
LETTER = DeadLetter(
    message_id="m1",
    body="{}",
    receipt_handle="h",
    sent_at=1,
    receive_count=1,
    product_id="p9",
    run_id="r1",
    reason="gone",
)


@pytest.mark.parametrize(
    ("alerts", "sentence"),
    [
        ([ALERT], "drops found 1 of 1, false 0"),
        ([], "drops found 0 of 1, false 0"),
        ([{"product_id": "p2"}], "drops found 0 of 1, false 1"),
        ([{"new_price": Decimal("80.01")}], "drops found 0 of 1, false 1"),
        ([{"reference_price": Decimal(99)}], "drops found 0 of 1, false 1"),
        ([ALERT, {"alert_id": "a2"}], "drops found 1 of 1, false 1"),
        ([ALERT, ALERT], "drops found 1 of 1, false 0"),
    ],
    ids=["right", "none", "no drop", "price", "reference", "twice told", "delivered twice"],
)
def test_an_alert_is_right_in_product_reference_and_price(alerts, sentence):
    made = [a if isinstance(a, Alert) else dataclasses.replace(ALERT, **a) for a in alerts]
    comparison = demo_report.compare({"p1": DROP}, made)
    assert comparison.sentence() == sentence
    assert comparison.right == (sentence == "drops found 1 of 1, false 0")


def test_a_repeated_delivery_is_told():
    assert demo_report.compare({"p1": DROP}, [ALERT, ALERT]).repeated == 1


def test_what_went_wrong_is_shown_first():
    extra = dataclasses.replace(ALERT, alert_id="a2", product_id="p0")
    drops = {"p1": DROP, "p2": DROP}
    lines = demo_report.compare(drops, [ALERT, extra]).lines
    assert [(line.product_id, line.verdict) for line in lines] == [
        ("p2", "missed"),
        ("p0", "false"),
        ("p1", "found"),
    ]


@pytest.mark.parametrize(
    ("letters", "right", "words"),
    [
        ([{}], True, "accounted for 1 of 1: in the dead-letter queue, 1 gone"),
        ([], False, "accounted for 0 of 1: in the dead-letter queue, none; missing there: p9"),
        ([{"reason": "timeout"}], False, "not the shop's doing: p9 (timeout)"),
        ([{"run_id": "r0"}], False, "not the shop's doing: p9 (gone)"),
        ([{}, {}], False, "accounted for 2 of 1"),
    ],
    ids=["right", "lost", "other reason", "other run", "twice"],
)
def test_a_failure_is_accounted_for_by_its_letter(letters, right, words):
    made = [dataclasses.replace(LETTER, **letter) for letter in letters]
    failures = demo_report.account([(SWEEP, {"p9": "gone"})], made)
    assert failures.right == right
    assert words in failures.sentence()
