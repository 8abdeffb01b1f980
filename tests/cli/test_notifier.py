"""`notifier set`: the URL goes into the parameter, and is shown to nobody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import typer
from moto import mock_aws
from typer.testing import CliRunner, Result

from pricemon import config
from pricemon.cli import context, notifier
from pricemon.core.errors import UsageError

URL = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
CONFIG = config.loads("notifier: {urls: [ssm:/pricemon/slack]}")


class Aws:
    """The session of a command: here, of moto."""

    def __init__(self) -> None:
        self.ssm: Any = boto3.Session("testing", "testing", region_name="eu-west-1").client("ssm")

    def client(self, _: str) -> Any:
        return self.ssm


@pytest.fixture
def aws() -> Iterator[Aws]:
    with mock_aws():
        yield Aws()


@pytest.fixture
def run(aws: Aws) -> Callable[..., Result]:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.add_typer(notifier.app, name="notifier")
    context.share_options(app)

    def invoke(*arguments: str, stdin: str = URL + "\n") -> Result:
        mine = context.Context()
        vars(mine).update(aws=aws, config=CONFIG)
        result = CliRunner().invoke(app, ["notifier", "set", *arguments], obj=mine, input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def stored(aws: Aws, name: str) -> tuple[str, str]:
    found = aws.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    return found["Type"], found["Value"]


def test_the_url_is_stored_securely_and_not_shown(run, aws):
    shown = run("ssm:/pricemon/slack", "--json")
    assert stored(aws, "/pricemon/slack") == ("SecureString", URL)
    document = {"parameter": "/pricemon/slack", "scheme": "slack", "in_config": True}
    assert json.loads(shown.stdout) == document
    assert "T1JJ3T3L2" not in shown.output
    run("/pricemon/slack", stdin="ntfy://prices")
    assert stored(aws, "/pricemon/slack")[1] == "ntfy://prices"


def test_a_parameter_that_the_config_does_not_name_is_said_to_be_missing_there(run):
    assert "notifier: {urls: [ssm:/pricemon/other]}" in run("ssm:/pricemon/other").stderr


@pytest.mark.parametrize("given", ["", "T1JJ3T3L2", "slack://", "slack://a b"])
def test_what_is_no_url_is_refused_and_not_repeated(run, aws, given):
    with pytest.raises(UsageError) as refused:
        run("ssm:/pricemon/slack", stdin=given)
    assert refused.value.message == "that is no Apprise URL"
    assert aws.ssm.describe_parameters()["Parameters"] == []


@pytest.mark.parametrize("name", ["slack", "env:SLACK", "ssm:slack", URL])
def test_what_is_no_parameter_is_refused(run, name):
    with pytest.raises(UsageError) as refused:
        run(name)
    assert refused.value.message == "that is no name of a parameter"
