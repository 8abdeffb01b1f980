"""`pricemon bundle`: the zips as `up` would upload them, to look into."""

import json
import zipfile

import pytest
import typer
from typer.testing import CliRunner

from pricemon.cli import context
from pricemon.cli.bundle import bundle
from pricemon.cloud import bundle as bundles


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """One cache for all of these tests: most of their time would go into building the same zips."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(home, tmp_path, monkeypatch):
    """`pricemon bundle` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRICEMON_HOME", str(home))
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(bundle)
    context.share_options(app)

    def invoke(*arguments):
        return CliRunner().invoke(app, arguments, catch_exceptions=False)

    return invoke


def test_it_writes_both_zips_and_says_what_is_in_them(run, tmp_path):
    result = run("--out", "made", "--json")
    scraper, processor = json.loads(result.stdout)
    assert [scraper["function"], processor["function"]] == ["scraper", "stream-processor"]
    for described in (scraper, processor):
        path = tmp_path / described["path"]
        assert path == tmp_path / "made" / f"{described['function']}.zip"
        assert path.stat().st_size == described["size"]
        with zipfile.ZipFile(path) as archive:
            unzipped = sum(info.file_size for info in archive.infolist())
        assert unzipped == described["unzipped_size"]
        assert sum(share["unzipped"] for share in described["packages"]) == unzipped
    assert {"selectolax", "pricemon", "lambda_src"} <= {p["name"] for p in scraper["packages"]}


def test_without_a_folder_they_stay_in_the_cache(run, home, tmp_path):
    scraper, _ = json.loads(run("--json").stdout)
    assert scraper["path"].startswith(str(home / "cache"))
    assert list(tmp_path.iterdir()) == []


def test_a_person_reads_size_hash_and_the_largest_packages(run):
    shown = run().stdout
    scraper, _ = json.loads(run("--json").stdout)
    assert scraper["sha256"] in shown
    assert f"{scraper['size'] / 1e6:.2f} MB" in shown
    assert "aws_lambda_powertools" in shown


@pytest.fixture
def asked(monkeypatch):
    """The platforms that zips were asked for."""
    platforms = []

    def build(function, _settings, *, python, architecture, cache_dir):
        platforms.append((function, str(python), str(architecture)))
        return real(function, "{}", architecture="host", cache_dir=cache_dir)

    real = bundles.build
    monkeypatch.setattr(bundles, "build", build)
    return platforms


CLOUD = """
env: prod
functions:
  scraper: {python: "3.12", architecture: x86_64}
retailers: {shop: {hosts: [shop.example]}}
"""


@pytest.mark.parametrize(
    ("arguments", "scraper", "processor"),
    [
        ((), ("3.12", "x86_64"), ("3.13", "arm64")),
        (("--python", "3.14"), ("3.14", "x86_64"), ("3.14", "arm64")),
        (("--architecture", "arm64"), ("3.12", "arm64"), ("3.13", "arm64")),
    ],
)
def test_the_platform_is_the_configs_unless_another_is_named(
    run, asked, tmp_path, arguments, scraper, processor
):
    (tmp_path / "pricemon.yaml").write_text(CLOUD)
    run(*arguments)
    assert asked == [("scraper", *scraper), ("stream_processor", *processor)]


def test_for_the_embedded_aws_it_is_this_machine(run, asked):
    run()
    assert [architecture for _, _, architecture in asked] == ["host", "host"]
