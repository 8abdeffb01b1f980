"""Catalogue files ↔ rows of plain values: CSV as people's spreadsheets write it, and JSON Lines.

Reading is lazy and keeps the line number of every row. It accepts a byte order mark, UTF-16, any of
`, ; tab |` as delimiter (and Excel's `sep=` line), blank lines, quoted line breaks, and the usual
other names of columns. Bytes that are not UTF-8 become lone surrogates, so that the row that
holds them can be named and the others be read.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO, TextIO, cast

from pricemon.core.errors import UsageError
from pricemon.core.nearest import nearest

COLUMNS = (
    *("product_id", "retailer", "url", "title", "tags", "target_price", "currency"),
    *("enabled", "group", "identifiers", "alerts", "rule"),
)
"""The columns of a catalogue, in the order in which they are written."""
REQUIRED = ("product_id", "url")

_SYNONYMS = {
    **dict.fromkeys(("id", "product", "productid", "article", "item_id"), "product_id"),
    **dict.fromkeys(("shop", "store", "merchant", "seller", "site"), "retailer"),
    **dict.fromkeys(("link", "href", "address", "product_url", "page"), "url"),
    **dict.fromkeys(("name", "product_name", "description", "product_title"), "title"),
    **dict.fromkeys(("tag", "labels", "label", "category", "categories"), "tags"),
    **dict.fromkeys(("target", "targetprice", "wanted_price", "price_target"), "target_price"),
    **dict.fromkeys(("active",), "enabled"),
    **dict.fromkeys(("product_group",), "group"),
    **dict.fromkeys(("identifier", "sku", "gtin", "ean", "mpn", "isbn", "upc"), "identifiers"),
}
_DELIMITERS = ",;\t|"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive (Excel's .xlsx is one): save the sheet as CSV",
    b"\x1f\x8b": "gzip: unpack it first",
    b"\xd0\xcf\x11\xe0": "an old Excel file: save the sheet as CSV",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as written, by column name; `problem` instead where it could not be taken apart."""

    line: int
    values: Mapping[str, Any]
    problem: str | None = None


def column(name: str) -> str | None:
    """The column that a heading means, or `None`."""
    folded = re.sub(r"[\s-]+", "_", name.strip().lower())
    return folded if folded in COLUMNS else _SYNONYMS.get(folded)


def read(stream: BinaryIO) -> Iterator[RawRow]:
    """The rows of a CSV or JSON Lines file, blank lines left out.

    Raises `UsageError` for a file that is neither, and for headings that are not understood.
    """
    buffered = io.BufferedReader(cast("io.RawIOBase", stream))
    start = buffered.peek(4)[:4]
    for magic, kind in _FOREIGN.items():
        if start.startswith(magic):
            raise UsageError(f"the file is {kind}", hint="a catalogue is CSV or JSON Lines")
    encoding = "utf-16" if start[:2] in _UTF16 else "utf-8-sig"
    text = io.TextIOWrapper(buffered, encoding=encoding, errors="surrogateescape", newline="")
    try:
        lines = _Lines(text)
        first = lines.first_with_content()
        if first.lstrip().startswith("{"):
            yield from _json_rows(first, lines)
        elif first.lstrip().startswith("["):
            raise UsageError(
                "the file is a JSON array; a catalogue has one JSON object per line",
                hint="jq -c '.[]' turns one into the other",
            )
        else:
            yield from _csv_rows(first, lines)
    except UnicodeError:
        raise UsageError("the file is neither UTF-8 nor UTF-16", hint="save it as UTF-8") from None
    finally:
        text.detach()  # the stream is the caller's to close
        buffered.detach()


class _Lines:
    """The lines of a text, counted."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.number += 1
        return line

    def first_with_content(self) -> str:
        """The first line that says something."""
        for line in self:
            if line.strip() and not line.lower().startswith("sep="):
                return line
        raise UsageError("the file is empty", hint=f"its first line names the columns: {_wanted()}")


def _wanted() -> str:
    return ",".join(COLUMNS[:6])


def _json_rows(first: str, rest: _Lines) -> Iterator[RawRow]:
    yield _json_row(first, rest.number)
    for line in rest:
        if line.strip():
            yield _json_row(line, rest.number)


def _json_row(line: str, number: int) -> RawRow:
    try:
        raw = json.loads(line, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as problem:
        reason = problem.msg if isinstance(problem, json.JSONDecodeError) else problem
        return RawRow(number, {}, f"is not JSON: {reason}")
    if not isinstance(raw, dict):
        return RawRow(number, {}, "is not a JSON object")
    values: dict[str, Any] = {}
    for name, value in raw.items():
        known = column(name)
        if known is None:
            guess = nearest(name, COLUMNS)
            meant = f"; did you mean {guess}?" if guess else f"; there are {', '.join(COLUMNS)}"
            return RawRow(number, {}, f"has the unknown key {name!r}{meant}")
        if known in values:
            return RawRow(number, {}, f"gives {known} twice")
        values[known] = value
    return RawRow(number, values)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _csv_rows(first: str, rest: _Lines) -> Iterator[RawRow]:
    delimiter = _delimiter(first)
    header = next(csv.reader([first], delimiter=delimiter))
    names = _columns(header, rest.number)
    reader = csv.reader(rest, delimiter=delimiter, strict=True)
    while True:
        line = rest.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield RawRow(line, {}, f"is not CSV: {problem} (is a quotation mark not closed?)")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        surplus = [cell for cell in cells[len(names) :] if cell.strip()]
        if surplus:
            yield RawRow(line, {}, f"has {len(cells)} values for {len(names)} columns")
            continue
        yield RawRow(line, dict(zip(names, cells, strict=False)))


def _delimiter(header: str) -> str:
    """The delimiter by which most headings are understood."""

    def understood(delimiter: str) -> int:
        cells = next(csv.reader([header], delimiter=delimiter))
        return sum(column(cell) is not None for cell in cells)

    return max(_DELIMITERS, key=understood)


def _columns(header: Sequence[str], line: int) -> list[str]:
    """The headings' meanings. All problems in one `UsageError`."""
    while header and not header[-1].strip():  # a delimiter at the end of every line
        header = header[:-1]
    names, problems = [], []
    for heading in header:
        name = column(heading)
        if name is None:
            guess = nearest(heading, COLUMNS)
            problems.append(
                f"unknown column {heading.strip()!r}"
                + (f"; did you mean {guess}?" if guess else "")
            )
        elif name in names:
            problems.append(f"two columns mean {name}")
        names.append(name or "")
    problems += [f"no column {name}" for name in REQUIRED if name not in names]
    if problems:
        raise UsageError(
            f"line {line}: {'; '.join(problems)}", hint=f"columns: {', '.join(COLUMNS)}"
        )
    return names


def write_csv(rows: Iterable[Mapping[str, Any]], out: TextIO) -> None:
    """Rows as CSV with all columns: lists joined by `;`, objects as JSON."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(_cell(row.get(name)) for name in COLUMNS)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ";".join(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else str(value)


def write_json_lines(rows: Iterable[Mapping[str, Any]], out: TextIO) -> None:
    """Rows as JSON Lines, without what is empty."""
    for row in rows:
        given = {name: value for name, value in row.items() if value not in (None, (), [], {})}
        out.write(json.dumps(given, ensure_ascii=False) + "\n")
