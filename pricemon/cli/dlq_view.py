"""Dead letters as people and programs see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pricemon.cli import render

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pricemon.core.dead_letters import DeadLetter
    from pricemon.core.replaying.replay import Report, Task

_COLUMNS = ("failed", "product", "retailer", "reason", "http", "detail")

_SOURCES = {
    "message": "the messages themselves",
    "stream": "the table's stream",
    "archive": "the archive",
}


def plain(letter: DeadLetter, queue: str) -> dict[str, object]:
    """A dead letter in JSON's types, without the handle that SQS gave us for it."""
    row = {"queue": str(queue), **render.plain(letter)}
    del row["receipt_handle"]
    return row


def cells(letter: DeadLetter) -> list[str]:
    """A dead letter in a row."""
    found = (
        render.when(letter.failed_at or letter.sent_at),
        letter.product_id or ("(a batch)" if letter.detail else letter.body[:40]),
        letter.retailer,
        letter.reason,
        letter.http_status,
        letter.detail,
    )
    return ["" if cell is None else str(cell) for cell in found]


def table(found: Sequence[tuple[str, DeadLetter]]) -> RenderableType:
    """Dead letters, with their queue where there are several."""
    several = len({queue for queue, _ in found}) > 1
    rows = ([str(queue)] * several + cells(letter) for queue, letter in found)
    return render.table((*(("queue",) * several), *_COLUMNS), rows, right=("http",))


def rehearsed(tasks: Sequence[Task]) -> list[dict[str, object]]:
    """What a replay would do."""
    return [
        {
            "messages": [letter.message_id for letter in task.letters],
            "source": task.source,
            "changes": len(task.records),
            "problem": task.problem or None,
        }
        for task in tasks
    ]


def rehearsed_human(tasks: Sequence[Task]) -> RenderableType:
    """The same in a table."""
    rows = (
        (len(task.letters), len(task.records), _SOURCES[task.source], task.problem)
        for task in tasks
    )
    return render.table(
        ("messages", "changes", "from", "stay, because"), rows, right=("messages", "changes")
    )


def replayed(report: Report) -> dict[str, object]:
    """What a replay did."""
    left = [{**plain(each.letter, "changes"), "problem": each.problem} for each in report.left]
    return {
        "redriven": report.replayed,
        "changes": report.changes,
        "refused": report.refused,
        "left": left,
    }


def replayed_human(report: Report) -> RenderableType:
    """The same in words."""
    lines = [f"{report.replayed:,} messages replayed: {report.changes:,} changes handled"]
    if report.refused:
        lines.append(f"{report.refused:,} were refused again, and are in the queue again")
    lines += [
        f"stays: {each.letter.product_id or each.letter.message_id}: {each.problem}"
        for each in report.left
    ]
    return render.literal("\n".join(lines))
