"""The catalogue's commands, over a real table in memory: what they write, print and refuse."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import typer
from moto import mock_aws
from typer.testing import CliRunner, Result

from pricemon.cli import context, products, render
from pricemon.core import archive
from pricemon.core.errors import PricemonError, UsageError
from pricemon.core.model import Failure, Held, Known, Product, Status
from pricemon.core.table import Table
from tests.core.table_kit import create_table

CONFIG = """
retailers:
  shop-a: {hosts: shop-a.example}
  shop-b: {hosts: shop-b.example}
"""
CATALOGUE = """product_id,retailer,url,title,tags,target_price
a1,shop-a,https://shop-a.example/1,Lamp,home;sale,19.90
a2,shop-a,https://shop-a.example/2,Chair,home,
b1,shop-b,https://shop-b.example/1,Radio,audio,
"""
NOW = 1_800_000_000_000
REGION, BUCKET = "eu-central-1", "price-monitor-historical-local"
KNOWN = Known(
    observed_at=NOW,
    status=Status.OK,
    price=Decimal("24.90"),
    currency="EUR",
    price_since=NOW,
    etag="v1",
)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """The stack's table, empty."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1")
        create_table(client, "price-monitor-local")
        yield Table(client, "price-monitor-local")


Run = Callable[..., Result]


@pytest.fixture
def run(table: Table, tmp_path: Path) -> Run:
    """`pricemon products …`; what a command raises is raised here."""
    config = tmp_path / "pricemon.yaml"
    config.write_text(CONFIG)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.add_typer(products.app, name="products")
    context.share_options(app)

    def invoke(*arguments: str, stdin: str | bytes | None = None) -> Result:
        mine = context.Context(config_path=config)
        vars(mine)["table"] = table
        vars(mine)["aws"] = SimpleNamespace(client=lambda service: boto3.client(service, REGION))
        vars(mine)["names"] = SimpleNamespace(bucket=BUCKET)
        result = CliRunner().invoke(app, ["products", *arguments], input=stdin, obj=mine)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def everything(table: Table) -> dict[str, Product]:
    found = [*table.catalogue("shop-a"), *table.catalogue("shop-b")]
    return {product.product_id: product for product in found}


@pytest.fixture
def imported(run: Run) -> None:
    """The three products of `CATALOGUE`."""
    run("import", "-", stdin=CATALOGUE)


def summary(result: Result) -> dict[str, int]:
    counts = printed(result)
    return {name: counts[name] for name in ("added", "changed", "unchanged", "invalid")}


# import


def test_import_adds_then_changes_nothing_then_only_what_differs(run, table, tmp_path):
    file = tmp_path / "products.csv"
    file.write_text(CATALOGUE)
    first = summary(run("import", str(file), "--json"))
    assert first == {"added": 3, "changed": 0, "unchanged": 0, "invalid": 0}
    before = everything(table)
    again = summary(run("import", str(file), "--json"))
    assert again == {"added": 0, "changed": 0, "unchanged": 3, "invalid": 0}
    assert everything(table) == before
    file.write_text(CATALOGUE.replace("Chair", "Stool"))
    changed = summary(run("import", str(file), "--json"))
    assert changed == {"added": 0, "changed": 1, "unchanged": 2, "invalid": 0}
    assert everything(table)["a2"].title == "Stool"


@pytest.mark.usefixtures("imported")
def test_import_never_touches_prices(run, table):
    table.save_known("a1", KNOWN)
    run("import", "-", stdin=CATALOGUE)
    assert table.get_product("a1").known == KNOWN
    run("import", "-", stdin=CATALOGUE.replace("Lamp", "Lantern"))
    after = table.get_product("a1")
    assert after.title == "Lantern"
    assert (after.known.price, after.known.currency) == (KNOWN.price, KNOWN.currency)
    assert after.known.etag is None  # the page may be another one now


def test_one_invalid_row_keeps_the_whole_file_out(run, table):
    bad = CATALOGUE + "b2,shop-c,https://shop-b.example/2,,,\n#3,shop-b,nowhere,,,cheap\n"
    with pytest.raises(UsageError) as caught:
        run("import", "-", stdin=bad)
    assert caught.value.message.splitlines()[:2] == [
        "2 of 5 rows of the input are invalid; nothing was written:",
        "  line 5: retailer shop-c is unknown; did you mean shop-b?",
    ]
    assert "--skip-invalid" in (caught.value.hint or "")
    assert everything(table) == {}


def test_skip_invalid_imports_the_others_and_says_which_it_left_out(run, table):
    bad = CATALOGUE + "b2,shop-c,https://shop-b.example/2,,,\n"
    result = run("import", "-", "--skip-invalid", "--json", stdin=bad)
    assert printed(result)["problems"] == [
        {"line": 5, "problem": "retailer shop-c is unknown; did you mean shop-b?"}
    ]
    assert summary(result) == {"added": 3, "changed": 0, "unchanged": 0, "invalid": 1}
    assert "shop-c" in result.stderr
    assert len(everything(table)) == 3


