"""A YAML file as plain values, read strictly, with the line that each value stands on.

Stricter than YAML 1.1: a key given twice is a problem instead of a silent loss, keys are text, and
only `true` and `false` are booleans, so that a shop called `no` or a time such as 22:00 stays what
it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pricemon.core.errors import UsageError

_MAX_BYTES = 1_000_000
_MAX_NODES = 100_000

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct: where, and what is wrong with it."""

    path: KeyPath
    sentence: str
    line: int | None = None


@dataclass(slots=True)
class Document:
    """A file's values, the line of each of them, and what is wrong with the file as such."""

    name: str
    values: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    """`SafeLoader` with the scalars of YAML 1.2's core schema."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag
        not in {
            "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:int",
            "tag:yaml.org,2002:timestamp",
        }
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789")
)


def read(path: Path) -> Document:
    """The document at `path`. Raises `UsageError` where there are no options to be had."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"there is no config file {path}", hint="`pricemon init` writes a starter"
        ) from None
    except OSError as problem:
        raise UsageError(f"config file {path} cannot be read: {problem.strerror}") from problem
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{path} is larger than {_MAX_BYTES:,} bytes: not a config file")
    return parse(data, name=str(path))


def parse(data: bytes | str, *, name: str) -> Document:
    """The document in `data`; `name` is what messages call it. Errors as `read`."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        raise UsageError(
            f"{name}, line {line}: byte 0x{problem.object[problem.start]:02x} is not UTF-8",
            hint="save the file as UTF-8",
        ) from None
    try:
        return _document(text, name)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = " ".join(part for part in (problem.context, problem.problem) if part)
        raise UsageError(f"{name}{where}: not YAML: {what}", hint=_yaml_hint(text)) from None
    except yaml.YAMLError as problem:
        raise UsageError(f"{name}: not YAML: {problem}") from None
    except RecursionError:
        raise UsageError(f"{name}: nested too deeply") from None
    except ValueError as problem:
        raise UsageError(f"{name}: {problem}") from None


def _yaml_hint(text: str) -> str | None:
    """YAML's most usual stumbling block."""
    return "indent with spaces: YAML knows no tabs" if "\t" in text else None


def _document(text: str, name: str) -> Document:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        document = Document(name, {})
        if node is None:
            raise UsageError(
                f"{name} is empty", hint="`pricemon init` writes a starter with comments"
            )
        if not isinstance(node, yaml.MappingNode):
            raise UsageError(
                f"{name} holds {_kind(node)}, not options", hint="a config begins with `key: value`"
            )
        _Walk(document).visit(node, (), ())
        document.values = _with_text_keys(loader.construct_document(node))
    finally:
        loader.dispose()
    return document


def _with_text_keys(value: Any) -> Any:
    """`value` with keys that are no text written as text, so that each is reported only once."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(item) for key, item in value.items()}
    return [_with_text_keys(item) for item in value] if isinstance(value, list) else value


class _Walk:
    """Notes the line of every value, and keys that are given twice or are no text."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.visited = 0

    def visit(self, node: yaml.Node, path: KeyPath, above: tuple[int, ...]) -> None:
        self.visited += 1
        if id(node) in above:
            raise ValueError("an alias refers to what contains it")
        if self.visited > _MAX_NODES:
            raise ValueError(f"more than {_MAX_NODES:,} values: its aliases repeat too much")
        inner = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            self._mapping(node, path, inner)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.document.lines[*path, index] = item.start_mark.line + 1
                self.visit(item, (*path, index), inner)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, above: tuple[int, ...]) -> None:
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == "tag:yaml.org,2002:merge":
                self.visit(value, path, above)
                continue
            if key.tag == "tag:yaml.org,2002:str" and key.value in seen:
                self._problem(
                    (*path, key.value), f"given twice, first in line {seen[key.value]}", line
                )
            elif key.tag != "tag:yaml.org,2002:str":
                shown = key.value if isinstance(key, yaml.ScalarNode) else "this"
                self._problem((*path, str(shown)), "a key must be text: put it in quotes", line)
            name = str(key.value)
            seen.setdefault(name, line)
            self.document.lines[*path, name] = line
            self.visit(value, (*path, name), above)

    def _problem(self, path: KeyPath, sentence: str, line: int) -> None:
        self.document.problems.append(Problem(path, sentence, line))


def _kind(node: yaml.Node) -> str:
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid on `base`: mappings merge key by key, anything else replaces."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = overlay(below, value)
        else:
            merged[key] = value
    return merged
