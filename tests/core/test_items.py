"""Rows of the table: what goes in comes out, exactly; what is foreign is named."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricemon.core import items
from pricemon.core.attributes import Item, MalformedItem, Row, attribute
from pricemon.core.model import (
    AlertState,
    Availability,
    Failure,
    Held,
    Known,
    Observation,
    Outcome,
    Product,
    Status,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
times = st.integers(min_value=1, max_value=10**14)
money = st.decimals(min_value=0, max_value=10**12, places=4)
leaves = texts | st.integers(-(10**9), 10**9) | money | st.booleans()
documents = st.dictionaries(
    texts, st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner))
)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


failures = st.builds(
    Failure, reason=texts, detail=st.text(max_size=5), at=times, http_status=optional(times)
)
held = st.builds(
    Held,
    price=money,
    currency=texts,
    availability=optional(st.sampled_from(Availability)),
    held_at=times,
    why=texts,
)
knowns = st.builds(
    Known,
    observed_at=times,
    status=st.sampled_from(Status),
    price=optional(money),
    currency=optional(texts),
    availability=optional(st.sampled_from(Availability)),
    price_since=optional(times),
    page_title=optional(texts),
    source=optional(texts),
    etag=optional(texts),
    last_modified=optional(texts),
    vouched=optional(texts),
    failures=st.integers(0, 99),
    last_error=optional(failures),
    gone_since=optional(times),
    held=optional(held),
)
products = st.builds(
    Product,
    product_id=texts,
    retailer=texts,
    url=texts,
    title=optional(texts),
    tags=st.lists(texts).map(tuple),
    enabled=st.booleans(),
    group=optional(texts),
    identifiers=st.lists(texts).map(tuple),
    overrides=documents,
    known=optional(knowns),
)
observations = st.builds(
    Observation,
    product_id=texts,
    timestamp=times,
    retailer=texts,
    run_id=st.text(max_size=5),
    outcome=st.sampled_from(Outcome),
    price=optional(money),
    currency=optional(texts),
    availability=optional(st.sampled_from(Availability)),
    source=optional(texts),
    reason=optional(texts),
    detail=optional(texts),
    http_status=optional(times),
    url=optional(texts),
    title=optional(texts),
)
alert_states = st.builds(
    AlertState,
    reference_price=optional(money),
    currency=optional(texts),
    processed_at=times,
    last_alert_id=optional(texts),
    last_alert_price=optional(money),
    last_alert_at=optional(times),
    last_alert_by_kind=st.dictionaries(texts, times),
    low_price=optional(money),
    target_met=st.booleans(),
    out_of_stock=st.booleans(),
)


@given(products)
def test_a_product_comes_out_as_it_went_in(product: Product) -> None:
    assert items.product(items.product_item(product)) == product


@given(observations)
def test_an_observation_comes_out_as_it_went_in(observation: Observation) -> None:
    assert items.observation(items.observation_item(observation)) == observation


@given(alert_states)
def test_an_alert_state_comes_out_as_it_went_in(state: AlertState) -> None:
    item = items.alert_state_item("p1", state)
    assert items.alert_state(item) == state
    assert "retailer" not in item  # or the row would be in the index


@pytest.mark.parametrize(
    ("kind", "strategy"),
    [(Product, products), (Known, knowns), (Observation, observations), (AlertState, alert_states)],
)
def test_the_round_trips_cover_every_field(kind: Any, strategy: Any) -> None:
    """A field added to the model and forgotten here would be lost in the table."""
    assert set(strategy.wrapped_strategy.kwargs) == {f.name for f in dataclasses.fields(kind)}


def test_money_keeps_every_digit() -> None:
    price = Decimal("12345678901234567890.123456789012345678")
    assert Row({"price": attribute(price)}).number("price") == price
    assert attribute(Decimal("1E+3")) == {"N": "1000"}


def test_unknown_attributes_are_ignored() -> None:
    """An older function keeps reading what a newer one writes."""
    item = items.product_item(Product(product_id="p", retailer="r", url="u"))
    item |= {"loyalty_price": {"N": "1"}, "colours": {"SS": ["red"]}}
    assert items.product(item) == Product(product_id="p", retailer="r", url="u")


def test_expiry_is_in_seconds_after_the_observation() -> None:
    seen = Observation(
        product_id="p", timestamp=86_400_000, retailer="r", run_id="", outcome=Outcome.FAILED
    )
    item = items.observation_item(seen, keep_days=2)
    assert item[items.TTL_ATTRIBUTE] == {"N": str(86_400 * 3)}
    assert items.TTL_ATTRIBUTE not in items.observation_item(seen)


ROW: Item = {
    "product_id": {"S": "p1"},
    "timestamp": {"N": "0"},
    "retailer": {"S": "r"},
    "url": {"S": "u"},
    "observed_at": {"N": "5"},
    "status": {"S": "ok"},
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": None}, "url is missing"),
        ({"price": {"S": "12"}}, "price has type S, expected N"),
        ({"price": {"N": "12,5"}}, "price is not a number"),
        ({"price": {"N": "NaN"}}, "price is not a number"),
        ({"observed_at": {"N": "5.5"}}, "observed_at is not a whole number"),
        ({"status": {"S": "excellent"}}, "status is no status: 'excellent'"),
        ({"tags": {"L": [{"N": "1"}]}}, "tags is not a list of strings"),
        ({"held": {"M": {"price": {"N": "1"}}}}, "p1 / 0, held is malformed: currency is missing"),
    ],
)
def test_a_malformed_row_is_named(change: dict[str, Any], says: str) -> None:
    item = {name: value for name, value in (ROW | change).items() if value is not None}
    with pytest.raises(MalformedItem, match="p1 / 0") as caught:
        items.product(item)
    assert says in caught.value.message


def test_nothing_but_values_of_the_table_is_written() -> None:
    with pytest.raises(TypeError, match="object has no place in the table"):
        attribute(object())
