"""`compare`: the offers of one thing at several shops."""

from __future__ import annotations

from typing import Annotated

import typer

from pricemon.cli import context, periods
from pricemon.core.errors import UsageError


def compare(
    ctx: typer.Context,
    group: Annotated[str, typer.Argument(metavar="GROUP", help="A `group` of the catalogue.")],
    since: Annotated[
        str, typer.Option("--since", help="How far back the histories go: 30d, 1y or a date.")
    ] = "90d",
) -> None:
    """Compare a group's offers: the best that can be bought now, the spread, each one's history.

    Prices of different currencies are shown, and not compared.

    Example:

        pricemon compare wh-1000xm5 --since 1y
    """
    from pricemon.cli import compare_view, long_history
    from pricemon.cli.history_view import History
    from pricemon.core import comparison
    from pricemon.core.alerting.groups import Groups

    mine = context.current(ctx)
    until = periods.now()
    start = periods.since(since, at=until)
    found = comparison.compare(Groups(mine.table.rows).members(group))
    if not found.offers:
        raise UsageError(
            f"no priced product is in the group {group}",
            hint="`pricemon products set ID group=NAME` puts one in",
        )
    ids = [offer.product.product_id for offer in found.offers]
    seen = long_history.observations(mine, ids, since=start, until=until)
    histories = [
        History(
            product_id=offer.product.product_id,
            product=offer.product,
            observations=seen[offer.product.product_id],
            until=until,
        )
        for offer in found.offers
    ]
    mine.emit(
        compare_view.document(group, found, histories),
        lambda: compare_view.human(found, histories),
    )
