"""Make AWS as the resources wish it to be, or take it all away.

There is no state file: every run reads AWS, decides with the functions that also make the plan, and
acts. A run that was cut off anywhere is therefore continued by the next one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pricemon.cloud.inventory import inventory, leftovers
from pricemon.cloud.plan import (
    Found,
    Kind,
    Plan,
    decide,
    plan,
    read_all,
    refuse_foreign,
    refuse_protected,
)
from pricemon.cloud.run import ApplyError, Event, OnEvent, Result, Run
from pricemon.cloud.walk import backward, forward, in_order, walk
from pricemon.core.errors import PricemonError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pricemon.cloud.resource import Resource
    from pricemon.cloud.session import Aws

__all__ = [
    "ApplyError",
    "Event",
    "Result",
    "apply",
    "destroy",
    "inventory",
    "leftovers",
    "outputs",
    "plan",
]


def apply(
    resources: Sequence[Resource],
    aws: Aws,
    *,
    on_event: OnEvent = lambda _: None,
    replace: Collection[str] = frozenset(),
    planned: Plan | None = None,
) -> Result:
    """Create, change and remove until AWS is as wished; independent resources at the same time.

    `replace` names the resources that may be deleted and made anew. `planned` is a plan made just
    now of the same resources: its readings are then used instead of new ones. Raises
    `PricemonError`, before anything is touched, for a resource that is not ours or a replacement
    that is not allowed; `ApplyError` when some resources failed.
    """
    started = time.monotonic()
    ordered = in_order(resources)
    found = dict(planned.found) if planned else read_all(ordered, aws)
    _refuse_replacements(decide(ordered, found, aws, replace=replace))
    run = Run(aws, found, on_event, replace)
    walked = walk(
        ordered,
        run.settle,
        before=forward(ordered),
        afterwards=run.confirm,
        interrupt=aws.stop,
    )
    return run.finish(walked, started)


def destroy(
    resources: Sequence[Resource],
    aws: Aws,
    *,
    keep: Collection[str] = (),
    on_event: OnEvent = lambda _: None,
) -> Result:
    """Remove everything that is ours, dependents first; what is gone already is no matter.

    `keep` names kinds or ids that stay (`{"table", "bucket"}`). Raises `PricemonError` before
    anything is touched when something is protected from deletion or not ours.
    """
    started = time.monotonic()
    ordered = in_order(resources)
    doomed = [r for r in ordered if r.id not in keep and r.kind not in keep]
    found = _read_to_delete(doomed, aws)
    run = Run(aws, found, on_event, frozenset())
    walked = walk(doomed, run.remove, before=backward(doomed), interrupt=aws.stop)
    return run.finish(walked, started)


def outputs(resources: Sequence[Resource], aws: Aws) -> dict[str, dict[str, str]]:
    """The outputs of every resource that exists, by id."""
    found = {}

    def read(resource: Resource) -> None:
        found[resource.id] = resource.read(aws)

    ordered = in_order(resources)
    walk(ordered, read).raise_first()
    return {r.id: dict(there[1]) for r in ordered if (there := found[r.id]) is not None}


def _refuse_replacements(intended: Plan) -> None:
    stuck = [c for c in intended.changes if c.kind is Kind.REPLACE and not c.allowed]
    if stuck:
        raise PricemonError(
            "; ".join(f"{change.id}: {change.reason}" for change in stuck),
            hint="nothing was changed; undo the change in the config, or allow it with "
            + " ".join(f"--replace {change.id}" for change in stuck),
        )


def _read_to_delete(doomed: Sequence[Resource], aws: Aws) -> dict[str, Found]:
    """Read what is to go. Raises `PricemonError` if something may not."""
    found: dict[str, Found] = {}

    def read(resource: Resource) -> None:
        found[resource.id] = resource.read(aws)

    walk(doomed, read).raise_first()
    there = [(r, state[0]) for r in doomed if (state := found[r.id]) is not None]
    for resource, have in there:
        refuse_foreign(resource, have)
    refuse_protected(there)
    return found
