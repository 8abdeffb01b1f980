"""The stack: `plan`, `up`, `down`, `outputs`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricemon.cli import context, render
from pricemon.core.errors import ExitCode

if TYPE_CHECKING:
    from pricemon.cloud.engine import Result

Replace = Annotated[
    list[str] | None,
    typer.Option(
        "--replace",
        metavar="KIND/NAME",
        help="Allow this resource to be deleted, with what it holds, and made anew. Repeatable.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DATA = ("table", "bucket")


def plan(
    ctx: typer.Context,
    replace: Replace = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 3 when changes are pending.")
    ] = False,
) -> None:
    """Show what `up` would do, field by field. Reads only.

    Examples:

        pricemon plan

        pricemon plan --env prod --exit-code --json
    """
    from pricemon.cli import deploy_view
    from pricemon.cloud import engine

    mine = context.current(ctx)
    intended = engine.plan(mine.stack, mine.aws, replace=frozenset(replace or ()))
    mine.emit([c.as_dict() for c in intended.changes], lambda: deploy_view.plan(intended))
    if exit_code and intended.pending:
        raise typer.Exit(ExitCode.PENDING)


def up(ctx: typer.Context, replace: Replace = None, yes: Yes = False) -> None:
    """Create the monitor, or bring it to what the config says. Running it again is safe.

    On a terminal, a cloud environment shows its plan and asks first.

    Examples:

        pricemon up

        pricemon up --env prod --yes --json
    """
    from pricemon.cli import deploy_view
    from pricemon.cloud import engine

    mine = context.current(ctx)
    allowed = frozenset(replace or ())
    planned = None
    if not (yes or mine.config.is_local):
        planned = engine.plan(mine.stack, mine.aws, replace=allowed)
        render.talk(deploy_view.plan(planned))
        if planned.pending:
            render.confirm(f"Apply this to {mine.env}? Type yes:", "yes")
    with deploy_view.progress(f"up {mine.env}", quiet=mine.json) as shown, _where_it_stopped():
        done = engine.apply(
            mine.stack, mine.aws, on_event=shown.on_event, replace=allowed, planned=planned
        )
    mine.emit(_result(done), lambda: deploy_view.result(done))


def down(
    ctx: typer.Context,
    yes: Yes = False,
    keep_data: Annotated[
        bool, typer.Option("--keep-data", help="Keep the table and the bucket, with all prices.")
    ] = False,
) -> None:
    """Remove the monitor. Shows what will go, and asks for the environment's name to be typed.

    Examples:

        pricemon down --keep-data

        pricemon down --env prod --yes
    """
    from pricemon.cli import deploy_view
    from pricemon.cloud import engine
    from pricemon.cloud.inventory import inventory

    mine = context.current(ctx)
    keep = DATA if keep_data else ()
    doomed = inventory(mine.stack, mine.aws, keep=keep)
    if doomed and not yes:
        render.talk(f"This will be removed from {mine.env}:")
        render.talk(deploy_view.contents([(id_, dict(counts)) for id_, counts in doomed.items()]))
        render.confirm(f"Type the environment's name ({mine.env}) to go on:", mine.env)
    with deploy_view.progress(f"down {mine.env}", quiet=mine.json) as shown, _where_it_stopped():
        done = engine.destroy(mine.stack, mine.aws, keep=keep, on_event=shown.on_event)
    mine.emit(_result(done), lambda: deploy_view.result(done))
    if not keep_data and any(id_.startswith("table/") for id_ in done.deleted):
        _say_what_stays(mine)


def outputs(ctx: typer.Context) -> None:
    """Print every name, ARN and URL of what exists.

    Examples:

        pricemon outputs

        pricemon outputs --json | jq -r '."queue/price-monitor-scraping-local".url'
    """
    from pricemon.cloud import engine

    mine = context.current(ctx)
    found = engine.outputs(mine.stack, mine.aws)
    rows = [(id_, name, value) for id_, values in found.items() for name, value in values.items()]
    mine.emit(found, lambda: render.table(["resource", "output", "value"], rows))


def _result(done: Result) -> dict[str, Any]:
    return {
        "created": done.created,
        "updated": done.updated,
        "deleted": done.deleted,
        "unchanged": done.unchanged,
        "seconds": done.seconds,
    }


@contextmanager
def _where_it_stopped() -> Iterator[None]:
    """Say what was done before a run failed; the error itself goes on to the boundary."""
    from pricemon.cli import deploy_view
    from pricemon.cloud.engine import ApplyError

    try:
        yield
    except ApplyError as problem:
        render.talk(deploy_view.failure(problem))
        raise


def _say_what_stays(mine: context.Context) -> None:
    """DynamoDB keeps a last backup of a table with point-in-time recovery: say so."""
    if mine.config.table.point_in_time_recovery and not mine.config.is_local:
        mine.talk(
            "note: DynamoDB keeps a system backup of the table for 35 days; it can't be deleted, "
            "costs nothing and can be restored from"
        )
