"""`pricemon extract`: JSON, batches, explanations and suggestions, with nothing configured."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from pricemon.cli import context
from pricemon.cli.extract import extract
from pricemon.core.errors import UsageError

LAMP = """<!doctype html><html lang="de"><head><title>Lampe Arco</title></head><body>
<h1>Lampe Arco</h1><div class="product-price"><s>129,00 €</s> <span class="now">89,90 €</span></div>
<p>Auf Lager</p><button>In den Warenkorb</button></body></html>"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch):
    """The command in an empty folder: no config, no account."""
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.callback()(lambda: None)
    app.command()(extract)
    context.share_options(app)

    def invoke(*arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(app, ["extract", *arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def saved(tmp_path: Path, name: str = "lamp.html", text: str = LAMP) -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return name


def test_json_is_one_document_with_every_field(run, tmp_path):
    data = json.loads(run(saved(tmp_path), "--url", "https://l.example/arco", "--json").stdout)
    assert list(data) == [
        "price", "currency", "availability", "title", "source", "reason", "detail", "candidates",
    ]  # fmt: skip
    assert data["price"] == "89.90"
    assert (data["currency"], data["availability"], data["reason"]) == ("EUR", "in_stock", None)
    assert {one["price"] for one in data["candidates"]} == {"89.90", "129.00"}


def test_stdin_is_a_source(run):
    assert json.loads(run("-", "--json", stdin=LAMP).stdout)["price"] == "89.90"


def test_explain_shows_where_each_amount_stood_and_why(run, tmp_path):
    output = run(saved(tmp_path), "--explain").stdout
    assert "89.90 EUR" in output
    assert "chosen" in output
    assert "list" in output
    assert "product-price" in output


def test_a_refusal_is_an_answer(run, tmp_path):
    result = run(saved(tmp_path, text="<h1>Lamp</h1><p>ask us</p>"), "--json")
    data = json.loads(result.stdout)
    assert (result.exit_code, data["price"], data["reason"]) == (0, None, "no_price")


def test_batch_answers_line_by_line_in_order(run, tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    for number in (3, 1, 2):
        saved(folder, f"{number}.html", LAMP.replace("89,90", f"{number}0,00"))
    manifest = folder / "manifest.jsonl"
    manifest.write_text(
        "".join(json.dumps({"file": f"{n}.html", "url": None}) + "\n" for n in (3, 1, 2)) + "\n"
    )
    lines = [json.loads(line) for line in run("--batch", str(manifest)).stdout.splitlines()]
    assert [(line["file"], line["price"]) for line in lines] == [
        ("3.html", "30.00"),
        ("1.html", "10.00"),
        ("2.html", "20.00"),
    ]


def test_a_missing_file_does_not_stop_a_batch(run, tmp_path):
    saved(tmp_path)
    (tmp_path / "m.jsonl").write_text('{"file": "gone.html"}\n{"file": "lamp.html"}\n')
    result = run("--batch", "m.jsonl")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert "cannot be read" in first["error"]
    assert second["price"] == "89.90"
    assert result.exit_code == 1


def test_suggested_rules_find_the_price_named(run, tmp_path):
    found = json.loads(run(saved(tmp_path), "--suggest", "--price", "89.90", "--json").stdout)
    assert {"css": ".now"} in [one["rule"] for one in found]
    assert "css" in run(saved(tmp_path), "--suggest", "--price", "89,90").stdout


def test_a_config_gives_the_retailers_rule(run, tmp_path):
    (tmp_path / "pricemon.yaml").write_text(
        "retailers:\n  arco:\n    hosts: l.example\n    rule: {price: {css: s}}\n"
    )
    data = json.loads(run(saved(tmp_path), "--url", "https://l.example/arco", "--json").stdout)
    assert (data["price"], data["source"]) == ("129.00", "rule")
    other = json.loads(run(saved(tmp_path), "--retailer", "arco", "--json").stdout)
    assert other["price"] == "129.00"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to read"),
        (("gone.html",), "cannot be read"),
        (("lamp.html", "--suggest"), "needs the price"),
        (("lamp.html", "--suggest", "--price", "cheap"), "is no price"),
        (("lamp.html", "--retailer", "nobody"), "no retailer"),
        (("--batch", "gone.jsonl"), "cannot be read"),
        (("--batch", "lamp.html"), "is not JSON"),
    ],
)
def test_usage_errors_say_what_to_correct(run, tmp_path, arguments, message):
    saved(tmp_path)
    with pytest.raises(UsageError, match=message):
        run(*arguments)
