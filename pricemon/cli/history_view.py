"""How a history looks: a table, statistics and a chart; CSV; JSON; a picture."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TextIO

from rich.console import Group
from rich.markup import escape
from rich.text import Text

from pricemon.cli import chart, picture, render
from pricemon.core import history
from pricemon.core.alerting import facts
from pricemon.core.alerting.wording import change, iso, money, number, plain_money
from pricemon.core.errors import PricemonError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from pathlib import Path

    from rich.console import RenderableType

    from pricemon.core.alerting.facts import Step
    from pricemon.core.history import Entry, Period, Statistics
    from pricemon.core.model import Observation, Product

_DAY = facts.DAY
_CHART_HEIGHT, _CHART_WIDTH = 12, 120
_PRICES_SHOWN = 5

By = Literal["day", "week"] | None


@dataclass(frozen=True, kw_only=True)
class History:
    """One product and its observations up to `until`; the product may be removed by now."""

    product_id: str
    product: Product | None
    observations: list[Observation]
    until: int

    @cached_property
    def entries(self) -> list[Entry]:
        """The observations, newest first, each with its change."""
        return history.entries(self.observations)

    @cached_property
    def statistics(self) -> Statistics | None:
        """The statistics of the latest currency."""
        return history.statistics(self.observations, until=self.until)

    @property
    def steps(self) -> list[Step]:
        """The prices of the latest currency, oldest first."""
        if self.statistics is None:
            return []
        return facts.prices(self.observations, self.statistics.currency)

    @property
    def name(self) -> str:
        """What people call it."""
        known = self.product.known if self.product else None
        title = self.product.title if self.product else None
        return title or (known.page_title if known else None) or self.product_id


def document(one: History, by: By = None) -> dict[str, Any]:
    """The history as JSON."""
    product, numbers = one.product, one.statistics
    told: dict[str, Any] = {
        "product_id": one.product_id,
        "retailer": product.retailer if product else None,
        "title": one.name if product else None,
        "url": product.url if product else None,
        "statistics": _statistics(numbers) if numbers else None,
        "observations": [_observation(entry) for entry in one.entries],
    }
    if by and numbers:
        found = history.periods(one.observations, by, currency=numbers.currency)
        told["periods"] = [_period(period, numbers.currency) for period in found]
    return told


def human(found: Sequence[History], *, by: By, limit: int) -> RenderableType:
    """The histories for a person: each with its table and numbers, then one chart of all."""
    parts: list[RenderableType] = []
    for one in found:
        parts += [_heading(one), _periods(one, by) if by else _table(one, limit), Text()]
        if one.statistics:
            parts += [_numbers(one.statistics), Text()]
    parts.append(side_by_side(found))
    return Group(*parts)


def write_csv(found: Sequence[History], out: TextIO) -> None:
    """All observations, newest first, one line each."""
    writer = csv.writer(out, lineterminator="\n")
    columns = (
        *("product_id", "retailer", "time", "timestamp", "price", "currency", "change_percent"),
        *("availability", "outcome", "source", "reason", "run_id"),
    )
    writer.writerow(columns)
    for one in found:
        for entry in one.entries:
            line = _observation(entry) | {"product_id": one.product_id}
            line |= {"retailer": entry.observation.retailer, "run_id": entry.observation.run_id}
            writer.writerow(["" if line[name] is None else line[name] for name in columns])


def plot(found: Sequence[History], path: Path) -> None:
    """Draw the histories into a file; its name's ending says how."""
    series, until = _series(found), max(one.until for one in found)
    title = found[0].name if len(found) == 1 else "Prices"
    unit = "/".join(sorted({one.statistics.currency for one in found if one.statistics}))
    if not any(series.values()):
        raise PricemonError("there is no price to draw")
    drawing = picture.layout(series, until=until, title=title, unit=unit)
    match path.suffix.lower():
        case ".svg":
            content = picture.svg(drawing).encode()
        case ".html" | ".htm":
            content = picture.html(drawing).encode()
        case ".png":
            content = picture.png(drawing)
        case ending:
            raise UsageError(
                f"cannot draw a {ending or 'file without an ending'}",
                hint="FILE.svg, FILE.html or FILE.png",
            )
    try:
        path.write_bytes(content)
    except OSError as problem:
        raise PricemonError(f"{path} cannot be written: {problem.strerror}") from problem


def _observation(entry: Entry) -> dict[str, Any]:
    seen = entry.observation
    price = seen.price
    if price is not None and seen.currency:
        price_text: str | None = plain_money(price, seen.currency)
    else:
        price_text = None if price is None else f"{price:f}"
    return {
        "timestamp": seen.timestamp,
        "time": iso(seen.timestamp),
        "price": price_text,
        "currency": seen.currency,
        "change_percent": entry.change_percent,
        "availability": seen.availability,
        "outcome": seen.outcome,
        "source": seen.source,
        "reason": seen.reason,
        "detail": seen.detail,
    }


