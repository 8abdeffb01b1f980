"""All of rich: the two consoles, tables, progress, errors. Data to stdout, talk to stderr."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from pricemon.core.errors import PricemonError, UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType


def _console(*, stderr: bool) -> Console:
    """A console that never wraps or colours what is not read on a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else 10_000)


def stderr() -> Console:
    """The console a person watches."""
    return _console(stderr=True)


def print_data(renderable: RenderableType | str) -> None:
    """Print a result on stdout."""
    _console(stderr=False).print(renderable)


def literal(text: str) -> Text:
    """Text as it is: its square brackets are no markup."""
    return Text(text)


def print_json(data: Any) -> None:
    """Print `data` as one JSON document on stdout."""
    sys.stdout.write(json.dumps(plain(data), indent=2, ensure_ascii=False) + "\n")


def print_json_line(data: Any) -> None:
    """Print `data` as one line of JSON on stdout."""
    sys.stdout.write(json.dumps(plain(data), ensure_ascii=False) + "\n")


def talk(message: RenderableType | str) -> None:
    """Print to the person, on stderr."""
    _console(stderr=True).print(message)


def error(problem: PricemonError) -> None:
    """One sentence, and the hint that names the remedy."""
    console = _console(stderr=True)
    console.print(f"[bold red]error:[/] {escape(problem.message)}")
    if problem.hint:
        console.print(f"[bold]hint:[/] {escape(problem.hint)}")


def plain(value: Any) -> Any:
    """`value` in JSON's own types: money as decimal strings, dataclasses and enums by value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return value


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    right: Sequence[str] = (),
) -> Table:
    """A plain table; the columns named in `right` are aligned right (numbers)."""
    grid = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    return grid


def when(milliseconds: int | None) -> str:
    """A time in the reader's own zone, to the second; empty for none."""
    if milliseconds is None:
        return ""
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=UTC).astimezone()
    return moment.strftime("%Y-%m-%d %H:%M:%S")


@contextmanager
def progress() -> Iterator[Progress]:
    """A progress display on stderr; silent when stderr is not a terminal."""
    console = _console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield bar


def is_terminal() -> bool:
    """Whether a person is there to read and to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """Ask on stderr and return the answer, stripped; empty at end of input."""
    talk(question)
    return sys.stdin.readline().strip()


def confirm(question: str, answer: str) -> None:
    """Go on only if the person types `answer`. Raises `UsageError` otherwise."""
    if not is_terminal():
        raise UsageError("there is no terminal to ask on", hint="add --yes to go on without asking")
    if ask(question) != answer:
        raise UsageError("not confirmed, nothing was done")
