"""The functions as Lambda has them: unpacked zips, a clean interpreter, and boto3 beside it.

The zips are built for this machine, from what is installed here: no network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pricemon.cloud import bundle
from pricemon.core.settings import RetailerSettings, Settings

SETTINGS = Settings(
    env="test", retailers={"shop": RetailerSettings(name="shop", hosts=("shop.example",))}
)

ALL = (*bundle.FUNCTIONS, *bundle.OPTIONAL)

RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
"""What Lambda's Python brings: boto3 and what it needs."""

UNWANTED = {"typer", "click", "rich", "pydantic", "pydantic_core", "yaml", "packaging"}
"""The command line's libraries: slow to import and of no use in a function."""

MB = 1_000_000

PROBE = """
import sys
sys.path[:0] = {paths!r}
import importlib, json
handler = importlib.import_module("lambda_src.{function}.handler")
settings = importlib.import_module("pricemon.core.settings").Settings.bundled()
print(json.dumps({{
    "callable": callable(handler.handler),
    "env": settings.env,
    "modules": {{n: getattr(m, "__file__", None) for n, m in sys.modules.items()}},
}}))
"""


@pytest.fixture(scope="session")
def zips(tmp_path_factory) -> dict[str, bundle.Bundle]:
    cache = tmp_path_factory.mktemp("cache")
    return {
        name: bundle.build(name, SETTINGS.to_json(), architecture="host", cache_dir=cache)
        for name in ALL
    }


@pytest.fixture(scope="session")
def runtime(tmp_path_factory) -> Path:
    """A folder with what Lambda's Python brings, and nothing else that is installed here."""
    import boto3

    site = Path(boto3.__file__).parents[1]
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME:
        (folder / name).symlink_to(site / name)
    return folder


@pytest.fixture(params=ALL)
def imported(request, zips, runtime, tmp_path) -> dict[str, Any]:
    """What a clean interpreter says after it imported the handler from its unpacked zip."""
    with zipfile.ZipFile(zips[request.param].path) as archive:
        archive.extractall(tmp_path)
    code = PROBE.format(paths=[str(tmp_path), str(runtime)], function=request.param)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", code],
        cwd="/",
        env={"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "PATH": "/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {"root": str(tmp_path), **json.loads(done.stdout)}


def test_the_handler_is_imported_from_its_unpacked_zip(imported):
    assert imported["callable"]
    assert imported["env"] == "test"
    ours = {
        file
        for name, file in imported["modules"].items()
        if file and name.partition(".")[0] in {"pricemon", "lambda_src"}
    }
    assert ours
    assert all(file.startswith(imported["root"]) for file in ours)


def test_the_handler_pulls_in_nothing_of_the_command_line(request, imported):
    unwanted = UNWANTED - ({"yaml"} if "notifier" in request.node.name else set())  # apprise's own
    assert {name.partition(".")[0] for name in imported["modules"]} & unwanted == set()


@pytest.mark.parametrize("imported", ["scraper"], indirect=True)
def test_pages_are_fetched_with_our_urllib3_not_the_runtimes(imported):
    assert imported["modules"]["urllib3"].startswith(imported["root"])


@pytest.mark.parametrize(
    ("function", "most"), [("scraper", 6 * MB), ("stream_processor", 2 * MB), ("notifier", 6 * MB)]
)
def test_the_zip_is_small(zips, function, most):
    assert zips[function].size <= most


@pytest.mark.parametrize("function", ALL)
def test_the_zip_holds_no_leavings(zips, function):
    with zipfile.ZipFile(zips[function].path) as archive:
        names = archive.namelist()
    assert [
        n for n in names if "__pycache__" in n or n.endswith((".pyc", "requirements.txt"))
    ] == []
    assert [n for n in names if ".dist-info/" in n] == []
    assert "settings.json" in names


@pytest.mark.parametrize("function", ALL)
def test_another_place_time_zone_umask_and_locale_give_the_same_bytes(zips, tmp_path, function):
    """From a copy of the sources with other times and modes, by a process with other habits."""
    root = tmp_path / "elsewhere"
    source = bundle.source_root()
    for name in ("pricemon", "lambda_src"):
        shutil.copytree(source / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(bundle.constraints(), root / "constraints.txt")
    for path in root.rglob("*.py"):
        path.chmod(0o600)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    code = (
        "import os, sys; from pathlib import Path; os.umask(0o077)\n"
        f"sys.path.insert(0, {str(root)!r})\n"
        "from pricemon.cloud import bundle\n"
        f"assert bundle.source_root() == Path({str(root)!r})\n"
        f"made = bundle.build({function!r}, {SETTINGS.to_json()!r}, architecture='host',"
        f" cache_dir=Path({str(tmp_path / 'cache')!r}))\n"
        "print(made.sha256)"
    )
    environ = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "7", "PATH": "/bin"}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == zips[function].sha256
