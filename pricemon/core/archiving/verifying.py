"""Table and archive, held against each other: what one has and the other has not.

Both are read in order of time and compared hour by hour, so that years need no more memory than
their fullest hour. What seems to be missing is looked for once more before it is said to be: the
index trails the table by a moment, and the archive is written a moment after the table.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pricemon.core import archive, items
from pricemon.core.archiving.reading import Hour, Problem, hours, listing
from pricemon.core.dynamo import GET_LIMIT, chunks
from pricemon.core.model import Product
from pricemon.core.table import VALIDATORS

if TYPE_CHECKING:
    from pricemon.core.archiving.rebuilding import Catalogue
    from pricemon.core.model import Known, Observation
    from pricemon.core.table import Table

_Key = tuple[str, int]
Seen = Mapping[_Key, "Observation"]


class Kind(StrEnum):
    """How table and archive differ in one observation."""

    ONLY_IN_ARCHIVE = "only_in_archive"
    ONLY_IN_TABLE = "only_in_table"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One observation on which the two do not agree."""

    kind: Kind
    archived: Observation | None = None
    stored: Observation | None = None

    @property
    def observation(self) -> Observation:
        """The observation as the archive has it, else as the table has it."""
        found = self.archived or self.stored
        if found is None:
            raise AssertionError("a difference is of something")
        return found

    def fields(self) -> dict[str, tuple[object, object]]:
        """The fields that differ: as archived, as stored."""
        if self.archived is None or self.stored is None:
            return {}
        pairs = {
            name: (getattr(self.archived, name), getattr(self.stored, name))
            for name in self.archived.__slots__
        }
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """A product whose row in the table is not what its newest record says, from that time."""

    archived: Product
    stored: Product


@dataclass(slots=True, kw_only=True)
class Compared:
    """One hour: how many observations there are in either, and on which they differ."""

    observations: int
    differences: list[Difference]
    problems: list[Problem]


def compare(archived: Seen, stored: Seen) -> Iterator[Difference]:
    """The differences of two sets of observations, in order of time. Pure."""
    for key in sorted(archived.keys() | stored.keys(), key=lambda key: key[::-1]):
        one, other = archived.get(key), stored.get(key)
        if one == other:
            continue
        if other is None:
            kind = Kind.ONLY_IN_ARCHIVE
        else:
            kind = Kind.ONLY_IN_TABLE if one is None else Kind.DIFFERENT
        yield Difference(kind=kind, archived=one, stored=other)


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Holds `table` and the archive in `bucket` against each other.

    The table's side is read by the shops named; rows of other shops are found by the archive's.
    """

    table: Table
    s3: Any
    bucket: str
    retailers: Iterable[str]

    def verify(
        self, archived: Iterable[Hour], *, since: int | None, until: int | None
    ) -> Iterator[Compared]:
        """Compare the archive's hours with the table's observations of the same time."""
        stored = self._stored(since, until)
        for prefix, hour, rows in _side_by_side(archived, stored):
            there = hour or Hour(prefix)
            compared = self._compare(there, rows, since, until)
            if compared.observations or compared.problems:
                yield compared

    def products(self, catalogue: Catalogue) -> Iterator[Outdated | Problem | None]:
        """What became of the archive's products in the table: `None` for one as it should be.

        A row may know of something newer, and its catalogue entry and validators may have been
        edited since; a product that is not there may have been removed. None of that is wrong.
        """
        for chunk in chunks(catalogue.products(), GET_LIMIT):
            archived = [found for found in chunk if isinstance(found, Product)]
            stored = self.table.get_products(product.product_id for product in archived)
            yield from (found for found in chunk if isinstance(found, Problem))
            for product in archived:
                row = stored.get(product.product_id)
                wrong = row is not None and _is_outdated(product.known, row.known)
                yield Outdated(archived=product, stored=row) if wrong and row else None

    def _stored(
        self, since: int | None, until: int | None
    ) -> Iterator[tuple[str, dict[_Key, Observation]]]:
        """The table's observations by hour."""
        shops = [self.table.recent(shop, since or 0, until=until) for shop in self.retailers]
        seen = heapq.merge(*shops, key=lambda observation: observation.timestamp)
        for prefix, group in groupby(seen, key=lambda o: archive.hour_prefix(o.timestamp)):
            yield prefix, {(o.product_id, o.timestamp): o for o in group}

    def _compare(
        self, hour: Hour, stored: dict[_Key, Observation], since: int | None, until: int | None
    ) -> Compared:
        archived = hour.observations()
        problems = list(hour.problems)
        if missing := archived.keys() - stored.keys():
            stored |= self._look_up(missing)
        if stored.keys() - archived.keys():
            late = self._read_again(hour, since, until)
            for each in late:
                archived |= each.observations()
                problems += each.problems
        differences = list(compare(archived, stored))
        return Compared(
            observations=len(archived.keys() | stored.keys()),
            differences=differences,
            problems=problems,
        )

    def _look_up(self, keys: Iterable[_Key]) -> dict[_Key, Observation]:
        rows = self.table.rows.get_items(items.key(*key) for key in sorted(keys))
        return {(o.product_id, o.timestamp): o for o in map(items.observation, rows)}

    def _read_again(self, hour: Hour, since: int | None, until: int | None) -> Iterator[Hour]:
        """The hour's objects that were not there when the archive was listed."""
        at = _start(hour.prefix)
        known = set(hour.objects)
        found = listing(self.s3, self.bucket, since=at, until=at)
        late = [key for key in found.keys if key not in known]
        return hours(self.s3, self.bucket, late, since=since, until=until)


def _side_by_side(
    archived: Iterable[Hour], stored: Iterable[tuple[str, dict[_Key, Observation]]]
) -> Iterator[tuple[str, Hour | None, dict[_Key, Observation]]]:
    """Two series of hours as one, in order: each hour with what either has of it."""
    left = ((hour.prefix, hour, None) for hour in archived)
    right = ((prefix, None, rows) for prefix, rows in stored)
    both = heapq.merge(left, right, key=lambda found: found[0])
    for prefix, group in groupby(both, key=lambda found: found[0]):
        hour: Hour | None = None
        rows: dict[_Key, Observation] = {}
        for _, one, other in group:
            hour = one or hour
            rows = other or rows
        yield prefix, hour, rows


def _is_outdated(archived: Known | None, stored: Known | None) -> bool:
    if archived is None or stored is None:
        return archived is not None
    if archived.observed_at != stored.observed_at:
        return archived.observed_at > stored.observed_at
    unedited = {name: getattr(archived, name) for name in VALIDATORS}
    return replace(stored, **unedited) != archived


def _start(prefix: str) -> int:
    """When the hour of a prefix begins (epoch ms)."""
    moment = datetime.strptime(prefix + "+0000", f"{archive.PRICES}dt=%Y-%m-%d/hour=%H/%z")
    return round(moment.timestamp() * 1000)
