"""Parquet files, written by DuckDB (the extra `report`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pricemon.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_INT64_DIGITS = 18
"""Decimals of up to so many digits are kept as 64-bit integers, which every reader knows."""
_DIGITS = 38

COLUMNS = {
    "product_id": "VARCHAR",
    "time": "TIMESTAMP",
    "timestamp": "BIGINT",
    "retailer": "VARCHAR",
    "price": "DECIMAL",
    "currency": "VARCHAR",
    "availability": "VARCHAR",
    "outcome": "VARCHAR",
    "source": "VARCHAR",
    "reason": "VARCHAR",
    "detail": "VARCHAR",
    "http_status": "INTEGER",
    "run_id": "VARCHAR",
    "url": "VARCHAR",
    "title": "VARCHAR",
}
"""Columns and their types in DuckDB's words; times are UTC."""


def duckdb() -> Any:
    """The library. Raises `UsageError` with the remedy where it is not installed."""
    try:
        import duckdb as library
    except ImportError:
        raise UsageError(
            "Parquet needs DuckDB, which is not installed",
            hint="pip install 'pricemon[report]', or name a FILE.csv or FILE.jsonl",
        ) from None
    return library


def from_json_lines(lines: Path, to: Path, *, whole: int, fraction: int) -> None:
    """Write the rows of a JSON Lines file into a Parquet file.

    `whole` and `fraction` are the most digits of a price before and behind the point.
    """
    digits = _INT64_DIGITS if whole + fraction <= _INT64_DIGITS else _DIGITS
    columns = COLUMNS | {"price": f"DECIMAL({digits}, {min(fraction, digits - 1)})"}
    with duckdb().connect() as database:
        rows = database.read_json(str(lines), columns=columns, format="newline_delimited")
        rows.write_parquet(str(to), compression="zstd")
