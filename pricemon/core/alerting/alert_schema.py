"""The JSON Schema of an alert's document: what a consumer may rely on.

Fields may be added without a new version; `schema` is raised when one changes its meaning.
"""

from __future__ import annotations

from typing import Any

from pricemon.core.model import AlertKind, Availability

_MONEY = {
    "type": "string",
    "pattern": r"^[0-9]+(\.[0-9]+)?$",
    "description": "decimal string in the currency's major unit, exact",
}
_MAYBE_MONEY = {"anyOf": [_MONEY, {"type": "null"}]}
_TIME = {"type": "integer", "minimum": 0, "description": "milliseconds since the epoch, UTC"}
_MAYBE_TIME = {"anyOf": [_TIME, {"type": "null"}]}
_KINDS = [kind.value for kind in AlertKind if kind is not AlertKind.DIGEST]


def _said(schema: dict[str, Any], meaning: str) -> dict[str, Any]:
    return {**schema, "description": meaning}


_ALERT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "schema": {"const": 1, "description": "version of this document"},
        "alert_id": {
            "type": "string",
            "minLength": 1,
            "description": "stable: the same cause gives the same id, so drop what was seen before",
        },
        "kind": {"enum": _KINDS, "description": "the rule that says most"},
        "kinds": {
            "type": "array",
            "items": {"enum": _KINDS},
            "minItems": 1,
            "description": "every rule that this reading satisfies, `kind` first",
        },
        "product_id": {"type": "string", "minLength": 1},
        "retailer": {"type": "string", "minLength": 1},
        "url": {"type": "string"},
        "title": {"type": ["string", "null"], "description": "one line, cleaned"},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217"},
        "new_price": _said(_MONEY, "the price now"),
        "old_price": _said(_MAYBE_MONEY, "the price at the reading before"),
        "reference_price": _said(
            _MAYBE_MONEY,
            "what the change is measured from: for falls the highest price since a fall was last "
            "told, for rises the lowest",
        ),
        "change_percent": {
            "type": ["number", "null"],
            "description": "against reference_price, two decimals; negative for a fall",
        },
        "target_price": _said(_MAYBE_MONEY, "the target (`below`), where there is one"),
        "lowest_price": _said(_MAYBE_MONEY, "the lowest price known before this one"),
        "lowest_since": _said(_MAYBE_TIME, "since when no price was as low as the present one"),
        "history_since": _said(_MAYBE_TIME, "when the history looked at begins"),
        "prior_low_30d": _said(
            _MAYBE_MONEY,
            "the lowest price of the 30 days before the change (directive 98/6/EC, article 6a): "
            "measured by it, a price not lower is no reduction",
        ),
        "observed_at": _TIME,
        "availability": {"enum": [*(each.value for each in Availability), None]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "why": {"type": "string", "description": "the rules in words"},
    },
}
_ALERT["required"] = list(_ALERT["properties"])

_DIGEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "schema": {"const": 1},
        "alert_id": {"type": "string", "minLength": 1},
        "kind": {"const": AlertKind.DIGEST.value},
        "alerts": {"type": "array", "items": {"$ref": "#/$defs/alert"}, "minItems": 1},
    },
    "required": ["schema", "alert_id", "kind", "alerts"],
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "pricemon alert",
    "description": "One alert, or a digest of those beyond max_alerts_per_run.",
    "anyOf": [{"$ref": "#/$defs/alert"}, {"$ref": "#/$defs/digest"}],
    "$defs": {"alert": _ALERT, "digest": _DIGEST},
}
"""JSON Schema (draft 2020-12) of what is published."""
