"""A price over time as a step line: in characters for a terminal, as SVG for a file. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from pricemon.core.wording import clean, day, number

if TYPE_CHECKING:
    from pricemon.core.history import Step

_COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")
MARKS = "─━╌═┄┈"
"""What the lines of several products are drawn with, in order."""

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _LINE = 960, 360, 80, 20, 40, 20


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


def svg(series: Mapping[str, Sequence[Step]], *, until: int, title: str, unit: str) -> str:
    """The series as a self-contained SVG document, with axes and a legend."""
    steps = [step for line in series.values() for step in line]
    start = min((at for at, _ in steps), default=until)
    low = min((price for _, price in steps), default=Decimal(0))
    high = max((price for _, price in steps), default=Decimal(1))
    pad = (high - low) / 20 or max(high / 20, Decimal("0.01"))
    low, high = max(Decimal(0), low - pad), high + pad
    length = max(1, until - start)

    def x(at: int) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * (at - start) / length, 1)

    def y(price: Decimal) -> float:
        return round(_TOP + (_HEIGHT - _TOP - 2 * _LINE) * float((high - price) / (high - low)), 1)

    height = _HEIGHT + _LINE * len(series)
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        f"<title>{escape(clean(title))}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="16">{escape(clean(title, 100))}</text>',
    ]
    for part in range(5):
        price = low + (high - low) * part / 4
        parts.append(
            f'<path d="M{_LEFT} {y(price)}H{_WIDTH - _RIGHT}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 6}" y="{y(price) + 4}" text-anchor="end">'
            f"{_rounded(price)}</text>"
        )
        at = start + length * part // 4
        anchor = {0: "start", 4: "end"}.get(part, "middle")
        parts.append(
            f'<text x="{x(at)}" y="{_HEIGHT - _LINE}" text-anchor="{anchor}">{day(at)}</text>'
        )
    parts.append(f'<text x="{_LEFT - 6}" y="{_TOP - 8}" text-anchor="end">{escape(unit)}</text>')
    for index, (name, line) in enumerate(series.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        path = "".join(
            f"{'M' if place == 0 else 'H'}{x(at)}{f' {y(price)}' if place == 0 else f'V{y(price)}'}"
            for place, (at, price) in enumerate(line)
        )
        legend = _HEIGHT + index * _LINE
        parts.append(
            f'<path d="{path}H{x(until)}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<path d="M{_LEFT} {legend}h24" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{_LEFT + 32}" y="{legend + 4}">{escape(clean(name, 100))}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def html(series: Mapping[str, Sequence[Step]], *, until: int, title: str, unit: str) -> str:
    """The same chart in a page of its own."""
    drawing = svg(series, until=until, title=title, unit=unit)
    heading = escape(clean(title))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{heading}</title>\n'
        f"{drawing}</html>\n"
    )


def _rounded(price: Decimal) -> str:
    return number(round(price, 2), places=2)


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
