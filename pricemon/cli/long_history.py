"""Histories over years for the command line: from the table, and where it ends from the archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pricemon.cli import archive_view, periods, render
from pricemon.core.archiving import reading, years

if TYPE_CHECKING:
    from pricemon.cli.context import Context
    from pricemon.core.archiving.reading import Hour
    from pricemon.core.model import Observation


def observations(
    mine: Context,
    product_ids: Sequence[str],
    *,
    since: int | None,
    until: int,
    archive: bool | None = None,
) -> dict[str, list[Observation]]:
    """The products' observations, newest first.

    Days that the table has let go (`keep_days`) are read from the archive. `archive` says
    otherwise: `False` never reads it, `True` reads it for the whole time.
    """
    if archive is False or not product_ids:
        older = None
    else:
        edge = until if archive else years.expired_before(mine.table, now=periods.now())
        older = None if edge is None or (since is not None and since >= edge) else edge
    if older is None:
        found, _ = years.observations(mine.table, product_ids, since=since, until=until, older=())
        return found
    with _archived(mine, product_ids, since, min(older, until)) as hours:
        found, problems = years.observations(
            mine.table, product_ids, since=since, until=until, older=hours
        )
    archive_view.name_problems(mine.talk, problems)
    return found


@contextmanager
def _archived(
    mine: Context, product_ids: Sequence[str], since: int | None, until: int
) -> Iterator[Iterator[Hour]]:
    """The archive's hours of those products, under a progress bar."""
    s3, bucket = mine.aws.client("s3"), mine.names.bucket
    with render.progress() as bar:
        keys = reading.listing(s3, bucket, since=since, until=until).keys
        task = bar.add_task("reading the archive", total=len(keys), note="objects")
        yield reading.hours(
            s3,
            bucket,
            keys,
            since=since,
            until=until,
            product_ids=product_ids,
            on_object=lambda number: bar.advance(task, number),
        )