@pytest.mark.usefixtures("imported")
def test_a_url_that_a_stored_product_has_is_invalid(run, table):
    with pytest.raises(UsageError, match="line 2: url is that of the stored product a1"):
        run("import", "-", stdin="id,url\nnew,https://shop-a.example/1\n")
    assert table.get_product("new") is None


def test_a_dry_run_writes_nothing(run, table):
    result = run("import", "-", "--dry-run", stdin=CATALOGUE)
    assert "would be: 3 added" in result.stdout
    assert everything(table) == {}


def test_json_lines_and_a_product_that_moves_to_another_shop(run, table):
    line = {"id": "x", "url": "https://shop-a.example/9"}
    run("import", "-", stdin=json.dumps(line))
    moved = summary(
        run("import", "-", "--json", stdin=json.dumps({**line, "url": "https://shop-b.example/9"}))
    )
    assert moved["changed"] == 1
    assert table.get_product("x").retailer == "shop-b"


def test_more_rows_than_one_request_holds(run, table):
    rows = (f"p{n},https://shop-a.example/{n},Title {n}" for n in range(150))
    text = "id,url,title\n" + "\n".join(rows)
    assert summary(run("import", "-", "--json", stdin=text))["added"] == 150
    assert len(everything(table)) == 150
    assert summary(run("import", "-", "--json", stdin=text))["unchanged"] == 150


def test_a_file_that_is_not_there(run, tmp_path):
    with pytest.raises(UsageError, match=r"none\.csv cannot be read: No such file or directory"):
        run("import", str(tmp_path / "none.csv"))


# add, set, remove


def test_add_finds_the_retailer_and_makes_an_id(run, table):
    url = "https://shop-b.example/p/radio-7.html"
    added = printed(run("add", url, "--tag", "audio", "--target-price", "9.50", "--json"))
    assert (added["product_id"], added["retailer"], added["tags"]) == (
        "radio-7",
        "shop-b",
        ["audio"],
    )
    assert table.get_product("radio-7").overrides == {"target_price": "9.5"}
    again = run("add", "https://shop-b.example/q/radio-7.html")
    assert "watching radio-7-2 at shop-b" in again.stdout


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["https://shop-a.example/1"], "a1 has this URL already"),
        (["https://shop-a.example/7", "--id", "b1"], "there is a product b1 already"),
        (["https://other.example/7"], "retailer is missing, and other.example is no retailer's"),
        (["https://shop-a.example/7", "--id", "#x"], "product_id #x begins with #"),
        (["https://shop-a.example/7", "--target-price", "x"], "target_price is x; it must be"),
    ],
)
def test_add_refuses(run, arguments, sentence):
    with pytest.raises(UsageError, match=sentence):
        run("add", *arguments)


@pytest.mark.usefixtures("imported")
def test_set_changes_columns_and_single_alert_rules(run, table):
    table.save_known("a1", KNOWN)
    run("set", "a1", "tags=x;y", "target_price=", "enabled=no", "alerts.drop_percent=5")
    run("set", "a1", "alerts.cooldown=60", "Name=Big Lamp")
    product = table.get_product("a1")
    assert (product.tags, product.enabled, product.title) == (("x", "y"), False, "Big Lamp")
    assert product.overrides == {"alerts": {"drop_percent": "5", "cooldown": 60}}
    assert product.known.price == KNOWN.price
    run("set", "a1", "alerts.drop_percent=")
    assert table.get_product("a1").overrides == {"alerts": {"cooldown": 60}}
    assert "is that already" in run("set", "a1", "alerts.cooldown=60").stdout


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("titel=x", "column titel is unknown; did you mean title?"),
        ("product_id=x", "column product_id is unknown"),
        ("title", "title is not KEY=VALUE"),
        ("url=https://shop-b.example/1", "shop-b.example is not a host of shop-a"),
        ("alerts= alerts.cooldown=1", "alerts is set as a whole and in part"),
        ("alerts.drop=1", "alerts: rule drop is unknown"),
        ("alerts.drop_percent=lots", 'alerts: drop_percent makes no sense as "lots"'),
    ],
)
def test_set_refuses(run, table, assignment, sentence):
    before = table.get_product("a1")
    with pytest.raises(UsageError) as caught:
        run("set", "a1", *assignment.split())
    assert sentence in caught.value.message
    assert table.get_product("a1") == before


@pytest.mark.usefixtures("imported")
def test_remove_takes_yes_or_an_answer(run, table, monkeypatch):
    with pytest.raises(UsageError, match="no terminal to ask on"):
        run("remove", "a1")
    monkeypatch.setattr(render, "is_terminal", lambda: True)
    with pytest.raises(UsageError, match="not confirmed"):
        run("remove", "a1", stdin="no\n")
    assert table.get_product("a1")
    run("remove", "a1", stdin="yes\n")
    assert printed(run("remove", "a2", "a2", "--yes", "--json")) == {"removed": ["a2"]}
    assert list(everything(table)) == ["b1"]


@pytest.mark.usefixtures("imported")
def test_remove_of_an_unknown_product_removes_none(run, table):
    with pytest.raises(UsageError, match="no such product: zz; nothing was removed"):
        run("remove", "a1", "zz", "--yes")
    assert len(everything(table)) == 3


