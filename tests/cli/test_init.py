"""`pricemon init`: writes what works, and overwrites nothing."""

import json

import pytest
import typer
from typer.testing import CliRunner

from pricemon import config
from pricemon.cli import context
from pricemon.cli.init import init
from pricemon.core import catalogue
from pricemon.core.errors import ExitCode, UsageError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(init)
    context.share_options(app)

    def invoke(*arguments):
        result = CliRunner().invoke(app, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def test_it_writes_a_config_that_loads_and_a_catalogue_that_fits_it(run, tmp_path):
    result = run()
    assert "wrote pricemon.yaml and products.csv" in result.stdout
    assert "next: pricemon up" in result.stderr
    read = config.load(None, None)
    with (tmp_path / "products.csv").open("rb") as file:
        hosts = {name: shop.hosts for name, shop in read.retailers.items()}
        rows = list(catalogue.parse(file, hosts))
    assert len(rows) >= 3
    assert [row.problems for row in rows if row.problems] == []


def test_it_overwrites_nothing_and_writes_nothing_beside_it(run, tmp_path):
    (tmp_path / "pricemon.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"pricemon\.yaml is here already; nothing") as caught:
        run()
    assert caught.value.exit_code is ExitCode.USAGE
    assert [path.name for path in tmp_path.iterdir()] == ["pricemon.yaml"]
    assert (tmp_path / "pricemon.yaml").read_text() == "mine"


def test_it_writes_into_a_new_folder_and_says_so_as_json(run, tmp_path):
    result = run("shops/de", "--json")
    assert json.loads(result.stdout) == {
        "written": ["shops/de/pricemon.yaml", "shops/de/products.csv"]
    }
    assert (tmp_path / "shops" / "de" / "products.csv").is_file()


def test_a_folder_that_cannot_be_made_is_said_to_be_one(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file/sub cannot be written: Not a directory"):
        run("file/sub")


def test_the_reference_comes_under_its_own_name(run, tmp_path):
    run()
    run("--reference")
    assert (tmp_path / "reference.yaml").read_bytes() == config.packaged(
        "reference.yaml"
    ).read_bytes()
