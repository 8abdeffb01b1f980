"""`history`: tables, CSV, JSON and pictures of observations in a table in memory."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import boto3
import pytest
import typer
from moto import mock_aws
from PIL import Image
from typer.testing import CliRunner, Result

from pricemon.cli import chart, context, history, periods
from pricemon.core.errors import PricemonError, UsageError
from pricemon.core.model import Known, Observation, Outcome, Product, Status
from pricemon.core.table import Table
from tests.core.table_kit import create_table

DAY = 86_400_000
NOW = 1_800_000_000_000
Run = Callable[..., Result]


@cache
def dynamodb() -> Any:
    """Made once: moto takes over any client made after its import."""
    return boto3.Session("testing", "testing", region_name="eu-central-1").client("dynamodb")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """A product that fell and rose, with a held and a failed reading between; and a steady one."""
    monkeypatch.setattr(periods, "now", lambda: NOW)
    with mock_aws():
        client = dynamodb()
        create_table(client, "t")
        table = Table(client, "t")
        for product_id in ("xm5", "other"):
            known = Known(observed_at=NOW, status=Status.OK)
            table.put_catalogue(
                new=[
                    Product(
                        product_id=product_id,
                        retailer="shop-a",
                        url=f"https://shop-a.example/{product_id}",
                        title="Sony [WH]" if product_id == "xm5" else None,
                        known=known,
                    )
                ]
            )
        table.put_observations(
            [
                seen("xm5", 5, "279"),
                seen("xm5", 4, "229"),
                seen("xm5", 3, "1", Outcome.HELD, detail="fell by 99.6 %"),
                seen("xm5", 2, None, Outcome.FAILED, reason="timeout"),
                seen("xm5", 1, "249.5"),
                seen("other", 5, "250"),
            ]
        )
        yield table


def seen(
    product_id: str, age: int, price: str | None, outcome: Outcome = Outcome.ACCEPTED, **more: Any
) -> Observation:
    return Observation(
        product_id=product_id,
        timestamp=NOW - age * DAY,
        retailer="shop-a",
        run_id="r",
        outcome=outcome,
        price=None if price is None else Decimal(price),
        currency=None if price is None else "EUR",
        **more,
    )


@pytest.fixture
def run(table: Table) -> Run:
    """`pricemon history …`; what the command raises is raised here."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.command()(history.history)
    context.share_options(app)

    def invoke(*arguments: str) -> Result:
        mine = context.Context()
        vars(mine)["table"] = table
        result = CliRunner().invoke(
            app, ["history", *arguments], obj=mine, env={"COLUMNS": "90", "LINES": "40"}
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def test_newest_first_with_changes_statistics_and_a_chart(run: Run) -> None:
    text = run("xm5").stdout
    lines = text.splitlines()
    assert lines[0] == "Sony [WH] at shop-a"
    prices = [line.split("EUR")[0].split()[-1] for line in lines[2:7] if "EUR" in line]
    assert prices == ["249.50", "1.00", "229.00", "279.00"]
    assert "+9.0 %" in lines[2]
    assert "failed: timeout" in lines[3]
    assert "held: fell by 99.6 %" in lines[4]
    assert "\N{MINUS SIGN}17.9 %" in lines[5]
    for word, price in {"lowest": "229.00", "highest": "279.00", "median": "249.50"}.items():
        (line,) = [line for line in lines if line.startswith(word)]
        assert f"{price} EUR" in line
    assert "279.00┤" in text


def test_json_has_everything_as_decimal_strings(run: Run) -> None:
    data = json.loads(run("xm5", "--json").stdout)
    assert [o["price"] for o in data["observations"]] == [
        "249.50",
        None,
        "1.00",
        "229.00",
        "279.00",
    ]
    assert data["observations"][0]["change_percent"] == "8.95"
    assert data["statistics"]["lowest"] == "229.00"
    assert data["statistics"]["changes"] == 2
    assert sum(part["percent"] for part in data["statistics"]["time_at"]) == pytest.approx(100)
    assert data["title"] == "Sony [WH]"


def test_csv_is_one_line_for_each(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("xm5", "other", "--csv").stdout)))
    assert [row["product_id"] for row in rows] == ["xm5"] * 5 + ["other"]
    assert rows[0]["price"] == "249.50"
    assert rows[0]["time"] == "2027-01-14T08:00:00Z"
    assert rows[1]["reason"] == "timeout"


