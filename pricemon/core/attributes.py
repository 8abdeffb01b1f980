"""DynamoDB's own JSON ↔ plain Python values, exactly. Pure.

boto3's `TypeDeserializer` takes any type for any name; here a reader says what it expects, and a
row that holds something else raises `MalformedItem` naming the row and the attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from pricemon.core.errors import PricemonError

Item = dict[str, dict[str, Any]]
"""An item as the low-level client has it: attribute name → `{type: value}`."""

_T = TypeVar("_T")
_Enum = TypeVar("_Enum", bound=StrEnum)


class MalformedItem(PricemonError):
    """A row that holds something other than what its attribute's name says."""


def attribute(value: object) -> dict[str, Any]:
    """One value as DynamoDB JSON. A float (never money) takes its shortest decimal form."""
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case Decimal():
            return {"N": format(value, "f")}
        case float():
            return {"N": format(Decimal(repr(value)), "f")}
        case str():
            return {"S": str(value)}
        case Mapping():
            return {"M": attributes(value)}
        case list() | tuple():
            return {"L": [attribute(v) for v in value]}
    raise TypeError(f"{type(value).__name__} has no place in the table")


def attributes(values: Mapping[str, object]) -> Item:
    """Several values, leaving out those that are `None`."""
    return {name: attribute(value) for name, value in values.items() if value is not None}


class Row:
    """Typed access to an item's attributes: the value, `None` when absent, or `MalformedItem`."""

    def __init__(self, item: Item, *, within: str | None = None) -> None:
        self.item = item
        self.within = within

    def need(self, read: Callable[[str], _T | None], name: str) -> _T:
        """The attribute `name` as `read` has it; its absence is an error."""
        value = read(name)
        if value is None:
            raise self._malformed(name, "is missing")
        return value

    def text(self, name: str) -> str | None:
        """A string."""
        value: str | None = self._typed(name, "S")
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value: bool | None = self._typed(name, "BOOL")
        return value

    def number(self, name: str) -> Decimal | None:
        """An exact number."""
        value = self._typed(name, "N")
        if value is None:
            return None
        try:
            number = Decimal(value)
        except (InvalidOperation, TypeError):
            number = None
        if number is None or not number.is_finite():
            raise self._malformed(name, f"is not a number: {value!r}")
        return number

    def integer(self, name: str) -> int | None:
        """A whole number."""
        value = self.number(name)
        if value is None:
            return None
        if value != value.to_integral_value():
            raise self._malformed(name, f"is not a whole number: {value}")
        return int(value)

    def member(self, name: str, kind: type[_Enum]) -> _Enum | None:
        """A member of an enumeration, by its value."""
        value = self.text(name)
        try:
            return None if value is None else kind(value)
        except ValueError:
            raise self._malformed(name, f"is no {kind.__name__.lower()}: {value!r}") from None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; empty when absent. A string set will do as well."""
        if "SS" in self.item.get(name, {}):
            return tuple(sorted(self.item[name]["SS"]))
        values = self._typed(name, "L") or []
        try:
            return tuple(value["S"] for value in values)
        except (KeyError, TypeError):
            raise self._malformed(name, "is not a list of strings") from None

    def document(self, name: str) -> dict[str, Any]:
        """A map as plain Python; empty when absent."""
        return {k: _plain(v) for k, v in (self._typed(name, "M") or {}).items()}

    def part(self, name: str) -> Row | None:
        """A map as a row of its own."""
        value = self._typed(name, "M")
        return None if value is None else Row(value, within=f"{self}, {name}")

    def _typed(self, name: str, tag: str) -> Any:
        held = self.item.get(name)
        if held is None or "NULL" in held:
            return None
        if tag not in held:
            raise self._malformed(name, f"has type {next(iter(held), '?')}, expected {tag}")
        return held[tag]

    def _malformed(self, name: str, problem: str) -> MalformedItem:
        return MalformedItem(
            f"the table's row {self} is malformed: {name} {problem}",
            hint="Something else wrote to the table; correct or delete that row.",
        )

    def __str__(self) -> str:
        if self.within:
            return self.within
        parts = (
            next(iter(self.item.get(n, {}).values()), "?") for n in ("product_id", "timestamp")
        )
        return " / ".join(str(part) for part in parts)


def _plain(value: Mapping[str, Any]) -> Any:
    ((tag, held),) = value.items()
    match tag:
        case "N":
            number = Decimal(held)
            return int(number) if number == number.to_integral_value() else number
        case "L":
            return [_plain(v) for v in held]
        case "M":
            return {k: _plain(v) for k, v in held.items()}
        case "NULL":
            return None
        case "SS":
            return sorted(held)
    return held
