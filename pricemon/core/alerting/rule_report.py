"""Why a product's rules would or would not fire at a price: the sums behind `rules`, laid open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pricemon.core.alerting.changes import price_of
from pricemon.core.model import AlertKind

if TYPE_CHECKING:
    from decimal import Decimal

    from pricemon.core.alerting.facts import Facts
    from pricemon.core.model import Alert, AlertState, Product
    from pricemon.core.rules import Evaluation
    from pricemon.core.settings import AlertRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One rule: its setting, the price at which it fires, and whether it would."""

    kind: AlertKind
    setting: str
    fires_at: Decimal | None
    fires: bool
    note: str = ""


def report(
    product: Product,
    state: AlertState | None,
    facts: Facts,
    rules: AlertRules,
    found: Evaluation,
) -> list[Line]:
    """The rules that are on, in words; `product` is as it was before the price in question."""
    price = price_of(product)
    reference = state.reference_price if state and state.reference_price is not None else None
    low = state.low_price if state and state.low_price is not None else None
    if price is not None:
        reference = max(reference or price[0], price[0])
        low = min(low if low is not None else price[0], price[0])
    fired = _kinds(found.alerts)
    lines = []

    def add(kind: AlertKind, setting: str, fires_at: Decimal | None, note: str = "") -> None:
        held = "in cooldown" if kind in found.suppressed else ""
        lines.append(
            Line(
                kind=kind,
                setting=setting,
                fires_at=fires_at,
                fires=kind in fired,
                note=held or note,
            )
        )

    above = f"measured from {reference:f}" if reference is not None else "no price yet"
    if rules.below is not None:
        note = "told already" if state and state.target_met else ""
        add(AlertKind.BELOW, f"{rules.below:f}", rules.below, note)
    if rules.first_price_below is not None:
        note = "" if price is None else "not the first price"
        add(AlertKind.FIRST_PRICE_BELOW, f"{rules.first_price_below:f}", None, note)
    if rules.drop_percent is not None:
        at = None if reference is None else reference * (100 - rules.drop_percent) / 100
        add(AlertKind.DROP_PERCENT, f"{rules.drop_percent:f} %", at, above)
    if rules.drop_amount is not None:
        at = None if reference is None else reference - rules.drop_amount
        add(AlertKind.DROP_AMOUNT, f"{rules.drop_amount:f}", at, above)
    if rules.lowest_in_days is not None:
        note = "" if facts.window_low is not None else "no history in that time"
        setting = f"{rules.lowest_in_days} days"
        add(AlertKind.LOWEST_IN_DAYS, setting, facts.window_low, note or "must be less than that")
    if rules.lowest_in_group:
        note = product.group or "in no group"
        add(AlertKind.LOWEST_IN_GROUP, "on", facts.group_low, note)
    if rules.rise_percent is not None:
        at = None if low is None else low * (100 + rules.rise_percent) / 100
        note = f"measured from {low:f}" if low is not None else "no price yet"
        add(AlertKind.RISE_PERCENT, f"{rules.rise_percent:f} %", at, note)
    if rules.back_in_stock:
        add(AlertKind.BACK_IN_STOCK, "on", None, "fires when it was out of stock before")
    return lines


def _kinds(alerts: tuple[Alert, ...]) -> set[AlertKind]:
    return {kind for alert in alerts for kind in (alert.kind, *alert.also)}
