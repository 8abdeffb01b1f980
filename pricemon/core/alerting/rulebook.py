"""Which alert rules hold for a product: defaults, laid over by ever more particular ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pricemon.core.errors import GiveUp
from pricemon.core.model import Product, Reason
from pricemon.core.settings import AlertRules, Settings, alert_rules

_WHOLE = ("lowest_in_days", "cooldown")


def effective_rules(product: Product, settings: Settings) -> AlertRules:
    """Defaults ← the retailer's ← its tags' (in the product's order) ← the product's own.

    The catalogue's `target_price` is `below` by its everyday name. Raises `GiveUp(bad_message)`
    where the product's overrides make no sense: no later attempt would mend them.
    """
    rules = settings.alerts
    if retailer := settings.retailers.get(product.retailer):
        rules = alert_rules(retailer.alerts, rules)
    for tag in product.tags:
        rules = alert_rules(settings.tag_alerts.get(tag, {}), rules)
    try:
        return _checked(alert_rules(_own(product.overrides), rules))
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        raise GiveUp(Reason.BAD_MESSAGE, f"alert rules of {product.product_id}: {error}") from error


def _own(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The product's rules in our types: DynamoDB gives whole numbers back as `Decimal`."""
    target = overrides.get("target_price")
    own = {} if target is None else {"below": target}
    for key, value in (overrides.get("alerts") or {}).items():
        own[key] = int(value) if key in _WHOLE and value is not None else value
    return own


def _checked(rules: AlertRules) -> AlertRules:
    for field in dataclasses.fields(rules):
        value = getattr(rules, field.name)
        if isinstance(value, Decimal) and not value.is_finite():
            raise ValueError(f"{field.name} is {value}")
    return rules
