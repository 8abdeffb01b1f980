"""What differs between the wish and what exists, field by field, and how to show it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pricemon.cloud.resource import State, is_unknown


@dataclass(frozen=True)
class FieldChange:
    """One field: what exists (`old`) and what is wanted (`new`), in canonical form."""

    field: str
    old: Any
    new: Any

    def lines(self) -> list[str]:
        """The change for people: one line, or a unified diff for documents and lists of them."""
        if not (_is_document(self.old) or _is_document(self.new)):
            return [f"{self.field}: {_show(self.old)} → {_show(self.new)}"]
        before, after = (_pretty(value) for value in (self.old, self.new))
        context = max(len(before), len(after)) if min(len(before), len(after)) == 0 else 2
        body = list(difflib.unified_diff(before, after, lineterm="", n=context))[2:]
        return [f"{self.field}:", *(f"  {line}" for line in body if not line.startswith("@@"))]


def diff(want: State, have: State) -> tuple[FieldChange, ...]:
    """The fields of `want` that `have` does not match, in their order. Unknown matches nothing."""
    return tuple(
        FieldChange(name, have.get(name), value)
        for name, value in want.items()
        if is_unknown(value) or have.get(name) != value
    )


def _is_document(value: object) -> bool:
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _show(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _pretty(value: object) -> list[str]:
    if value is None:
        return []
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).splitlines()
