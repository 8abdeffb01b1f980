"""The data folder of an embedded AWS: where it is, what runs in it, who may start it.

emulator.json   the last run (`Record`)        state/  s3/   what the emulator keeps
emulator.lock   held by the running process    tmp/          the functions' unpacked zips
start.lock      held while starting, stopping  emulator.log  and .log.1, the runs before
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from pricemon.core.errors import PricemonError

DEFAULT_PORT = 4577
_LOG_LIMIT = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The last run. A `pid` says it was not stopped: with the lock free, it was killed.

    The port outlives the process, because the queue URLs in the saved state contain it.
    """

    port: int = DEFAULT_PORT
    pid: int | None = None
    token: str = ""
    started_at: int | None = None
    version: str | None = None


def home() -> Path:
    """The user's data folder for pricemon: `PRICEMON_HOME`, else the platform's own place."""
    if chosen := os.environ.get("PRICEMON_HOME"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "pricemon"
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "pricemon"


def resolve(data_dir: Path | None) -> Path:
    """`data_dir` made absolute; by default the folder `local` below `home()`."""
    return (data_dir or home() / "local").expanduser().absolute()


def log_path(data_dir: Path | None = None) -> Path:
    """The emulator's log; the runs before lie beside it as `emulator.log.1` once it is long."""
    return resolve(data_dir) / "emulator.log"


def open_log(folder: Path) -> IO[bytes]:
    """The log for appending; put aside first when it has grown long."""
    log = log_path(folder)
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def read(folder: Path) -> Record | None:
    """The last run, or `None` when there was none that can be read."""
    try:
        return Record(**json.loads((folder / "emulator.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(folder: Path, record: Record) -> None:
    """Replace the record of the last run in one step."""
    fresh = folder / "emulator.json.new"
    fresh.write_text(json.dumps(asdict(record)), encoding="utf-8")
    fresh.replace(folder / "emulator.json")


def is_alive(folder: Path) -> bool:
    """Whether a process holds the emulator's lock. The shared probe disturbs no other probe."""
    try:
        with (folder / "emulator.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@contextmanager
def exclusive(
    folder: Path, *, name: str = "start.lock", busy: PricemonError | None = None
) -> Iterator[None]:
    """Hold a lock of `folder`, which is made; wait for it, unless `busy` is to be raised instead.

    Raises `PricemonError` if the folder can't be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / name).open("a")
    except OSError as problem:
        raise PricemonError(
            f"the folder {folder} can't be written: {problem.strerror}",
            hint="set PRICEMON_HOME to a folder that can",
        ) from problem
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            if busy:
                raise busy from None
            raise
        yield
