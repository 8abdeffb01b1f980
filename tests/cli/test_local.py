"""`pricemon local`: the embedded AWS from the command line."""

import json

import pytest
import typer
from typer.testing import CliRunner

from pricemon.cli import context, local
from pricemon.core.errors import UsageError
from pricemon.local import embedded, emulator
from pricemon.local.folder import log_path


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "aws"
    yield folder
    embedded.reset(folder)


@pytest.fixture
def run(data_dir):
    """Run `pricemon local …` on the test's own folder; the JSON document it prints."""
    program = typer.Typer()
    program.add_typer(local.app, name="local")
    program.command("other")(lambda: None)
    context.share_options(program)

    def run(*argv, text=False):
        format_ = [] if text else ["--json"]
        command = ["local", *argv, "--data-dir", str(data_dir), *format_]
        done = CliRunner().invoke(program, command, catch_exceptions=False)
        return done.stdout if text else json.loads(done.stdout)

    return run


def test_start_status_stop(run, data_dir):
    port = str(emulator.free_port())
    started = run("start", "--port", port)
    assert started["url"] == f"http://127.0.0.1:{port}"
    assert started["started"]
    assert not run("start")["started"]
    assert run("status")["state"] == "running"
    assert str(started["pid"]) in run("status", text=True)
    assert run("stop") == {"before": "running", "state": "stopped"}
    assert run("status")["state"] == "stopped"


def test_logs_are_its_last_words(run, data_dir):
    data_dir.mkdir()
    log_path(data_dir).write_text("".join(f"line {n}\n" for n in range(100)))
    assert run("logs", "-n", "2")["lines"] == ["line 98", "line 99"]
    assert run("logs", "-n", "1", text=True) == "line 99\n"


def test_reset_asks_first(run):
    with pytest.raises(UsageError) as caught:
        run("reset")
    assert "--yes" in (caught.value.hint or "")
    assert run("reset", "--yes") == {"before": "stopped", "state": "empty"}
