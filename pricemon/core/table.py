"""The DynamoDB single table by its meaning: products, observations, alert states.

How items map to values is `pricemon.core.items`, how calls are followed to their end is
`pricemon.core.dynamo`, how a batch of scrapes is written is `pricemon.core.ledger`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from pricemon.core import dynamo, items
from pricemon.core.attributes import MalformedItem
from pricemon.core.items import ALERT_STATE, PRODUCT, key

if TYPE_CHECKING:
    from pricemon.core.attributes import Item
    from pricemon.core.model import AlertState, Known, Observation, Product

RETAILER_INDEX = "retailer-index"
Skip = Callable[[MalformedItem], object]
VALIDATORS = ("etag", "last_modified", "vouched")


class Table:
    """The table `name`, through a boto3 DynamoDB client (`client("dynamodb")`, not a resource).

    `keep_days` gives new observations an expiry for the table's TTL. Safe to share by threads.
    Raises `Throttled` when DynamoDB will not heal, `MalformedItem` for a row it cannot read.
    """

    def __init__(
        self,
        client: Any,
        name: str,
        *,
        keep_days: int | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self.keep_days = keep_days
        self.rows = dynamo.Rows(client, name, sleep=sleep)

    def get_product(self, product_id: str) -> Product | None:
        """One product as it is now (a consistent read)."""
        item = self.rows.get_item(key(product_id, PRODUCT))
        return items.product(item) if item else None

    def get_products(
        self, product_ids: Iterable[str], *, skip: Skip | None = None
    ) -> dict[str, Product]:
        """Those of `product_ids` that exist, as they are now; `skip` as for `catalogue`."""
        found = self.rows.get_items(key(product_id, PRODUCT) for product_id in product_ids)
        return {product.product_id: product for product in _products(found, skip)}

    def catalogue(
        self,
        retailer: str,
        *,
        after: str | None = None,
        page_size: int | None = None,
        skip: Skip | None = None,
    ) -> Iterator[Product]:
        """The products of one shop from the index (eventually consistent), `after` excluded.

        The order is the index's own: stable, and what `after` refers to. `page_size` bounds what
        one call reads, for a reader that stops early. With `skip`, a malformed row is told to it
        and passed over, so that it harms no other; without, it is raised.
        """
        start = {"retailer": {"S": retailer}, **key(after, PRODUCT)} if after else None
        rows = self._query_retailer(
            retailer,
            "#timestamp = :product",
            {":product": {"N": str(PRODUCT)}},
            **({"ExclusiveStartKey": start} if start else {}),
            **({"Limit": page_size} if page_size else {}),
        )
        return _products(rows, skip)

    def put_catalogue(
        self, *, new: Iterable[Product] = (), changed: Iterable[Product] = ()
    ) -> None:
        """Write the catalogue fields of products; what is known of a price is never touched.

        Both kinds are updates, so a product wrongly believed new loses nothing. A changed product
        forgets its HTTP validators: they may belong to another URL.
        """
        updates = [
            *(self._catalogue_update(product) for product in new),
            *(self._catalogue_update(product, forget=VALIDATORS) for product in changed),
        ]
        self.rows.transact({"Update": {"TableName": self.name, **u}} for u in updates)

    def remove_product(self, product_id: str, *, history: bool = False) -> None:
        """Remove a product and its alert state; with `history` its observations as well."""
        keys = [key(product_id, PRODUCT), key(product_id, ALERT_STATE)]
        if history:
            keys += [key(product_id, o.timestamp) for o in self.observations(product_id)]
        self.rows.write({"DeleteRequest": {"Key": item_key}} for item_key in keys)

    def save_known(self, product_id: str, known: Known) -> bool:
        """Write what is known of a product, if the product exists and nothing newer is known.

        The same `observed_at` is written again (idempotent). Returns whether it was written.
        """
        update = self.known_update(
            product_id,
            known,
            condition="(attribute_not_exists(#seen) OR #seen <= :now)",
            names={"#seen": "observed_at"},
            values={":now": {"N": str(known.observed_at)}},
        )
        return self.rows.conditionally(self.rows.client.update_item, **update)

    def known_update(
        self,
        product_id: str,
        known: Known,
        *,
        condition: str,
        names: dict[str, str],
        values: Item,
    ) -> dict[str, Any]:
        """The UpdateItem arguments that write `known` if the product exists and `condition` holds.

        An update of a row that does not exist would create one: hence "exists", which is what
        keeps a removed product removed.
        """
        present = items.known_attributes(known)
        absent = [name for name in items.KNOWN_FIELDS if name not in present]
        update = dynamo.update(key(product_id, PRODUCT), present, absent)
        update["ConditionExpression"] = f"attribute_exists(#shop) AND {condition}"
        update["ExpressionAttributeNames"] |= {"#shop": "retailer", **names}
        update["ExpressionAttributeValues"] |= values
        return update

    def put_observations(self, observations: Iterable[Observation]) -> None:
        """Write observations; of two with the same product and timestamp, the last one given."""
        rows = {(o.product_id, o.timestamp): self.observation_item(o) for o in observations}
        self.rows.write({"PutRequest": {"Item": item}} for item in rows.values())

    def observation_item(self, observation: Observation) -> Item:
        """The row of an observation, with its expiry."""
        return items.observation_item(observation, keep_days=self.keep_days)

    def observations(
        self,
        product_id: str,
        *,
        since: int | None = None,
        until: int | None = None,
        newest_first: bool = True,
        limit: int | None = None,
    ) -> Iterator[Observation]:
        """The observations of a product, `since` and `until` included (epoch ms)."""
        if not (times := _between(since, until)):
            return iter(())
        rows = self.rows.query(
            KeyConditionExpression="#product = :product AND #timestamp BETWEEN :since AND :until",
            ExpressionAttributeNames={"#product": "product_id", "#timestamp": "timestamp"},
            ExpressionAttributeValues={":product": {"S": product_id}, **times},
            ScanIndexForward=not newest_first,
            **({"Limit": limit} if limit else {}),
        )
        return map(items.observation, islice(rows, limit))

    def recent(
        self, retailer: str, since: int, *, until: int | None = None, newest_first: bool = False
    ) -> Iterator[Observation]:
        """A shop's observations of all its products in order of time, from the index."""
        if not (times := _between(since, until)):
            return iter(())
        rows = self._query_retailer(
            retailer,
            "#timestamp BETWEEN :since AND :until",
            times,
            ScanIndexForward=not newest_first,
        )
        return map(items.observation, rows)

    def alert_state(self, product_id: str) -> AlertState | None:
        """What the stream processor remembers of a product."""
        item = self.rows.get_item(key(product_id, ALERT_STATE))
        return items.alert_state(item) if item else None

    def save_alert_state(self, product_id: str, state: AlertState, *, after: int | None) -> bool:
        """Write the alert state if the stored `processed_at` still is `after` (0, `None`: no row).

        Returns whether it was written; `False` means another worker was there first.
        """
        condition = "#at = :after" if after else "attribute_not_exists(#at) OR #at = :after"
        return self.rows.conditionally(
            self.rows.client.put_item,
            Item=items.alert_state_item(product_id, state),
            ConditionExpression=condition,
            ExpressionAttributeNames={"#at": "processed_at"},
            ExpressionAttributeValues={":after": {"N": str(after or 0)}},
        )

    def _query_retailer(
        self, retailer: str, times: str, values: Item, **arguments: Any
    ) -> Iterator[Item]:
        return self.rows.query(
            IndexName=RETAILER_INDEX,
            KeyConditionExpression=f"#retailer = :retailer AND {times}",
            ExpressionAttributeNames={"#retailer": "retailer", "#timestamp": "timestamp"},
            ExpressionAttributeValues={":retailer": {"S": retailer}, **values},
            **arguments,
        )

    def _catalogue_update(self, product: Product, forget: Iterable[str] = ()) -> dict[str, Any]:
        present = items.catalogue_attributes(product)
        absent = [name for name in items.CATALOGUE_FIELDS if name not in present]
        return dynamo.update(key(product.product_id, PRODUCT), present, [*absent, *forget])


def _products(rows: Iterable[Item], skip: Skip | None) -> Iterator[Product]:
    for row in rows:
        try:
            yield items.product(row)
        except MalformedItem as error:
            if skip is None:
                raise
            skip(error)


def _between(since: int | None, until: int | None) -> Item | None:
    """Bounds of an observation's time, or `None` where there is nothing between them.

    Observations begin at 1; 10¹⁵ ms is the year 33658. DynamoDB refuses bounds that are reversed.
    """
    low, high = max(1, since or 1), 10**15 if until is None else until
    return {":since": {"N": str(low)}, ":until": {"N": str(high)}} if low <= high else None
