"""Prices over time as a picture: SVG, a page with it, or PNG. Pure but for Pillow's own font.

What is drawn is laid out once, as lines and labels in pixels; each format only writes them down.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from pricemon.core.alerting.wording import clean, day, number
from pricemon.core.errors import PricemonError

if TYPE_CHECKING:
    from pricemon.core.alerting.facts import Step

WIDTH, PLOT_HEIGHT, ROW = 960, 360, 20
"""Pixels: the picture's width, the height above the legend, and one row of the legend."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 20, 40, 40
_COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")
_GRID, _INK = "#dddddd", "#000000"
_TICKS = 5
_SCALE = 2
"""PNG pixels for one of the layout's, for sharp screens."""

Series = Mapping[str, Sequence["Step"]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: int = 1


@dataclass(frozen=True, slots=True)
class Label:
    """Text whose baseline is at `y`, and whose start, middle or end is at `x`."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    size: int = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture, before it is written down."""

    height: int
    title: str
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]


def layout(series: Series, *, until: int, title: str, unit: str) -> Layout:
    """Axes, a step line for each of the series (name → steps, oldest first), and a legend."""
    steps = [step for line in series.values() for step in line]
    start = min((at for at, _ in steps), default=until)
    prices = [price for _, price in steps] or [Decimal(0), Decimal(1)]
    margin = (max(prices) - min(prices)) / 20 or max(max(prices) / 20, Decimal("0.01"))
    low, high = max(Decimal(0), min(prices) - margin), max(prices) + margin
    length = max(1, until - start)

    def x(at: int) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * (at - start) / length, 1)

    def y(price: Decimal) -> float:
        share = float((high - price) / (high - low))
        return round(_TOP + (PLOT_HEIGHT - _TOP - _BOTTOM) * share, 1)

    lines: list[Line] = []
    labels = [Label(_LEFT, 24, clean(title, 100), size=16), Label(_LEFT - 6, 32, unit, "end")]
    for tick in range(_TICKS):
        price = low + (high - low) * tick / (_TICKS - 1)
        at = start + length * tick // (_TICKS - 1)
        lines.append(Line(((_LEFT, y(price)), (WIDTH - _RIGHT, y(price))), _GRID))
        labels.append(Label(_LEFT - 6, y(price) + 4, number(round(price, 2), places=2), "end"))
        anchor = {0: "start", _TICKS - 1: "end"}.get(tick, "middle")
        labels.append(Label(x(at), PLOT_HEIGHT - ROW, day(at), anchor))
    for index, (name, line) in enumerate(series.items()):
        colour, row = _COLOURS[index % len(_COLOURS)], PLOT_HEIGHT + index * ROW
        points = [(x(at), y(price)) for at, price in line]
        corners = [(after[0], before[1]) for before, after in pairwise(points)]
        path = [p for pair in zip(points, corners, strict=False) for p in pair] + points[-1:]
        path += [(x(until), points[-1][1])] if points else []
        lines.append(Line(tuple(path), colour, 2))
        lines.append(Line(((_LEFT, row), (_LEFT + 24, row)), colour, 2))
        labels.append(Label(_LEFT + 32, row + 4, clean(name, 100)))
    return Layout(PLOT_HEIGHT + ROW * len(series), clean(title), tuple(lines), tuple(labels))


def svg(picture: Layout) -> str:
    """A self-contained SVG document."""
    size = f'viewBox="0 0 {WIDTH} {picture.height}" width="{WIDTH}" height="{picture.height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">',
        f"<title>{escape(picture.title)}</title>",
        f'<rect width="{WIDTH}" height="{picture.height}" fill="#ffffff"/>',
    ]
    for line in picture.lines:
        points = " ".join(f"{x},{y}" for x, y in line.points)
        stroke = f'stroke="{line.colour}" stroke-width="{line.width}"'
        parts.append(f'<polyline points="{points}" fill="none" {stroke}/>')
    for label in picture.labels:
        place = f'x="{label.x}" y="{label.y}" text-anchor="{label.anchor}"'
        parts.append(f'<text {place} font-size="{label.size}">{escape(label.text)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def html(picture: Layout) -> str:
    """The SVG in a page of its own."""
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f"<title>{escape(picture.title)}</title>\n{svg(picture)}</html>\n"
    )


def png(picture: Layout) -> bytes:
    """A PNG, by Pillow, which the extra `plot` installs."""
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        raise PricemonError(
            "a PNG needs Pillow", hint="pip install 'pricemon[plot]', or draw an .svg"
        ) from None
    image = Image.new("RGB", (WIDTH * _SCALE, picture.height * _SCALE), "#ffffff")
    pen = ImageDraw.Draw(image)
    for line in picture.lines:
        points = [(x * _SCALE, y * _SCALE) for x, y in line.points]
        pen.line(points, fill=line.colour, width=line.width * _SCALE)
    for label in picture.labels:
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[label.anchor]
        place = (label.x * _SCALE, label.y * _SCALE)
        font = ImageFont.load_default(label.size * _SCALE)
        pen.text(place, label.text, fill=_INK, font=font, anchor=anchor)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
