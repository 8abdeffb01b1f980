"""How the demo looks: its steps as they go by, and its report."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape

from pricemon.cli import render

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress

    from pricemon.cli.demo_report import Line, Report

_SHOWN = 12
_EVERY = 5.0
"""Seconds between two lines about a step, where there is no terminal to draw a bar on."""


class Narrator:
    """Tells the demo's steps on stderr: a bar on a terminal, now and then a line elsewhere."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", visible=False, note="")
        self._text = ""
        self._said = 0.0

    def step(self, text: str) -> None:
        """A step begins."""
        self._text, self._said = text, time.monotonic()
        self._bar.remove_task(self._task)
        self._task = self._bar.add_task(text, total=None, note="")
        if self._bar.disable:
            self._bar.console.print(escape(f"  {text} …"))

    def progress(self, ended: int, total: int | None, note: str) -> None:
        """How far the step is."""
        self._bar.update(self._task, completed=ended, total=total, note=note)
        if self._bar.disable and time.monotonic() - self._said > _EVERY:
            self._said = time.monotonic()
            of = f" of {total:,}" if total is not None else ""
            self._bar.console.print(escape(f"  {self._text} … {ended:,}{of} {note}".rstrip()))

    def done(self, text: str) -> None:
        """The step ended, thus."""
        self._bar.update(self._task, visible=False)
        self._bar.console.print(f"[green]✓[/] {escape(text)}")


@contextmanager
def narrator() -> Iterator[Narrator]:
    """A `Narrator` for as long as the block lasts."""
    with render.progress() as bar:
        yield Narrator(bar)


def report(found: Report) -> RenderableType:
    """Alerts beside true drops, what became of the failures, and what to type next."""
    lines = found.comparison.lines
    table = render.table(
        ("product", "shop: was", "is", "alert: was", "is", "percent", ""),
        (_row(line) for line in lines[:_SHOWN]),
        right=("shop: was", "is", "alert: was", "percent"),
    )
    style = "bold green" if found.right else "bold red"
    rest = len(lines) - _SHOWN
    parts: list[RenderableType] = [table]
    if rest > 0:
        parts.append(f"… and {rest} more, in {escape(str(found.config.parent / 'report.json'))}")
    parts += [
        "",
        f"[{style}]{escape(found.comparison.sentence())}[/]",
        escape(found.failures.sentence()),
        f"{found.products:,} products, two days, {found.seconds:.0f} s",
        "",
        "What to type next:",
        *(f"  {escape(command)}" for command in _next(found)),
    ]
    return Group(*parts)


def _next(found: Report) -> list[str]:
    example = found.example()
    return [
        f"export PRICEMON_CONFIG={shlex.quote(str(found.config))}",
        *([f"pricemon history {example}"] if example else []),
        "pricemon alerts list",
        "pricemon dlq list",
        "pricemon status",
        "pricemon demo --down          # and everything of the demo is gone",
    ]


def _row(line: Line) -> tuple[object, ...]:
    was, now = line.shop or (None, None)
    told, new = line.alert or (None, None)
    return line.product_id, _m(was), _m(now), _m(told), _m(new), _percent(line), line.verdict


def _m(price: Decimal | None) -> str:
    return "-" if price is None else f"{price:,.2f}"


def _percent(line: Line) -> str:
    return "" if line.percent is None else f"{line.percent:.1f}"
