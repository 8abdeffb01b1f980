"""`pricemon logs`: what the functions wrote, from CloudWatch Logs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricemon.cli import context, periods, render

if TYPE_CHECKING:
    from pricemon.cloud.session import Aws

_EVERY = 2.0


class Function(StrEnum):
    """The functions, as people call them."""

    SCRAPER = "scraper"
    PROCESSOR = "stream-processor"
    NOTIFIER = "notifier"


def logs(
    ctx: typer.Context,
    function: Annotated[Function, typer.Argument(help="Whose logs.")] = Function.SCRAPER,
    since: Annotated[str, typer.Option(help="How far back: 10m, 2h, 1d, or a date.")] = "10m",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they come.")] = False,
    grep: Annotated[
        str | None, typer.Option(help="Only lines with this CloudWatch Logs filter pattern.")
    ] = None,
) -> None:
    """Show a function's log lines, oldest first (with --json: one JSON line each).

    Examples:

        pricemon logs --since 1h

        pricemon logs stream-processor --follow
    """
    mine = context.current(ctx)
    name = {
        Function.SCRAPER: mine.names.scraper,
        Function.PROCESSOR: mine.names.processor,
        Function.NOTIFIER: mine.names.notifier,
    }[function]
    start = periods.since(since, at=periods.now())
    for event in _events(mine.aws, mine.names.log_group(name), start, grep, follow=follow):
        line = {"timestamp": event["timestamp"], "message": event["message"].rstrip("\n")}
        if mine.json:
            render.print_json_line(line)
        else:
            render.print_data(
                render.literal(f"{render.when(event['timestamp'])}  {line['message']}")
            )


def _events(
    aws: Aws, group: str, start: int, pattern: str | None, *, follow: bool
) -> Iterator[dict[str, Any]]:
    """The events of a log group since `start` (epoch ms), each once."""
    seen: set[tuple[str, int, str]] = set()
    while True:
        arguments = {"logGroupName": group, "startTime": start}
        if pattern:
            arguments["filterPattern"] = pattern
        events = sorted(
            aws.pages("logs", "filter_log_events", "events", **arguments),
            key=lambda event: event["timestamp"],
        )
        fresh = [event for event in events if _key(event) not in seen]
        yield from fresh
        if not follow:
            return
        # Events arrive late: look again at the last minute, and tell which of it are new.
        start = max([start, *(event["timestamp"] - 60_000 for event in events)])
        seen = {_key(event) for event in events if event["timestamp"] >= start}
        time.sleep(_EVERY)


def _key(event: dict[str, Any]) -> tuple[str, int, str]:
    """What tells one event from another; not every emulator gives them ids."""
    return event.get("logStreamName", ""), event["timestamp"], event["message"]
