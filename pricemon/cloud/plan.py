"""The plan: what `up` or `down` would do, from reading AWS and nothing else.

The same functions decide while planning and while applying; a plan is what they say when references
to things not yet made are `UNKNOWN`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pricemon.cloud.diff import FieldChange, diff
from pricemon.cloud.resource import OWNER, UNKNOWN, Get, Outputs, Ref, Resource, State
from pricemon.cloud.walk import in_order, walk
from pricemon.core.errors import PricemonError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pricemon.cloud.session import Aws

Found = tuple[State, Outputs] | None


class Kind(StrEnum):
    """What happens to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource's part of the plan. `fields` are those that differ (all of them on create)."""

    id: str
    kind: Kind
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""
    """Why a replacement is needed, as a sentence."""
    allowed: bool = True
    """Whether `apply` may do it: a replacement only if the user has named the resource."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for `--json`; unknown values read as they are shown."""
        changes = [{"field": c.field, "old": c.old, "new": c.new} for c in self.fields]
        return {"id": self.id, "kind": str(self.kind), "fields": changes, "reason": self.reason}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every resource's change, in dependency order, and what reading found."""

    changes: tuple[Change, ...]
    found: Mapping[str, Found] = field(repr=False)

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that would do something."""
        return tuple(change for change in self.changes if change.kind is not Kind.KEEP)

    def count(self, kind: str) -> int:
        """How many resources the given kind of change concerns."""
        return sum(change.kind == kind for change in self.changes)


def read_all(resources: Sequence[Resource], aws: Aws) -> dict[str, Found]:
    """Read every resource, all at once, and prepare its wish. Raises the first error as it is."""
    found: dict[str, Found] = {}

    def read(resource: Resource) -> None:
        found[resource.id] = resource.read(aws)
        if resource.present:
            resource.prepare()

    walk(resources, read).raise_first()
    return found


def plan(
    resources: Sequence[Resource], aws: Aws, *, replace: Collection[str] = frozenset()
) -> Plan:
    """What `apply` would do now. Reads only.

    `replace` names the resources (`kind/name`) whose replacement is allowed; it does not cause any.
    Raises `PricemonError` for a resource with our name that is not ours.
    """
    ordered = in_order(resources)
    return decide(ordered, read_all(ordered, aws), aws, replace=replace)


def decide(
    ordered: Sequence[Resource],
    found: Mapping[str, Found],
    aws: Aws,
    *,
    replace: Collection[str] = frozenset(),
) -> Plan:
    """The plan for what was found. Makes no call."""
    known: dict[str, Outputs] = {}
    changes = []

    def get(ref: Ref) -> str:
        return known[ref.to.id].get(ref.attr, UNKNOWN)

    for resource in ordered:
        change = compare(resource, found[resource.id], get, replace=replace)
        known[resource.id] = _outputs_after(resource, change, found[resource.id], aws)
        changes.append(change)
    return Plan(changes=tuple(changes), found=dict(found))


def compare(
    resource: Resource, found: Found, get: Get, *, replace: Collection[str] = frozenset()
) -> Change:
    """One resource's change. Raises `PricemonError` if it exists and is not ours."""
    if found is not None:
        refuse_foreign(resource, found[0])
    if not resource.present:
        return Change(id=resource.id, kind=Kind.KEEP if found is None else Kind.DELETE)
    want = resource.desired(get)
    if found is None:
        return Change(id=resource.id, kind=Kind.CREATE, fields=diff(want, {}))
    fields = diff(want, found[0])
    stuck = [change.field for change in fields if change.field in resource.fixed]
    if stuck:
        names = " and ".join(stuck)
        return Change(
            id=resource.id,
            kind=Kind.REPLACE,
            fields=fields,
            reason=f"{names} can't change in place: it would be deleted, with what it holds, and "
            "made anew",
            allowed=resource.id in replace,
        )
    return Change(id=resource.id, kind=Kind.UPDATE if fields else Kind.KEEP, fields=fields)


def refuse_foreign(resource: Resource, have: State) -> None:
    """Raise `PricemonError` if what exists under our name is not this stack's."""
    if resource.owned(have):
        return
    theirs = have["tags"].get(OWNER)
    whose = f"it belongs to the stack {theirs!r}" if theirs else f"it has no tag {OWNER}"
    if theirs == resource.tags.get(OWNER):
        elsewhere = have["tags"].get("pricemon:region", "another region")
        whose = f"it belongs to the stack {theirs!r} in {elsewhere}"
    raise PricemonError(
        f"{resource.id} exists already and is not this stack's: {whose}",
        hint="use another environment name, delete it, or, to make it this stack's, tag it "
        + ", ".join(f"{k}={v}" for k, v in resource.tags.items() if k.startswith("pricemon:")),
    )


def refuse_protected(there: Iterable[tuple[Resource, State]]) -> None:
    """Raise `PricemonError` if something may not be deleted at present."""
    for resource, have in there:
        why = resource.protection(have)
        if why:
            raise PricemonError(
                f"{resource.id} can't be deleted: {why}",
                hint="switch it off in the config and run `pricemon up` first, or keep the data "
                "(`pricemon down --keep-data`)",
            )


def _outputs_after(resource: Resource, change: Change, found: Found, aws: Aws) -> Outputs:
    """The outputs that others see while planning: the present ones, less what the change renews."""
    foreseen = resource.foreseen(aws) if resource.present else {}
    if found is None or change.kind in (Kind.CREATE, Kind.REPLACE):
        return foreseen
    renewed = {
        output
        for field_change in change.fields
        for output in resource.renews.get(field_change.field, ())
    }
    present = {key: value for key, value in found[1].items() if key not in renewed}
    return {**foreseen, **present}
