"""Which products are offers of the same thing: one row `#group#NAME` with the members' ids.

The catalogue has the truth (`group` of a product); this row is its index, kept by the stream
processor. A member that has left the catalogue or the group may linger in it, so whoever reads it
looks at the products themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricemon.core import attributes, dynamo, items
from pricemon.core.alerting import changes
from pricemon.core.alerting.changes import price_of
from pricemon.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from pricemon.core.attributes import Item
    from pricemon.core.model import Product

PREFIX = "#group#"


class Groups:
    """The groups of the table behind `rows`."""

    def __init__(self, rows: dynamo.Rows) -> None:
        self._rows = rows

    def join(self, product_id: str, group: str) -> None:
        """Put a product into a group's index; doing it again changes nothing."""
        self._rows.client.update_item(
            TableName=self._rows.name,
            Key=_key(group),
            UpdateExpression="ADD members :member",
            ExpressionAttributeValues={":member": {"SS": [product_id]}},
        )

    def members(self, group: str) -> Iterator[Product]:
        """The products of a group, as they are now."""
        item = self._rows.get_item(_key(group))
        ids = attributes.Row(item).texts("members") if item else ()
        for found in self._rows.get_items(items.key(each, items.PRODUCT) for each in ids):
            product = items.product(found)
            if product.group == group:
                yield product


def buyable(product: Product) -> bool:
    """Whether the product can be bought now at the price that is known, as far as its shop says.

    Not one whose page is gone, nor one that is no longer looked at: such a price stays for ever.
    """
    known = product.known
    return (
        product.enabled
        and known is not None
        and price_of(product) is not None
        and known.status is not Status.GONE
        and known.availability not in changes.UNAVAILABLE
    )


def offers(members: Iterable[Product], *, besides: str, currency: str) -> Iterator[Decimal]:
    """The prices of the members that can be bought, in that currency, but for one product's."""
    for member in members:
        price = price_of(member)
        if member.product_id != besides and buyable(member) and price and price[1] == currency:
            yield price[0]


def _key(group: str) -> Item:
    # Not at 0: the stream's filter takes rows at 0 for products.
    return items.key(PREFIX + group, 1)
