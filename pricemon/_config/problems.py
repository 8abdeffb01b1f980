"""Validation errors as sentences: where it is, what was found, what would be valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from pricemon._config.file import Document, KeyPath, Problem
from pricemon.core.nearest import nearest

_KINDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "string": "text",
    "path": "the path of a folder",
    "dict": "a mapping of keys to values",
    "tuple": "a list",
    "model": "a mapping of options",
}


def problems(
    error: ValidationError, model: type[BaseModel], document: Document, overlay: KeyPath = ()
) -> Iterator[Problem]:
    """Each of pydantic's errors, located in the file.

    `overlay` is the path of the environment that was laid over the base; a value that stands there
    is reported there.
    """
    errors = [
        (tuple(part for part in details["loc"] if part != "[key]"), details)
        for details in error.errors(include_url=False)
    ]
    for path, details in errors:
        if details["type"] == "too_short" and any(path == p[:-1] for p, _ in errors):
            continue  # pydantic does not count the items it refused, which are reported themselves
        sentence = _sentence(dict(details), *_declared(model, path))
        place, line = _locate(document, path, overlay, missing=details["type"] == "missing")
        yield Problem(place, sentence, line)


def _locate(
    document: Document, path: KeyPath, overlay: KeyPath, *, missing: bool
) -> tuple[KeyPath, int | None]:
    """Where the value at `path` stands: in the overlay, else in the base, else near there.

    A missing option is where its section is; the environment's name and what concerns all options
    at once is where the environment is.
    """
    lines = document.lines
    if path in {(), ("env",)} and overlay in lines:
        return overlay, lines[overlay]
    stands = path[:-1] if missing else path
    if (*overlay, *stands) in lines:
        return (*overlay, *path), lines[*overlay, *stands]
    enclosing = (path[:depth] for depth in range(len(path), 0, -1))
    return path, next((lines[above] for above in enclosing if above in lines), None)


def _declared(model: Any, path: KeyPath) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The section that `path` leads into, and the option at its end, if the models know it."""
    section: type[BaseModel] | None = model
    option: FieldInfo | None = None
    annotation: Any = model
    for part in path:
        annotation = _stripped(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            section = annotation
            option = annotation.model_fields.get(str(part))
            if option is None:
                return section, None
            annotation = option.annotation
        else:
            inner = get_args(annotation)
            annotation = inner[1] if get_origin(annotation) is dict else next(iter(inner), None)
    target = _stripped(annotation)
    if isinstance(target, type) and issubclass(target, BaseModel):
        section = target
    return section, option


def _stripped(annotation: Any) -> Any:
    """The type itself: without `Annotated`, and without `| None`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _stripped(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return _stripped(next(a for a in get_args(annotation) if a is not type(None)))
    return annotation


def _sentence(
    details: dict[str, Any], section: type[BaseModel] | None, option: FieldInfo | None
) -> str:
    kind = str(details["type"])
    if kind == "extra_forbidden":
        return _unknown(str(details["loc"][-1]), section)
    description = f" ({option.description})" if option and option.description else ""
    if kind == "missing":
        return f"must be given{description}"
    if kind == "secret":
        return str(details["msg"])
    found = "found " + _shown(details["input"])
    if kind == "value_error":
        reason = str(details["ctx"]["error"])
        whole = isinstance(details["input"], (Mapping, BaseModel))
        return reason if whole else f"{found}; must be {reason}"
    if kind == "literal_error":
        return f"{found}; must be {_expected(details, option)}"
    return f"{found}; must be {_expected(details, option)}{description}"


def _unknown(key: str, section: type[BaseModel] | None) -> str:
    known = sorted(section.model_fields) if section else []
    guess = nearest(key, known)
    if guess:
        return f"is not an option; did you mean {guess}?"
    return f"is not an option; here these are: {', '.join(known)}"


def _expected(details: Mapping[str, Any], option: FieldInfo | None) -> str:
    kind, context = str(details["type"]), details.get("ctx", {})
    if kind == "literal_error":
        return str(context["expected"]).replace("'", "")
    if kind in {"too_short", "too_long"}:
        bound = context.get("min_length", context.get("max_length"))
        return f"a list of at {'least' if kind == 'too_short' else 'most'} {bound}"
    if kind in {"string_too_short", "string_too_long"}:
        return (
            "text that is not empty"
            if kind == "string_too_short"
            else f"at most {context['max_length']} characters long"
        )
    noun = _noun(kind, option)
    return " ".join(part for part in (noun, _range(option)) if part)


def _noun(kind: str, option: FieldInfo | None) -> str:
    root = kind.split("_", 1)[0]
    if root in _KINDS:
        return _KINDS[root]
    target = _stripped(option.annotation) if option else None
    return _KINDS["int"] if target is int else "a number"


def _range(option: FieldInfo | None) -> str:
    """The limits in words; those on the option and those of its type."""
    found: dict[str, Any] = {}
    for limit in _constraints(option):
        for name in ("ge", "gt", "le", "lt"):
            value = getattr(limit, name, None)
            if value is not None:
                found[name] = value
    low = f"{found['ge']}" if "ge" in found else ""
    if "ge" in found and "le" in found:
        return f"from {low} to {found['le']}"
    words = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below"}
    return " and ".join(f"{words[name]} {found[name]}" for name in words if name in found)


def _constraints(option: FieldInfo | None) -> Iterator[Any]:
    if option is None:
        return
    yield from option.metadata
    pending = [option.annotation]
    while pending:
        annotation = pending.pop()
        if get_origin(annotation) is Annotated:
            for extra in annotation.__metadata__:  # type: ignore[union-attr]
                if isinstance(extra, FieldInfo):
                    yield from extra.metadata
                elif isinstance(extra, annotated_types.BaseMetadata):
                    yield extra
        pending.extend(arg for arg in get_args(annotation) if get_origin(arg) is not None)


def _shown(value: Any) -> str:
    """A value as the file has it, cut short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + '…"'  # noqa: PLR2004 - a line's worth


def dotted(path: KeyPath) -> str:
    """`("subscriptions", 0, "endpoint")` as `subscriptions[0].endpoint`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
