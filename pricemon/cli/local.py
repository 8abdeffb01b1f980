"""`pricemon local`: the embedded AWS on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pricemon.cli import context, render

if TYPE_CHECKING:
    from pricemon.local.embedded import Status

app = typer.Typer(
    name="local",
    help="The embedded AWS on this machine: start, stop, look.",
    no_args_is_help=True,
)

Folder = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of its state. Default: the config's.")
]
Port = Annotated[
    int | None,
    typer.Option(
        "--port", min=1, max=65_535, help="Loopback port. Default: the config's, or 4577."
    ),
]


@app.command()
def start(ctx: typer.Context, port: Port = None, data_dir: Folder = None) -> None:
    """Start the embedded AWS, if it does not run already.

    Other commands start it by themselves when they need it.

    Examples:

        pricemon local start --port 5000
    """
    from pricemon.local import embedded

    current = context.current(ctx)
    local = current.config.local
    endpoint = embedded.ensure_started(data_dir or local.data_dir, port or local.port)
    if endpoint.lost_state:
        current.talk(f"note: {embedded.LOST_STATE}")
    said = "started" if endpoint.started else "runs already"
    current.emit(endpoint, lambda: f"{said}: {endpoint.url} (pid {endpoint.pid})")


@app.command()
def stop(ctx: typer.Context, data_dir: Folder = None) -> None:
    """Stop the embedded AWS; its state is written and kept.

    Examples:

        pricemon local stop
    """
    from pricemon.local import embedded

    current = context.current(ctx)
    before = embedded.stop(data_dir or current.config.local.data_dir)
    said = {
        "running": "stopped; its state is kept",
        "hung": "stopped; its state is kept",
        "stopped": "it did not run",
        "killed": "it was killed: what it had not written is lost",
    }
    current.emit({"before": before.state, "state": "stopped"}, lambda: said[before.state])


@app.command()
def status(ctx: typer.Context, data_dir: Folder = None) -> None:
    """Show whether the embedded AWS runs, where, and where its state lies.

    Examples:

        pricemon local status --json
    """
    from pricemon.local import embedded

    current = context.current(ctx)
    found = embedded.status(data_dir or current.config.local.data_dir)
    current.emit(found, lambda: render.table(("embedded AWS", ""), _rows(found)))


@app.command()
def reset(
    ctx: typer.Context,
    data_dir: Folder = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop the embedded AWS and delete everything in it: catalogue, history, queues.

    Examples:

        pricemon local reset --yes
    """
    from pricemon.local import embedded

    current = context.current(ctx)
    folder = data_dir or current.config.local.data_dir
    found = embedded.status(folder)
    if not yes:
        render.confirm(f"Delete everything in {found.data_dir}? Type yes:", "yes")
    embedded.reset(folder)
    current.emit({"before": found.state, "state": "empty"}, lambda: f"{found.data_dir} is empty")


@app.command()
def logs(
    ctx: typer.Context,
    data_dir: Folder = None,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=1, help="How many, from the end.")
    ] = 50,
) -> None:
    """Print the last lines of the embedded AWS's own log.

    The functions' logs are `pricemon logs`.

    Examples:

        pricemon local logs -n 200
    """
    from collections import deque

    from pricemon.core.errors import PricemonError
    from pricemon.local.folder import log_path

    current = context.current(ctx)
    log = log_path(data_dir or current.config.local.data_dir)
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            last = [line.rstrip("\n") for line in deque(file, lines)]
    except FileNotFoundError as problem:
        raise PricemonError(
            f"there is no log at {log}", hint="the embedded AWS was never started: pricemon up"
        ) from problem
    if current.json:
        render.print_json({"log": log, "lines": last})
        return
    for line in last:
        typer.echo(line)


def _rows(found: Status) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("state", _STATES[found.state]),
        ("url", found.url or "-"),
        ("pid", found.pid or "-"),
        ("started", render.when(found.started_at) or "-"),
        ("port", found.port),
        ("folder", found.data_dir),
        ("log", found.log),
        ("ministack", found.version or "not installed"),
    ]
    return rows


_STATES = {
    "running": "running",
    "stopped": "stopped",
    "killed": "killed: what it had not written is lost; `pricemon local start` starts it again",
    "hung": "it runs but does not answer: `pricemon local stop`, then start",
}