# list, show, export


@pytest.fixture
def seen(imported: None, table: Table) -> None:
    """One product with a price, one that failed, one not scraped yet."""
    failure = Failure(reason="timeout", detail="no answer", at=NOW)
    table.save_known("a1", KNOWN)
    failed = Known(observed_at=NOW, status=Status.FAILED, failures=2, last_error=failure)
    table.save_known("a2", failed)


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ([], ["a1", "a2", "b1"]),
        (["--retailer", "shop-a"], ["a1", "a2"]),
        (["--tag", "home"], ["a1", "a2"]),
        (["--tag", "home", "--status", "ok"], ["a1"]),
        (["--status", "failed"], ["a2"]),
        (["--status", "new"], ["b1"]),
        (["--status", "disabled"], []),
        (["--retailer", "shop-z"], []),
    ],
)
def test_list_filters(run, filters, ids):
    assert [product["product_id"] for product in printed(run("list", "--json", *filters))] == ids


@pytest.mark.usefixtures("seen")
def test_list_for_people_and_for_spreadsheets(run):
    shown = run("list").stdout
    assert "24.90" in shown
    assert "failed (timeout)" in shown
    rows = list(csv.DictReader(io.StringIO(run("list", "--csv").stdout)))
    assert rows[0] == {
        "product_id": "a1",
        "retailer": "shop-a",
        "title": "Lamp",
        "price": "24.90",
        "currency": "EUR",
        "availability": "",
        "status": "ok",
        "observed_at": str(NOW),
        "tags": "home;sale",
        "url": "https://shop-a.example/1",
    }
    with pytest.raises(UsageError, match="no status fine"):
        run("list", "--status", "fine")


def test_an_empty_catalogue_is_said_to_be_one(run):
    result = run("list")
    assert "no products yet" in result.stderr
    assert printed(run("list", "--json")) == []


@pytest.mark.usefixtures("seen")
def test_show(run):
    assert printed(run("show", "a1", "--json"))["known"]["price"] == "24.90"
    text = run("show", "a2").stdout
    assert "timeout: no answer" in text
    with pytest.raises(UsageError, match="there is no product zz"):
        run("show", "zz")


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize("name", ["c.csv", "c.jsonl"])
def test_an_export_is_imported_unchanged(run, tmp_path, name):
    file = tmp_path / name
    assert "3 products written" in run("export", str(file)).stderr
    assert summary(run("import", str(file), "--json"))["unchanged"] == 3
    flags = ["--jsonl"] if name.endswith("jsonl") else []
    assert run("export", *flags).stdout == file.read_text(encoding="utf-8")


@pytest.mark.usefixtures("imported")
def test_an_export_to_a_folder_that_is_not_there(run, tmp_path):
    with pytest.raises(UsageError, match="cannot be written: No such file or directory"):
        run("export", str(tmp_path / "none" / "c.csv"))


@pytest.mark.usefixtures("imported")
def test_export_filters(run):
    rows = list(csv.DictReader(io.StringIO(run("export", "--tag", "audio").stdout)))
    assert [row["product_id"] for row in rows] == ["b1"]


# accept


@pytest.mark.usefixtures("imported")
def test_accept_makes_a_held_reading_the_price(run, table):
    where = {"LocationConstraint": REGION}
    boto3.client("s3", REGION).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    held = Held(
        price=Decimal("5.00"), currency="EUR", availability=None, held_at=NOW, why="80 % down"
    )
    with pytest.raises(UsageError, match="no reading of a1 is held"):
        run("accept", "a1")
    table.save_known("a1", Known(**{**_fields(KNOWN), "status": Status.HELD, "held": held}))
    assert "80 % down" in run("show", "a1").stdout
    accepted = printed(run("accept", "a1", "--json"))
    assert accepted == {"product_id": "a1", "price": "5.00", "currency": "EUR"}
    known = table.get_product("a1").known
    assert (known.price, known.status, known.held) == (Decimal("5.00"), Status.OK, None)
    assert known.observed_at >= NOW
    (observation,) = table.observations("a1")
    assert (observation.price, observation.run_id) == (Decimal("5.00"), "by-hand")
    s3 = boto3.client("s3", REGION)
    (key,) = archive.objects(s3, BUCKET)
    assert archive.read(s3, BUCKET, key) == [
        archive.Entry(observation=observation, product=table.get_product("a1"))
    ]


@pytest.mark.usefixtures("imported")
def test_accept_yields_to_a_newer_reading(run, table, monkeypatch):
    held = Held(price=Decimal(5), currency="EUR", availability=None, held_at=NOW, why="down")
    table.save_known("a1", Known(**{**_fields(KNOWN), "status": Status.HELD, "held": held}))
    monkeypatch.setattr(table, "save_known", lambda *_: False)
    with pytest.raises(PricemonError, match="a newer reading of a1 came in between"):
        run("accept", "a1")


def _fields(known: Known) -> dict[str, Any]:
    return {name: getattr(known, name) for name in Known.__slots__}
