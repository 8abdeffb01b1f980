"""The wheel carries all that `up` needs: it must work where there is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

BUNDLE = """
from pathlib import Path
import pricemon
from pricemon import config
from pricemon.cloud import bundle
settings = config.load(None, None).settings().to_json()
for name in bundle.FUNCTIONS:
    made = bundle.build(name, settings, architecture="host", cache_dir=Path("cache"))
    print(Path(pricemon.__file__).parents[1], name, made.size)
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy of the sources so that nothing is left in them."""
    copy = tmp_path_factory.mktemp("sources") / "checkout"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "constraints.txt"):
        shutil.copy(ROOT / name, copy)
    for name in ("pricemon", "lambda_src", "config"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=copy)
    (built,) = out.glob("*.whl")
    return built


def _run(*command: object, cwd: Path, **environ: str) -> str:
    clean = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**clean, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_the_functions_and_the_defaults(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "lambda_src/scraper/handler.py",
        "lambda_src/scraper/requirements.txt",
        "lambda_src/stream_processor/handler.py",
        "lambda_src/stream_processor/requirements.txt",
        "pricemon/defaults/constraints.txt",
        "pricemon/defaults/pricemon.yaml",
        "pricemon/defaults/products.csv",
        "pricemon/defaults/reference.yaml",
        "pricemon/py.typed",
    } <= names
    assert {name.partition("/")[0] for name in names} == {
        "lambda_src",
        "pricemon",
        next(name.partition("/")[0] for name in names if ".dist-info/" in name),
    }


def test_the_functions_are_bundled_from_the_wheel_in_an_empty_folder(wheel, tmp_path):
    """Unpacked, which is what installing a pure wheel is; the dependencies are those installed."""
    site, folder = tmp_path / "site", tmp_path / "empty"
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    lines = _run(sys.executable, "-c", BUNDLE, cwd=folder, PYTHONPATH=str(site)).splitlines()
    assert [line.split()[:2] for line in lines] == [
        [str(site), "scraper"],
        [str(site), "stream_processor"],
    ]


@pytest.mark.reliability
def test_the_wheel_installs_into_an_empty_environment_and_bundles_there(wheel, tmp_path):
    """As a user does it: pip, the newest dependencies, no checkout in sight. Uses the network."""
    environment, folder = tmp_path / "venv", tmp_path / "empty"
    folder.mkdir()
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    _run(python, "-m", "pip", "install", "--quiet", f"{wheel}[local]", cwd=folder)
    lines = _run(python, "-P", "-c", BUNDLE, cwd=folder).splitlines()
    assert [line.split()[1] for line in lines] == ["scraper", "stream_processor"]
    assert all(line.startswith(str(environment)) for line in lines)
    assert "bundle" in _run(environment / "bin" / "pricemon", "--help", cwd=folder)
