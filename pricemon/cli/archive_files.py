"""The archive as one file: what its ending stands for, and writing it whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pricemon.cli import parquet
from pricemon.core.archiving import exporting
from pricemon.core.errors import PricemonError, UsageError

if TYPE_CHECKING:
    from pricemon.core.archiving.exporting import Export
    from pricemon.core.archiving.reading import Hour

Writer = Callable[[Iterable["Hour"]], "Export"]


def writer(to: Path) -> Writer:
    """What writes the file `to`. Raises `UsageError` at once where it cannot be done."""
    match to.suffix.lower():
        case ".parquet":
            parquet.duckdb()
            write = _parquet
        case ".csv":
            write = _csv
        case ".jsonl" | ".ndjson":
            write = _json_lines
        case ending:
            raise UsageError(
                f"cannot write a {ending or 'file without an ending'}",
                hint="FILE.parquet, FILE.csv or FILE.jsonl",
            )
    if not to.parent.is_dir():
        raise UsageError(f"there is no folder {to.parent}")
    return lambda hours: _whole(write, hours, to)


def _whole(
    write: Callable[[Iterable[Hour], Path], Export], hours: Iterable[Hour], to: Path
) -> Export:
    try:
        with _beside(to) as part:
            done = write(hours, part)
            part.replace(to)
    except OSError as problem:
        raise PricemonError(f"{to} cannot be written: {problem.strerror or problem}") from problem
    return done


def _csv(hours: Iterable[Hour], to: Path) -> Export:
    with to.open("w", encoding="utf-8", newline="") as out:
        return exporting.write(hours, out, as_csv=True)


def _json_lines(hours: Iterable[Hour], to: Path) -> Export:
    with to.open("w", encoding="utf-8") as out:
        return exporting.write(hours, out, as_csv=False)


def _parquet(hours: Iterable[Hour], to: Path) -> Export:
    """By way of JSON Lines: the widest price, known at the end, decides on the column's type."""
    with _beside(to) as lines:
        done = _json_lines(hours, lines)
        parquet.from_json_lines(lines, to, whole=done.whole, fraction=done.fraction)
    return done


@contextmanager
def _beside(to: Path) -> Iterator[Path]:
    """A file for the time being, in the same folder: a rename then replaces the old one at once."""
    with tempfile.TemporaryDirectory(prefix=".pricemon-", dir=to.parent) as folder:
        yield Path(folder) / to.name
