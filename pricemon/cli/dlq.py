"""The dead-letter queue: `dlq list`, `tail`, `redrive`, `purge`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from pricemon.cli import context, render
from pricemon.core.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pricemon.core.dead_letters import DeadLetter

app = typer.Typer(help="Failed jobs: see why, and bring them back.", no_args_is_help=True)

Product = Annotated[str | None, typer.Option("--product", help="Only this product.")]
Retailer = Annotated[str | None, typer.Option("--retailer", help="Only this retailer.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most this many.")]

_COLUMNS = ("failed", "product", "retailer", "reason", "http", "detail")


@app.command("list")
def list_(
    ctx: typer.Context, product: Product = None, retailer: Retailer = None, limit: Limit = None
) -> None:
    """Show every failed job with its product, retailer and the reason it failed.

    Examples:

        pricemon dlq list

        pricemon dlq list --retailer shop-a --json
    """
    mine = context.current(ctx)
    found = [x for x in _letters(mine) if x.matches(product_id=product, retailer=retailer)]
    shown = found[:limit]
    mine.emit([_plain(letter) for letter in shown], lambda: _table(shown))
    if not found:
        mine.talk("the dead-letter queue is empty" if not (product or retailer) else "none match")


@app.command()
def tail(
    ctx: typer.Context,
    number: Annotated[int, typer.Option("-n", min=1, help="How many of the newest.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as jobs fail.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 5.0,
) -> None:
    """Show the newest failed jobs, and with --follow every further one (with --json: a line each).

    Examples:

        pricemon dlq tail -n 20

        pricemon dlq tail --follow
    """
    mine = context.current(ctx)
    seen: set[str] = set()
    fresh = _letters(mine)[-number:]
    while True:
        for letter in fresh:
            seen.add(letter.message_id)
            if mine.json:
                render.print_json_line(_plain(letter))
            else:
                render.print_data(render.literal("  ".join(_cells(letter))))
        if not follow:
            return
        time.sleep(every)
        fresh = [letter for letter in _letters(mine) if letter.message_id not in seen]


@app.command()
def redrive(
    ctx: typer.Context,
    product: Product = None,
    retailer: Retailer = None,
    limit: Limit = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Send failed jobs back to the queue, as new requests of a new run.

    Examples:

        pricemon dlq redrive --retailer shop-a

        pricemon dlq redrive --limit 10 --dry-run
    """
    from pricemon.core import dead_letters

    mine = context.current(ctx)

    def select(letter: DeadLetter) -> bool:
        return letter.matches(product_id=product, retailer=retailer)

    if dry_run:
        going = [letter for letter in _letters(mine) if select(letter)][:limit]
        mine.emit({"would_redrive": [_plain(x) for x in going]}, lambda: _table(going))
        return
    now = time.time_ns() // 1_000_000
    moved = dead_letters.redrive(
        mine.aws.client("sqs"),
        mine.queue_url(mine.names.dlq),
        mine.queue_url(mine.names.queue),
        select=select,
        renew=lambda body: dead_letters.renewed(body, now=now),
        limit=limit,
    )
    mine.emit({"redriven": moved}, lambda: f"{moved} jobs sent back to the queue")


@app.command()
def purge(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete every failed job. What is deleted here can't be brought back.

    Examples:

        pricemon dlq purge --yes
    """
    mine = context.current(ctx)
    url = mine.queue_url(mine.names.dlq)
    sqs = mine.aws.client("sqs")
    name = "ApproximateNumberOfMessages"
    waiting = int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
    if waiting and not yes:
        render.confirm(f"Delete {waiting} failed jobs of {mine.env} for ever? Type yes:", "yes")
    try:
        sqs.purge_queue(QueueUrl=url)
    except sqs.exceptions.PurgeQueueInProgress as busy:
        raise UsageError(
            "the queue was purged less than 60 seconds ago", hint="wait a minute, then try again"
        ) from busy
    mine.emit({"purged": waiting}, lambda: f"{waiting} failed jobs deleted")


def _letters(mine: context.Context) -> list[DeadLetter]:
    from pricemon.core import dead_letters

    return dead_letters.letters(mine.aws.client("sqs"), mine.queue_url(mine.names.dlq))


def _plain(letter: DeadLetter) -> dict[str, object]:
    row = render.plain(letter)
    del row["receipt_handle"]
    return dict(row)


def _cells(letter: DeadLetter) -> list[str]:
    cells = (
        render.when(letter.failed_at or letter.sent_at),
        letter.product_id or letter.body[:40],
        letter.retailer,
        letter.reason,
        letter.http_status,
        letter.detail,
    )
    return ["" if cell is None else str(cell) for cell in cells]


def _table(found: list[DeadLetter]) -> RenderableType:
    return render.table(_COLUMNS, map(_cells, found), right=("http",))
