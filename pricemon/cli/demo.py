"""`pricemon demo`: the whole monitor at work on a shop of its own, on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from pricemon.cli import context
from pricemon.core.errors import ExitCode


def demo(
    ctx: typer.Context,
    products: Annotated[
        int, typer.Option("--products", min=1, max=100_000, help="How many to watch.")
    ] = 5300,
    seed: Annotated[int, typer.Option(help="Which shop: the same seed, the same prices.")] = 1,
    down: Annotated[bool, typer.Option("--down", help="Remove the demo and all it left.")] = False,
) -> None:
    """Provision the monitor on the embedded AWS, watch a demo shop for two days, check the alerts.

    It needs no account and touches nothing of your own environments. Exit code 1 when a drop was
    missed, an alert false or a failure unaccounted for.

    Examples:

        pricemon demo

        pricemon demo --products 500 --json

        pricemon demo --down
    """
    from pricemon.cli import demo_run, demo_view

    mine = context.current(ctx)
    if down:
        removed = demo_run.down()
        mine.emit({"removed": removed}, lambda: "removed" if removed else "there was no demo")
        return
    try:
        with demo_view.narrator() as watcher:
            report = demo_run.run(products=products, seed=seed, watcher=watcher)
    except KeyboardInterrupt:
        mine.talk("interrupted: nothing of the demo runs any more")
        raise
    mine.emit(report.plain(), lambda: demo_view.report(report))
    if not report.right:
        raise typer.Exit(ExitCode.FAILED)
