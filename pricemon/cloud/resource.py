"""A resource: what should exist, what does exist, and how one becomes the other.

A resource states its wish as flat fields (`desired`), reads the same fields from AWS (`read`), and
knows the calls that make, change and remove it. Everything else (order, comparison, plans,
parallelism, progress) is common to all and lives in the engine.

A dependency is a `Ref` held in any field, however deeply nested: `queue.ref("arn")`. There are no
lists of names, so an order cannot be forgotten.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Collection

    from pricemon.cloud.session import Aws

State = Mapping[str, Any]
"""Fields by name, each in canonical JSON form, so that comparison is `==`."""

Outputs = Mapping[str, str]
"""What others may refer to: ARNs, URLs, names."""

OWNER = "pricemon:stack"
"""The tag that says a resource is ours. Its value is the environment."""


class Unknown(str):
    """Stands for a value that AWS will choose; anything built upon it is as unknown."""

    __slots__ = ()

    def __add__(self, other: str) -> Unknown:
        return Unknown(str.__add__(self, other))


UNKNOWN = Unknown("(known after apply)")


@dataclass(frozen=True, eq=False)
class Ref:
    """An output of another resource, perhaps with a path below it: `bucket.ref("arn") + "/*"`."""

    to: Resource
    attr: str
    suffix: str = ""

    def __add__(self, suffix: str) -> Ref:
        return Ref(self.to, self.attr, self.suffix + suffix)

    def __repr__(self) -> str:
        return f"<{self.to.id}.{self.attr}{self.suffix}>"


Get = Callable[[Ref], str]
"""Gives a reference's value, or `UNKNOWN` while planning."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource(ABC):
    """One thing in AWS, found again by its name: there is no state file.

    `present=False` says it must not exist: a feature switched off stays in the stack and is
    removed, rather than forgotten and left behind.
    """

    kind: ClassVar[str]
    service: ClassVar[str]
    fixed: ClassVar[frozenset[str]] = frozenset()
    """Fields that can't change in place: a replacement, and only if the user names the resource."""
    renews: ClassVar[Mapping[str, frozenset[str]]] = {}
    """Outputs that AWS chooses anew when a field changes: `{"stream": {"stream_arn"}}`."""
    outlives_all: ClassVar[bool] = False
    """Whether a teardown removes it only after everything else (log groups)."""

    name: str
    present: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name people see and type: `kind/name`."""
        return f"{self.kind}/{self.name}"

    def ref(self, attr: str) -> Ref:
        """A reference to one of the outputs; whoever holds it is applied after this resource."""
        return Ref(self, attr)

    def dependencies(self) -> dict[str, Resource]:
        """The resources that a field refers to, by id."""
        values = (getattr(self, f.name) for f in dataclasses.fields(self))
        return {ref.to.id: ref.to for value in values for ref in references(value)}

    def prepare(self) -> None:  # noqa: B027 - most have nothing to prepare
        """Slow work that `desired` needs and AWS has no part in; runs while others are read."""

    @abstractmethod
    def desired(self, get: Get) -> State:
        """The wish. The same keys as `read`; values in the same canonical form."""

    @abstractmethod
    def read(self, aws: Aws) -> tuple[State, Outputs] | None:
        """What exists, or `None`. Only named error codes mean absent; others are raised."""

    @abstractmethod
    def create(self, aws: Aws, want: State) -> Outputs:
        """Make it, tagged by the first call, so that a run which is cut off still owns it."""

    @abstractmethod
    def update(self, aws: Aws, want: State, changed: Collection[str]) -> Outputs:
        """Change the named fields and no others. Returns the outputs that are new."""

    def wait_until_ready(self, aws: Aws) -> None:  # noqa: B027 - most are ready when made
        """Wait until it works. Nobody waits with it: AWS lets others refer to it meanwhile."""

    @abstractmethod
    def delete(self, aws: Aws) -> None:
        """Remove it and wait until it is gone. Already gone is success."""

    def foreseen(self, aws: Aws) -> Outputs:
        """Outputs that follow from the name, before anything exists."""
        del aws
        return {}

    def protection(self, have: State) -> str | None:
        """Why it may not be deleted at present, as a sentence; `None` if it may."""
        del have
        return None

    def contents(self, aws: Aws) -> Mapping[str, int]:
        """What would be lost with it: counts by what is counted. The resource exists."""
        del aws
        return {}

    def owned(self, have: State) -> bool:
        """Whether what exists is this stack's: it carries the owner's tags.

        What has no tags of its own (a subscription, a schedule) belongs to its tagged parent.
        """
        if "tags" not in have:
            return True
        marks = {key: value for key, value in self.tags.items() if key.startswith("pricemon:")}
        return all(have["tags"].get(key) == value for key, value in marks.items())


def references(value: object) -> Iterator[Ref]:
    """Every `Ref` inside mappings, lists and tuples."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from references(item)


def resolve(value: Any, get: Get) -> Any:
    """The same structure with every `Ref` replaced by its value."""
    if isinstance(value, Ref):
        return get(value) + value.suffix
    if isinstance(value, Mapping):
        return {key: resolve(item, get) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, get) for item in value]
    return value


def is_unknown(value: object) -> bool:
    """Whether any part of the value is not known yet."""
    if isinstance(value, Mapping):
        return any(map(is_unknown, value.values()))
    if isinstance(value, list | tuple):
        return any(map(is_unknown, value))
    return isinstance(value, Unknown)
