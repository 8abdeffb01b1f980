"""`history`: what a product's price did."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pricemon.cli import context, periods
from pricemon.core.errors import UsageError

if TYPE_CHECKING:
    from pricemon.cli.history_view import History


def history(
    ctx: typer.Context,
    product_ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Products' ids.")],
    since: Annotated[
        str | None, typer.Option("--since", help="30d, 12h, 2w or a date. Default: all.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Sum up by `day` or by `week`.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Observations shown; 0 is all. Not with --json.")
    ] = 30,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, all of it.")] = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw into FILE.svg, FILE.html or FILE.png.")
    ] = None,
    archive: Annotated[
        bool | None,
        typer.Option(
            "--archive/--no-archive",
            help="Read all of it from the archive as well, or nothing. Default: what the table "
            "has let go.",
        ),
    ] = None,
) -> None:
    """Show a product's prices, newest first, with changes, statistics and a chart.

    Several products are drawn on one chart. Held and failed readings are shown, and count for
    nothing. Days older than the table's keep_days are read from the archive.

    Examples:

        pricemon history sku-42 --since 30d

        pricemon history sku-42 other-shop-42 --plot prices.svg

        pricemon history sku-42 --csv > prices.csv
    """
    from pricemon.cli import history_view

    mine = context.current(ctx)
    if by not in (None, "day", "week"):
        raise UsageError(f"no such period: {by}", hint="--by day or --by week")
    until = periods.now()
    start = periods.since(since, at=until) if since else None
    found = _load(mine, list(dict.fromkeys(product_ids)), start, until, archive)
    if plot:
        history_view.plot(found, plot)
        mine.talk(f"drawn into {plot}")
    if csv and not mine.json:
        history_view.write_csv(found, sys.stdout)
        return
    documents = [history_view.document(one, _by(by)) for one in found]
    data: Any = documents[0] if len(documents) == 1 else {"products": documents}
    mine.emit(data, lambda: history_view.human(found, by=_by(by), limit=limit))


def _by(text: str | None) -> Literal["day", "week"] | None:
    return "day" if text == "day" else "week" if text == "week" else None


def _load(
    mine: context.Context,
    product_ids: list[str],
    since: int | None,
    until: int,
    archive: bool | None,
) -> list[History]:
    from pricemon.cli import long_history
    from pricemon.cli.history_view import History

    products = mine.table.get_products(product_ids)
    removed = [product_id for product_id in product_ids if product_id not in products]
    if not archive:  # a misspelt id must not cost a walk through the archive
        _must_have(removed, lambda product_id: any(mine.table.observations(product_id, limit=1)))
    seen = long_history.observations(mine, product_ids, since=since, until=until, archive=archive)
    if archive:
        _must_have(removed, lambda product_id: bool(seen[product_id]))
    return [
        History(
            product_id=product_id,
            product=products.get(product_id),
            observations=seen[product_id],
            until=until,
        )
        for product_id in product_ids
    ]


def _must_have(product_ids: list[str], is_known: Callable[[str], bool]) -> None:
    """Raise `UsageError` for an id that nothing is known of."""
    for product_id in product_ids:
        if not is_known(product_id):
            raise UsageError(
                f"there is no product {product_id}",
                hint="`pricemon products list` shows them; --archive finds those removed long ago",
            )
