"""How a deploy looks: the plan, the resources at work, and what a run did."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.live import Live
from rich.markup import escape
from rich.text import Text
from rich.tree import Tree

from pricemon.cli import render

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from pricemon.cloud.engine import ApplyError, Event, Result
    from pricemon.cloud.plan import Change, Plan

_MARK = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
    "keep": ("=", "dim"),
}
_AT_WORK = ("creating", "updating", "replacing", "deleting", "waiting")
_STYLE = {
    "created": "green",
    "updated": "yellow",
    "replaced": "magenta",
    "deleted": "red",
    "failed": "bold red",
    "skipped": "dim",
    "unchanged": "dim",
}


def plan(intended: Plan) -> Text:
    """The plan: a line per change, its fields below, and a count of everything at the end."""
    shown = Text()
    for change in intended.pending:
        _change(shown, change)
    counts = [f"{intended.count(kind)} to {kind}" for kind in _kinds(intended)]
    shown.append(f"plan: {', '.join(counts)}" if intended.pending else "nothing to change")
    return shown


def _kinds(intended: Plan) -> list[str]:
    return [kind for kind in _MARK if any(change.kind == kind for change in intended.changes)]


def _change(shown: Text, change: Change) -> None:
    mark, style = _MARK[change.kind]
    shown.append(f"{mark} {change.id}\n", style=style)
    if change.reason:
        shown.append(f"    {change.reason}\n")
    if change.kind in ("update", "replace"):
        for difference in change.fields:
            for line in difference.lines():
                shown.append(f"    {line}\n", style=_line_style(line))


def _line_style(line: str) -> str:
    stripped = line.strip()
    if stripped.startswith("+"):
        return "green"
    return "red" if stripped.startswith("-") else ""


def result(done: Result) -> str:
    """What a run did, in one sentence."""
    parts = [
        f"{len(ids)} {name}"
        for name, ids in (
            ("created", done.created),
            ("updated", done.updated),
            ("deleted", done.deleted),
            ("unchanged", done.unchanged),
        )
        if ids
    ]
    return f"{', '.join(parts) or 'nothing to do'} in {done.seconds:.1f} s"


def failure(problem: ApplyError) -> str:
    """Where a run stopped: what is done, what failed and why, what was not begun."""
    done = problem.result
    settled = [*done.created, *done.updated, *done.deleted, *done.unchanged]
    lines = [f"done: {', '.join(settled) or 'nothing'}"]
    lines += [f"failed: {id_}: {why.message}" for id_, why in problem.failed.items()]
    if problem.not_started:
        lines.append(f"not started: {', '.join(problem.not_started)}")
    return escape("\n".join(lines))


@dataclass
class _Row:
    state: str
    detail: str
    began: float
    seconds: float | None = None


@dataclass
class Progress:
    """Collects a run's events. Draws a live tree on a terminal, prints a line each elsewhere."""

    title: str
    live: bool
    rows: dict[str, _Row] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on_event(self, event: Event) -> None:
        """Take note of an event; called from the run's threads."""
        with self._lock:
            over = event.state not in _AT_WORK
            began = time.monotonic() - event.seconds
            seconds = event.seconds if over else None
            self.rows[event.id] = _Row(event.state, event.detail, began, seconds)
        if not self.live and event.state != "unchanged":
            timing = f" in {event.seconds:.1f} s" if over else ""
            detail = f": {event.detail}" if event.detail else ""
            render.talk(escape(f"{event.id}: {event.state}{timing}{detail}"))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The tree as it is now: one branch per kind of resource."""
        del options
        with self._lock:
            rows = sorted(self.rows.items())
        tree = Tree(f"[bold]{escape(self.title)}[/]")
        branches: dict[str, Tree] = {}
        for id_, row in rows[-max(console.height - 4, 5) :]:
            kind, _, name = id_.partition("/")
            if kind not in branches:
                branches[kind] = tree.add(kind)
            branches[kind].add(_row_text(name, row))
        yield tree


def _row_text(name: str, row: _Row) -> Text:
    seconds = row.seconds if row.seconds is not None else time.monotonic() - row.began
    text = Text(f"{name}  ")
    text.append(f"{row.state} {seconds:.1f} s", style=_STYLE.get(row.state, "cyan"))
    if row.detail:
        text.append(f"  {row.detail}", style="dim")
    return text


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Progress]:
    """A display of a run for as long as the block lasts; `quiet` shows nothing (for `--json`)."""
    console = render.stderr()
    shown = Progress(title, live=quiet or console.is_terminal)
    if quiet or not console.is_terminal:
        yield shown
        return
    with Live(shown, console=console, refresh_per_second=8, transient=True):
        yield shown


def contents(rows: Sequence[tuple[str, dict[str, int]]]) -> str:
    """What a teardown would remove, with what is in it."""
    lines = []
    for id_, counts in rows:
        inside = ", ".join(f"{number:,} {what}" for what, number in counts.items())
        lines.append(f"- {id_}" + (f" ({inside})" if inside else ""))
    return escape("\n".join(lines))
