"""`pricemon cost`: what a month in AWS would cost."""

from __future__ import annotations

from typing import Annotated

import typer

from pricemon.cli import context, render

_DAY = 86_400


def cost(
    ctx: typer.Context,
    products: Annotated[
        int | None, typer.Option(min=1, help="Products to reckon with. Default: the catalogue's.")
    ] = None,
) -> None:
    """Estimate what the monitor costs in AWS in a month, line by line.

    List prices of us-east-1, free tiers left out. On the embedded AWS it costs nothing.

    Examples:

        pricemon cost --products 5300

        pricemon cost --env prod --json
    """
    from pricemon.cloud.cost import Load, estimate

    mine = context.current(ctx)
    config = mine.config
    scraper = config.functions.scraper
    load = Load(
        products=products or sum(1 for r in config.retailers for _ in mine.table.catalogue(r)),
        shops=len(config.retailers),
        period=config.schedule.period or _DAY,
        batch_size=scraper.batch_size,
        memory_mb=scraper.memory,
        architecture=scraper.architecture,
        alarms=6 if config.alarms.enabled else 0,
        dashboard=config.dashboard,
        backups=config.table.point_in_time_recovery,
    )
    lines = estimate(load)
    total = sum(line.dollars for line in lines)
    rows = [(line.service, f"{line.dollars:.2f}", line.why) for line in lines]
    about = f"{load.jobs:,.0f} pages a month ({load.products:,} products)"
    mine.emit(
        {"pages": int(load.jobs), "dollars": total, "lines": lines},
        lambda: render.table(
            ["service", "USD", "for"],
            [*rows, ("all", f"{total:.2f}", about)],
            right=("USD",),
        ),
    )
