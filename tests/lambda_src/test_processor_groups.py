"""`lowest_in_group` in the stream processor: the group as the catalogue has it at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from moto import mock_aws

from pricemon.core import items
from pricemon.core.model import Availability, Product, Status
from pricemon.core.settings import AlertRules
from tests.lambda_src.processor_kit import (
    NOW,
    SETTINGS,
    TABLE,
    Stack,
    build,
    product,
    reading,
    record,
    sequence,
)


@pytest.fixture
def stack() -> Iterator[Stack]:
    with mock_aws():
        made = build()
        made.settings = replace(SETTINGS, alerts=AlertRules(lowest_in_group=True))
        yield made


def offered(stack: Stack, price: str, **changes: object) -> Product:
    """Another shop's offer of the group, read and processed; what it is now lies in the table."""
    known = reading(price, NOW, **changes)
    row = product("rival", known, group="g")
    stack.process([record(product("rival", group="g"), row, 1)])
    put(stack, row)
    return row


def put(stack: Stack, row: Product) -> None:
    stack.dynamodb.put_item(TableName=TABLE, Item=items.product_item(row))


def told(stack: Stack) -> list[tuple[str, str]]:
    return [(alert["kind"], alert["new_price"]) for alert in stack.delivered()]


def test_a_price_below_every_other_offer_is_told(stack):
    offered(stack, "90")
    stack.process(sequence(["100", "95", "89"], "d", group="g"))
    assert told(stack) == [("lowest_in_group", "89.00")]


def test_a_product_that_joins_when_it_has_a_price_already_counts(stack):
    lone = product("rival", reading("90", NOW))
    stack.process([record(product("rival"), lone, 1)])
    joined = replace(lone, group="g")
    stack.process([record(lone, joined, 2)])
    put(stack, joined)
    stack.process(sequence(["100", "95"], "d", group="g"))
    assert told(stack) == []
    stack.process(sequence(["95", "89"], "d", start=3, group="g"))
    assert told(stack) == [("lowest_in_group", "89.00")]


@pytest.mark.parametrize(
    "change",
    [{"availability": Availability.OUT_OF_STOCK}, {"status": Status.GONE}, {"currency": "USD"}],
    ids=str,
)
def test_without_another_offer_there_is_nothing_to_be_lower_than(stack, change):
    """The rival is cheaper, but can't be bought or not be compared: there is no group."""
    offered(stack, "80", **change)
    stack.process(sequence(["100", "95"], "d", group="g"))
    assert told(stack) == []


@pytest.mark.parametrize(
    "gone",
    [
        {"known": reading("80", NOW, status=Status.GONE)},
        {"known": reading("80", NOW, availability=Availability.OUT_OF_STOCK)},
        {"enabled": False},
        {"group": "other"},
    ],
    ids=["gone", "out of stock", "disabled", "left"],
)
def test_an_offer_that_is_none_any_more_does_not_stand_in_the_way(stack, gone):
    cheap = offered(stack, "80")
    dear = replace(cheap, product_id="dear", known=reading("99", NOW))
    stack.process([record(replace(dear, known=None), dear, 1)])
    put(stack, dear)
    stack.process(sequence(["110", "95"], "d", group="g"))
    assert told(stack) == []
    put(stack, replace(cheap, **gone))
    stack.process(sequence(["95", "94"], "d", start=3, group="g"))
    assert told(stack) == [("lowest_in_group", "94.00")]


def test_nothing_is_asked_of_the_group_where_the_rule_is_off(stack):
    stack.settings = replace(SETTINGS, alerts=AlertRules(drop_percent=Decimal(50)))
    offered(stack, "90")
    stack.process(sequence(["100", "89"], "d", group="g"))
    assert told(stack) == []
