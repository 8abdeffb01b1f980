"""`compare`: the offers of a group, from a table in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
import typer
from moto import mock_aws
from typer.testing import CliRunner, Result

from pricemon.cli import compare, context, periods
from pricemon.core.alerting.groups import Groups
from pricemon.core.errors import UsageError
from pricemon.core.items import product_item
from pricemon.core.model import Availability, Known, Observation, Outcome, Product, Status
from pricemon.core.table import Table
from tests.core.table_kit import create_table

NOW = 1_800_000_000_000
DAY = 86_400_000
OUT = Availability.OUT_OF_STOCK

OFFERS: dict[str, tuple[str, str, Availability | None, Status]] = {
    "a": ("249", "EUR", Availability.IN_STOCK, Status.OK),
    "b": ("229", "EUR", None, Status.OK),
    "out": ("199", "EUR", OUT, Status.OK),
    "gone": ("150", "EUR", Availability.IN_STOCK, Status.GONE),
    "us": ("220", "USD", Availability.IN_STOCK, Status.OK),
}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """The group `xm5` with `OFFERS`, one member that left it and one that left the catalogue."""
    monkeypatch.setattr(periods, "now", lambda: NOW)
    with mock_aws():
        client = boto3.Session("testing", "testing", region_name="eu-central-1").client("dynamodb")
        create_table(client, "t")
        table = Table(client, "t")
        for name, (price, currency, availability, status) in OFFERS.items():
            known = Known(
                observed_at=NOW,
                status=status,
                price=Decimal(price),
                currency=currency,
                availability=availability,
            )
            put(client, name, "xm5", known)
            table.put_observations(
                [
                    Observation(
                        product_id=name,
                        timestamp=NOW - DAY,
                        retailer=name,
                        run_id="r",
                        outcome=Outcome.ACCEPTED,
                        price=Decimal(price) - 10,
                        currency=currency,
                    )
                ]
            )
        put(client, "left", "other", None)
        for name in [*OFFERS, "left", "removed"]:
            Groups(table.rows).join(name, "xm5")
        yield table


def put(client: Any, name: str, group: str, known: Known | None) -> None:
    product = Product(
        product_id=name, retailer=name, url=f"https://{name}.test", group=group, known=known
    )
    client.put_item(TableName="t", Item=product_item(product))


@pytest.fixture
def run(table: Table) -> Callable[..., Result]:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.command()(compare.compare)
    context.share_options(app)

    def invoke(*arguments: str) -> Result:
        mine = context.Context()
        vars(mine)["table"] = table
        result = CliRunner().invoke(app, ["compare", *arguments], obj=mine)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def test_the_best_that_can_be_bought_and_the_spread(run: Callable[..., Result]) -> None:
    data = json.loads(run("xm5", "--json").stdout)
    offers = [(o["product_id"], o["price"], o["buyable"], o["best"]) for o in data["offers"]]
    assert offers == [
        ("b", "229.00", True, True),
        ("a", "249.00", True, False),
        ("us", "220.00", True, True),
        ("gone", "150.00", False, False),
        ("out", "199.00", False, False),
    ]
    assert data["offers"][1]["above_best_percent"] == "8.73"
    assert data["offers"][0]["lowest"] == "219.00"
    assert [(s["currency"], s["lowest"], s["highest"], s["percent"]) for s in data["spreads"]] == [
        ("EUR", "229.00", "249.00", "8.73"),
        ("USD", "220.00", "220.00", "0.00"),
    ]


def test_in_words_with_a_chart(run: Callable[..., Result]) -> None:
    text = run("xm5").stdout
    assert "2 to be bought from 229.00 EUR to 249.00 EUR, +8.7 %" in text
    assert "out_of_stock" in text
    for currency in ("EUR", "USD"):  # each with a chart of its own
        assert f"\n{currency}\n" in text


def test_a_group_that_is_none(run: Callable[..., Result]) -> None:
    with pytest.raises(UsageError, match="in the group nothing"):
        run("nothing")
