"""What people type or hand in about products, checked: files, `KEY=VALUE`, single values."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pricemon.core import catalogue
from pricemon.core.catalogue import Check
from pricemon.core.catalogue_files import COLUMNS, RawRow, column
from pricemon.core.catalogue_values import unknown
from pricemon.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pricemon.config import Config
    from pricemon.core.catalogue import Hosts, Row
    from pricemon.core.model import Product

SHOWN_PROBLEMS = 20


def hosts(config: Config) -> Hosts:
    """The configured retailers and their hosts."""
    return {name: shop.hosts for name, shop in config.retailers.items()}


def read(file: Path, known: Hosts) -> list[Row]:
    """The rows of a catalogue file, or of stdin. Raises `UsageError` where it is none."""
    if str(file) == "-":
        return list(catalogue.parse(sys.stdin.buffer, known))
    try:
        with file.open("rb") as stream:
            return list(catalogue.parse(stream, known))
    except OSError as problem:
        raise UsageError(f"{file} cannot be read: {problem.strerror}") from problem


def invalid(file: Path, problems: list[tuple[int, str]], rows: int) -> UsageError:
    """The error for a file with invalid rows: the first of them, and how many there are."""
    lines = len({line for line, _ in problems})
    shown = [f"  line {line}: {problem}" for line, problem in problems[:SHOWN_PROBLEMS]]
    if len(problems) > len(shown):
        shown.append(f"  … and {len(problems) - len(shown)} more")
    name = "the input" if str(file) == "-" else str(file)
    return UsageError(
        "\n".join([f"{lines} of {rows} rows of {name} are invalid; nothing was written:", *shown]),
        hint="correct them, or import the others with --skip-invalid",
    )


def checked(config: Config, values: dict[str, Any]) -> Product:
    """The product with these column values. Raises `UsageError` with all that is wrong."""
    row = Check(hosts(config)).row(RawRow(1, values))
    if row.product is None:
        raise UsageError("; ".join(row.problems))
    return row.product


def assigned(product: Product, assignments: list[str]) -> dict[str, Any]:
    """`KEY=VALUE` by column; `alerts.NAME=VALUE` is one key of the product's alert rules."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"{assignment} is not KEY=VALUE")
        name, _, part = key.partition(".")
        known = column(name)
        if known is None or known == "product_id" or (part and known != "alerts"):
            settable = [c for c in COLUMNS if c != "product_id"]
            raise UsageError(unknown("column", key, settable))
        if not part:
            values[known] = value
            continue
        if isinstance(values.get(known), str):
            raise UsageError(f"{known} is set as a whole and in part")
        rules = dict(values.get(known) or product.overrides.get(known) or {})
        try:
            rules[part] = json.loads(value, parse_float=Decimal)
        except ValueError:
            rules[part] = value
        if not value:
            del rules[part]
        values[known] = rules
    return values
