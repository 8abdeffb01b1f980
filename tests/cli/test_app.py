"""The command line's shell: the shared options, the output, the one boundary for errors."""

import dataclasses
import json
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pricemon.cli import app as program
from pricemon.cli import context, render
from pricemon.core.errors import ExitCode, PricemonError, UsageError
from pricemon.core.model import Availability


@pytest.fixture
def app() -> typer.Typer:
    """A program with one command and one group, built the way ours is."""
    app = typer.Typer()
    group = typer.Typer()

    @app.callback()
    def root(ctx: typer.Context, json: bool = False) -> None:
        context.set_common(ctx, env=None, config=None, json=json, debug=None)

    @app.command()
    def show(ctx: typer.Context, number: int = 1) -> None:
        mine = context.current(ctx)
        mine.emit({"number": number, "env": mine.env_name}, lambda: f"number {number}")

    @group.command("deep")
    def deep(ctx: typer.Context) -> None:
        context.current(ctx).emit([1], lambda: "deep")

    app.add_typer(group, name="group")
    context.share_options(app)
    return app


@pytest.mark.parametrize(
    "argv",
    [
        ["--json", "show", "--number", "2", "--env", "prod"],
        ["show", "--number", "2", "--json", "--env", "prod"],
    ],
)
def test_common_options_stand_on_either_side(app, argv):
    """`pricemon --json up` and `pricemon up --json` are the same."""
    result = CliRunner().invoke(app, argv)
    assert json.loads(result.stdout) == {"number": 2, "env": "prod"}


def test_groups_have_the_common_options_too(app):
    """Every command takes --json, however deep."""
    assert CliRunner().invoke(app, ["group", "deep", "--json"]).stdout == "[\n  1\n]\n"
    assert CliRunner().invoke(app, ["group", "deep"]).stdout == "deep\n"


def test_help_shows_the_common_options(app):
    """A person who reads one command's help finds them."""
    shown = CliRunner().invoke(app, ["show", "--help"]).stdout
    assert all(option in shown for option in ("--env", "--config", "--json", "--debug"))


@dataclasses.dataclass
class _Sample:
    price: Decimal
    where: Path
    state: Availability


def test_json_has_money_as_decimal_strings():
    """A float would change prices; a dataclass, an enum and a path have one plain form."""
    sample = _Sample(Decimal("10.10"), Path("a/b"), Availability.IN_STOCK)
    assert render.plain({1: (sample, None, 2)}) == {
        "1": [{"price": "10.10", "where": "a/b", "state": "in_stock"}, None, 2]
    }


@pytest.mark.parametrize(
    ("problem", "code", "shown"),
    [
        (UsageError("bad file", hint="mend it"), 2, "error: bad file\nhint: mend it\n"),
        (PricemonError("it [broke]"), 1, "error: it [broke]\n"),
        (
            PricemonError("pending", exit_code=ExitCode.PENDING),
            3,
            "error: pending\n",
        ),
    ],
)
def test_an_error_is_a_sentence_a_hint_and_an_exit_code(monkeypatch, capsys, problem, code, shown):
    """No traceback, nothing on stdout, and square brackets are not markup."""

    def fail() -> None:
        raise problem

    monkeypatch.setattr(program, "app", fail)
    monkeypatch.setattr("sys.argv", ["pricemon"])
    with pytest.raises(SystemExit) as exit_:
        program.main()
    assert exit_.value.code == code
    assert capsys.readouterr() == ("", shown)


def test_an_unexpected_error_names_itself_and_debug_raises_it(monkeypatch, capsys):
    """A defect of ours is still one sentence; --debug shows where it is."""

    def fail() -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(program, "app", fail)
    monkeypatch.setattr("sys.argv", ["pricemon"])
    with pytest.raises(SystemExit) as exit_:
        program.main()
    assert exit_.value.code == ExitCode.FAILED
    assert "unexpected ZeroDivisionError: by zero" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["pricemon", "--debug"])
    with pytest.raises(ZeroDivisionError):
        program.main()
