"""The dead-letter queues: `dlq list`, `tail`, `redrive`, `purge`."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pricemon.cli import context, dlq_view, render
from pricemon.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pricemon.core.dead_letters import DeadLetter

app = typer.Typer(
    help="What failed: jobs, changes and notifications. See why, and bring them back.",
    no_args_is_help=True,
)


class Queue(StrEnum):
    """The dead-letter queues, by what is in them."""

    JOBS = "jobs"
    CHANGES = "changes"
    NOTIFIER = "notifier"


ALL = "all"

Which = Annotated[
    Queue,
    typer.Option(
        "--queue",
        help="`jobs` that failed, `changes` the stream processor could not handle, or what the "
        "`notifier` could not tell.",
    ),
]
Product = Annotated[str | None, typer.Option("--product", help="Only this product.")]
Retailer = Annotated[str | None, typer.Option("--retailer", help="Only this retailer.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most this many.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    queue: Annotated[
        str, typer.Option("--queue", help="jobs, changes, notifier, or all.")
    ] = Queue.JOBS.value,
    product: Product = None,
    retailer: Retailer = None,
    limit: Limit = None,
) -> None:
    """Show every failure with its product, retailer and reason.

    Examples:

        pricemon dlq list

        pricemon dlq list --queue changes

        pricemon dlq list --queue all --retailer shop-a --json
    """
    mine = context.current(ctx)
    select = _selection(product, retailer)
    found = [(each, x) for each in _queues(mine, queue) for x in _letters(mine, each) if select(x)]
    shown = found[:limit]
    mine.emit(
        [dlq_view.plain(letter, each) for each, letter in shown], lambda: dlq_view.table(shown)
    )
    if not found:
        where = "the dead-letter queues are" if queue == ALL else "the dead-letter queue is"
        mine.talk(f"{where} empty" if not (product or retailer) else "none match")


@app.command()
def tail(
    ctx: typer.Context,
    queue: Which = Queue.JOBS,
    number: Annotated[int, typer.Option("-n", min=1, help="How many of the newest.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they come.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 5.0,
) -> None:
    """Show the newest failures, and with --follow every further one (with --json: a line each).

    Examples:

        pricemon dlq tail -n 20

        pricemon dlq tail --queue changes --follow
    """
    mine = context.current(ctx)
    seen: set[str] = set()
    fresh = _letters(mine, queue)[-number:]
    while True:
        for letter in fresh:
            seen.add(letter.message_id)
            if mine.json:
                render.print_json_line(dlq_view.plain(letter, queue))
            else:
                render.print_data(render.literal("  ".join(dlq_view.cells(letter))))
        if not follow:
            return
        time.sleep(every)
        fresh = [letter for letter in _letters(mine, queue) if letter.message_id not in seen]


@app.command()
def redrive(
    ctx: typer.Context,
    queue: Which = Queue.JOBS,
    product: Product = None,
    retailer: Retailer = None,
    limit: Limit = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Bring failures back. Nothing is deleted before it is sent or handled.

    Jobs go back to their queue as new requests of a new run, notifications as they are. Changes
    are replayed: the stream processor is called (lambda:InvokeFunction) with the records of the
    messages; for batches that Lambda gave up, with those that the table's stream still has for
    24 hours (dynamodb:GetShardIterator, GetRecords), and after that with what the archive has of
    them (s3:ListBucket, GetObject). What it has handled before it recognises, so nothing is told
    twice. What it refuses again stays in the queue. --product and --retailer choose by what a
    message says: Lambda's own, of whole batches, are of no one product.

    Examples:

        pricemon dlq redrive --retailer shop-a

        pricemon dlq redrive --limit 10 --dry-run

        pricemon dlq redrive --queue changes
    """
    mine = context.current(ctx)
    select = _selection(product, retailer)
    if queue is Queue.CHANGES:
        from pricemon.cli import dlq_changes

        url = _url(mine, queue)
        if not dlq_changes.redrive(mine, url, select, limit=limit, dry_run=dry_run):
            raise typer.Exit(ExitCode.FAILED)
    elif dry_run:
        going = [letter for letter in _letters(mine, queue) if select(letter)][:limit]
        mine.emit(
            {"would_redrive": [dlq_view.plain(x, queue) for x in going]},
            lambda: dlq_view.table([(queue, x) for x in going]),
        )
    else:
        moved = _send_back(mine, queue, select, limit)
        what = "jobs" if queue is Queue.JOBS else "notifications"
        mine.emit({"redriven": moved}, lambda: f"{moved} {what} sent back to the queue")


@app.command()
def purge(
    ctx: typer.Context,
    queue: Which = Queue.JOBS,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete every failure of a queue. What is deleted here can't be brought back.

    Examples:

        pricemon dlq purge --yes

        pricemon dlq purge --queue changes
    """
    mine = context.current(ctx)
    url = _url(mine, queue)
    sqs = mine.aws.client("sqs")
    name = "ApproximateNumberOfMessages"
    waiting = int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
    what = {Queue.JOBS: "failed jobs", Queue.CHANGES: "failed changes"}.get(queue, "notifications")
    if waiting and not yes:
        render.confirm(f"Delete {waiting} {what} of {mine.env} for ever? Type yes:", "yes")
    try:
        sqs.purge_queue(QueueUrl=url)
    except sqs.exceptions.PurgeQueueInProgress as busy:
        raise UsageError(
            "the queue was purged less than 60 seconds ago", hint="wait a minute, then try again"
        ) from busy
    mine.emit({"purged": waiting}, lambda: f"{waiting} {what} deleted")


def _queues(mine: context.Context, name: str) -> list[Queue]:
    """The queues that `list` was asked for; of all, those that the config has."""
    if name == ALL:
        return [
            each for each in Queue if each is not Queue.NOTIFIER or mine.config.notifier.enabled
        ]
    try:
        return [Queue(name)]
    except ValueError:
        raise UsageError(
            f"no such queue: {name}", hint="one of " + ", ".join([*Queue, ALL])
        ) from None


def _url(mine: context.Context, queue: Queue) -> str:
    names = mine.names
    name = {Queue.JOBS: names.dlq, Queue.CHANGES: names.on_failure}.get(queue, names.notifier_dlq)
    try:
        return mine.queue_url(name)
    except mine.aws.client("sqs").exceptions.QueueDoesNotExist as absent:
        if queue is Queue.NOTIFIER and not mine.config.notifier.enabled:
            raise UsageError(
                f"{mine.env} has no notifier, so nothing of it can have failed",
                hint="notifier: in the config names chats and phones to tell",
            ) from absent
        raise UsageError(f"there is no queue {name}", hint="pricemon up makes it") from absent


def _letters(mine: context.Context, queue: Queue) -> list[DeadLetter]:
    from pricemon.core import dead_letters

    return dead_letters.letters(mine.aws.client("sqs"), _url(mine, queue))


def _send_back(
    mine: context.Context, queue: Queue, select: Callable[[DeadLetter], bool], limit: int | None
) -> int:
    from pricemon.core import dead_letters

    now = time.time_ns() // 1_000_000
    is_job = queue is Queue.JOBS
    return dead_letters.redrive(
        mine.aws.client("sqs"),
        _url(mine, queue),
        mine.queue_url(mine.names.queue if is_job else mine.names.notifier_queue),
        select=select,
        renew=lambda body: dead_letters.renewed(body, now=now) if is_job else body,
        limit=limit,
    )


def _selection(product: str | None, retailer: str | None) -> Callable[[DeadLetter], bool]:
    return lambda letter: letter.matches(product_id=product, retailer=retailer)
