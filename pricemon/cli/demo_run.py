"""The demo's steps: a shop, the embedded AWS, the monitor, two days of prices, and the accounts.

Everything lies in a folder of its own, apart from the user's `local` environment: the config that
was used, the catalogue, the embedded AWS's state, the report. Nothing of it is simulated; the
alerts come from a queue subscribed to the topic, the failures from the dead-letter queue.
"""

from __future__ import annotations

import fcntl
import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import yaml

from pricemon.cli import demo_report, render, scrape
from pricemon.cli.context import Context
from pricemon.cli.demo_report import Report, Sweep
from pricemon.core.errors import PricemonError
from pricemon.local import embedded
from pricemon.local.folder import home
from pricemon.local.shop import Shop

if TYPE_CHECKING:
    from pricemon.core.model import Alert

SUBSCRIBER = "pricemon-demo-subscriber"
SWEEP_TIMEOUT = 900.0
_POLL = 0.5
_PATIENCE = 60.0
"""Seconds without any new alert after which those still missing are called missed."""
_QUIET = 4.0
"""Seconds without any further alert, once all are there, after which there is none."""


class Watcher(Protocol):
    """Who is told how far the demo is."""

    def step(self, text: str) -> None:
        """A step begins."""

    def progress(self, ended: int, total: int | None, note: str) -> None:
        """How far the step is."""

    def done(self, text: str) -> None:
        """The step ended, thus."""


def folder() -> Path:
    """Where the demo keeps everything."""
    return home() / "demo"


def run(*, products: int, seed: int, watcher: Watcher) -> Report:
    """Run the whole demo; the embedded AWS stays up to be looked at.

    Interrupted or failed, it stops everything that it started.
    """
    began = time.monotonic()
    place = folder()
    with _alone(place), _terminable(), Shop(seed, products) as shop:
        try:
            mine = _prepare(place, shop, watcher)
            _up(mine, watcher)
            _import(mine, shop, watcher)
            first = sweep(mine, "day 1", watcher)
            troubles = shop.unreadable()
            shop.advance()
            second = sweep(mine, "day 2", watcher)
            runs = ((first, troubles), (second, shop.unreadable()))
            comparison = _alerts(mine, shop, watcher)
            failures = _failures(mine, runs, watcher)
        except BaseException:
            embedded.stop(place / "aws", timeout=5.0)
            raise
    report = Report(
        products=products,
        seed=seed,
        config=mine.config_path or place,
        sweeps=(first, second),
        comparison=comparison,
        failures=failures,
        seconds=time.monotonic() - began,
    )
    text = json.dumps(render.plain(report.plain()), indent=2, ensure_ascii=False)
    (place / "report.json").write_text(text + "\n", encoding="utf-8")
    return report


def down() -> bool:
    """Stop the demo's embedded AWS and delete all of the demo's files; whether there were any."""
    place = folder()
    if not place.exists():
        return False
    with _alone(place):
        embedded.reset(place / "aws")
        for name in ("pricemon.yaml", "products.jsonl", "report.json"):
            (place / name).unlink(missing_ok=True)
        for name in ("emulator.lock", "start.lock"):
            (place / "aws" / name).unlink(missing_ok=True)
        if (place / "aws").exists():
            (place / "aws").rmdir()
    (place / "demo.lock").unlink()
    place.rmdir()
    return True


