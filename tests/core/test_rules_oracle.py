"""Random readings against an oracle written apart from the rules, by their description alone."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from pricemon.core.alerting.facts import Facts
from pricemon.core.model import AlertState, Known, Product, Status
from pricemon.core.rules import evaluate
from pricemon.core.settings import AlertRules

Reading = tuple[str, int, str]
"""What the job said (`ok`, `held`, `failed`, `gone`), cents, currency."""


def oracle(
    readings: list[Reading], percent: int | None, below: int | None
) -> list[tuple[int, int]]:
    """(place, cents) of each alert: falls from the highest since, and a target once it is met."""
    alerts: list[tuple[int, int]] = []
    since: list[int] = []
    currency = None
    armed = True
    for place, (said, cents, unit) in enumerate(readings):
        if said != "ok":
            continue
        anew = unit != currency
        first = currency is None
        currency = unit
        since = [cents] if anew else [*since, cents]
        highest = max(since)
        fell = percent is not None and cents < highest
        fell = fell and Fraction(highest - cents, highest) >= Fraction(percent or 0, 100)
        met = below is not None and cents <= below
        hit = met and armed and (first or not anew)
        armed = not met
        if fell or hit:
            alerts.append((place, cents))
            since = [cents]
    return alerts


readings = st.lists(
    st.tuples(
        st.sampled_from(["ok"] * 8 + ["held", "failed", "gone"]),
        st.integers(8000, 12_000),
        st.sampled_from(["EUR"] * 9 + ["USD"]),
    ),
    max_size=40,
)


@settings(max_examples=400, deadline=None)
@given(
    readings=readings,
    percent=st.one_of(st.none(), st.integers(1, 30)),
    below=st.one_of(st.none(), st.integers(8000, 12_000)),
    redeliver=st.lists(st.integers(0, 39), max_size=10),
)
def test_the_rules_agree_with_the_oracle(
    readings: list[Reading], percent: int | None, below: int | None, redeliver: list[int]
) -> None:
    rules = AlertRules(
        drop_percent=None if percent is None else Decimal(percent),
        below=None if below is None else Decimal(below) / 100,
    )
    state: AlertState | None = None
    known: Known | None = None
    records: list[tuple[Product, Product]] = []
    alerts: list[tuple[int, int]] = []

    def product(known: Known | None) -> Product:
        return Product(product_id="p", retailer="s", url="https://s.test/p", known=known)

    def deliver(place: int) -> None:
        nonlocal state
        found = evaluate(*records[place], state, Facts(loaded=True), rules)
        state = found.state if found.save else state
        alerts.extend((place, int(alert.new_price * 100)) for alert in found.alerts)

    for place, (said, cents, unit) in enumerate(readings):
        status = Status(said)
        took = (Decimal(cents) / 100, unit) if said == "ok" else (None, None)
        price, currency = took if said == "ok" or known is None else (known.price, known.currency)
        before, known = (
            known,
            Known(observed_at=place + 1, status=status, price=price, currency=currency),
        )
        records.append((product(before), product(known)))
        deliver(place)
        if place in redeliver:  # the stream goes back, by up to three records, and on from there
            for again in range(max(0, place - 3), place + 1):
                deliver(again)
    assert alerts == oracle(readings, percent, below)
