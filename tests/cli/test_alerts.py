"""`alerts list|test|schema`, `drops`, `lows`: from facts in a table in memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import jsonschema
import pytest
import typer
from moto import mock_aws
from typer.testing import CliRunner, Result

from pricemon.cli import alerts, context, periods
from pricemon.cloud.names import Names
from pricemon.cloud.session import Aws
from pricemon.core.alerting.alert_log import AlertLog
from pricemon.core.errors import PricemonError, UsageError
from pricemon.core.items import product_item
from pricemon.core.model import (
    Alert,
    AlertKind,
    AlertState,
    Availability,
    Known,
    Observation,
    Outcome,
    Product,
    Status,
)
from pricemon.core.table import Table
from tests.core.table_kit import create_table

CONFIG = """
retailers:
  shop-a: {hosts: shop-a.example, currency: EUR}
alerts: {drop_percent: 10, lowest_in_days: 30}
"""
HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_800_000_000_000
Run = Callable[..., Result]


def alert(number: int, percent: str | None, age: int, **changes: Any) -> Alert:
    one = Alert(
        alert_id=f"{number:032x}",
        kind=AlertKind.DROP_PERCENT,
        product_id=f"p{number}",
        retailer="shop-a",
        url=f"https://shop-a.example/{number}",
        title=f"Thing [{number}]",
        currency="EUR",
        new_price=Decimal(80),
        old_price=Decimal(95),
        reference_price=Decimal(100),
        change_percent=None if percent is None else Decimal(percent),
        observed_at=NOW - age,
        lowest_price=Decimal(90),
        lowest_since=NOW - age - 100 * DAY,
        history_since=NOW - age - 200 * DAY,
        why="fell",
    )
    return replace(one, **changes)


STORED = [
    alert(1, "-20.00", HOUR, tags=("audio",)),
    alert(2, "-35.00", 2 * HOUR, retailer="shop-b"),
    alert(3, "-12.00", 30 * HOUR, lowest_since=NOW - 40 * DAY),
    alert(4, "15.00", 3 * HOUR, kind=AlertKind.RISE_PERCENT),
    alert(5, None, HOUR, kind=AlertKind.BELOW, lowest_since=None, lowest_price=None),
    alert(6, "-50.00", 20 * DAY, also=(AlertKind.BELOW,)),
]


@cache
def dynamodb() -> Any:
    """Made once: moto takes over any client made after its import."""
    return boto3.Session("testing", "testing", region_name="eu-central-1").client("dynamodb")


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[context.Context]:
    """A context on a table that holds `STORED` and the product `xm5`, priced at 100."""
    monkeypatch.setattr(periods, "now", lambda: NOW)
    config = tmp_path / "pricemon.yaml"
    config.write_text(CONFIG)
    with mock_aws():
        aws = Aws(region="eu-central-1", credentials=("testing", "testing"))
        client = dynamodb()
        create_table(client, "t")
        table = Table(client, "t")
        for one in STORED:
            AlertLog(table.rows).put(one)
        known = Known(
            observed_at=NOW - HOUR,
            status=Status.OK,
            price=Decimal(100),
            currency="EUR",
            availability=Availability.IN_STOCK,
            price_since=NOW - 5 * DAY,
        )
        product = Product(
            product_id="xm5", retailer="shop-a", url="https://shop-a.example/x", title="Sony"
        )
        client.put_item(TableName="t", Item=product_item(replace(product, known=known)))
        client.put_item(TableName="t", Item=product_item(replace(product, product_id="new")))
        table.put_observations(
            Observation(
                product_id="xm5",
                timestamp=NOW - age * DAY,
                retailer="shop-a",
                run_id="r",
                outcome=Outcome.ACCEPTED,
                price=Decimal(price),
                currency="EUR",
            )
            for age, price in {60: "85", 31: "95", 5: "100"}.items()
        )
        state = AlertState(reference_price=Decimal(110), currency="EUR", processed_at=NOW - HOUR)
        assert table.save_alert_state("xm5", state, after=None)
        mine = context.Context(config_path=config)
        vars(mine).update(table=table, aws=aws, names=Names("local", aws.account))
        yield mine


@pytest.fixture
def run(mine: context.Context) -> Run:
    """`pricemon …`; what a command raises is raised here."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.add_typer(alerts.app, name="alerts")
    app.command()(alerts.drops)
    app.command()(alerts.lows)
    context.share_options(app)

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(app, list(arguments), obj=mine)
        mine.json = False
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def ids(run: Run, *arguments: str) -> list[str]:
    return [one["product_id"] for one in json.loads(run(*arguments, "--json").stdout)]


def test_the_alerts_of_a_week_newest_first(run: Run) -> None:
    assert ids(run, "alerts", "list") == ["p5", "p1", "p2", "p4", "p3"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--since", "90m"), {"p1", "p5"}),
        (("--since", "30d"), {"p1", "p2", "p3", "p4", "p5", "p6"}),
        (("--since", "2020-01-01", "--product", "p3"), {"p3"}),
        (("--kind", "below", "--since", "30d"), {"p5", "p6"}),
        (("--retailer", "shop-b"), {"p2"}),
        (("--tag", "audio"), {"p1"}),
        (("--tag", "video"), set()),
    ],
)
def test_the_list_can_be_narrowed(run: Run, arguments: tuple[str, ...], expected: set[str]) -> None:
    assert set(ids(run, "alerts", "list", *arguments)) == expected