def _statistics(numbers: Statistics) -> dict[str, Any]:
    whole = sum(held for _, held in numbers.time_at) or 1
    plain = render.plain(numbers)
    for name in ("current", "lowest", "highest", "median", "weighted_median"):
        plain[name] = plain_money(getattr(numbers, name), numbers.currency)
    plain["time_at"] = [
        {
            "price": plain_money(price, numbers.currency),
            "seconds": held // 1000,
            "percent": round(100 * held / whole, 1),
        }
        for price, held in numbers.time_at
    ]
    return dict(plain)


def _period(period: Period, currency: str) -> dict[str, Any]:
    prices = {
        name: plain_money(getattr(period, name), currency)
        for name in ("first", "last", "lowest", "highest")
    }
    return {"start": iso(period.start), **prices, "observations": period.observations}


def _heading(one: History) -> Text:
    where = f" at {one.product.retailer}" if one.product else " (no longer in the catalogue)"
    return Text(f"{one.name}{where}", style="bold")


def _table(one: History, limit: int) -> RenderableType:
    shown = one.entries[: limit or None]
    rows = [
        (
            render.when(entry.observation.timestamp),
            _amount(entry.observation),
            _change(entry.change_percent),
            entry.observation.availability,
            _remark(entry.observation),
        )
        for entry in shown
    ]
    table = render.table(
        ("time", "price", "change", "availability", ""), rows, right=("price", "change")
    )
    hidden = len(one.entries) - len(shown)
    if not one.entries:
        return Text("no observations")
    return Group(table, Text(f"… and {hidden} older (--limit 0)")) if hidden else table


def _periods(one: History, by: By) -> RenderableType:
    if by is None or one.statistics is None:
        return Text("no prices")
    unit = one.statistics.currency
    rows = [
        (
            render.when(period.start)[:10],
            *(money(p, unit) for p in (period.first, period.lowest, period.highest, period.last)),
            period.observations,
        )
        for period in history.periods(one.observations, by, currency=unit)
    ]
    columns = (by, "first", "lowest", "highest", "last", "readings")
    return render.table(columns, rows, right=columns[1:])


def _numbers(numbers: Statistics) -> RenderableType:
    unit = numbers.currency
    whole = sum(held for _, held in numbers.time_at) or 1
    longest = sorted(numbers.time_at, key=lambda item: -item[1])[:_PRICES_SHOWN]
    rows = [
        ("now", money(numbers.current, unit), f"since {render.when(numbers.current_since)}"),
        ("lowest", money(numbers.lowest, unit), f"on {render.when(numbers.lowest_at)}"),
        ("highest", money(numbers.highest, unit), f"on {render.when(numbers.highest_at)}"),
        (
            "median",
            money(numbers.median, unit),
            f"over time {money(numbers.weighted_median, unit)}",
        ),
        ("changes", str(numbers.changes), f"in {numbers.observations} readings"),
        *(
            (
                "" if place else "mostly",
                money(price, unit),
                f"{round(100 * held / whole)} % of the time",
            )
            for place, (price, held) in enumerate(longest)
        ),
    ]
    return render.table(("", "", ""), rows, right=())


def side_by_side(found: Sequence[History]) -> Text:
    """One chart of all the histories, with a legend where they are several."""
    series, until = _series(found), max(one.until for one in found)
    width = min(_CHART_WIDTH, shutil.get_terminal_size().columns)
    drawing = chart.plain(series, until=until, width=width, height=_CHART_HEIGHT)
    legend = "".join(
        f"\n{chart.MARKS[index % len(chart.MARKS)] * 3} {name}" for index, name in enumerate(series)
    )
    return Text(drawing + (legend if len(series) > 1 else ""), no_wrap=True)


def _series(found: Sequence[History]) -> dict[str, list[Step]]:
    """Lines by name; equal names are told apart by their shop."""
    names = [one.name for one in found]
    return {
        f"{one.name} ({one.product_id})" if names.count(one.name) > 1 else one.name: one.steps
        for one in found
    }


def _amount(seen: Observation) -> str:
    if seen.price is None:
        return ""
    return money(seen.price, seen.currency) if seen.currency else number(seen.price)


def _change(percent: Decimal | None) -> str:
    return change(percent, places=1) if percent else ""


def _remark(seen: Observation) -> str:
    if seen.outcome in history.ACCEPTED:
        return ""
    reason = seen.detail or seen.reason or ""
    return escape(f"{seen.outcome}: {reason}" if reason else seen.outcome)
