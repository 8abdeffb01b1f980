"""The embedded AWS: an emulator, supervised as one background process per data folder.

Whether it runs is decided by a file lock that the process holds for as long as it lives, never by
a process id alone: a killed emulator frees the lock, a recycled id does not hold it. Two starts at
once are serialised by a second lock and end with one process.

Its state is written when it is stopped. Killed, it loses what it had not written (objects in S3
are written at once); `status` and the next start say so.
"""

from __future__ import annotations

import dataclasses
import fcntl
import os
import shutil
import signal
import subprocess
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pricemon.core.errors import PricemonError, UsageError
from pricemon.local import emulator
from pricemon.local.folder import (
    DEFAULT_PORT,
    Record,
    exclusive,
    is_alive,
    log_path,
    open_log,
    read,
    resolve,
    write,
)

LOST_STATE = (
    "the embedded AWS was killed, and what it had not written is lost; "
    "`pricemon up` makes the stack again, `pricemon archive restore` the history"
)
"""What to tell when `Endpoint.lost_state` is set."""

START_TIMEOUT = 30.0
STOP_TIMEOUT = 30.0
_POLL = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A running embedded AWS, and the credentials of its root user.

    `started` is true when this call started it; `lost_state` when the one before it was killed.
    """

    url: str
    region: str
    account: str
    access_key: str
    secret_key: str
    pid: int
    data_dir: Path
    started: bool = False
    lost_state: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`state` is `running`, `stopped`, `killed` (it ended without writing its state) or `hung`."""

    state: str
    data_dir: Path
    log: Path
    port: int
    url: str | None = None
    pid: int | None = None
    started_at: int | None = None
    version: str | None = None


def ensure_started(data_dir: Path | None = None, port: int | None = None) -> Endpoint:
    """Start the embedded AWS of `data_dir` unless it runs already, and wait until it answers.

    `port` defaults to the one `data_dir` was made with, else to 4577. Raises
    `PricemonError` for a port in use, an unwritable folder, a missing emulator, a failed start.
    """
    folder = resolve(data_dir)
    if emulator.installed_version() is None:
        raise PricemonError(
            "the embedded AWS is not installed", hint="pip install 'pricemon[local]'"
        )
    with exclusive(folder):
        record = read(folder) or Record()
        chosen = _choose_port(folder, port)
        if is_alive(folder):
            _wait_ready(folder, record)
            return _endpoint(folder, record)
        lost = record.pid is not None
        if lost:
            emulator.kill_workers(folder)
        record = _start(folder, chosen)
        return _endpoint(folder, record, started=True, lost_state=lost)


def stop(data_dir: Path | None = None, *, timeout: float = STOP_TIMEOUT) -> Status:
    """Stop the embedded AWS so that it writes its state; kill it after `timeout` seconds.

    Stopping what does not run is success. The `Status` returned is that before the call, except
    `killed` when the process had to be killed.
    """
    folder = resolve(data_dir)
    before = status(folder)
    if not folder.is_dir():
        return before
    with exclusive(folder):
        record = read(folder)
        if record is None:
            return before
        if not is_alive(folder) or record.pid is None:
            emulator.kill_workers(folder)
            write(folder, Record(port=record.port))
            return before
        killed = not _end(folder, record.pid, timeout)
        write(folder, Record(port=record.port))
    return dataclasses.replace(before, state="killed") if killed else before


def status(data_dir: Path | None = None) -> Status:
    """What is known of the embedded AWS of `data_dir`; starts and changes nothing."""
    folder = resolve(data_dir)
    record = read(folder) or Record()
    alive = is_alive(folder)
    if not alive:
        state = "stopped" if record.pid is None else "killed"
    else:
        state = "running" if emulator.answers(record.port, record.token) else "hung"
    return Status(
        state=state,
        data_dir=folder,
        log=log_path(folder),
        port=record.port,
        url=_url(record.port) if alive else None,
        pid=record.pid if alive else None,
        started_at=record.started_at if alive else None,
        version=record.version or emulator.installed_version(),
    )