def test_a_limit_ends_the_list(run: Run) -> None:
    assert len(ids(run, "alerts", "list", "--limit", "2")) == 2
    assert len(ids(run, "alerts", "list", "--limit", "0")) == 5


def test_drops_are_falls_the_largest_first(run: Run) -> None:
    assert ids(run, "drops") == ["p2", "p1"]
    assert ids(run, "drops", "--since", "30d") == ["p6", "p2", "p1", "p3"]
    assert ids(run, "drops", "--since", "30d", "--min-percent", "20") == ["p6", "p2", "p1"]
    assert ids(run, "drops", "--retailer", "shop-b") == ["p2"]


def test_lows_are_what_history_knows(run: Run) -> None:
    assert ids(run, "lows") == ["p1", "p2"]
    assert ids(run, "lows", "--days", "30") == ["p1", "p2", "p3"]
    assert ids(run, "lows", "--days", "101") == []


def test_for_people_and_for_spreadsheets(run: Run) -> None:
    text = run("drops").stdout
    (line,) = [line for line in text.splitlines() if "Thing [2]" in line]
    assert "\N{MINUS SIGN}35 %" in line
    assert "80.00 EUR" in line
    assert "100 days" in line
    rows = list(csv.DictReader(io.StringIO(run("drops", "--csv").stdout)))
    assert [row["change_percent"] for row in rows] == ["-35.0", "-20.0"]
    assert rows[0]["new_price"] == "80.00"


def test_nothing_is_said_to_be_nothing(run: Run) -> None:
    result = run("drops", "--since", "10m")
    assert "nothing since 10m" in result.stderr


def test_a_rule_that_is_none(run: Run) -> None:
    with pytest.raises(UsageError, match="no such rule: luck"):
        run("alerts", "list", "--kind", "luck")


def test_the_schema_validates_what_is_listed(run: Run) -> None:
    schema = json.loads(run("alerts", "schema").stdout)
    for document in json.loads(run("alerts", "list", "--since", "30d", "--json").stdout):
        jsonschema.validate(document, schema)


@pytest.mark.parametrize(
    ("price", "kinds"),
    [
        ("100", []),
        ("99.01", []),
        ("99", ["drop_percent"]),
        ("94.99", ["drop_percent", "lowest_in_days"]),
        ("84", ["drop_percent", "lowest_in_days"]),
    ],
)
def test_a_trial_says_what_would_fire(run: Run, price: str, kinds: list[str]) -> None:
    data = json.loads(run("alerts", "test", "xm5", "--price", price, "--json").stdout)
    assert data["fires"] is bool(kinds)
    assert [rule["kind"] for rule in data["rules"] if rule["fires"]] == kinds
    fires_at = {rule["kind"]: Decimal(rule["fires_at"]) for rule in data["rules"]}
    assert fires_at == {"drop_percent": 99, "lowest_in_days": 95}
    assert (data["alert"] and data["alert"]["kinds"]) == (kinds or None)


def test_a_trial_changes_nothing(run: Run, mine: context.Context) -> None:
    before = mine.table.alert_state("xm5")
    run("alerts", "test", "xm5", "--price", "1")
    run("alerts", "test", "xm5", "--price", "1")
    assert mine.table.alert_state("xm5") == before
    assert len(ids(run, "alerts", "list", "--limit", "0")) == 5


def test_a_trial_in_words(run: Run) -> None:
    text = run("alerts", "test", "xm5", "--price", "80").stdout
    assert "this would be told: \N{MINUS SIGN}27 % · Sony · 110.00 → 80.00 EUR at shop-a" in text
    assert "99.00 EUR" in text
    assert "nothing would be told" in run("alerts", "test", "xm5").stdout


def test_a_trial_without_a_price(run: Run) -> None:
    with pytest.raises(PricemonError, match="new has no price yet"):
        run("alerts", "test", "new")
    data = json.loads(run("alerts", "test", "new", "--price", "5", "--json").stdout)
    assert (data["fires"], data["currency"]) == (False, "EUR")
    for wrong in ("much", "-1", "NaN"):
        with pytest.raises(UsageError, match="not a price"):
            run("alerts", "test", "xm5", f"--price={wrong}")
    with pytest.raises(UsageError, match="there is no product nothing"):
        run("alerts", "test", "nothing")


@pytest.mark.parametrize("price", ["80", "100"], ids=["would fire", "would not"])
def test_a_test_is_sent_and_says_so(run: Run, mine: context.Context, price: str) -> None:
    sns, sqs = mine.aws.client("sns"), mine.aws.client("sqs")
    topic = sns.create_topic(Name=mine.names.topic)["TopicArn"]
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    result = run("alerts", "test", "xm5", "--price", price, "--send")
    assert "a test was sent" in result.stderr
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    notification = json.loads(message["Body"])
    assert "[test] Sony" in notification["Subject"]
    document = json.loads(notification["Message"])
    assert document["why"].startswith("a test, sent by hand")
    jsonschema.validate(document, json.loads(run("alerts", "schema").stdout))
