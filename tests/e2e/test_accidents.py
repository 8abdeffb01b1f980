"""What a person reads when the embedded AWS can't be had: one sentence, and what to do."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
import yaml

from pricemon.cli.app import _sentence
from pricemon.cli.context import Context
from pricemon.local import embedded, emulator

pytestmark = pytest.mark.e2e


@pytest.fixture
def config(tmp_path):
    """A config whose embedded AWS is the test's own, on a free port."""
    path = tmp_path / "pricemon.yaml"
    local = {"data_dir": str(tmp_path / "aws"), "port": emulator.free_port()}
    path.write_text(yaml.safe_dump({"local": local}), encoding="utf-8")
    yield path
    embedded.reset(tmp_path / "aws")


def pricemon(config, *argv):
    return subprocess.run(
        [sys.executable, "-m", "pricemon", "--config", str(config), *argv],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_taken_port_is_named(config):
    port = yaml.safe_load(config.read_text())["local"]["port"]
    with socket.create_server(("127.0.0.1", port)):
        done = pricemon(config, "plan")
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"port {port} is taken" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_killed_under_us_it_says_so_and_how_to_restart(config, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    mine = Context(config_path=config)
    sqs = mine.aws.client("sqs")
    sqs.list_queues()
    status = embedded.status(mine.config.local.data_dir)
    assert status.pid
    os.kill(status.pid, signal.SIGKILL)
    with pytest.raises(Exception, match=r".") as caught:
        sqs.list_queues()
    said = _sentence(caught.value)
    assert "does not answer" in said.message
    assert "pricemon local start" in (said.hint or "")
    shown = json.loads(pricemon(config, "local", "status", "--json").stdout)
    assert shown["state"] == "killed"
    again = pricemon(config, "plan")
    assert again.returncode == 0
    assert "was killed, and what it had not written is lost" in again.stderr
