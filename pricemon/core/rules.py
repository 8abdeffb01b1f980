"""When a price is worth telling: a pure function from what changed to an alert and the next state.

Every rule compares the present price with what the state remembers, never with the previous record
alone, so that a creeping price, a redelivered record and a suppressed alert come out right:

- *reference price*: the highest price since a fall was last told, or since the first reading.
  Falls are measured from it; telling one makes the present price the reference.
- *low price*: its mirror image, for rises.
- *target met*, *out of stock*: told once, and armed again when the price is above the target again,
  or the product out of stock again.

An absent state is a meaningful one: no price has yet differed from the first, so the earlier price
is the reference. A record that leaves it so needs no write (`Evaluation.save`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pricemon.core.alerting.changes import options_changed, price_of
from pricemon.core.alerting.rule_case import RANK, Case
from pricemon.core.model import Alert, AlertKind, AlertState, Product, Status

if TYPE_CHECKING:
    from decimal import Decimal

    from pricemon.core.alerting.facts import Facts
    from pricemon.core.settings import AlertRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What one record leads to.

    `alerts` holds none or one. `save` says whether `state` differs from what is stored (or from
    what an absent row means). `suppressed` are the kinds that a cooldown holds back, and when it
    ends (epoch ms). `wants_facts`: call again with `Facts` loaded before acting on this.
    """

    alerts: tuple[Alert, ...] = ()
    state: AlertState
    save: bool = False
    suppressed: Mapping[AlertKind, int] = field(default_factory=dict)
    wants_facts: bool = False
    redelivered: bool = False


def evaluate(
    before: Product | None,
    after: Product,
    state: AlertState | None,
    facts: Facts,
    rules: AlertRules,
    *,
    only: frozenset[AlertKind] | None = None,
    at: int | None = None,
) -> Evaluation:
    """Judge one record of the stream: the product's row before and after, and its stored state.

    Held, failed and vanished products alert of nothing; a record at or before `processed_at` is a
    redelivery. With `only`, the standing price is judged again for those kinds without a new
    reading, as when a cooldown has ended or a target was set; `at` is then the time of judging.
    """
    known, price = after.known, price_of(after)
    stored = state or AlertState()
    if known is None or price is None or known.status is not Status.OK:
        return Evaluation(state=stored)
    if only is None and known.observed_at <= stored.processed_at:
        if not options_changed(before, after):
            return Evaluation(state=stored, redelivered=True)
        only = frozenset({AlertKind.BELOW})
    now = known.observed_at if at is None else at
    case = Case(before, after, known, price, state, facts, rules, fresh=only is None)
    met = [kind for kind in RANK if (only is None or kind in only) and case.holds(kind)]
    suppressed = {kind: end for kind in met if (end := case.cooldown_end(kind)) > now}
    fired = tuple(kind for kind in met if kind not in suppressed)
    after_state = case.next_state(fired)
    alert = case.alert(fired) if fired else None
    if alert:
        after_state = replace(
            after_state,
            last_alert_id=alert.alert_id,
            last_alert_price=price[0],
            last_alert_at=now,
            last_alert_by_kind={
                **after_state.last_alert_by_kind,
                **{kind.value: now for kind in fired},
            },
        )
    return Evaluation(
        alerts=(alert,) if alert else (),
        state=after_state,
        save=_differs(state, after_state, price[0]),
        suppressed=suppressed,
        wants_facts=not facts.loaded and (alert is not None or case.needs_facts(only)),
    )


def _differs(stored: AlertState | None, state: AlertState, price: Decimal) -> bool:
    """Whether the state must be written: the time alone need not be, nor what absence implies."""
    implied = AlertState(
        reference_price=price,
        currency=state.currency,
        low_price=None if state.low_price is None else price,
    )
    before = implied if stored is None else replace(stored, processed_at=0)
    return replace(state, processed_at=0) != before
