"""The archive's objects, read in parallel and given hour by hour, oldest first.

An object that cannot be read (cut short, damaged, foreign, of a newer version, in cold storage) is
named as a `Problem` and skipped; what is whole in it is kept. Nothing here writes or deletes.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pricemon.core import archive
from pricemon.core.archive import ArchiveError

if TYPE_CHECKING:
    from pricemon.core.model import Observation, Product

PARALLEL = 24
"""Objects asked for at the same time: they are small, so the way to S3 takes most of the time."""
_AHEAD = 8 * PARALLEL
"""Objects read ahead of the one that is used: the bound on memory."""
_KEY = re.compile(r"prices/dt=\d{4}-\d\d-\d\d/hour=\d\d/[^/]+\.jsonl\.gz")
_GZIP = 16 + zlib.MAX_WBITS
_UNREADABLE = {
    "NoSuchKey": "was deleted while the archive was read",
    "InvalidObjectState": "is in cold storage: restore it to S3 first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What could not be read, and why. `kept` lines of the object were read nevertheless."""

    object: str
    problem: str
    kept: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line: an observation, and the product's row after it as it stands there."""

    observation: Observation
    row: str | None = None
    where: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """What tells an observation from all others; also its key in the table."""
        return self.observation.product_id, self.observation.timestamp

    def product(self) -> Product | None:
        """The product's row. Raises `ArchiveError`."""
        return None if self.row is None else archive.parse_row(self.row, where=self.where)


@dataclass(slots=True)
class Hour:
    """The records of one hour's objects, as they stand there: repeated ones as well."""

    prefix: str
    objects: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def observations(self) -> dict[tuple[str, int], Observation]:
        """Each observation once, in order of time."""
        ordered = sorted(self.records, key=lambda record: record.key[::-1])
        return {record.key: record.observation for record in ordered}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The objects of a stretch of time in order, and what lies between them without belonging."""

    keys: Sequence[str]
    foreign: Sequence[Problem]


def listing(s3: Any, bucket: str, *, since: int | None = None, until: int | None = None) -> Listing:
    """List the price objects from `since` to `until` (epoch ms), to the hour."""
    start = {"StartAfter": archive.hour_prefix(since)} if since is not None else {}
    end = f"{archive.hour_prefix(until)}\U0010ffff" if until is not None else None
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=archive.PRICES, **start
    )
    keys: list[str] = []
    foreign: list[Problem] = []
    for found in (found for page in pages for found in page.get("Contents", ())):
        key: str = found["Key"]
        if end is not None and key > end:
            break
        if _KEY.fullmatch(key):
            keys.append(key)
        elif not key.endswith("/"):  # an empty object that a console shows as a folder
            foreign.append(Problem(object=key, problem="is no object of the archive"))
    return Listing(keys=keys, foreign=foreign)


def hours(
    s3: Any,
    bucket: str,
    keys: Iterable[str],
    *,
    since: int | None = None,
    until: int | None = None,
    product_ids: Iterable[str] | None = None,
    on_object: Callable[[int], None] = lambda _: None,
) -> Iterator[Hour]:
    """The records of the objects `keys` (in order, as listed) between `since` and `until`.

    With `product_ids` only theirs. `on_object` hears of the objects read. Errors of S3 that are not
    of a single object pass through.
    """
    wanted = None if product_ids is None else frozenset(product_ids)

    def in_time(record: Record) -> bool:
        at = record.observation.timestamp
        return (since is None or at >= since) and (until is None or at <= until)

    def fetch(key: str) -> bytes | Problem:
        try:
            body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            why = _UNREADABLE.get(error.response["Error"]["Code"])
            if why is None:
                raise
            return Problem(object=key, problem=why)
        return body

    for prefix, group in groupby(_in_order(fetch, keys), key=lambda found: _hour_of(found[0])):
        hour = Hour(prefix)
        for key, body in group:
            hour.objects.append(key)
            if isinstance(body, Problem):
                hour.problems.append(body)
            else:
                found, problems = records(body, key=key, product_ids=wanted)
                hour.records += filter(in_time, found)
                hour.problems += problems
            on_object(1)
        yield hour


def records(
    body: bytes, *, key: str, product_ids: frozenset[str] | None = None
) -> tuple[list[Record], list[Problem]]:
    """What can be read of an object, and what cannot. Pure.

    Of an object cut short the whole lines are kept. One whose checksum is wrong is kept out: any
    digit in it may be another. Each line stands for itself, so one that cannot be read costs no
    other.
    """
    unpacked, problem = unpack(body)
    lines = unpacked.split(b"\n")
    if problem == _TRUNCATED:
        lines.pop()  # the piece of a line at the cut
    needles = None if product_ids is None else [_needle(each) for each in product_ids]
    found: list[Record] = []
    unread: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or (needles is not None and not any(n in line for n in needles)):
            continue
        where = f"{key}, line {number}"
        try:
            observation, row = archive.parse(line.decode(), where=where)
        except UnicodeDecodeError:
            unread.append((number, "is not text"))
        except ArchiveError as error:
            unread.append((number, error.message.removeprefix(where).lstrip(": ")))
        else:
            if product_ids is None or observation.product_id in product_ids:
                found.append(Record(observation=observation, row=row, where=where))
    problems = [problem] if problem else []
    if unread:
        number, why = unread[0]
        others = f" (and {len(unread) - 1} more lines)" if len(unread) > 1 else ""
        problems.append(f"line {number} {why}{others}")
    return found, [Problem(object=key, problem="; ".join(problems), kept=len(found))] * bool(
        problems
    )


_TRUNCATED = "is truncated"


def unpack(body: bytes) -> tuple[bytes, str | None]:
    """The text of gzip members one after another, and what is wrong with them (`None`: nothing)."""
    parts: list[bytes] = []
    rest = body
    while rest or not parts:
        member = zlib.decompressobj(_GZIP)
        try:
            parts.append(member.decompress(rest))
        except zlib.error as error:
            return b"", f"is no archive object of pricemon: {error}"
        if not member.eof:
            return b"".join(parts), _TRUNCATED
        rest = member.unused_data
    return b"".join(parts), None


def _needle(product_id: str) -> bytes:
    return json.dumps(product_id, ensure_ascii=False).encode()


def _hour_of(key: str) -> str:
    return key.rpartition("/")[0] + "/"


def _in_order(
    fetch: Callable[[str], bytes | Problem], keys: Iterable[str]
) -> Iterator[tuple[str, bytes | Problem]]:
    """What `fetch` gives for the keys, in their order, a bounded number of them ahead.

    They wait packed as they came: an hour that was compacted is many times its size unpacked.
    """
    ahead: deque[tuple[str, Future[bytes | Problem]]] = deque()
    pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="archive")
    try:
        for key in keys:
            ahead.append((key, pool.submit(fetch, key)))
            if len(ahead) >= _AHEAD:
                done, future = ahead.popleft()
                yield done, future.result()
        while ahead:
            done, future = ahead.popleft()
            yield done, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
