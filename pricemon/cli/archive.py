"""The archive: `archive export`, `restore`, `verify`, `compact`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricemon.cli import archive_view, context, periods, render
from pricemon.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pricemon.core.archiving.reading import Hour, Problem

app = typer.Typer(
    name="archive",
    help="Every observation ever made, in S3: take it out, restore the table, verify both.",
    no_args_is_help=True,
)

Since = Annotated[
    str | None, typer.Option("--since", help="30d, 12h, 2w or a date (UTC). Default: all.")
]
Until = Annotated[str | None, typer.Option("--until", help="As --since. Default: now.")]


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part of the archive on its way through a progress bar."""

    hours: Iterator[Hour]
    foreign: list[Problem]
    since: int | None
    until: int | None


@app.command()
def export(
    ctx: typer.Context,
    to: Annotated[
        Path, typer.Option("--to", help="FILE.parquet, FILE.csv or FILE.jsonl; replaced if there.")
    ],
    since: Since = None,
    until: Until = None,
) -> None:
    """Write the archive's observations into one file: every one once, in order of time.

    Objects that cannot be read are named and left out; the exit code is then 1.

    Examples:

        pricemon archive export --since 90d --to prices.parquet

        pricemon archive export --since 2026-01-01 --until 2026-07-01 --to half-year.csv
    """
    from pricemon.cli import archive_files

    mine = context.current(ctx)
    write = archive_files.writer(to)
    with _reading(mine, since, until) as part:
        done = write(part.hours)
    problems = [*part.foreign, *done.problems]
    summary = {"file": to, "observations": done.observations, "problems": problems}
    mine.emit(summary, lambda: f"{done.observations:,} observations written to {to}")
    _end(mine, problems)


@app.command()
def restore(
    ctx: typer.Context,
    since: Since = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be written.")
    ] = False,
    observations_only: Annotated[
        bool, typer.Option("--observations-only", help="Leave the products' own rows alone.")
    ] = False,
) -> None:
    """Rebuild the table from the archive: observations, and products as they last were.

    Adds what is missing and replaces nothing, so it may be repeated, and run while prices come in.
    Products that were never scraped, runs and sent alerts are not in the archive; products that
    were removed come back. What the restored prices show is told by no alert, and falls are
    measured from them.

    Examples:

        pricemon archive restore --dry-run

        pricemon archive restore --since 30d
    """
    from pricemon.core.archiving.restoring import Restorer
    from pricemon.core.archiving.years import expired_before

    mine = context.current(ctx)
    started = time.monotonic()
    settings = mine.config.settings()
    expired = expired_before(mine.table, now=periods.now())
    with _reading(mine, since, None, not_before=expired) as part:
        restorer = Restorer(table=mine.table, settings=settings, rehearse=dry_run)
        report = restorer.restore(part.hours, products=not observations_only)
    report.problems[:0] = part.foreign
    seconds = time.monotonic() - started
    summary = archive_view.restored(report, dry_run=dry_run, seconds=seconds)
    mine.emit(summary, lambda: archive_view.restored_human(report, dry_run, seconds))
    _end(mine, report.problems)


@app.command()
def verify(
    ctx: typer.Context,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Differences named; all are counted.")
    ] = 100,
) -> None:
    """Compare the table with the archive, and name the differences (exit code 3).

    Observations that the table has let go after `keep_days` are no difference, and neither is a
    product that is not in the catalogue any more.

    Examples:

        pricemon archive verify

        pricemon archive verify --since 7d --json
    """
    from pricemon.core.archiving.rebuilding import Catalogue, noting
    from pricemon.core.archiving.verifying import Verifier
    from pricemon.core.archiving.years import expired_before

    mine = context.current(ctx)
    expired = expired_before(mine.table, now=periods.now())
    # Rows go when they have expired, at any moment: also while they are compared.
    edge = None if expired is None else expired + _EXPIRING
    found = archive_view.Verified(limit=limit)
    with _reading(mine, since, until, not_before=edge) as part:
        found.problems += part.foreign
        verifier = Verifier(
            table=mine.table,
            s3=mine.aws.client("s3"),
            bucket=mine.names.bucket,
            retailers=mine.config.retailers,
        )
        catalogue = Catalogue()
        hours = noting(part.hours, catalogue)
        for compared in verifier.verify(hours, since=part.since, until=part.until):
            found.add(compared)
        if part.until is None:
            for product in verifier.products(catalogue):
                found.add_product(product)
    mine.emit(found.plain(), found.human)
    archive_view.name_problems(mine.talk, found.problems)
    if not found.same:
        raise typer.Exit(ExitCode.PENDING)


@app.command()
def compact(
    ctx: typer.Context,
    before: Annotated[
        str, typer.Option("--before", help="Only hours that ended before: 2d, 12h or a date.")
    ] = "2d",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
) -> None:
    """Make one object of each hour's many: the same lines, read a hundred times sooner.

    An hour with an object that cannot be read is left as it is, and named.

    Examples:

        pricemon archive compact

        pricemon archive compact --before 2026-11-01 --dry-run
    """
    from pricemon.core.archiving.compacting import Compactor

    mine = context.current(ctx)
    edge = periods.since(before, at=periods.now())
    compactor = Compactor(s3=mine.aws.client("s3"), bucket=mine.names.bucket, rehearse=dry_run)
    with render.progress() as bar:
        task = bar.add_task("compacting", total=None, note="hours")
        report = compactor.compact(before=edge, on_hour=lambda n: bar.advance(task, n))
    would = "would become" if dry_run else "became"
    mine.emit(
        {"dry_run": dry_run, **render.plain(report)},
        lambda: f"{report.objects:,} objects {would} {report.hours:,}",
    )
    _end(mine, report.problems)


_EXPIRING = 3_600_000
"""Milliseconds."""


@contextmanager
def _reading(
    mine: context.Context, since: str | None, until: str | None, *, not_before: int | None = None
) -> Iterator[Stretch]:
    """The archive from `since` to `until`, as the command line names them, under a progress bar."""
    from pricemon.core.archiving import reading

    now = periods.now()
    start = periods.since(since, at=now) if since else None
    end = periods.since(until, at=now) if until else None
    if start is not None and end is not None and start > end:
        raise UsageError("--since is after --until")
    start = max((t for t in (start, not_before) if t is not None), default=None)
    s3, bucket = mine.aws.client("s3"), mine.names.bucket
    with render.progress() as bar:
        task = bar.add_task("listing the archive", total=None, note="")
        found = reading.listing(s3, bucket, since=start, until=end)
        bar.update(task, description="reading the archive", total=len(found.keys), note="objects")
        hours = reading.hours(
            s3,
            bucket,
            found.keys,
            since=start,
            until=end,
            on_object=lambda number: bar.advance(task, number),
        )
        yield Stretch(hours=hours, foreign=list(found.foreign), since=start, until=end)


def _end(mine: context.Context, problems: list[Any]) -> None:
    """Name what could not be read; the exit code says that there was something."""
    archive_view.name_problems(mine.talk, problems)
    if problems:
        raise typer.Exit(ExitCode.FAILED)
