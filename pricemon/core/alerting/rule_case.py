"""One reading held against the rules: which hold, what they say, and the state they lead to. Pure.

`pricemon.core.rules` says what the rules mean; this is their arithmetic.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from pricemon.core.alerting.changes import BUYABLE, UNAVAILABLE, price_of
from pricemon.core.alerting.wording import money
from pricemon.core.model import Alert, AlertKind, AlertState, Known, Product, Status

if TYPE_CHECKING:
    from pricemon.core.alerting.facts import Facts
    from pricemon.core.settings import AlertRules

RANK = (
    AlertKind.BELOW,
    AlertKind.FIRST_PRICE_BELOW,
    AlertKind.DROP_PERCENT,
    AlertKind.DROP_AMOUNT,
    AlertKind.LOWEST_IN_DAYS,
    AlertKind.LOWEST_IN_GROUP,
    AlertKind.BACK_IN_STOCK,
    AlertKind.RISE_PERCENT,
)
"""Which kind names an alert that satisfies several: the one its reader asked for most precisely."""

_FALLS = frozenset(RANK[:6])
_NEEDS_FACTS = frozenset({AlertKind.LOWEST_IN_DAYS, AlertKind.LOWEST_IN_GROUP})


class Case:
    """One evaluation's inputs, and the state they start from."""

    def __init__(
        self,
        before: Product | None,
        after: Product,
        known: Known,
        price: tuple[Decimal, str],
        state: AlertState | None,
        facts: Facts,
        rules: AlertRules,
        *,
        fresh: bool,
    ) -> None:
        self.after, self.known, self.facts, self.rules = after, known, facts, rules
        self.price, self.currency = price
        self.fresh = fresh
        old = price_of(before)
        stored = state or AlertState()
        remembered = stored.currency or (old[1] if old else None)
        self.first = old is None
        self.other_currency = remembered not in (None, self.currency) or (
            old is not None and old[1] != self.currency
        )
        self.old = old[0] if old and old[1] == self.currency else None
        self.baseline = self._carried(stored.reference_price)
        self.low = self._carried(stored.low_price)
        self.was_out = stored.out_of_stock or _is_out(before)
        self.target_met = stored.target_met and not self.first
        self.stored = stored

    def _carried(self, remembered: Decimal | None) -> Decimal:
        """The remembered price, unless this reading starts anew; an absent one is the old price."""
        if self.first or self.other_currency or self.old is None:
            return self.price
        return self.old if remembered is None else remembered

    @property
    def reference(self) -> Decimal:
        """What a fall is measured from: the highest price since one was told, this one included."""
        return max(self.baseline, self.price)

    @property
    def since(self) -> int:
        """When the present price came into effect."""
        since = self.known.price_since
        return since if since and since <= self.known.observed_at else self.known.observed_at

    @property
    def target(self) -> Decimal | None:
        """The target, where it is stated in the price's currency or in none."""
        stated = self.after.overrides.get("currency")
        return self.rules.below if stated in (None, self.currency) else None

    def holds(self, kind: AlertKind) -> bool:
        """Whether the rule's condition is met and has not been told."""
        return bool(getattr(self, f"_{kind.value}")())

    def cooldown_end(self, kind: AlertKind) -> int:
        """When the kind may be told again (epoch ms); 0 where it never was."""
        last = self.stored.last_alert_by_kind.get(kind.value)
        return last + self.rules.cooldown * 1000 if last and self.rules.cooldown else 0

    def needs_facts(self, only: frozenset[AlertKind] | None) -> bool:
        """Whether a rule is on that only the history, or the group, can decide."""
        wanted = _NEEDS_FACTS if only is None else _NEEDS_FACTS & only
        on = {
            AlertKind.LOWEST_IN_DAYS: self.rules.lowest_in_days is not None,
            AlertKind.LOWEST_IN_GROUP: self.rules.lowest_in_group and self.after.group is not None,
        }
        return any(on[kind] and self._news(kind) for kind in wanted)

    def _drop_percent(self) -> bool:
        bound, reference = self.rules.drop_percent, self.reference
        fall = reference - self.price
        return bound is not None and fall > 0 and fall * 100 >= bound * reference

    def _drop_amount(self) -> bool:
        bound, fall = self.rules.drop_amount, self.reference - self.price
        return bound is not None and fall > 0 and fall >= bound

    def _below(self) -> bool:
        # A target says nothing of another currency: it waits for the price to cross it in that one.
        if self.target is None or self.other_currency:
            return False
        return self.price <= self.target and not self.target_met

    def _first_price_below(self) -> bool:
        bound = self.rules.first_price_below
        return self.fresh and self.first and bound is not None and self.price <= bound

    def _lowest_in_days(self) -> bool:
        low = self.facts.window_low
        on = self.rules.lowest_in_days is not None and self._news(AlertKind.LOWEST_IN_DAYS)
        return on and low is not None and self.price < low

    def _lowest_in_group(self) -> bool:
        low = self.facts.group_low
        on = self.rules.lowest_in_group and self._news(AlertKind.LOWEST_IN_GROUP)
        return on and low is not None and self.price < low and not _is_out(self.after)

    def _rise_percent(self) -> bool:
        bound, low = self.rules.rise_percent, self.low
        rise = self.price - low
        return bound is not None and rise > 0 and low > 0 and rise * 100 >= bound * low

    def _back_in_stock(self) -> bool:
        return self.rules.back_in_stock and self.was_out and self.known.availability in BUYABLE

    def _news(self, kind: AlertKind) -> bool:
        """A fall that the kind has not told: the price came down, and no alert since it did."""
        if self.fresh:
            return self.old is not None and self.price < self.old
        return self.stored.last_alert_by_kind.get(kind.value, 0) < self.since

    def next_state(self, fired: tuple[AlertKind, ...]) -> AlertState:
        """The state after this record, but for the alert's own marks."""
        told = bool(_FALLS & set(fired))
        low = self.price if AlertKind.RISE_PERCENT in fired else min(self.low, self.price)
        met = self.target is not None and self.price <= self.target
        out = self.was_out or _is_out(self.after)
        back = AlertKind.BACK_IN_STOCK in fired
        return replace(
            self.stored,
            reference_price=self.price if told else self.reference,
            currency=self.currency,
            processed_at=max(self.stored.processed_at, self.known.observed_at),
            low_price=low if self.rules.rise_percent is not None else None,
            target_met=met and (self.target_met or AlertKind.BELOW in fired or self.other_currency),
            out_of_stock=self.rules.back_in_stock and out and not back,
        )

    def alert(self, fired: tuple[AlertKind, ...]) -> Alert:
        """The alert for this reading: the strongest kind names it, the others go along."""
        kind = fired[0]
        reference = self.low if kind is AlertKind.RISE_PERCENT else self.reference
        comparable = not (self.first or self.other_currency) and reference > 0
        cause = self.known.observed_at if self.fresh else self.since
        return Alert(
            alert_id=alert_id(self.after.product_id, kind, cause, self.price, self.target),
            kind=kind,
            product_id=self.after.product_id,
            retailer=self.after.retailer,
            url=self.after.url,
            title=self.after.title or self.known.page_title,
            currency=self.currency,
            new_price=self.price,
            old_price=self.old if self.fresh else None,
            reference_price=reference if comparable else None,
            change_percent=percent(reference, self.price) if comparable else None,
            observed_at=self.known.observed_at,
            lowest_price=self.facts.lowest_price,
            lowest_since=self.facts.lowest_since,
            prior_low_30d=self.facts.prior_low_30d,
            availability=self.known.availability,
            target_price=self.target,
            tags=self.after.tags,
            why="; ".join(self._why(each) for each in fired),
            also=fired[1:],
            history_since=self.facts.history_since,
        )

    def _why(self, kind: AlertKind) -> str:
        rules = self.rules

        def told(amount: Decimal | None) -> str:
            return "" if amount is None else money(amount, self.currency)

        reference, low = told(self.reference), told(self.low)
        sentences = {
            AlertKind.DROP_PERCENT: f"fell by {rules.drop_percent} % or more from {reference}, "
            "the highest price since the last alert",
            AlertKind.DROP_AMOUNT: f"fell by {told(rules.drop_amount)} or more from {reference}, "
            "the highest price since the last alert",
            AlertKind.BELOW: f"reached the target of {told(self.target)}",
            AlertKind.FIRST_PRICE_BELOW: "the first price seen is not above "
            f"{told(rules.first_price_below)}",
            AlertKind.LOWEST_IN_DAYS: f"below every price of the last {rules.lowest_in_days} days",
            AlertKind.LOWEST_IN_GROUP: f"the lowest price of the group {self.after.group}",
            AlertKind.RISE_PERCENT: f"rose by {rules.rise_percent} % or more from {low}, "
            "the lowest price since the last alert of a rise",
            AlertKind.BACK_IN_STOCK: "back in stock",
        }
        return sentences[kind]


def alert_id(
    product_id: str, kind: AlertKind, at: int, price: Decimal, target: Decimal | None = None
) -> str:
    """The same cause gives the same id: the product, the rule, the observation's time and price."""
    aim = f"{target.normalize():f}" if kind is AlertKind.BELOW and target is not None else ""
    cause = "\n".join((product_id, kind.value, str(at), f"{price.normalize():f}", aim))
    return hashlib.sha256(cause.encode()).hexdigest()[:32]


def percent(old: Decimal, new: Decimal) -> Decimal:
    """The change from `old` (not zero) to `new` in percent, two decimals; negative for a fall."""
    return ((new - old) * 100 / old).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


def _is_out(product: Product | None) -> bool:
    known = product.known if product else None
    return known is not None and (known.availability in UNAVAILABLE or known.status is Status.GONE)
