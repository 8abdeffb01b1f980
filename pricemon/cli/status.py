"""`pricemon status`: what is there, whether it works, and what is wrong."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from pricemon.cli import context, render
from pricemon.core.errors import ExitCode

if TYPE_CHECKING:
    from pricemon.core.overview import Overview
    from pricemon.core.runs import Run

_PERIODS = 2
"""Schedule periods without an observation after which a product is stale."""
_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything `status` knows. `problems` are sentences; none means healthy."""

    env: str
    resources: dict[str, str]
    queues: dict[str, dict[str, int] | None] = field(default_factory=dict)
    retailers: dict[str, Overview] = field(default_factory=dict)
    alarms: dict[str, str] = field(default_factory=dict)
    unconfirmed: list[str] = field(default_factory=list)
    schedule: str = ""
    next_run: int | None = None
    """Epoch ms; `None` where the schedule is off or does not say."""
    leftovers: tuple[str, ...] | None = None
    """ARNs that bear the stack's tag and are no part of it; `None` if AWS did not let us ask."""
    run: Run | None = None
    problems: list[str] = field(default_factory=list)


def status(ctx: typer.Context) -> None:
    """Show resources, queues, the last run, each shop's products and the alarms.

    Exits with 3 when something is wrong, and says what.

    Examples:

        pricemon status

        pricemon status --env prod --json | jq .problems
    """
    mine = context.current(ctx)
    report = _report(mine)
    mine.emit(report, lambda: render.literal(_text(report)))
    if report.problems:
        raise typer.Exit(ExitCode.PENDING)


def _report(mine: context.Context) -> Report:
    from pricemon.cloud import engine, health
    from pricemon.cloud.plan import Kind
    from pricemon.core import runs

    words = {Kind.CREATE: "absent", Kind.KEEP: "present", Kind.DELETE: "unwanted"}
    intended = engine.plan(mine.stack, mine.aws)
    resources = {
        change.id: words.get(change.kind, "drifted")
        for change, wanted in zip(intended.changes, _wanted(mine, intended.changes), strict=True)
        if wanted or change.kind is not Kind.KEEP
    }
    left = _leftovers(mine)
    strays = [f"{arn} bears this stack's tag, but is no part of it" for arn in left or ()]
    if set(resources.values()) <= {"absent"}:
        problems = ["nothing is provisioned: pricemon up creates it", *strays]
        return Report(env=mine.env, resources=resources, leftovers=left, problems=problems)
    names, table = mine.names, f"table/{mine.names.table}"
    watched = [names.queue, names.dlq, names.on_failure]
    if mine.config.notifier.enabled:
        watched += [names.notifier_queue, names.notifier_dlq]
    queues = health.queues(mine.aws, watched)
    alarms = health.alarms(
        mine.aws, [id_.partition("/")[2] for id_ in resources if id_.startswith("alarm/")]
    )
    there = resources.get(table) not in (None, "absent")
    shops = _shops(mine) if there else {}
    run = next(runs.recent(mine.table, limit=1), None) if there else None
    return Report(
        env=mine.env,
        resources=resources,
        queues=queues,
        retailers=shops,
        alarms=alarms,
        unconfirmed=_unconfirmed(intended.found),
        schedule=_schedule(mine),
        next_run=_next_run(mine),
        leftovers=left,
        run=run,
        problems=[
            *(f"{id_} is {state}" for id_, state in resources.items() if state != "present"),
            *_queue_problems(mine, queues),
            *(f"alarm {name} is in ALARM" for name, state in alarms.items() if state == "ALARM"),
            *_shop_problems(shops),
            *strays,
        ],
    )


def _wanted(mine: context.Context, changes: Any) -> list[bool]:
    present = {resource.id: resource.present for resource in mine.stack}
    return [present.get(change.id, True) for change in changes]


def _shops(mine: context.Context) -> dict[str, Overview]:
    from pricemon.core.overview import overview

    period = (mine.config.schedule.period or _DAY) + mine.config.schedule.window * 60
    seen_after = int((time.time() - _PERIODS * period) * 1000)
    return {
        name: overview(
            mine.table.catalogue(name),
            seen_after=seen_after,
            max_failures=mine.config.judge.max_failures,
        )
        for name in mine.config.retailers
    }


