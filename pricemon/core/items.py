"""DynamoDB items ↔ the values of `pricemon.core.model`. Pure.

One table, four kinds of row, told apart by `timestamp` and the first letter of `product_id`:
the product (`0`), its observations (`> 0`), its alert state (`-1`), and the runs under `#runs`
(see `pricemon.core.runs`). Money goes in and comes out as exact `Decimal`; what is `None` or empty
is left out of the item. Unknown attributes are ignored, so an older reader survives a newer
writer; a known attribute of the wrong type raises `MalformedItem` that names the row.
"""

from __future__ import annotations

from pricemon.core.attributes import Item, Row, attributes
from pricemon.core.model import (
    AlertState,
    Availability,
    Failure,
    Held,
    Known,
    Observation,
    Outcome,
    Product,
    Status,
)

PRODUCT = 0
ALERT_STATE = -1
RESERVED_PREFIX = "#"
TTL_ATTRIBUTE = "expires_at"
"""Epoch seconds after which DynamoDB may delete the row (the table's TTL attribute)."""

CATALOGUE_FIELDS = (
    "retailer", "url", "title", "tags", "enabled", "group", "identifiers", "overrides",
)  # fmt: skip
KNOWN_FIELDS = (
    "observed_at", "status", "price", "currency", "availability", "price_since", "page_title",
    "source", "etag", "last_modified", "vouched", "failures", "last_error", "gone_since", "held",
)  # fmt: skip


def key(product_id: str, timestamp: int) -> Item:
    """The primary key of a row."""
    return {"product_id": {"S": product_id}, "timestamp": {"N": str(timestamp)}}


def catalogue_attributes(product: Product) -> Item:
    """The catalogue part of a product row (what the command line writes); empty fields left out."""
    values = {name: getattr(product, name) for name in CATALOGUE_FIELDS}
    return attributes({n: v for n, v in values.items() if v is not None and v not in ((), {})})


def known_attributes(known: Known) -> Item:
    """The known part of a product row (what the scraper writes)."""
    values = {name: getattr(known, name) for name in KNOWN_FIELDS}
    return attributes(
        values | {"last_error": _fields(known.last_error), "held": _fields(known.held)}
    )


def product_item(product: Product) -> Item:
    """A whole product row."""
    known = known_attributes(product.known) if product.known else {}
    return key(product.product_id, PRODUCT) | catalogue_attributes(product) | known


def observation_item(observation: Observation, *, keep_days: int | None = None) -> Item:
    """An observation row; with `keep_days` it carries its expiry for the table's TTL."""
    expires = observation.timestamp // 1000 + keep_days * 86_400 if keep_days else None
    values = {name: getattr(observation, name) for name in Observation.__slots__}
    return attributes(values | {TTL_ATTRIBUTE: expires})


def alert_state_item(product_id: str, state: AlertState) -> Item:
    """An alert state row. It has no `retailer`, so it stays out of the index."""
    values = {name: getattr(state, name) for name in AlertState.__slots__}
    values["last_alert_by_kind"] = dict(state.last_alert_by_kind) or None
    return key(product_id, ALERT_STATE) | attributes(values)


def product(item: Item) -> Product:
    """The product of a row (or of a stream record's image). Raises `MalformedItem`."""
    row = Row(item)
    enabled = row.flag("enabled")
    return Product(
        product_id=row.need(row.text, "product_id"),
        retailer=row.need(row.text, "retailer"),
        url=row.need(row.text, "url"),
        title=row.text("title"),
        tags=row.texts("tags"),
        enabled=True if enabled is None else enabled,
        group=row.text("group"),
        identifiers=row.texts("identifiers"),
        overrides=row.document("overrides"),
        known=_known(row) if "observed_at" in item else None,
    )


def observation(item: Item) -> Observation:
    """The observation of a row. Raises `MalformedItem`."""
    row = Row(item)
    return Observation(
        product_id=row.need(row.text, "product_id"),
        timestamp=row.need(row.integer, "timestamp"),
        retailer=row.need(row.text, "retailer"),
        run_id=row.text("run_id") or "",
        outcome=row.need(lambda n: row.member(n, Outcome), "outcome"),
        price=row.number("price"),
        currency=row.text("currency"),
        availability=row.member("availability", Availability),
        source=row.text("source"),
        reason=row.text("reason"),
        detail=row.text("detail"),
        http_status=row.integer("http_status"),
        url=row.text("url"),
        title=row.text("title"),
    )


def alert_state(item: Item) -> AlertState:
    """The alert state of a row. Raises `MalformedItem`."""
    row = Row(item)
    by_kind = row.document("last_alert_by_kind")
    return AlertState(
        reference_price=row.number("reference_price"),
        currency=row.text("currency"),
        processed_at=row.integer("processed_at") or 0,
        last_alert_id=row.text("last_alert_id"),
        last_alert_price=row.number("last_alert_price"),
        last_alert_at=row.integer("last_alert_at"),
        last_alert_by_kind={kind: int(at) for kind, at in by_kind.items()},
        low_price=row.number("low_price"),
        target_met=bool(row.flag("target_met")),
        out_of_stock=bool(row.flag("out_of_stock")),
    )


def _known(row: Row) -> Known:
    return Known(
        observed_at=row.need(row.integer, "observed_at"),
        status=row.need(lambda n: row.member(n, Status), "status"),
        price=row.number("price"),
        currency=row.text("currency"),
        availability=row.member("availability", Availability),
        price_since=row.integer("price_since"),
        page_title=row.text("page_title"),
        source=row.text("source"),
        etag=row.text("etag"),
        last_modified=row.text("last_modified"),
        vouched=row.text("vouched"),
        failures=row.integer("failures") or 0,
        last_error=_last_error(row.part("last_error")),
        gone_since=row.integer("gone_since"),
        held=_held_reading(row.part("held")),
    )


def _last_error(row: Row | None) -> Failure | None:
    if row is None:
        return None
    return Failure(
        reason=row.need(row.text, "reason"),
        detail=row.text("detail") or "",
        at=row.need(row.integer, "at"),
        http_status=row.integer("http_status"),
    )


def _held_reading(row: Row | None) -> Held | None:
    if row is None:
        return None
    return Held(
        price=row.need(row.number, "price"),
        currency=row.need(row.text, "currency"),
        availability=row.member("availability", Availability),
        held_at=row.need(row.integer, "held_at"),
        why=row.text("why") or "",
    )


def _fields(value: Failure | Held | None) -> dict[str, object] | None:
    return {name: getattr(value, name) for name in value.__slots__} if value else None
