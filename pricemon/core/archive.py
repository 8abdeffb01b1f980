"""Observations ↔ gzipped JSON Lines in S3: the copy that outlives the table.

`prices/dt=YYYY-MM-DD/hour=HH/{batch}.jsonl.gz` (UTC, of the observations' own time) holds the
observations of one batch. A line is flat, for DuckDB, pandas or Athena to read as it is: the fields
of an `Observation`, `time` (ISO 8601) beside `timestamp` (epoch ms), and prices as decimal strings.
Its `product` is the product's whole row after that observation, as a string of DynamoDB's own JSON,
so that the archive alone can rebuild the table. The same observations give the same bytes under
the same key: writing them again adds nothing.

`failures/dt=YYYY-MM-DD/{product_id}-{requested_at}.html.gz` holds a page that could not be read.

Every line says its `schema`; a newer reader reads older ones, an older reader refuses newer ones.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pricemon.core import items
from pricemon.core.attributes import Item, MalformedItem
from pricemon.core.errors import PricemonError
from pricemon.core.model import Availability, Observation, Outcome, Product

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pricemon.core.model import Job, Page

SCHEMA = 1
PRICES = "prices/"
FAILURES = "failures/"
MAX_PAGE_BYTES = 2_000_000
"""How much of a failed page is kept, before compression."""
_MAX_NAME = 200
_FIELDS = tuple(Observation.__slots__)


class ArchiveError(PricemonError):
    """An object of the archive that cannot be read: damaged, foreign, or of a newer version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An observation, and the product's row after it (`None`: the product had no row)."""

    observation: Observation
    product: Product | None = None


def write(s3: Any, bucket: str, entries: Iterable[Entry]) -> list[str]:
    """Archive a batch; returns the keys written (one, unless the batch spans hours)."""
    hours: dict[str, list[Entry]] = {}
    for entry in entries:
        hours.setdefault(hour_prefix(entry.observation.timestamp), []).append(entry)
    written = []
    for hour, batch in sorted(hours.items()):
        body = encode(batch)
        key = f"{hour}{hashlib.sha256(body).hexdigest()[:24]}.jsonl.gz"
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/gzip")
        written.append(key)
    return written


def objects(
    s3: Any, bucket: str, *, since: int | None = None, until: int | None = None
) -> Iterator[str]:
    """The keys of price objects by time; whole hours, so the ends may hold more than was asked."""
    start = {"StartAfter": hour_prefix(since)} if since is not None else {}
    end = f"{hour_prefix(until)}~" if until is not None else "~"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PRICES, **start)
    for page in pages:
        for found in page.get("Contents", ()):
            # Keys are listed in their own order, which the key's layout makes that of time.
            if found["Key"] > end:
                return
            if found["Key"].endswith(".jsonl.gz"):
                yield found["Key"]


def read(s3: Any, bucket: str, key: str) -> list[Entry]:
    """The entries of one object. Raises `ArchiveError`; errors of S3 pass through."""
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return list(decode(body, key=key))


def encode(entries: Iterable[Entry]) -> bytes:
    """A batch as gzipped JSON Lines; the same entries, in any order, give the same bytes."""
    ordered = sorted(entries, key=lambda e: (e.observation.timestamp, e.observation.product_id))
    lines = "".join(f"{_line(entry)}\n" for entry in ordered)
    return gzip.compress(lines.encode(), compresslevel=6, mtime=0)


def decode(body: bytes, *, key: str) -> Iterator[Entry]:
    """The inverse of `encode`, line by line; `key` names the object in errors."""
    try:
        with gzip.open(io.BytesIO(body), "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _entry(line, where=f"{key}, line {number}")
    except EOFError:
        raise ArchiveError(f"{key} is truncated", hint="Its rows up to there were read.") from None
    except (gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise ArchiveError(f"{key} is no archive object of pricemon: {error}") from None


def save_page(s3: Any, bucket: str, job: Job, page: Page, *, reason: str) -> str:
    """Keep the page of a job that failed on it; returns its key."""
    key = page_key(job.product_id, job.requested_at)
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=gzip.compress(page.body[:MAX_PAGE_BYTES], mtime=0),
        ContentType="application/gzip",
        # Metadata travels as HTTP headers: ASCII, and 2 KB in all.
        Metadata={"url": quote(page.url, safe=":/?&=%#")[:1024], "reason": reason},
    )
    return key


def page_key(product_id: str, requested_at: int) -> str:
    """Where the page of a failed job is kept. Any product id gives a key that needs no care."""
    name = quote(product_id, safe="")
    if len(name) > _MAX_NAME:
        name = f"{name[:_MAX_NAME]}~{hashlib.sha256(product_id.encode()).hexdigest()[:16]}"
    return f"{FAILURES}dt={_instant(requested_at):%Y-%m-%d}/{name}-{requested_at}.html.gz"


def _line(entry: Entry) -> str:
    observation, product = entry.observation, entry.product
    flat = {name: getattr(observation, name) for name in _FIELDS}
    return json.dumps(
        {
            "schema": SCHEMA,
            **flat,
            "price": None if observation.price is None else format(observation.price, "f"),
            "time": _instant(observation.timestamp).isoformat(timespec="milliseconds"),
            "product": product and _compact(items.product_item(product)),
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )


def parse(line: str, *, where: str) -> tuple[Observation, str | None]:
    """The observation of one line, and its product row as it stands there (see `parse_row`).

    Raises `ArchiveError`, which names the line by `where`.
    """
    try:
        values = json.loads(line)
        schema = values["schema"]
        if schema > SCHEMA:
            raise ArchiveError(
                f"{where} is of schema {schema}, newer than this pricemon's {SCHEMA}",
                hint="Upgrade pricemon to read it.",
            )
        known = {name: values.get(name) for name in _FIELDS}
        price, availability = known["price"], known["availability"]
        observation = Observation(
            **known
            | {
                "product_id": _must(values["product_id"], str),
                "timestamp": _must(values["timestamp"], int),
                "retailer": _must(values["retailer"], str),
                "run_id": values.get("run_id") or "",
                "outcome": Outcome(values["outcome"]),
                "price": None if price is None else Decimal(_must(price, str)),
                "availability": None if availability is None else Availability(availability),
            }
        )
        row = values.get("product")
        return observation, None if row is None else _must(row, str)
    except (AttributeError, KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise ArchiveError(f"{where} is not an observation: {error!r}") from None


def parse_row(row: str, *, where: str) -> Product:
    """The product row of a line. Raises `ArchiveError`."""
    try:
        return items.product(json.loads(row))
    except (AttributeError, TypeError, ValueError) as error:
        raise ArchiveError(f"{where} is not an observation: {error!r}") from None
    except MalformedItem as error:
        raise ArchiveError(f"{where}: {error.message}") from None


def _entry(line: str, *, where: str) -> Entry:
    observation, row = parse(line, where=where)
    product = None if row is None else parse_row(row, where=where)
    return Entry(observation=observation, product=product)


def _must(value: object, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return value


def _compact(item: Item) -> str:
    return json.dumps(item, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def hour_prefix(timestamp: int) -> str:
    """What the keys of that hour's objects begin with."""
    return f"{PRICES}{_instant(timestamp):dt=%Y-%m-%d/hour=%H/}"


def _instant(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp / 1000, UTC)
