"""What the rules ask of the table beside the record: a product's history, its group's offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pricemon.core.alerting import facts, groups, past
from pricemon.core.alerting.changes import price_of
from pricemon.core.alerting.facts import DAY, Facts
from pricemon.core.dynamo import Throttled
from pricemon.core.errors import PricemonError

if TYPE_CHECKING:
    from pricemon.core.dynamo import Rows
    from pricemon.core.model import Known, Product
    from pricemon.core.settings import AlertRules

HORIZON = 365
"""Days of history looked at: one or two pages of a product that is read four times a day."""


class Evidence:
    """Reads facts; only asked when a rule needs them or an alert states them."""

    def __init__(self, rows: Rows, logger: Any) -> None:
        self._rows = rows
        self._groups = groups.Groups(rows)
        self._logger = logger

    def gather(self, product: Product, rules: AlertRules) -> Facts:
        """The facts about the product's present price.

        A row that cannot be read leaves the history unsaid: the alert itself does not rest on it.
        """
        price, known = price_of(product), product.known
        if price is None or known is None:
            return Facts(loaded=True)
        at = _since(known)
        begin = at - max(HORIZON, rules.lowest_in_days or 0) * DAY
        try:
            steps = past.read(
                self._rows, product.product_id, currency=price[1], since=begin, until=at - 1
            )
            beside = list(self._offers(product, price[1])) if rules.lowest_in_group else []
        except Throttled:
            raise
        except PricemonError as error:
            self._logger.warning("history unread", extra={"problem": error.message})
            return Facts(loaded=True)
        return facts.gather(steps, price=price[0], at=at, days=rules.lowest_in_days, group=beside)

    def remember_group(self, before: Product | None, after: Product) -> None:
        """Keep the index of groups: products join when first priced, or when they change."""
        new = price_of(before) is None or before is None or before.group != after.group
        if after.group and new:
            self._groups.join(after.product_id, after.group)

    def _offers(self, product: Product, currency: str) -> Any:
        if product.group is None:
            return ()
        members = self._groups.members(product.group)
        return groups.offers(members, besides=product.product_id, currency=currency)


def _since(known: Known) -> int:
    """When the present price came into effect: it is held against the history before that."""
    since = known.price_since
    return since if since and since <= known.observed_at else known.observed_at