def _schedule(mine: context.Context) -> str:
    options = mine.config.schedule
    if not options.enabled:
        return "switched off"
    return f"{options.expression} {options.timezone}, within {options.window} minutes"


def _next_run(mine: context.Context) -> int | None:
    from pricemon.cloud import health

    options, names = mine.config.schedule, mine.names
    if not options.enabled:
        return None
    due = health.next_run(
        mine.aws,
        group=names.schedule_group,
        name=names.schedule,
        period=options.period,
        now=datetime.now(UTC),
    )
    return None if due is None else round(due.timestamp() * 1000)


def _leftovers(mine: context.Context) -> tuple[str, ...] | None:
    """What else bears the stack's tag. Reading tags is a permission that `up` does not need."""
    from botocore.exceptions import ClientError

    from pricemon.cloud import engine

    try:
        return engine.leftovers(mine.stack, mine.aws, mine.env)
    except ClientError as problem:
        if "AccessDenied" in problem.response.get("Error", {}).get("Code", ""):
            return None
        raise


def _unconfirmed(found: Any) -> list[str]:
    """Subscriptions whose owner has not said yes: they deliver nothing."""
    return [
        id_
        for id_, state in found.items()
        if id_.startswith("subscription/")
        and state is not None
        and state[1].get("arn") in ("PendingConfirmation", "pending confirmation")
    ]


def _queue_problems(mine: context.Context, queues: dict[str, dict[str, int] | None]) -> list[str]:
    remedies = {
        mine.names.dlq: ("failed jobs", "pricemon dlq list"),
        mine.names.on_failure: (
            "changes that could not be handled",
            "pricemon dlq list --queue changes",
        ),
        mine.names.notifier_dlq: (
            "alerts that a chat did not take",
            "pricemon dlq list --queue notifier",
        ),
    }
    return [
        f"{depths['waiting']:,} {what} wait in {name}: {command}"
        for name, (what, command) in remedies.items()
        if (depths := queues.get(name)) and depths["waiting"]
    ]


def _shop_problems(shops: dict[str, Overview]) -> list[str]:
    return [
        f"{name}: {shop.stale:,} of {shop.products:,} products have not been seen for "
        f"{_PERIODS} schedule periods"
        for name, shop in shops.items()
        if shop.stale
    ]


def _text(report: Report) -> str:
    """The report for people: counts first, then what is wrong."""
    states = list(report.resources.values())
    lines = [
        f"environment {report.env}: "
        + ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    ]
    due = f", next at about {render.when(report.next_run)}" if report.next_run else ""
    lines += [f"schedule: {report.schedule}{due}"] if report.schedule else []
    for name, depths in report.queues.items():
        shown = ", ".join(f"{n:,} {word.replace('_', ' ')}" for word, n in (depths or {}).items())
        lines.append(f"queue {name}: {shown or 'absent'}")
    if report.run:
        run = report.run
        lines.append(
            f"last run {run.run_id} at {render.when(run.started_at)}: {run.dispatched:,} sent, "
            f"{run.done:,} done, {run.failed:,} failed, {run.held:,} held"
            + ("" if run.complete else " (going on)")
        )
    for name, shop in report.retailers.items():
        counts = {word: n for word, n in render.plain(shop).items() if n and word != "products"}
        shown = ", ".join(f"{n:,} {word}" for word, n in counts.items())
        lines.append(f"{name}: {shop.products:,} products" + (f" ({shown})" if shown else ""))
    alarmed = list(report.alarms.values())
    if alarmed:
        counted = ", ".join(f"{alarmed.count(s)} {s}" for s in dict.fromkeys(alarmed))
        lines.append(f"alarms: {counted}")
    lines += [f"waiting for confirmation: {id_}" for id_ in report.unconfirmed]
    lines += ["", *(f"! {problem}" for problem in report.problems)] if report.problems else []
    return "\n".join(lines if report.problems else [*lines, "all is well"])
