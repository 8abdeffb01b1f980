"""A function's zip: a slice of our tree, its pinned wheels and the settings, reproducibly.

The same sources, pins, settings and platform give the same bytes, and so the same `CodeSha256`, on
any machine and day: an unchanged function is not uploaded again. Zips and wheels are cached by what
is in them, so that an unchanged build needs no network.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pricemon
from pricemon.cloud import slices, wheels, zips
from pricemon.core.errors import PricemonError

FUNCTIONS = ("scraper", "stream_processor")
"""Of every stack."""

OPTIONAL = ("notifier",)
"""Of stacks whose config asks for them."""

UNZIPPED_LIMIT = 262_144_000
"""Bytes: 250 MiB, Lambda's bound on a function's files."""

_FORMAT = "1"
"""Part of the cache's keys: raise it when the same inputs shall give other bytes."""

_KEPT_SECONDS = 30 * 24 * 3600
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A function's zip on disk. Sizes in bytes; `sha256` as Lambda's `CodeSha256` writes it."""

    function: str
    path: Path
    sha256: str
    size: int
    unzipped_size: int

    @property
    def handler(self) -> str:
        """The handler, as Lambda wants it named."""
        return f"lambda_src.{self.function}.handler.handler"

    def read(self) -> bytes:
        """The zip itself."""
        return self.path.read_bytes()


def build(
    function: str,
    settings_json: str,
    *,
    python: str = "3.13",
    architecture: str = "arm64",
    cache_dir: Path,
) -> Bundle:
    """The zip of one of `FUNCTIONS` or `OPTIONAL`, from the cache where nothing has changed.

    `architecture` is `arm64`, `x86_64`, or `host` for the embedded AWS (whose Python is this one,
    whatever `python` says). Safe to run several times at once. Raises `PricemonError` when wheels
    can't be had, or when the function would be larger than Lambda takes.
    """
    host = architecture == wheels.HOST
    platform = wheels.Platform.host() if host else wheels.Platform(python, architecture)
    root = source_root()
    sources = slices.closure(root, f"lambda_src.{function}.handler")
    sources["settings.json"] = settings_json.encode()
    requirements = (root / "lambda_src" / function / "requirements.txt").read_text("utf-8")
    pins = wheels.pins(requirements, constraints().read_text("utf-8"), platform)

    path = cache_dir / "zips" / f"{function}-{_key(sources, wheels.identity(pins, platform))}.zip"
    bundle = _read(function, path)
    if bundle is None:
        own = (zips.Member.stored(name, content) for name, content in sources.items())
        with _writing(cache_dir):
            _write(path, [*own, *wheels.members(pins, platform, cache_dir)])
        bundle = _read(function, path)
    if bundle is None:
        raise PricemonError(f"{path} was damaged while it was written", hint="try again")
    if bundle.unzipped_size > UNZIPPED_LIMIT:
        raise _too_large(bundle)
    return bundle


def source_root() -> Path:
    """The folder that holds `pricemon` and `lambda_src`: a checkout, or where the wheel went."""
    return Path(pricemon.__file__).resolve().parents[1]


def constraints() -> Path:
    """The pins: beside the sources in a checkout, among the defaults in an installed wheel."""
    installed = source_root() / "pricemon" / "defaults" / "constraints.txt"
    return installed if installed.is_file() else source_root() / "constraints.txt"


def user_cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where this user's caches belong; in `PRICEMON_HOME` where that is set."""
    if chosen := environ.get("PRICEMON_HOME"):
        return Path(chosen).expanduser().absolute() / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pricemon"
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pricemon"


def _key(sources: Mapping[str, bytes], dependencies: str) -> str:
    digest = hashlib.sha256(f"{_FORMAT}\n{dependencies}\n".encode())
    for name, content in sorted(sources.items()):
        digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()[:32]


def _read(function: str, path: Path) -> Bundle | None:
    """The zip in the cache; `None` when there is none, or only a damaged one."""
    try:
        content = path.read_bytes()
        unzipped_size = zips.unzipped_size(path)
        os.utime(path)  # in use, so not to be forgotten
    except (FileNotFoundError, NotADirectoryError, zipfile.BadZipFile):
        return None
    return Bundle(
        function=function,
        path=path,
        sha256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
        size=len(content),
        unzipped_size=unzipped_size,
    )


def _write(path: Path, members: list[zips.Member]) -> None:
    """Write the zip beside its place and move it there whole, whoever else does the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _forget_old(path.parent)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as scratch:
        fresh = Path(scratch) / path.name
        zips.write(fresh, members)
        fresh.replace(path)


@contextmanager
def _writing(cache_dir: Path) -> Iterator[None]:
    """Say where the cache is when it can't be written to (no right to, disk full)."""
    try:
        yield
    except OSError as problem:
        raise PricemonError(
            f"the cache in {cache_dir} can't be written to: {problem.strerror or problem}",
            hint="make room or rights there, or set PRICEMON_HOME to a folder of your own",
        ) from problem


def _forget_old(folder: Path) -> None:
    """Remove zips that no build has come to for a month."""
    for path in folder.glob("*.zip"):
        with suppress(FileNotFoundError):  # another process forgets as well
            if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink()


def _too_large(bundle: Bundle) -> PricemonError:
    largest = ", ".join(
        f"{share.name} {share.unzipped / 1e6:.1f} MB" for share in zips.shares(bundle.path)[:_NAMED]
    )
    return PricemonError(
        f"{bundle.function} would take {bundle.unzipped_size / 1e6:.0f} MB unzipped, and Lambda "
        f"takes no more than {UNZIPPED_LIMIT / 1e6:.0f} MB. The largest: {largest}",
        hint=f"remove what it does not need from lambda_src/{bundle.function}/requirements.txt",
    )
