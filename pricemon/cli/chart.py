"""A price over time as a step line, in characters for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from pricemon.core.alerting.wording import day, number

if TYPE_CHECKING:
    from pricemon.core.alerting.facts import Step

MARKS = "─━╌═┄┈"
"""What the lines of several products are drawn with, in order."""


def plain(series: Mapping[str, Sequence[Step]], *, until: int, width: int, height: int) -> str:
    """The series (name → steps, oldest first) as lines of characters; empty without any step.

    Each column is a stretch of time and shows the price at its end; where that changed, the line
    goes up or down in that column. Later series are drawn over earlier ones.
    """
    steps = [step for line in series.values() for step in line]
    if not steps:
        return ""
    low, high = min(price for _, price in steps), max(price for _, price in steps)
    labels = [
        number(low + (high - low) * row / max(1, height - 1), places=2) for row in (0, height - 1)
    ]
    margin = max(map(len, labels)) + 1
    columns = max(10, width - margin - 1)
    start = min(at for at, _ in steps)
    grid = [[" "] * columns for _ in range(height)]
    for index, line in enumerate(series.values()):
        rows = _rows(_sampled(line, start, until, columns), low, high, height)
        _draw(grid, rows, MARKS[index % len(MARKS)] if len(series) > 1 else "─")
    lines = []
    for row in range(height - 1, -1, -1):
        label = (
            {height - 1: labels[1], 0: labels[0]}.get(row, "") if low != high or row == 0 else ""
        )
        lines.append(f"{label:>{margin}}┤{''.join(grid[row])}".rstrip())
    first, last = day(start), day(until)
    lines.append(" " * (margin + 1) + first + last.rjust(columns - len(first)))
    return "\n".join(lines)


def _sampled(line: Sequence[Step], start: int, until: int, columns: int) -> list[Decimal | None]:
    """The price at the end of each column; `None` before the first."""
    found: list[Decimal | None] = []
    place, current = 0, None
    for column in range(1, columns + 1):
        end = start + (until - start) * column // columns
        while place < len(line) and line[place][0] <= end:
            current = line[place][1]
            place += 1
        found.append(current)
    return found


def _rows(
    values: Sequence[Decimal | None], low: Decimal, high: Decimal, height: int
) -> list[int | None]:
    span = high - low
    return [
        None if value is None else (round((value - low) / span * (height - 1)) if span else 0)
        for value in values
    ]


def _draw(grid: list[list[str]], rows: Sequence[int | None], mark: str) -> None:
    for column, (before, row) in enumerate(pairwise([None, *rows])):
        if row is None:
            continue
        if before is None or before == row:
            grid[row][column] = mark
            continue
        up = row > before
        grid[before][column] = "╯" if up else "╮"
        grid[row][column] = "╭" if up else "╰"
        for between in range(min(before, row) + 1, max(before, row)):
            grid[between][column] = "│"
