"""`alerts list|test|schema`, `drops`, `lows`: what was told, and what would be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pricemon.cli import context, periods
from pricemon.core.errors import UsageError
from pricemon.core.model import AlertKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pricemon.core.model import Alert

app = typer.Typer(name="alerts", help="What was told, and what would be.", no_args_is_help=True)

Since = Annotated[str, typer.Option("--since", help="24h, 30d, 2w or a date.")]
Retailer = Annotated[str | None, typer.Option("--retailer", help="Only this retailer.")]
Tag = Annotated[str | None, typer.Option("--tag", help="Only products with this tag.")]
Limit = Annotated[int, typer.Option("--limit", min=0, help="At most so many; 0 is all.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]

FALLS = frozenset(AlertKind) - {AlertKind.RISE_PERCENT, AlertKind.BACK_IN_STOCK, AlertKind.DIGEST}


@app.command("list")
def list_(
    ctx: typer.Context,
    since: Since = "7d",
    product: Annotated[str | None, typer.Option("--product", help="Only this product.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this rule's.")] = None,
    retailer: Retailer = None,
    tag: Tag = None,
    limit: Limit = 100,
    csv: Csv = False,
) -> None:
    """List the alerts that were sent, newest first.

    Examples:

        pricemon alerts list --since 24h --kind below

        pricemon alerts list --product sku-42 --since 90d --json
    """
    if kind is not None and kind not in set(AlertKind):
        raise UsageError(f"no such rule: {kind}", hint=f"there are {', '.join(AlertKind)}")

    def wanted(alert: Alert) -> bool:
        kinds = (alert.kind, *alert.also)
        return product in (None, alert.product_id) and (kind is None or kind in kinds)

    _show(ctx, since, wanted, retailer=retailer, tag=tag, limit=limit, csv=csv)


def drops(
    ctx: typer.Context,
    since: Since = "24h",
    retailer: Retailer = None,
    tag: Tag = None,
    min_percent: Annotated[
        float, typer.Option("--min-percent", min=0, help="Only falls of so many percent or more.")
    ] = 0,
    limit: Limit = 100,
    csv: Csv = False,
) -> None:
    """List the falls that were told, the largest first.

    Examples:

        pricemon drops

        pricemon drops --since 7d --tag audio --min-percent 20
    """

    def wanted(alert: Alert) -> bool:
        change = alert.change_percent
        fell = change is not None and change < 0 and -change >= min_percent
        return fell and bool(FALLS & {alert.kind, *alert.also})

    _show(
        ctx,
        since,
        wanted,
        retailer=retailer,
        tag=tag,
        limit=limit,
        csv=csv,
        order=lambda alert: alert.change_percent or 0,
    )


def lows(
    ctx: typer.Context,
    days: Annotated[
        int, typer.Option("--days", min=1, help="Lowest in so many days or more.")
    ] = 90,
    since: Since = "7d",
    retailer: Retailer = None,
    tag: Tag = None,
    limit: Limit = 100,
    csv: Csv = False,
) -> None:
    """List the alerts whose price was the lowest in so many days, the longest first.

    Only what the history knows counts: a product watched for 30 days has no low of 90 days.

    Example:

        pricemon lows --days 180 --since 30d
    """
    from pricemon.core.alerting.alert_text import lowest_days

    _show(
        ctx,
        since,
        lambda alert: lowest_days(alert) >= days and bool(FALLS & {alert.kind, *alert.also}),
        retailer=retailer,
        tag=tag,
        limit=limit,
        csv=csv,
        order=lambda alert: -lowest_days(alert),
    )


@app.command("test")
def trial(
    ctx: typer.Context,
    product_id: Annotated[str, typer.Argument(metavar="ID", help="The product's id.")],
    price: Annotated[
        str | None, typer.Option("--price", help="As if it cost that. Default: what it costs.")
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Send one alert, marked as a test, to the subscribers.")
    ] = False,
) -> None:
    """Say which rules would fire for a product, at which price, and why. Changes nothing.

    Examples:

        pricemon alerts test sku-42 --price 199

        pricemon alerts test sku-42 --send
    """
    from pricemon.cli import alert_trial, alerts_view

    mine = context.current(ctx)
    settings = mine.config.settings()
    found = alert_trial.judge(mine.table, settings, product_id, price, periods.now())
    if send:
        aws, topic = mine.aws, mine.names.topic
        arn = f"arn:{aws.partition}:sns:{aws.region}:{aws.account}:{topic}"
        alert_trial.send(aws.client("sns"), arn, found, settings.locale)
        mine.talk(f"a test was sent to {topic}")
    mine.emit(alerts_view.trial_document(found), lambda: alerts_view.trial(found))


@app.command()
def schema(ctx: typer.Context) -> None:
    """Print the JSON Schema of an alert, as machines get it.

    Example:

        pricemon alerts schema > alert.schema.json
    """
    from pricemon.cli import render
    from pricemon.core.alerting.alert_schema import SCHEMA

    del ctx
    render.print_json(SCHEMA)


def _show(
    ctx: typer.Context,
    since: str,
    wanted: Callable[[Alert], bool],
    *,
    retailer: str | None,
    tag: str | None,
    limit: int,
    csv: bool,
    order: Callable[[Alert], object] | None = None,
) -> None:
    from pricemon.cli import alerts_view
    from pricemon.core import alerts

    mine = context.current(ctx)
    until = periods.now()
    found: Iterator[Alert] | list[Alert] = (
        alert
        for alert in _stored(mine, periods.since(since, at=until), until)
        if wanted(alert)
        and retailer in (None, alert.retailer)
        and (tag is None or tag in alert.tags)
    )
    if order is not None:
        found = sorted(found, key=order)  # type: ignore[arg-type]
    shown = [alert for _, alert in zip(range(limit or sys.maxsize), found, strict=False)]
    if csv and not mine.json:
        alerts_view.write_csv(shown, sys.stdout)
        return
    mine.emit([alerts.document(alert) for alert in shown], lambda: alerts_view.table(shown))
    if not shown:
        mine.talk(f"nothing since {since}")


def _stored(mine: context.Context, since: int, until: int) -> Iterator[Alert]:
    from pricemon.core.alerting.alert_log import AlertLog

    return AlertLog(mine.table.rows).between(since, until)
