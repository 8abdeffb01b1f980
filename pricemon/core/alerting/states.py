"""The alert states of many products: one batched read, and conditional writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricemon.core import items
from pricemon.core.items import ALERT_STATE, key
from pricemon.core.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pricemon.core.attributes import Item
    from pricemon.core.dynamo import Rows
    from pricemon.core.model import AlertState


class States:
    """The rows at `timestamp = -1` of the table behind `rows`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._table = Table(rows.client, rows.name)

    def load(self, product_ids: Iterable[str]) -> dict[str, Item]:
        """The stored rows of those products, consistently read and not yet interpreted."""
        found = self._rows.get_items(key(product_id, ALERT_STATE) for product_id in product_ids)
        return {item["product_id"]["S"]: item for item in found}

    def get(self, product_id: str) -> AlertState | None:
        """The state of one product. Raises `MalformedItem`."""
        item = self._rows.get_item(key(product_id, ALERT_STATE))
        return items.alert_state(item) if item else None

    def save(self, product_id: str, state: AlertState, *, after: int | None) -> bool:
        """Store a state if the stored one still is that of `after`; `False` if it is not."""
        return self._table.save_alert_state(product_id, state, after=after)
