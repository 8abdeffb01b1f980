"""A table as the stack makes it, in moto; and small makers of rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from moto import mock_aws

from pricemon.core import items
from pricemon.core.model import Product
from pricemon.core.table import RETAILER_INDEX, Table

REGION = "eu-central-1"
TABLE = "price-monitor-test"
BUCKET = "price-monitor-historical-test"
CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


def no_sleep(seconds: float) -> None:
    """Time is injected: nothing sleeps."""


@cache
def client(service: str) -> Any:
    """A client. Making one takes longer than most tests; moto serves it whichever AWS is on."""
    return boto3.client(service, region_name=REGION, **CREDENTIALS)


def create_table(dynamodb: Any, name: str = TABLE) -> None:
    def attribute(name: str, kind: str) -> dict[str, str]:
        return {"AttributeName": name, "AttributeType": kind}

    def schema(hash_key: str) -> list[dict[str, str]]:
        return [
            {"AttributeName": hash_key, "KeyType": "HASH"},
            {"AttributeName": "timestamp", "KeyType": "RANGE"},
        ]

    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            attribute("product_id", "S"),
            attribute("timestamp", "N"),
            attribute("retailer", "S"),
        ],
        KeySchema=schema("product_id"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": RETAILER_INDEX,
                "KeySchema": schema("retailer"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


@contextmanager
def moto_table(**options: Any) -> Iterator[Table]:
    """An empty table in an AWS of its own."""
    with mock_aws():
        dynamodb = client("dynamodb")
        create_table(dynamodb)
        yield Table(dynamodb, TABLE, sleep=no_sleep, **options)


def fill(table: Table, *products: Product) -> None:
    """Products in the table by plain puts: moto copies its whole table for each transaction."""
    table.rows.write({"PutRequest": {"Item": items.product_item(p)}} for p in products)


def product(product_id: str = "p1", retailer: str = "shop-a", **fields: Any) -> Product:
    fields.setdefault("url", f"http://shop-a.test/{product_id}")
    return Product(product_id=product_id, retailer=retailer, **fields)
