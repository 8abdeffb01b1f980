"""How products look: as a table, in detail, as CSV, as a file that can be imported again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from pricemon.cli import render
from pricemon.core import catalogue, catalogue_files
from pricemon.core.model import Status

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pricemon.core.model import Product

NEW, DISABLED = "new", "disabled"
STATUSES = (*Status, NEW, DISABLED)

_COLUMNS = (
    *("product_id", "retailer", "title", "price", "currency", "availability"),
    *("status", "observed_at", "tags", "url"),
)


def status(product: Product) -> str:
    """What the last job said; `new` before the first, `disabled` where there will be none."""
    if not product.enabled:
        return DISABLED
    return product.known.status.value if product.known else NEW


def table(products: Sequence[Product]) -> RenderableType:
    """One line per product."""
    rows = (
        (
            p.product_id,
            p.retailer,
            p.title or (p.known.page_title if p.known else None),
            p.known.price if p.known else None,
            p.known.currency if p.known else None,
            status(p) + _trouble(p),
            render.when(p.known.observed_at if p.known else None),
        )
        for p in products
    )
    columns = ("product", "retailer", "title", "price", "", "status", "seen")
    return render.table(columns, rows, right=["price"])


def _trouble(product: Product) -> str:
    error = product.known.last_error if product.known else None
    return f" ({error.reason})" if error else ""


def details(product: Product) -> RenderableType:
    """Everything about one product that is set."""
    known = product.known
    facts: dict[str, object] = {**catalogue.plain(product), "status": status(product)}
    if known:
        price = f"{known.price} {known.currency}" if known.price is not None else None
        facts |= {
            "price": price,
            "since": render.when(known.price_since),
            "availability": known.availability,
            "source": known.source,
            "seen": render.when(known.observed_at),
            "failures in a row": known.failures or None,
        }
        if known.last_error:
            error = known.last_error
            facts["last error"] = f"{error.reason}: {error.detail} ({render.when(error.at)})"
        if known.held:
            held = known.held
            facts["held"] = (
                f"{held.price} {held.currency}: {held.why} ({render.when(held.held_at)})"
            )
    rows = ((name, _told(value)) for name, value in facts.items() if value not in (None, "", ()))
    return render.table(("", ""), rows)


def _told(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_told(item)}" for key, item in value.items())
    return value


def summary(counts: Mapping[str, Any]) -> str:
    """An import's result in one line."""
    parts = (f"{counts[name]} {name}" for name in ("added", "changed", "unchanged", "invalid"))
    return (
        ("would be: " if counts["dry_run"] else "")
        + ", ".join(parts)
        + f" ({counts['seconds']:.1f} s)"
    )


def write_csv(products: Iterable[Product], out: TextIO) -> None:
    """Products with their present price, one line each."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for p in products:
        values = {name: getattr(p, name, None) or getattr(p.known, name, None) for name in _COLUMNS}
        values |= {"status": status(p), "tags": ";".join(p.tags)}
        writer.writerow("" if values[name] is None else values[name] for name in _COLUMNS)


def export(products: Iterable[Product], out: TextIO, *, json_lines: bool) -> None:
    """The catalogue as a file that can be imported again."""
    rows = map(catalogue.plain, products)
    if json_lines:
        catalogue_files.write_json_lines(rows, out)
    else:
        catalogue_files.write_csv(rows, out)
