"""A product's observations over years: the table's, and before them the archive's.

Where the table keeps observations for `keep_days` only, older ones are in the archive. What both
have is taken from the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pricemon.core.alerting.facts import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pricemon.core.archiving.reading import Hour, Problem
    from pricemon.core.model import Observation
    from pricemon.core.table import Table


def expired_before(table: Table, *, now: int) -> int | None:
    """The time (epoch ms) before which the table may have let observations go; `None`: never."""
    return None if table.keep_days is None else now - table.keep_days * DAY


def observations(
    table: Table,
    product_ids: Iterable[str],
    *,
    since: int | None,
    until: int,
    older: Iterable[Hour],
) -> tuple[dict[str, list[Observation]], list[Problem]]:
    """Each product's observations, newest first, and what of the archive could not be read.

    `older` are the archive's hours of those products, or none.
    """
    found: dict[str, dict[int, Observation]] = {product_id: {} for product_id in product_ids}
    problems: list[Problem] = []
    for hour in older:
        problems += hour.problems
        for (product_id, at), observation in hour.observations().items():
            if product_id in found:
                found[product_id][at] = observation
    for product_id, seen in found.items():
        stored = table.observations(product_id, since=since, until=until)
        seen |= {observation.timestamp: observation for observation in stored}
    return {product_id: list(_newest_first(seen)) for product_id, seen in found.items()}, problems


def _newest_first(seen: dict[int, Observation]) -> Iterator[Observation]:
    return (seen[at] for at in sorted(seen, reverse=True))
