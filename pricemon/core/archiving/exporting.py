"""The archive's observations as flat rows for other programs: JSON Lines and CSV.

Each observation once, in order of time. Money stays a decimal string: nothing here turns it into a
binary fraction.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from decimal import Decimal

    from pricemon.core.archiving.reading import Hour, Problem
    from pricemon.core.model import Observation

COLUMNS = (
    *("product_id", "time", "timestamp", "retailer", "price", "currency", "availability"),
    *("outcome", "source", "reason", "detail", "http_status", "run_id", "url", "title"),
)


@dataclass(slots=True)
class Export:
    """What was written, and what could not be read.

    `whole` and `fraction` are the most digits of a price before and behind the point: what a
    column of decimals must hold.
    """

    observations: int = 0
    whole: int = 1
    fraction: int = 2
    problems: list[Problem] = field(default_factory=list)


def row(observation: Observation) -> dict[str, Any]:
    """An observation as the values of `COLUMNS`."""
    values: dict[str, Any] = {name: getattr(observation, name, None) for name in COLUMNS}
    price = observation.price
    moment = datetime.fromtimestamp(observation.timestamp / 1000, UTC)
    return values | {
        "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{observation.timestamp % 1000:03d}Z",
        "price": None if price is None else f"{price:f}",
    }


def write(
    hours: Iterable[Hour], out: TextIO, *, as_csv: bool, on_row: Callable[[], None] = lambda: None
) -> Export:
    """Write the observations of the hours into `out`, as CSV or as JSON Lines."""
    done = Export()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    if as_csv:
        writer.writeheader()
    for observation in _observations(hours, done):
        line = row(observation)
        if as_csv:
            writer.writerow(line)
        else:
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        if observation.price is not None:
            _measure(done, observation.price)
        done.observations += 1
        on_row()
    return done


def _observations(hours: Iterable[Hour], done: Export) -> Iterator[Observation]:
    for hour in hours:
        done.problems += hour.problems
        yield from hour.observations().values()


def _measure(done: Export, price: Decimal) -> None:
    whole, _, fraction = f"{abs(price):f}".partition(".")
    done.whole = max(done.whole, len(whole))
    done.fraction = max(done.fraction, len(fraction))