def sweep(mine: Context, name: str, watcher: Watcher) -> Sweep:
    """Scrape the whole catalogue through the queue, and wait for the last job."""
    from pricemon.core import messages, runs

    watcher.step(f"{name}: scraping everything")
    began = time.monotonic()
    request = messages.fan_out(time.time_ns() // 1_000_000)
    scrape.send(mine, request)
    while True:
        state = runs.get(mine.table, request.run_id)
        if state is not None:
            ended = state.done + state.failed
            total = state.dispatched if state.fanned_out else None
            watcher.progress(ended, total, f"{state.failed:,} failed")
            if state.complete:
                break
        if time.monotonic() - began > SWEEP_TIMEOUT:
            raise PricemonError(
                f"{name}: not every job has ended after {SWEEP_TIMEOUT:g} s",
                hint="`pricemon local logs` and `pricemon logs` say what the functions did",
            )
        time.sleep(_POLL)
    done = Sweep(
        run_id=state.run_id,
        dispatched=state.dispatched,
        done=state.done,
        failed=state.failed,
        not_modified=state.not_modified,
        changed=state.changed,
        seconds=time.monotonic() - began,
    )
    watcher.done(f"{name}: {done.sentence()}")
    return done


def receive_alerts(
    sqs: Any, queue_url: str, *, enough: Callable[[list[Alert]], bool]
) -> list[Alert]:
    """What the topic delivers to the subscribed queue, until it is `enough` and quiet."""
    from pricemon.core import alerts

    received: list[Alert] = []
    latest = time.monotonic()
    while time.monotonic() - latest < (_QUIET if enough(received) else _PATIENCE):
        answer = sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=300
        )
        messages = answer.get("Messages", [])
        for message in messages:
            body = json.loads(message["Body"])
            received += [alerts.parse(one) for one in body.get("alerts", [body])]
        if messages:
            latest = time.monotonic()
            entries = [
                {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)
    return received


def _prepare(place: Path, shop: Shop, watcher: Watcher) -> Context:
    """A fresh embedded AWS, the subscriber's queue, the config and the catalogue."""
    watcher.step("starting the embedded AWS and the shop")
    embedded.reset(place / "aws")
    endpoint = embedded.ensure_started(place / "aws", _free_port())
    queue = f"arn:aws:sqs:{endpoint.region}:{endpoint.account}:{SUBSCRIBER}"
    config = {
        "retailers": shop.retailers(),
        "schedule": {"enabled": False},  # the shop closes when the demo ends
        "functions": {"scraper": {"max_concurrency": 3}},  # each one is a process of this machine
        "subscriptions": [{"protocol": "sqs", "endpoint": queue, "raw": True}],
        "local": {
            "data_dir": str(endpoint.data_dir),
            "port": int(endpoint.url.rpartition(":")[2]),
        },
    }
    path = place / "pricemon.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    mine = Context(config_path=path, env_name="local")
    topic = mine.aws.arn("sns", mine.names.topic)
    mine.aws.client("sqs").create_queue(
        QueueName=SUBSCRIBER, Attributes={"Policy": json.dumps(_let_topic_send(topic, queue))}
    )
    lines = "".join(json.dumps(row) + "\n" for row in shop.catalogue())
    (place / "products.jsonl").write_text(lines, encoding="utf-8")
    watcher.done(f"embedded AWS at {endpoint.url}; {len(mine.config.retailers)} shops are open")
    return mine


def _up(mine: Context, watcher: Watcher) -> None:
    from pricemon.cloud import engine

    watcher.step("up: making the monitor")
    count = 0

    def on_event(event: engine.Event) -> None:
        nonlocal count
        if event.state == "created":
            count += 1
            watcher.progress(count, len(mine.stack), event.id)

    done = engine.apply(mine.stack, mine.aws, on_event=on_event)
    watcher.done(f"up: {len(done.created)} resources in {done.seconds:.1f} s")


def _import(mine: Context, shop: Shop, watcher: Watcher) -> None:
    from pricemon.core import catalogue, catalogue_store

    watcher.step("importing the catalogue")
    began = time.monotonic()
    content = (folder() / "products.jsonl").read_bytes()
    hosts = {name: shop.hosts for name, shop in mine.config.retailers.items()}
    rows = list(catalogue.parse(BytesIO(content), hosts))
    if wrong := next((row for row in rows if row.problems), None):
        raise PricemonError(f"products.jsonl, line {wrong.line}: {wrong.problems[0]}")
    changes = catalogue.diff([], rows)
    written = 0

    def on_saved(count: int) -> None:
        nonlocal written
        written += count
        watcher.progress(written, len(rows), "")

    catalogue_store.save(mine.table, changes, on_saved=on_saved)
    seconds = time.monotonic() - began
    watcher.done(
        f"import: {written:,} products of {len(shop.retailers())} shops in {seconds:.1f} s"
    )


def _alerts(mine: Context, shop: Shop, watcher: Watcher) -> demo_report.Comparison:
    watcher.step("collecting the alerts from the subscribed queue")
    due = shop.true_drops()

    def enough(received: list[Alert]) -> bool:
        watcher.progress(len(received), len(due), "")
        return due.keys() <= {alert.product_id for alert in received}

    received = receive_alerts(mine.aws.client("sqs"), mine.queue_url(SUBSCRIBER), enough=enough)
    comparison = demo_report.compare(due, received)
    watcher.done(f"alerts: {len(received):,} delivered by the topic to its subscriber")
    return comparison


def _failures(
    mine: Context, runs: tuple[tuple[Sweep, dict[str, str]], ...], watcher: Watcher
) -> demo_report.Failures:
    from pricemon.core import dead_letters

    watcher.step("reading the dead-letter queue")
    letters = dead_letters.letters(mine.aws.client("sqs"), mine.queue_url(mine.names.dlq))
    watcher.done(f"dead-letter queue: {len(letters):,} failed jobs, each with its reason")
    return demo_report.account(runs, letters)


def _let_topic_send(topic: str, queue: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
        ],
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold the demo's folder for this process. Raises `PricemonError` if another one has it."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (place / "demo.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise PricemonError(
                f"another demo is at work in {place}", hint="wait for its end, or interrupt it"
            ) from problem
        yield


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, so that nothing is left running."""

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