def reset(data_dir: Path | None = None) -> Status:
    """Stop the embedded AWS and delete everything in it; the `Status` before the call."""
    folder = resolve(data_dir)
    before = status(folder)
    stop(folder, timeout=0.0)  # no time to write a state that is deleted next
    if folder.is_dir():
        with exclusive(folder):
            for name in ("state", "s3", "tmp"):
                shutil.rmtree(folder / name, ignore_errors=True)
            for name in ("emulator.json", "emulator.log", "emulator.log.1"):
                (folder / name).unlink(missing_ok=True)
    return before


def _url(port: int) -> str:
    return f"http://{emulator.HOST}:{port}"


def _endpoint(
    folder: Path, record: Record, *, started: bool = False, lost_state: bool = False
) -> Endpoint:
    return Endpoint(
        url=_url(record.port),
        region=emulator.REGION,
        account=emulator.ACCOUNT,
        access_key=emulator.ACCESS_KEY,
        secret_key=emulator.SECRET_KEY,
        pid=record.pid or 0,
        data_dir=folder,
        started=started,
        lost_state=lost_state,
    )


def _choose_port(folder: Path, port: int | None) -> int:
    """The port to use. Another than the saved state's would orphan the queues in it."""
    record = read(folder)
    if record is None:
        return port or DEFAULT_PORT
    if port is None or port == record.port:
        return record.port
    if not is_alive(folder) and not any(folder.glob("state/*")):
        return port
    raise UsageError(
        f"the embedded AWS in {folder} lives on port {record.port}, it can't move to {port}",
        hint=f"leave the port out, or begin anew: pricemon local reset, then start --port {port}",
    )


def _start(folder: Path, port: int) -> Record:
    try:
        free = _becomes_free(port)
    except PermissionError as problem:
        raise UsageError(
            f"port {port} may not be used by this user", hint="choose one above 1023: --port N"
        ) from problem
    if not free:
        raise PricemonError(
            f"port {port} is taken by another program",
            hint="choose another: pricemon local start --port N (or `local: port:` in the config)",
        )
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    for name in ("state", "s3", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    token = f"pricemon-{uuid.uuid4()}"
    with open_log(folder) as log, (folder / "emulator.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the child inherits it, and with it the lock
        process = subprocess.Popen(  # noqa: S603 - a constant command
            emulator.COMMAND,
            cwd=folder,
            env=emulator.environment(folder, port, token, os.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(lock.fileno(),),
            start_new_session=True,
        )
    record = Record(
        port=port,
        pid=process.pid,
        token=token,
        started_at=int(time.time() * 1000),
        version=emulator.installed_version(),
    )
    write(folder, record)
    try:
        _wait_ready(folder, record, process)
    except BaseException:  # an interrupt as well: leave no half-started process behind
        _kill(folder, process.pid)
        process.wait()
        write(folder, Record(port=port))
        raise
    process.returncode = 0  # it outlives us on purpose: no ResourceWarning about that
    return record


def _becomes_free(port: int) -> bool:
    """Whether the port is free; one whose process is just ending gets a second for it.

    A dying process may free its lock before its socket.
    """
    deadline = time.monotonic() + 1.0
    while not (free := emulator.port_is_free(port)) and time.monotonic() < deadline:
        time.sleep(_POLL)
    return free


def _wait_ready(
    folder: Path, record: Record, process: subprocess.Popen[bytes] | None = None
) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not emulator.answers(record.port, record.token):
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > deadline:
            verb = "ended at once" if ended else "does not answer"
            raise PricemonError(
                f"the embedded AWS {verb}: {_last_words(folder)}",
                hint=f"its log is {log_path(folder)}; `pricemon local stop` ends it for good",
            )
        time.sleep(_POLL)


def _last_words(folder: Path) -> str:
    with suppress(OSError):
        lines = log_path(folder).read_text(errors="replace").strip().splitlines()
        if lines:
            return lines[-1]
    return "it said nothing"


def _end(folder: Path, pid: int, timeout: float) -> bool:
    """End the process `pid`; whether it went by itself, its state written."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    clean = _wait_gone(folder, timeout)
    _kill(folder, pid)
    return clean


def _wait_gone(folder: Path, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while is_alive(folder) and time.monotonic() < deadline:
        time.sleep(_POLL)
    return not is_alive(folder)


def _kill(folder: Path, pid: int) -> None:
    """Kill the process and the functions' workers, which share its process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    emulator.kill_workers(folder)
    _wait_gone(folder, timeout=5.0)
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
