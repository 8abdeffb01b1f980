"""Many small objects of an hour → one, with the very same lines.

The scraper writes an object for each batch: at 5,300 products four times a day some 850 a day. One
for each hour is read a hundred times sooner, by us and by Athena, which pay by the object.

An hour is compacted only if all of it can be read. The new object is written and read back before
the old ones are deleted; cut off anywhere, an hour has its lines once or twice, never fewer, and
compacting it again ends where it would have ended.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from pricemon.core import archive
from pricemon.core.archiving.reading import PARALLEL, Problem, listing, records, unpack
from pricemon.core.dynamo import chunks

_DELETE_LIMIT = 1000
"""Most keys in one DeleteObjects."""


@dataclass(slots=True)
class Report:
    """What was done, or (of a rehearsal) would be: `objects` of `hours` became one each."""

    hours: int = 0
    objects: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Compactor:
    """Compacts the archive in `bucket`; with `rehearse` it only looks at what there is."""

    s3: Any
    bucket: str
    rehearse: bool = False

    def compact(self, *, before: int, on_hour: Callable[[int], None] = lambda _: None) -> Report:
        """Compact the hours that ended before `before` (epoch ms); `on_hour` hears of each done."""
        report = Report()
        edge = archive.hour_prefix(before)
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="compact") as pool:
            for prefix, keys in self._hours():
                if prefix < edge and len(keys) > 1:
                    problems = [] if self.rehearse else self._compact(prefix, keys, pool)
                    report.problems += problems
                    report.hours += not problems
                    report.objects += 0 if problems else len(keys)
                    on_hour(1)
        return report

    def _hours(self) -> Iterator[tuple[str, list[str]]]:
        keys = listing(self.s3, self.bucket).keys
        for prefix, group in groupby(keys, key=lambda key: key.rpartition("/")[0] + "/"):
            yield prefix, list(group)

    def _compact(self, prefix: str, keys: list[str], pool: ThreadPoolExecutor) -> list[Problem]:
        """Make one object of those; what cannot be read leaves the hour as it is."""
        bodies = list(pool.map(self._read, keys))
        problems = [p for key, body in zip(keys, bodies, strict=True) for p in _problems(body, key)]
        if problems:
            return problems
        body = merge(bodies)
        key = f"{prefix}{hashlib.sha256(body).hexdigest()[:24]}.jsonl.gz"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/gzip")
        if self._read(key) != body:
            return [Problem(object=key, problem="is not what was written; nothing was deleted")]
        return self._delete(each for each in keys if each != key)

    def _read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def _delete(self, keys: Iterable[str]) -> list[Problem]:
        problems = []
        for chunk in chunks(keys, _DELETE_LIMIT):
            doomed = {"Objects": [{"Key": key} for key in chunk], "Quiet": True}
            reply = self.s3.delete_objects(Bucket=self.bucket, Delete=doomed)
            problems += [
                Problem(object=error["Key"], problem=f"could not be deleted: {error['Code']}")
                for error in reply.get("Errors", ())
            ]
        return problems


def merge(bodies: Iterable[bytes]) -> bytes:
    """The lines of whole objects as one object: each line once, in order of time. Pure.

    The same lines give the same bytes, whatever objects they came in.
    """
    lines = {line for body in bodies for line in unpack(body)[0].split(b"\n") if line.strip()}
    return gzip.compress(b"".join(line + b"\n" for line in sorted(lines, key=_order)), mtime=0)


def _problems(body: bytes, key: str) -> list[Problem]:
    return records(body, key=key)[1]


def _order(line: bytes) -> tuple[int, str, bytes]:
    observation, _ = archive.parse(line.decode(), where="")
    return observation.timestamp, observation.product_id, line