def test_since_and_limit(run: Run) -> None:
    assert len(json.loads(run("xm5", "--since", "3d", "--json").stdout)["observations"]) == 3
    assert "… and 3 older" in run("xm5", "--limit", "2").stdout


def test_by_week(run: Run) -> None:
    data = json.loads(run("xm5", "--by", "week", "--json").stdout)
    assert [
        (p["start"], p["lowest"], p["highest"], p["observations"]) for p in data["periods"]
    ] == [
        ("2027-01-11T00:00:00Z", "229.00", "249.50", 2),
        ("2027-01-04T00:00:00Z", "279.00", "279.00", 1),
    ]
    assert "readings" in run("xm5", "--by", "day").stdout


def test_several_products_side_by_side(run: Run) -> None:
    data = json.loads(run("xm5", "other", "--json").stdout)
    assert [one["product_id"] for one in data["products"]] == ["xm5", "other"]
    assert "━━━ other" in run("xm5", "other").stdout


@pytest.mark.parametrize("name", ["prices.svg", "prices.html"])
def test_pictures(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    run("xm5", "other", "--plot", str(path))
    text = path.read_text(encoding="utf-8")
    drawing = text[text.index("<svg") : text.index("</svg>") + 6]
    root = ET.fromstring(drawing)
    names = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Sony [WH]", "other", "EUR"} <= set(names)


def test_a_bitmap(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "prices.png"
    run("xm5", "other", "--plot", str(path))
    with Image.open(path) as image:
        assert image.size == (1920, 800)
        colours = {colour for _, colour in image.convert("RGB").getcolors(1_000_000) or []}
    assert {(0x25, 0x63, 0xEB), (0xDC, 0x26, 0x26)} <= colours, "a line for each product"


def test_a_bitmap_without_pillow(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(PricemonError, match="needs Pillow"):
        run("xm5", "--plot", "x.png")


def test_what_cannot_be_done_is_said(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no product nothing"):
        run("nothing")
    with pytest.raises(UsageError, match="not a time: yesterday"):
        run("xm5", "--since", "yesterday")
    with pytest.raises(UsageError, match="no such period"):
        run("xm5", "--by", "year")
    with pytest.raises(UsageError, match=r"cannot draw a \.pdf"):
        run("xm5", "--plot", "x.pdf")
    with pytest.raises(PricemonError, match="cannot be written"):
        run("xm5", "--plot", str(tmp_path / "none" / "x.svg"))


def test_a_product_without_readings(run: Run, table: Table) -> None:
    table.put_catalogue(
        new=[Product(product_id="new", retailer="shop-a", url="https://shop-a.example/n")]
    )
    assert "no observations" in run("new").stdout
    assert json.loads(run("new", "--json").stdout)["statistics"] is None
    with pytest.raises(PricemonError, match="no price to draw"):
        run("new", "--plot", "x.svg")


def test_a_removed_product_keeps_its_history(run: Run, table: Table) -> None:
    table.remove_product("xm5")
    assert "no longer in the catalogue" in run("xm5").stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24h", NOW - DAY),
        ("30d", NOW - 30 * DAY),
        ("1.5 d", NOW - 36 * 3_600_000),
        ("2W", NOW - 14 * DAY),
        ("90m", NOW - 5_400_000),
        ("1000y", 0),
        ("2027-01-01", 1_798_761_600_000),
        ("2027-01-01T00:00+01:00", 1_798_758_000_000),
    ],
)
def test_times_as_people_give_them(text: str, expected: int) -> None:
    assert periods.since(text, at=NOW) == expected


def test_a_line_of_characters() -> None:
    steps = [(0, Decimal(10)), (50, Decimal(20)), (75, Decimal(15))]
    assert chart.plain({"x": steps}, until=100, width=27, height=3).splitlines() == [
        " 20.00┤         ╭────╮",
        "      ┤         │    ╰─────",
        " 10.00┤─────────╯",
        "       1970-01-011970-01-01",
    ]
    assert chart.plain({}, until=100, width=20, height=3) == ""
    assert chart.plain({"x": [(0, Decimal(5))]}, until=1, width=30, height=2).startswith("     ┤\n")


def test_a_line_is_drawn_without_gaps() -> None:
    steps = [(n, Decimal((n * 7919) % 101)) for n in range(60)]
    lines = chart.plain({"x": steps}, until=60, width=70, height=9).splitlines()[:-1]
    columns = zip(*(line.split("┤")[1].ljust(62) for line in lines), strict=True)
    assert all(stroke and " " not in stroke for stroke in ("".join(c).strip() for c in columns))
