"""Downloads wheels with pip, or with the pip that uv brings where there is none."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from pricemon.core.errors import PricemonError

_OFFLINE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|Failed to establish a new"
    r"|Network is unreachable|failed to lookup address|dns error|error sending request"
)
_NO_WHEEL = re.compile(r"No matching distribution found for (\S+)")


def command() -> list[str]:
    """How to call pip here. Raises `PricemonError` when there is neither pip nor uv."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):
        return [uv, "run", "--no-project", "--quiet", "--with", "pip", "python", "-m", "pip"]
    if pip := shutil.which("pip3") or shutil.which("pip"):
        return [pip]
    raise PricemonError(
        "wheels for the functions can't be downloaded: there is neither pip nor uv here",
        hint=f"run `{sys.executable} -m ensurepip`, or install uv, and try again",
    )


def download(pins: list[str], folder: Path, options: list[str], platform: object) -> None:
    """Put one wheel for each pin into `folder`. The user's own pip configuration holds.

    Never builds from source: that would run a stranger's code, and for this machine's platform.
    Raises `PricemonError` when the index can't be reached or has no wheel for the platform.
    """
    done = subprocess.run(  # noqa: S603 - our own arguments, and no shell
        [
            *command(),
            "download",
            *("--no-input", "--disable-pip-version-check", "--quiet", "--retries", "2"),
            *("--no-deps", "--only-binary", ":all:", "--dest", str(folder)),
            *options,
            *pins,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise _explained(done.stdout + done.stderr, platform)


def _explained(output: str, platform: object) -> PricemonError:
    if _OFFLINE.search(output):
        return PricemonError(
            "wheels for the functions can't be downloaded: the package index can't be reached",
            hint="check the network and pip's configuration (`pip config list`); once built, the "
            "same zip needs no network",
        )
    if absent := _NO_WHEEL.search(output):
        return PricemonError(
            f"the package index has no wheel of {absent[1]} for {platform}",
            hint="choose another `architecture` or `python` for the functions, or another version "
            "in constraints.txt",
        )
    last = [line for line in output.strip().splitlines() if line][-1:] or ["it said nothing"]
    return PricemonError(
        f"pip could not download wheels for {platform}: {last[0].removeprefix('ERROR: ')}",
        hint="`pip config list` shows what configures pip here",
    )
