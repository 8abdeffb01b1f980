"""Do something to every resource, each as soon as those it waits for are done.

The wall time follows the longest chain, not the sum. A failure stops what depends on it and nothing
else; an interruption starts nothing more and waits for what is under way.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pricemon.cloud.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


_PARALLEL = 32

Work = Callable[[Resource], None]


@dataclass
class Walked:
    """How a walk ended: ids in the order they finished, errors by id, and what was not started."""

    done: list[str] = field(default_factory=list)
    failed: dict[str, Exception] = field(default_factory=dict)
    not_started: list[str] = field(default_factory=list)

    def note(self, id_: str, future: Future[None]) -> bool:
        """Whether the work went well. Raises what is no `Exception`: it ends the walk."""
        problem = future.exception()
        if problem is None:
            if id_ not in self.done:
                self.done.append(id_)
            return True
        if not isinstance(problem, Exception):
            raise problem
        self.failed[id_] = problem
        return False

    def raise_first(self) -> None:
        """Raise the first failure, if there was one."""
        for problem in self.failed.values():
            raise problem


def in_order(resources: Iterable[Resource]) -> list[Resource]:
    """The resources and all they refer to, each after its dependencies.

    Raises `ValueError` when two resources share an id or a chain of references bites its tail.
    """
    ordered: dict[str, Resource] = {}
    path: dict[str, None] = {}

    def visit(resource: Resource) -> None:
        if resource.id in path:
            raise ValueError(f"references in a circle: {' → '.join([*path, resource.id])}")
        if ordered.get(resource.id, resource) is not resource:
            raise ValueError(f"two resources are called {resource.id}")
        if resource.id in ordered:
            return
        path[resource.id] = None
        for dependency in resource.dependencies().values():
            visit(dependency)
        del path[resource.id]
        ordered[resource.id] = resource

    for resource in resources:
        visit(resource)
    return list(ordered.values())


def forward(ordered: Sequence[Resource]) -> dict[str, set[str]]:
    """By id, what has to be done before it: its dependencies.

    Among those that must not exist it is the other way round: dependents go first.
    """
    before: dict[str, set[str]] = {resource.id: set() for resource in ordered}
    for resource in ordered:
        for dependency in resource.dependencies().values():
            if resource.present:
                before[resource.id].add(dependency.id)
            elif not dependency.present:
                before[dependency.id].add(resource.id)
    return before


def backward(ordered: Sequence[Resource]) -> dict[str, set[str]]:
    """By id, what has to be gone before it: its dependents, and for some kinds everything else."""
    before: dict[str, set[str]] = {resource.id: set() for resource in ordered}
    mortal = {resource.id for resource in ordered if not resource.outlives_all}
    for resource in ordered:
        for dependency in resource.dependencies().keys() & before.keys():
            before[dependency].add(resource.id)
        if resource.outlives_all:
            before[resource.id] |= mortal
    return before


def walk(
    resources: Iterable[Resource],
    work: Work,
    *,
    before: Mapping[str, set[str]] | None = None,
    afterwards: Work | None = None,
    interrupt: Callable[[], None] = lambda: None,
) -> Walked:
    """`work` on every resource once all of `before[id]` are done, over a bounded pool.

    `afterwards` follows on each, and nobody waits for it but the walk. `interrupt` is called when
    something that is not an `Exception` (Ctrl-C) ends the walk: it should make the running work
    return soon. That exception is then raised again.
    """
    by_id = {resource.id: resource for resource in resources}
    waiting = {id_: (before or {}).get(id_, set()) & by_id.keys() for id_ in by_id}
    walked = Walked()
    running: dict[Future[None], tuple[str, bool]] = {}
    with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="resource") as pool:
        try:
            while True:
                for id_ in [id_ for id_, needs in waiting.items() if needs <= set(walked.done)]:
                    del waiting[id_]
                    running[pool.submit(work, by_id[id_])] = (id_, afterwards is not None)
                if not running:
                    break  # what still waits, waits for something that failed
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    id_, goes_on = running.pop(future)
                    if walked.note(id_, future) and goes_on and afterwards is not None:
                        running[pool.submit(afterwards, by_id[id_])] = (id_, False)
        except BaseException:
            interrupt()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    walked.not_started = list(waiting)
    return walked
