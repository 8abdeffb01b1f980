"""Policy documents in one form, so that two which mean the same are equal.

AWS stores what it is given and returns it with its own order and shortcuts: a list of one becomes a
string here and there, and the order of actions is nobody's business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_SETS = {"Action", "NotAction", "Resource", "NotResource"}


def canonical(document: Mapping[str, Any] | str | None) -> dict[str, Any] | None:
    """The document with sorted lists and without shortcuts. `None` and "" are no document."""
    if isinstance(document, str):
        document = json.loads(document) if document else None
    if not document:
        return None
    statements = document.get("Statement", [])
    if isinstance(statements, Mapping):
        statements = [statements]
    return {**document, "Statement": [_statement(statement) for statement in statements]}


def compact(document: Any) -> str:
    """As JSON without a space to spare: roles have little room for their policies."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _listed(value) if key in _SETS else _principals(value) if key in _NESTED else value
        for key, value in sorted(statement.items())
    }


_NESTED = {"Principal", "NotPrincipal", "Condition"}


def _principals(value: Any) -> Any:
    """The same for the lists inside principals and conditions."""
    if isinstance(value, Mapping):
        return {key: _principals(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted(map(str, value)) if len(value) != 1 else str(value[0])
    return value


def _listed(value: Any) -> list[str]:
    return sorted(value) if isinstance(value, list) else [value]
