"""The embedded AWS as a process: one of it, found again, stopped cleanly, honest when killed."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from pricemon.core.errors import PricemonError, UsageError
from pricemon.local import embedded, emulator
from pricemon.local.folder import home, is_alive, log_path, open_log

on_linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc")


def client(endpoint, service):
    return boto3.client(
        service,
        endpoint_url=endpoint.url,
        region_name=endpoint.region,
        aws_access_key_id=endpoint.access_key,
        aws_secret_access_key=endpoint.secret_key,
    )


def kill(endpoint):
    """Kill it as the system would under memory pressure, and wait until it is gone."""
    os.kill(endpoint.pid, signal.SIGKILL)
    with (endpoint.data_dir / "emulator.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # held by the process until its end


def test_starts_once_and_is_found_again(data_dir, free_port):
    first = embedded.ensure_started(data_dir, free_port)
    again = embedded.ensure_started(data_dir)
    assert (first.started, again.started) == (True, False)
    assert again.pid == first.pid
    assert first.url == f"http://127.0.0.1:{free_port}"
    assert embedded.status(data_dir).state == "running"


def test_concurrent_starts_end_with_one_process(data_dir, free_port):
    gate = threading.Barrier(4)

    def start(_):
        gate.wait()
        return embedded.ensure_started(data_dir, free_port)

    with ThreadPoolExecutor(4) as pool:
        endpoints = list(pool.map(start, range(4)))
    assert len({e.pid for e in endpoints}) == 1
    assert [e.started for e in endpoints].count(True) == 1


def test_a_clean_stop_keeps_the_state_and_the_port(data_dir, free_port):
    endpoint = embedded.ensure_started(data_dir, free_port)
    url = client(endpoint, "sqs").create_queue(QueueName="kept")["QueueUrl"]
    embedded.stop(data_dir)
    assert embedded.status(data_dir).state == "stopped"
    with pytest.raises(ProcessLookupError):
        os.killpg(endpoint.pid, 0)
    again = embedded.ensure_started(data_dir)
    assert not again.lost_state
    assert client(again, "sqs").list_queues()["QueueUrls"] == [url]


def test_a_killed_one_is_told_from_a_stopped_one(data_dir, free_port):
    kill(embedded.ensure_started(data_dir, free_port))
    assert embedded.status(data_dir).state == "killed"
    again = embedded.ensure_started(data_dir)
    assert again.started
    assert again.lost_state


def test_a_recycled_pid_is_not_mistaken_for_it(data_dir, free_port):
    """The record names a live process (this one); without the lock it counts for nothing."""
    endpoint = embedded.ensure_started(data_dir, free_port)
    kill(endpoint)
    record = data_dir / "emulator.json"
    record.write_text(record.read_text().replace(str(endpoint.pid), str(os.getpid())))
    assert embedded.status(data_dir).state == "killed"
    assert embedded.stop(data_dir).state == "killed"
    assert embedded.status(data_dir).state == "stopped"


def test_stop_kills_what_does_not_stop(data_dir, free_port):
    endpoint = embedded.ensure_started(data_dir, free_port)
    os.kill(endpoint.pid, signal.SIGSTOP)
    assert embedded.stop(data_dir, timeout=0.2).state == "killed"
    assert not is_alive(data_dir)


def test_stop_and_status_of_nothing(data_dir):
    assert embedded.stop(data_dir).state == "stopped"
    assert embedded.status(data_dir).state == "stopped"
    assert not data_dir.exists()


def test_reset_leaves_nothing_behind(data_dir, free_port):
    endpoint = embedded.ensure_started(data_dir, free_port)
    s3 = client(endpoint, "s3")
    s3.create_bucket(Bucket="gone")
    embedded.reset(data_dir)
    assert sorted(p.name for p in data_dir.iterdir()) == ["emulator.lock", "start.lock"]
    again = embedded.ensure_started(data_dir, free_port)
    assert client(again, "s3").list_buckets()["Buckets"] == []


def test_a_taken_port_is_named_with_the_remedy(data_dir):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PricemonError, match=f"port {port} is taken") as caught:
            embedded.ensure_started(data_dir, port)
    assert "--port" in (caught.value.hint or "")


def test_the_port_of_saved_state_can_not_be_changed(data_dir, free_port):
    embedded.ensure_started(data_dir, free_port)
    with pytest.raises(UsageError, match=f"lives on port {free_port}"):
        embedded.ensure_started(data_dir, free_port + 1)


def test_an_unwritable_folder_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(PricemonError, match="can't be written") as caught:
        embedded.ensure_started(blocked / "aws")
    assert "PRICEMON_HOME" in (caught.value.hint or "")


def test_a_missing_emulator_is_said_with_the_command(data_dir, monkeypatch):
    monkeypatch.setattr(emulator, "installed_version", lambda: None)
    with pytest.raises(PricemonError, match="not installed") as caught:
        embedded.ensure_started(data_dir)
    assert caught.value.hint == "pip install 'pricemon[local]'"


def test_one_that_ends_at_once_says_its_last_words(data_dir, free_port, monkeypatch):
    command = (sys.executable, "-c", "raise SystemExit('no luck today')")
    monkeypatch.setattr(emulator, "COMMAND", command)
    with pytest.raises(PricemonError, match="ended at once: no luck today"):
        embedded.ensure_started(data_dir, free_port)
    assert embedded.status(data_dir).state == "stopped"


def test_an_interrupted_start_leaves_no_process(data_dir, free_port, monkeypatch):
    def interrupt(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(emulator, "answers", interrupt)
    with pytest.raises(KeyboardInterrupt):
        embedded.ensure_started(data_dir, free_port)
    assert not is_alive(data_dir)


def test_it_outlives_the_program_that_started_it(data_dir, free_port):
    code = (
        "import sys, pathlib; from pricemon.local import embedded;"
        "print(embedded.ensure_started(pathlib.Path(sys.argv[1]), int(sys.argv[2])).pid)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(data_dir), str(free_port)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert embedded.status(data_dir).pid == int(done.stdout)
    assert embedded.status(data_dir).state == "running"


def test_the_callers_secrets_stay_out_of_its_environment(data_dir):
    caller = {
        "PATH": "/bin",
        "AWS_PROFILE": "work",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_ENDPOINT_URL": "http://elsewhere",
        "GITHUB_TOKEN": "t0ken",
        "HTTPS_PROXY": "http://proxy",
        "PYTHONPATH": "/somewhere",
    }
    seen = emulator.environment(data_dir, 4577, "token", caller)
    assert seen["PATH"] == "/bin"
    assert not {"s3cret", "t0ken", "work", "http://elsewhere", "http://proxy"} & {*seen.values()}
    assert "PYTHONPATH" not in seen
    assert (seen["AUTH"], seen["BIND_HOST"]) == ("true", "127.0.0.1")


@on_linux
def test_only_loopback_on_its_one_port_listens(data_dir, free_port):
    endpoint = embedded.ensure_started(data_dir, free_port)
    for service, operation in {
        "cloudwatch": "describe_alarms",
        "dynamodb": "list_tables",
        "lambda": "list_functions",
        "logs": "describe_log_groups",
        "s3": "list_buckets",
        "scheduler": "list_schedules",
        "sns": "list_topics",
        "sqs": "list_queues",
    }.items():
        getattr(client(endpoint, service), operation)()  # loads it
    assert _listeners(endpoint.pid) == {("127.0.0.1", free_port)}


def _listeners(group):
    """(address, port) of every listening TCP socket of a process group."""
    inodes = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                inodes |= {str(fd.readlink()) for fd in (entry / "fd").iterdir()}
        except OSError:
            continue  # it ended meanwhile, or is another user's
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        for fields in (line.split() for line in lines):
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                address, port = fields[1].split(":")
                packed = b"".join(
                    bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8)
                )
                found.add((socket.inet_ntop(family, packed), int(port, 16)))
    return found


def test_a_long_log_is_put_aside(data_dir):
    data_dir.mkdir()
    log_path(data_dir).write_bytes(b"x" * 6_000_000)
    open_log(data_dir).close()
    assert log_path(data_dir).stat().st_size == 0
    assert (data_dir / "emulator.log.1").stat().st_size == 6_000_000


def test_the_users_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("PRICEMON_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("PRICEMON_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home().name == "pricemon"
