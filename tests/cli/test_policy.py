"""`pricemon policy`: the documents that the stack applies, printed."""

import json

import pytest
import typer
from typer.testing import CliRunner

from pricemon import config
from pricemon.cli import context
from pricemon.cli.policy import Whose, policy
from pricemon.cloud import bundle, stack
from pricemon.cloud.deployer import MANAGED_LIMIT
from pricemon.cloud.session import Aws
from pricemon.local import embedded

CONFIG = """
region: eu-west-1
retailers: {shop: {hosts: [shop.example], proxy: "ssm:/pricemon/proxy"}}
subscriptions:
  - {protocol: https, endpoint: "ssm:/pricemon/webhook"}
environments:
  prod: {}
  prod-in-twenty-chars: {}
"""
ACCOUNT = "123456789012"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`pricemon policy` without credentials, and with no AWS to be started."""
    (tmp_path / "pricemon.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(embedded, "ensure_started", None)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(policy)
    context.share_options(app)

    def invoke(*arguments):
        return CliRunner().invoke(app, arguments, catch_exceptions=False)

    return invoke


@pytest.mark.parametrize("whose", list(Whose))
def test_each_is_one_json_document(run, whose):
    document = json.loads(run(whose, "--env", "prod", "--account", ACCOUNT).stdout)
    assert document["Version"] == "2012-10-17"
    assert {s["Effect"] for s in document["Statement"]} == {"Allow"}
    assert f":{ACCOUNT}:" in json.dumps(document)


def _no_bundle(function: str) -> bundle.Bundle:
    raise AssertionError(function)


def test_the_scrapers_is_the_one_that_up_applies(run):
    printed = json.loads(run("scraper", "--env", "prod", "--account", ACCOUNT).stdout)

    class There(Aws):
        caller = f"arn:aws:iam::{ACCOUNT}:root"
        account = ACCOUNT

    wanted = config.loads(CONFIG, "prod").model_copy(update={"subscriptions": ()})
    built = stack.build(wanted, aws=There(region="eu-west-1"), bundles=_no_bundle)
    resources = built.resources
    (scraper,) = [r for r in resources if r.name == "price-scraper-prod" and r.kind == "function"]
    assert scraper.dependencies()["role/price-monitor-scraper-prod"].policy == printed  # type: ignore[attr-defined]


def test_secrets_may_be_read_where_the_config_names_them(run):
    def secrets(whose):
        document = json.loads(run(whose, "--env", "prod", "--account", ACCOUNT).stdout)
        return [s["Resource"] for s in document["Statement"] if s["Sid"] == "Secrets"]

    assert secrets("scraper") == [[f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/pricemon/proxy"]]
    assert secrets("deployer") == [[f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/pricemon/webhook"]]
    assert secrets("stream-processor") == []


def test_another_partition_and_region(run):
    place = ("--account", ACCOUNT, "--region", "cn-north-1", "--partition", "aws-cn")
    text = run("deployer", "--env", "prod", *place).stdout
    assert "arn:aws-cn:lambda:cn-north-1:" in text
    assert "arn:aws:" not in text


def test_the_embedded_aws_is_not_started_for_it(run):
    assert ":000000000000:table/price-monitor-local" in run("deployer").stdout


def test_a_document_too_long_for_one_managed_policy_is_still_printed_and_said_to_be(run):
    place = ("--account", ACCOUNT, "--region", "us-gov-west-1", "--partition", "aws-us-gov")
    result = run("deployer", "--env", "prod-in-twenty-chars", *place)
    compact = json.dumps(json.loads(result.stdout), separators=(",", ":"))
    assert len(compact) > MANAGED_LIMIT
    assert f"{len(compact)} characters are too long for one managed policy" in result.stderr
