"""What a function weighs and how long it takes to import. Prints; asserts the limits we set.

The zips are those for Lambda's arm64: on first use their wheels come from the package index.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from pricemon.cloud import bundle, zips

MB = 1_000_000
MOST = {"scraper": 6 * MB, "stream_processor": 2 * MB}
IMPORT_SECONDS = 0.3
"""The scraper's handler, beyond boto3, with nothing compiled beforehand: as in a cold start."""

RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")

TIMED = """
import sys, time, json
sys.path[:0] = {paths!r}
import boto3
start = time.perf_counter()
import lambda_src.{function}.handler
print(json.dumps(time.perf_counter() - start))
"""


@pytest.mark.parametrize("function", bundle.FUNCTIONS)
@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_size(tmp_path, function, architecture):
    cold = _timed_build(function, architecture, tmp_path)
    warm = _timed_build(function, architecture, tmp_path)
    made = bundle.build(function, "{}", architecture=architecture, cache_dir=tmp_path)
    largest = ", ".join(f"{s.name} {s.zipped / MB:.2f}" for s in zips.shares(made.path)[:5])
    print(  # noqa: T201 - what a benchmark has to say
        f"\n{function} {architecture}: {made.size / MB:.2f} MB, "
        f"{made.unzipped_size / MB:.2f} MB unzipped; built in {cold:.2f} s, unchanged in "
        f"{warm:.3f} s; largest: {largest}"
    )
    assert made.size <= MOST[function]


@pytest.mark.parametrize("function", bundle.FUNCTIONS)
def test_import_time(tmp_path, function):
    made = bundle.build(function, "{}", architecture="host", cache_dir=tmp_path / "cache")
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(tmp_path / "task")
    runtime = _runtime(tmp_path / "runtime")
    code = TIMED.format(paths=[str(tmp_path / "task"), str(runtime)], function=function)
    seconds = min(_import_seconds(code) for _ in range(5))
    said = f"\n{function}: imported in {seconds * 1000:.0f} ms beyond boto3"
    print(said)  # noqa: T201 - what a benchmark has to say
    assert seconds <= IMPORT_SECONDS


def _timed_build(function: str, architecture: str, cache: Path) -> float:
    start = time.perf_counter()
    bundle.build(function, "{}", architecture=architecture, cache_dir=cache)
    return time.perf_counter() - start


def _runtime(folder: Path) -> Path:
    """boto3 and what it needs, as Lambda's Python has them: compiled."""
    import boto3

    folder.mkdir()
    for name in RUNTIME:
        (folder / name).symlink_to(Path(boto3.__file__).parents[1] / name)
    return folder


def _import_seconds(code: str) -> float:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code],
        cwd="/",
        env={"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout))
