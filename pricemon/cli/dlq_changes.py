"""`dlq redrive --queue changes`: the replay, with its clients and its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricemon.cli import dlq_view, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from pricemon.cli import context
    from pricemon.core.dead_letters import DeadLetter
    from pricemon.core.replaying.replay import Replay


def redrive(
    mine: context.Context,
    url: str,
    select: Callable[[DeadLetter], bool],
    *,
    limit: int | None,
    dry_run: bool,
) -> bool:
    """Replay what is in the queue at `url`; whether all that was selected was brought back."""
    replay = _replay(mine, url)
    if dry_run:
        tasks = replay.rehearse(select, limit)
        mine.emit(
            {"would_redrive": dlq_view.rehearsed(tasks)}, lambda: dlq_view.rehearsed_human(tasks)
        )
        return True
    with render.progress() as bar:
        task = bar.add_task("replaying", total=None, note="products")
        report = replay.run(
            select, limit, lambda done, total: bar.update(task, completed=done, total=total)
        )
    mine.emit(dlq_view.replayed(report), lambda: dlq_view.replayed_human(report))
    return not (report.left or report.refused)


def _replay(mine: context.Context, url: str) -> Replay:
    from pricemon.core.replaying.invoking import Function
    from pricemon.core.replaying.rebuilt import Archive
    from pricemon.core.replaying.replay import Replay

    return Replay(
        sqs=mine.aws.client("sqs"),
        queue_url=url,
        streams=mine.aws.client("dynamodbstreams"),
        archive=Archive(
            s3=mine.aws.client("s3"),
            bucket=mine.names.bucket,
            table=mine.table,
            lag=mine.config.queues.retention * 1000,
        ),
        function=Function(mine.aws.client("lambda"), mine.names.processor),
    )
