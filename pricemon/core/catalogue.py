"""The catalogue: rows of a file → products, each checked, and what an import would change. Pure.

A row that is wrong says why, with all of its problems; its neighbours are not affected. A column
that a file does not have leaves what is stored alone; an empty cell clears it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from pricemon.core import catalogue_values as values
from pricemon.core.catalogue_files import COLUMNS, RawRow, read
from pricemon.core.catalogue_values import Refused
from pricemon.core.model import Product
from pricemon.core.urls import Target, belongs

Hosts = Mapping[str, Collection[str]]
"""The configured retailers: name → hosts."""

OVERRIDES = ("target_price", "currency", "alerts", "rule")
"""The columns that are kept in `Product.overrides`."""
_FIELDS = tuple(name for name in COLUMNS if name not in {"product_id", *OVERRIDES})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: a product, or what is wrong with it.

    `given` names the columns it had.
    """

    line: int
    product: Product | None = None
    problems: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Diff:
    """What an import changes. Products of `changed` carry what was not given over from the old."""

    added: tuple[Product, ...] = ()
    changed: tuple[Product, ...] = ()
    unchanged: tuple[str, ...] = ()
    clashes: tuple[tuple[int, str], ...] = ()
    """Line and sentence of rows whose URL another, stored product has already."""


def parse(stream: BinaryIO, hosts: Hosts) -> Iterator[Row]:
    """The rows of a CSV or JSON Lines file, lazily, in order.

    Raises `UsageError` where the file as a whole is not understood (see `catalogue_files.read`).
    """
    check = Check(hosts)
    return map(check.row, read(stream))


@dataclass
class Check:
    """Checks rows against the configured retailers and against the rows before them."""

    hosts: Hosts
    _ids: dict[str, int] = field(default_factory=dict)
    _urls: dict[str, tuple[int, str]] = field(default_factory=dict)

    def row(self, raw: RawRow) -> Row:
        """The row's product, or its problems."""
        given = frozenset(raw.values)
        if raw.problem:
            return Row(raw.line, problems=(raw.problem,), given=given)
        problems: list[str] = []
        found = {
            name: _value(name, raw.values.get(name), problems)
            for name in COLUMNS
            if name in given or name in {"product_id", "url"}
        }
        if not problems:
            found["retailer"] = self._retailer(found, problems)
        if not problems:
            self._duplicate(raw.line, found["product_id"], found["url"], problems)
        if problems:
            return Row(raw.line, problems=tuple(problems), given=given)
        return Row(raw.line, product=_product(found), given=given | {"retailer"})

    def _retailer(self, found: Mapping[str, Any], problems: list[str]) -> str | None:
        """The row's retailer; where none is given, the only one to whom the URL belongs."""
        target = Target.parse(found["url"])
        owners = [name for name, hosts in self.hosts.items() if belongs(target, hosts)]
        named: str | None = found.get("retailer")
        if named is None:
            if len(owners) != 1:
                whose = f"belongs to {' and '.join(owners)}" if owners else "is no retailer's"
                problems.append(f"retailer is missing, and {target.host} {whose}")
            return owners[0] if owners else None
        if named not in self.hosts:
            problems.append(values.unknown("retailer", named, self.hosts))
        elif named not in owners:
            listed = ", ".join(self.hosts[named])
            problems.append(f"url: {target.authority} is not a host of {named} ({listed})")
        return named

    def _duplicate(self, line: int, product_id: str, url: str, problems: list[str]) -> None:
        if product_id in self._ids:
            problems.append(f"product_id {product_id} was in line {self._ids[product_id]} already")
        key = url_key(url)
        if key in self._urls:
            before, other = self._urls[key]
            problems.append(f"url is that of {other} in line {before}")
        if not problems:
            self._ids[product_id] = line
            self._urls[key] = (line, product_id)


def url_key(url: str) -> str:
    """What two URLs of one page have in common: host and escapes in one spelling."""
    try:
        target = Target.parse(url)
    except ValueError:
        return url
    return target.url + url.partition("#")[1] + url.partition("#")[2]


def _value(name: str, raw: Any, problems: list[str]) -> Any:
    try:
        return values.PARSERS[name](raw)
    except Refused as refused:
        sentence = str(refused)
        problems.append(name + sentence if sentence.startswith(":") else f"{name} {sentence}")
        return None


def _product(found: Mapping[str, Any]) -> Product:
    own = {name: found[name] for name in OVERRIDES if found.get(name) is not None}
    fields = {name: found[name] for name in _FIELDS if found.get(name) is not None}
    return Product(product_id=found["product_id"], **fields, overrides=own)


def diff(existing: Iterable[Product], wanted: Iterable[Row]) -> Diff:
    """What importing the rows would change in the stored products; invalid ones are passed over."""
    stored = {product.product_id: product for product in existing}
    rows = [(row, row.product) for row in wanted if row.product]
    moving = {product.product_id for _, product in rows}
    urls = {url_key(p.url): p.product_id for p in stored.values() if p.product_id not in moving}
    added, changed, unchanged, clashes = [], [], [], []
    for row, product in rows:
        old = stored.get(product.product_id)
        owner = urls.get(url_key(product.url))
        if owner:
            clashes.append((row.line, f"url is that of the stored product {owner}"))
        elif old is None:
            added.append(product)
        elif (new := merged(old, product, row.given)) != dataclasses.replace(old, known=None):
            changed.append(new)
        else:
            unchanged.append(product.product_id)
    return Diff(tuple(added), tuple(changed), tuple(unchanged), tuple(clashes))


def merged(old: Product, new: Product, given: Collection[str]) -> Product:
    """`old` with the `given` columns taken from `new`, without what is known of its price."""
    taken = {name: getattr(new, name) for name in _FIELDS if name in given}
    kept = {name: value for name, value in old.overrides.items() if name not in given}
    fresh = {name: value for name, value in new.overrides.items() if name in given}
    return dataclasses.replace(old, **taken, overrides={**kept, **fresh}, known=None)


def plain(product: Product) -> dict[str, Any]:
    """A product as a catalogue row: its columns, in plain values. The inverse of `parse`."""
    own = {name: product.overrides.get(name) for name in OVERRIDES}
    return {name: own[name] if name in own else getattr(product, name) for name in COLUMNS}


def change(
    product: Product, assignments: Mapping[str, Any], hosts: Hosts
) -> tuple[Product, tuple[str, ...]]:
    """`product` with some columns set anew (an empty value clears), or what is wrong with them."""
    raw = {**plain(product), **assignments}
    row = Check(hosts).row(RawRow(0, raw))
    if row.product is None:
        return product, row.problems
    return dataclasses.replace(row.product, known=product.known), ()


def suggest_id(url: str, taken: Collection[str] = ()) -> str:
    """A product id for a URL: its last telling path segment, numbered where that is taken."""
    target = Target.parse(url)
    segments = [
        part for part in re.split(r"[/?&=]", target.path) if re.search(r"[A-Za-z0-9]", part)
    ]
    telling = [s for s in segments if not re.fullmatch(r"(index|default)\.\w+|\w{1,3}", s)]
    name = re.sub(r"\.(html?|php|aspx?)$", "", (telling or segments or [target.host])[-1])
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:100] or target.host
    numbered = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
    return next(candidate for candidate in numbered if candidate not in taken)
