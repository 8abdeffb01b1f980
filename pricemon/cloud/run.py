"""One run at work: each resource brought to its wish or removed, told as it happens.

Everything here may be called from many threads at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pricemon.cloud.answers import is_absent
from pricemon.cloud.explain import explain
from pricemon.cloud.plan import Found, Kind, compare, refuse_protected
from pricemon.cloud.remedies import remedy
from pricemon.cloud.session import Aws, TakenError
from pricemon.core.errors import PricemonError

if TYPE_CHECKING:
    from pricemon.cloud.resource import Outputs, Ref, Resource
    from pricemon.cloud.walk import Walked

_ROUNDS = 5
"""How often one resource is looked at again when somebody else changes it at the same time."""

_DOING = {
    Kind.CREATE: "creating",
    Kind.UPDATE: "updating",
    Kind.REPLACE: "replacing",
    Kind.DELETE: "deleting",
}


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something happened to a resource. `seconds` is the time since its work began.

    `state` is one of `creating`, `updating`, `replacing`, `deleting`, `waiting` (with AWS's words
    in `detail`), then `created`, `updated`, `replaced`, `deleted`, `unchanged`, `failed` or
    `skipped`.
    """

    id: str
    state: str
    seconds: float = 0.0
    detail: str = ""


OnEvent = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run did: ids as `kind/name`, in the order of completion. A replaced one is created."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    outputs: Mapping[str, Outputs] = field(default_factory=dict)
    seconds: float = 0.0


class ApplyError(PricemonError):
    """Some resources failed: `result` is what was done, `failed` why, `not_started` the rest."""

    def __init__(
        self, result: Result, failed: Mapping[str, PricemonError], not_started: Sequence[str]
    ) -> None:
        first = next(iter(failed))
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        hint = failed[first].hint
        again = "when that is mended, run the same command again: it continues from here"
        super().__init__(
            f"{first}: {failed[first].message}{more}", hint=f"{hint}; {again}" if hint else again
        )
        self.result = result
        self.failed = dict(failed)
        self.not_started = tuple(not_started)


class Run:
    """One walk's memory: what was found, what has been done. Shared by the walk's threads."""

    def __init__(
        self, aws: Aws, found: dict[str, Found], on_event: OnEvent, replace: Collection[str]
    ) -> None:
        self._aws = aws
        self._found = found
        self._on_event = on_event
        self._replace = replace
        self._outputs: dict[str, Outputs] = {}
        self._did: dict[str, Kind] = {}

    def settle(self, resource: Resource) -> None:
        """Bring one resource to its wish; its dependencies have been brought to theirs."""
        with self._reporting(resource) as report:
            for _ in range(_ROUNDS):
                found = self._found[resource.id]
                change = compare(resource, found, self._get, replace=self._replace)
                self._did.setdefault(resource.id, change.kind)
                if change.kind is Kind.KEEP:
                    break
                self._did[resource.id] = change.kind
                report(_DOING[change.kind])
                if self._act(resource, change.kind, found, [c.field for c in change.fields]):
                    break
                self._found[resource.id] = self._read_again(resource)
            else:
                raise PricemonError(
                    f"{resource.id} keeps being changed by somebody else",
                    hint="see that no other run is at work, then run this one again",
                )
        self._outputs.setdefault(resource.id, (self._found[resource.id] or ({}, {}))[1])

    def confirm(self, resource: Resource) -> None:
        """Wait until what was made or changed works."""
        if self._did[resource.id] in {Kind.KEEP, Kind.DELETE}:
            return
        with self._reporting(resource, end=False):
            resource.wait_until_ready(self._aws)

    def _act(self, resource: Resource, kind: Kind, found: Found, changed: Collection[str]) -> bool:
        """Do it. `False` says that the world was not as read, and has to be read again."""
        have, old = found or ({}, {})
        if kind is Kind.REPLACE:
            refuse_protected([(resource, have)])
        if kind in (Kind.DELETE, Kind.REPLACE):
            resource.delete(self._aws)
        if kind is Kind.DELETE:
            return True
        want = resource.desired(self._get)
        try:
            new = (
                {**old, **resource.update(self._aws, want, changed)}
                if kind is Kind.UPDATE
                else resource.create(self._aws, want)
            )
        except TakenError:
            return False
        except ClientError as problem:
            if kind is Kind.UPDATE and is_absent(resource.service, problem):
                return False
            raise
        self._outputs[resource.id] = new
        return True

    def _read_again(self, resource: Resource) -> Found:
        """Read what somebody else has just made or removed; they too need a moment to be seen."""
        self._aws.pause()
        return resource.read(self._aws)

    def remove(self, resource: Resource) -> None:
        """Delete one resource, if it is there."""
        with self._reporting(resource) as report:
            self._did[resource.id] = Kind.KEEP
            if self._found[resource.id] is not None:
                report(_DOING[Kind.DELETE])
                resource.delete(self._aws)
                self._did[resource.id] = Kind.DELETE

    def finish(self, walked: Walked, started: float) -> Result:
        """The result of a walk. Raises `ApplyError` if something failed."""

        def ids(*kinds: Kind) -> tuple[str, ...]:
            done = (id_ for id_ in walked.done if id_ not in walked.failed)
            return tuple(id_ for id_ in done if self._did[id_] in kinds)

        result = Result(
            created=ids(Kind.CREATE, Kind.REPLACE),
            updated=ids(Kind.UPDATE),
            deleted=ids(Kind.DELETE),
            unchanged=ids(Kind.KEEP),
            outputs=dict(self._outputs),
            seconds=round(time.monotonic() - started, 3),
        )
        if not walked.failed:
            return result
        for id_ in walked.not_started:
            self._on_event(Event(id=id_, state="skipped"))
        failed = {id_: explained(problem) for id_, problem in walked.failed.items()}
        raise ApplyError(result, failed, walked.not_started)

    def _get(self, ref: Ref) -> str:
        return self._outputs[ref.to.id][ref.attr]

    @contextmanager
    def _reporting(
        self, resource: Resource, *, end: bool = True
    ) -> Iterator[Callable[[str], None]]:
        """Tell the work's beginning, waits and failure, and its end."""
        started = time.monotonic()

        def report(state: str, detail: str = "") -> None:
            seconds = time.monotonic() - started
            self._on_event(Event(id=resource.id, state=state, seconds=seconds, detail=detail))

        try:
            with self._aws.telling(lambda words: report("waiting", words)):
                yield report
        except Exception as problem:
            report("failed", explained(problem).message)
            raise
        did = self._did[resource.id]
        if end:
            report("unchanged" if did is Kind.KEEP else f"{did}d")


def explained(problem: Exception) -> PricemonError:
    """The error as one sentence and what to do about it."""
    if isinstance(problem, PricemonError):
        return problem
    known = explain(problem)
    if known is None:
        return PricemonError(f"{type(problem).__name__}: {problem}")
    if isinstance(problem, ClientError):
        known.hint = remedy(problem) or known.hint
    return known
