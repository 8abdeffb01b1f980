"""`pricemon scrape`: ask for prices now, and watch them come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricemon.cli import context, render
from pricemon.core.errors import PricemonError, UsageError

if TYPE_CHECKING:
    from pricemon.core.messages import FanOut
    from pricemon.core.runs import Run

_EVERY = 1.0
"""Seconds between two looks at a run: one small read each."""

_STILL = 3
"""Looks without a further alert after which a run is taken to have caused no more."""


def scrape(
    ctx: typer.Context,
    now: Annotated[bool, typer.Option("--now", help="Confirm: send the jobs now.")] = False,
    product: Annotated[
        list[str] | None, typer.Option("--product", help="Only this product. Repeatable.")
    ] = None,
    retailer: Annotated[str | None, typer.Option("--retailer", help="Only this retailer.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only products with this tag.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Watch until every job has ended.")] = False,
    timeout: Annotated[
        int, typer.Option(min=1, help="Seconds to wait at most; the jobs go on after that.")
    ] = 3600,
) -> None:
    """Scrape the catalogue, or a part of it, now instead of at the schedule's next time.

    Examples:

        pricemon scrape --now --wait

        pricemon scrape --now --retailer shop-a --json --wait
    """
    if not now:
        raise UsageError(
            "say --now to scrape at once",
            hint="the schedule does it by itself; see pricemon status",
        )
    mine = context.current(ctx)
    request = _request(mine, product or [], retailer, tag)
    send(mine, request)
    if not wait:
        mine.emit(
            {"run_id": request.run_id},
            lambda: f"run {request.run_id} is on its way; watch it with: pricemon status",
        )
        return
    summary = watch(mine, request.run_id, timeout=timeout)
    mine.emit(summary.plain(), summary.sentence)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How a run ended. `seconds` from the request to the last job; `alerts` those it has caused."""

    run: Run
    alerts: int
    seconds: float

    def plain(self) -> dict[str, Any]:
        """The summary as data."""
        run = self.run
        return {
            "run_id": run.run_id,
            "dispatched": run.dispatched,
            "scraped": run.done,
            "changed": run.changed,
            "not_modified": run.not_modified,
            "held": run.held,
            "failed": run.failed,
            "alerts": self.alerts,
            "seconds": round(self.seconds, 1),
        }

    def sentence(self) -> str:
        """The summary for people."""
        run = self.run
        text = (
            f"{run.done:,} scraped, {run.changed:,} changed, {self.alerts:,} alerts, "
            f"{run.failed:,} failed in {self.seconds:.1f} s"
        )
        if run.held:
            text += f"\n{run.held:,} held for a second look: pricemon products list --status held"
        if run.failed:
            text += "\nsee why they failed: pricemon dlq list"
        return text


def send(mine: context.Context, request: FanOut) -> None:
    """Put the request for a run on the queue."""
    from pricemon.core import messages

    mine.aws.client("sqs").send_message(
        QueueUrl=mine.queue_url(mine.names.queue), MessageBody=messages.fan_out_body(request)
    )


def watch(mine: context.Context, run_id: str, *, timeout: float) -> Summary:
    """Show a run's progress until every job has ended.

    Raises `PricemonError` when that takes longer than `timeout` seconds; the jobs go on.
    """
    began = time.monotonic()
    latest: Run | None = None
    with render.progress() as bar:
        task = bar.add_task("queued", total=None, note="")
        for latest in _looks(mine, run_id, until=began + timeout):
            if latest is not None:
                ended = latest.done + latest.failed
                flying = latest.dispatched - ended
                note = f"{flying:,} in flight, {latest.done:,} done, {latest.failed:,} failed"
                total = latest.dispatched if latest.fanned_out else None
                doing = "scraping" if latest.fanned_out else "queuing"
                bar.update(task, description=doing, total=total, completed=ended, note=note)
    if latest is None or not latest.complete:
        raise PricemonError(
            f"run {run_id} has not ended after {timeout:g} s",
            hint="it goes on without us: pricemon status shows how far it is",
        )
    seconds = time.monotonic() - began
    return Summary(run=latest, alerts=_alerts(mine, latest), seconds=seconds)


def _looks(mine: context.Context, run_id: str, *, until: float) -> Iterator[Run | None]:
    """The run's row, again and again, until it is complete or the time is over."""
    from pricemon.core import runs

    while True:
        run = runs.get(mine.table, run_id)
        yield run
        if (run is not None and run.complete) or time.monotonic() >= until:
            return
        time.sleep(_EVERY)


def _request(
    mine: context.Context, products: list[str], retailer: str | None, tag: str | None
) -> FanOut:
    """The fan-out that is asked for. Raises `UsageError` for what the catalogue does not have."""
    from pricemon.core import messages

    if retailer is not None and retailer not in mine.config.retailers:
        raise UsageError(
            f"no retailer {retailer!r} in the config",
            hint=f"it has {', '.join(mine.config.retailers) or 'none'}",
        )
    known = mine.table.get_products(products)
    missing = [product for product in products if product not in known]
    if missing:
        raise UsageError(
            f"not in the catalogue: {', '.join(missing)}", hint="see: pricemon products list"
        )
    return messages.fan_out(
        time.time_ns() // 1_000_000, retailer=retailer, tag=tag, product_ids=tuple(products)
    )


def _alerts(mine: context.Context, run: Run) -> int:
    """The alerts the run has caused, once no more arrive.

    Alerts come after the prices, through the table's stream: while prices have changed, look until
    the number has stood still for a few seconds.
    """
    from pricemon.core.alerting.alert_log import AlertLog

    log = AlertLog(mine.table.rows)
    number, still = 0, 0
    while still < (_STILL if run.changed else 1):
        now = time.time_ns() // 1_000_000
        latest = sum(1 for _ in log.between(run.started_at, now))
        still = still + 1 if latest == number else 0
        number = latest
        if run.changed:
            time.sleep(_EVERY)
    return number
