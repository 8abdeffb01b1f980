"""The emulator as a child process: its command, its environment, its health.

Everything that is particular to ministack is here; `pricemon.local.embedded` supervises it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "000000000000"
ACCESS_KEY = SECRET_KEY = "test"  # noqa: S105 - the emulator's published root credentials

SERVICES = (
    "cloudwatch",
    "dynamodb",
    "dynamodbstreams",
    "iam",
    "lambda",
    "logs",
    "s3",
    "scheduler",
    "sns",
    "sqs",
    "ssm",
    "sts",
    "tagging",
)

_UNASSIGNED = (20_000, 32_000)
"""Ports of neither kind: registered to few services, and not ephemeral on any common system."""

# What the emulator, and through it every function, may see of the caller's environment. The rest
# (AWS settings, tokens, proxies, PYTHONPATH) would leak secrets or change what the functions do.
_PASSED_ON = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE")

# -P: nothing is imported from where the process happens to run.
COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("emulator_main.py")))


def installed_version() -> str | None:
    """The installed emulator's version, or `None`."""
    try:
        return version("ministack")
    except PackageNotFoundError:
        return None


def environment(
    data_dir: Path, port: int, token: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """The process environment: loopback only, IAM enforced, all files below `data_dir`.

    `token` comes back in the health answer, so that another process on the port is not mistaken
    for this one.
    """
    kept = {key: environ[key] for key in _PASSED_ON if key in environ}
    return kept | {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_EDITION": token,
        "SERVICES": ",".join(SERVICES),
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(data_dir / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(data_dir / "s3"),
        "TMPDIR": str(data_dir / "tmp"),
        # listeners and daemons nobody asked for
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{data_dir / 'no-docker'}",
        # the functions' clients must find the emulator and nothing of the user's
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }


def answers(port: int, token: str, *, timeout: float = 2.0) -> bool:
    """Whether the emulator started with `token` is ready on `port`."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", "/_ministack/health")
        document = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(document, dict) and document.get("edition") == token


def port_is_free(port: int) -> bool:
    """Whether `port` can be listened on. Raises `PermissionError` for a privileged port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody uses, below those that systems hand out for outgoing connections.

    One of theirs could be somebody's when the emulator is started again.
    """
    dice = random.SystemRandom()
    return next(
        port for port in iter(lambda: dice.randrange(*_UNASSIGNED), None) if port_is_free(port)
    )


def kill_workers(data_dir: Path) -> int:
    """Kill the functions' processes that outlived their emulator; the number killed.

    They are told by their script, which lies below `data_dir/tmp`. Without /proc (macOS) nothing
    is done: a worker ends by itself when its invocation does, because its stdin has closed.
    """
    marker = os.fsencode(data_dir / "tmp") + b"/"
    killed = 0
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if marker in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)
                killed += 1
    return killed
