"""`pricemon demo`, end to end: it finds what it must, leaves what it says, and cleans up."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pricemon.local import embedded

pytestmark = pytest.mark.e2e


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PRICEMON_HOME", str(tmp_path))
    yield tmp_path
    embedded.reset(tmp_path / "demo" / "aws")


def pricemon(*argv):
    return subprocess.run(
        [sys.executable, "-m", "pricemon", *argv], capture_output=True, text=True, check=False
    )


def processes_of(folder):
    """Processes that work for the embedded AWS in `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
            if str(folder).encode() in command or (entry / "cwd").readlink().is_relative_to(folder):
                found.append(command)
        except OSError:
            continue
    return found


def test_the_demo_finds_every_drop_and_cleans_up(home):
    done = pricemon("demo", "--products", "60", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["true_drops"] > 0
    assert (report["found"], report["missed"], report["false"]) == (report["true_drops"], 0, 0)
    assert report["failures"]["accounted"] == report["failures"]["failed"] > 0
    assert set(report["failures"]["reasons"]) == {"gone", "no_price"}
    assert "✓ day 2: " in done.stderr

    config = str(home / "demo" / "pricemon.yaml")
    drop = next(line for line in report["drops"] if line["verdict"] == "found")
    after = pricemon("--config", config, "history", drop["product_id"], "--json")
    assert drop["shop"][1] in after.stdout

    assert json.loads(pricemon("demo", "--down", "--json").stdout) == {"removed": True}
    assert not (home / "demo").exists()
    assert json.loads(pricemon("demo", "--down", "--json").stdout) == {"removed": False}


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_interrupted_it_leaves_nothing_running(home):
    with subprocess.Popen(
        [sys.executable, "-m", "pricemon", "demo", "--products", "60"],
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr
        for line in running.stderr:
            if "import: " in line:
                running.send_signal(signal.SIGINT)
        assert running.wait() == 130
    assert processes_of(home) == []
