"""The demo's steps: a shop, the embedded AWS, the monitor, two days of prices, and the accounts.

Everything lies in a folder of its own, apart from the user's `local` environment: the config that
was used, the catalogue, the embedded AWS's state, the report. Nothing of it is simulated; the
alerts come from a queue subscribed to the topic, the failures from the dead-letter queue.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import yaml

from pricemon.cli import demo_evidence, render, scrape
from pricemon.cli.context import Context
from pricemon.cli.demo_report import Report, Sweep
from pricemon.core.errors import PricemonError
from pricemon.local import embedded, emulator
from pricemon.local.folder import exclusive, home
from pricemon.local.shop import Shop

if TYPE_CHECKING:
    from pricemon.cli.demo_evidence import Watcher

SWEEP_TIMEOUT = 900.0
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_POLL = 0.5


def folder() -> Path:
    """Where the demo keeps everything."""
    return home() / "demo"


def run(*, products: int, seed: int, watcher: Watcher) -> Report:
    """Run the whole demo; the embedded AWS stays up to be looked at.

    Interrupted or failed, it stops everything that it started.
    """
    began = time.monotonic()
    place = folder()
    with _alone(place), _stopping(place / "aws"), Shop(seed, products) as shop:
        mine = _prepare(place, shop, watcher)
        _up(mine, watcher)
        _import(mine, shop, watcher)
        first = sweep(mine, "day 1", watcher)
        troubles = shop.unreadable()
        shop.advance()
        second = sweep(mine, "day 2", watcher)
        runs = ((first, troubles), (second, shop.unreadable()))
        comparison = demo_evidence.alerts(mine, shop.true_drops(), watcher)
        failures = demo_evidence.failures(mine, runs, watcher)
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


def _prepare(place: Path, shop: Shop, watcher: Watcher) -> Context:
    """A fresh embedded AWS, the subscriber's queue, the config and the catalogue."""
    watcher.step("starting the embedded AWS and the shop")
    embedded.reset(place / "aws")
    endpoint = embedded.ensure_started(place / "aws", emulator.free_port())
    queue = f"arn:aws:sqs:{endpoint.region}:{endpoint.account}:{demo_evidence.SUBSCRIBER}"
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
    demo_evidence.subscribe(mine, queue)
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


def _alone(place: Path) -> AbstractContextManager[None]:
    """Hold the demo's folder for this process. Raises `PricemonError` if another one has it."""
    busy = PricemonError(
        f"another demo is at work in {place}", hint="wait for its end, or interrupt it"
    )
    return exclusive(place, name="demo.lock", busy=busy)


@contextmanager
def _stopping(aws: Path) -> Iterator[None]:
    """Stop the embedded AWS if the block fails or is interrupted, by whichever signal.

    A second Ctrl-C does not cut the stopping short: it takes seconds at most.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _ENDINGS}
    try:
        yield
    except BaseException:
        for number in _ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        embedded.stop(aws, timeout=5.0)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
