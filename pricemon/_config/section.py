"""A section of the config: a mapping of options, frozen, that refuses what it does not know."""

from __future__ import annotations

from types import UnionType
from typing import Any, Union, get_origin

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A mapping of options: frozen, and refusing what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, data: Any) -> Any:
        """A section whose options are all commented out reads as nothing: it means the defaults."""
        if data is None:
            return {}
        if not isinstance(data, dict):
            return data
        return {
            key: value
            for key, value in data.items()
            if value is not None or not _is_collection(cls, key)
        }


def _is_collection(model: type[BaseModel], key: object) -> bool:
    """Whether the option holds options or a list, so that "nothing" can only mean the default."""
    field = model.model_fields.get(key) if isinstance(key, str) else None
    if field is None or field.is_required():
        return False
    annotation = field.annotation
    if get_origin(annotation) in {Union, UnionType}:
        return False
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, (BaseModel, dict, tuple))
