"""Groups: who is in one, and which of its prices count as offers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pricemon.core import items
from pricemon.core.alerting.groups import Groups, buyable, offers
from pricemon.core.comparison import compare
from pricemon.core.dynamo import Rows
from pricemon.core.model import Availability, Known, Product, Status
from tests.core.table_kit import create_table

KNOWN = Known(
    observed_at=1,
    status=Status.OK,
    price=Decimal(90),
    currency="EUR",
    availability=Availability.IN_STOCK,
)
OFFER = Product(product_id="a", retailer="shop", url="https://shop.test/a", group="g", known=KNOWN)


@cache
def dynamodb() -> Any:
    """Made once: moto takes over any client made after its import."""
    return boto3.Session("testing", "testing", region_name="eu-central-1").client("dynamodb")


@pytest.fixture
def rows() -> Iterator[Rows]:
    with mock_aws():
        client = dynamodb()
        create_table(client, "t")
        yield Rows(client, "t")


def test_members_are_those_the_catalogue_still_has_in_the_group(rows):
    groups = Groups(rows)
    for product_id, group in {"a": "g", "b": "g", "left": "other"}.items():
        product = replace(OFFER, product_id=product_id, group=group)
        rows.client.put_item(TableName="t", Item=items.product_item(product))
    for product_id in ("a", "b", "left", "removed", "a"):
        groups.join(product_id, "g")
    assert {member.product_id for member in groups.members("g")} == {"a", "b"}
    assert list(groups.members("nobody")) == []


def test_a_large_group_is_read_whole(rows):
    groups = Groups(rows)
    for number in range(150):
        product = replace(OFFER, product_id=f"p{number}")
        rows.client.put_item(TableName="t", Item=items.product_item(product))
        groups.join(product.product_id, "g")
    assert len(list(groups.members("g"))) == 150


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"availability": None}, True),
        ({"availability": Availability.LIMITED}, True),
        ({"status": Status.FAILED}, True),
        ({"status": Status.HELD}, True),
        ({"status": Status.GONE}, False),
        ({"availability": Availability.OUT_OF_STOCK}, False),
        ({"availability": Availability.PRE_ORDER}, False),
        ({"price": None}, False),
    ],
)
def test_what_can_be_bought_now(change, expected):
    product = replace(OFFER, known=replace(KNOWN, **change))
    assert buyable(product) is expected
    assert list(offers([product], besides="me", currency="EUR")) == [Decimal(90)] * expected
    assert [offer.buyable for offer in compare([product]).offers] == [expected]


def test_what_is_not_looked_at_any_more_or_not_yet_is_no_offer():
    assert not buyable(replace(OFFER, enabled=False))
    assert not buyable(replace(OFFER, known=None))


def test_offers_are_the_others_in_the_same_currency():
    dollars = replace(OFFER, product_id="us", known=replace(KNOWN, currency="USD"))
    other = replace(OFFER, product_id="b", known=replace(KNOWN, price=Decimal(80)))
    assert list(offers([OFFER, dollars, other], besides="a", currency="EUR")) == [Decimal(80)]
