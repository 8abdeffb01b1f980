"""The values that travel along the price path. Frozen, typed, without I/O.

Units, everywhere: money is `Decimal` in the currency's major unit beside an ISO 4217 code, times
are integer milliseconds since the epoch (UTC), durations are seconds, percentages are numbers such
as `Decimal("12.5")` for 12.5 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Availability(StrEnum):
    """Whether the offer can be bought; the absence of a statement is `None`, not a member."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PRE_ORDER = "pre_order"
    BACK_ORDER = "back_order"
    DISCONTINUED = "discontinued"
    LIMITED = "limited"
    IN_STORE_ONLY = "in_store_only"


class Reason(StrEnum):
    """Why a job ended without a price. The names are part of the data format."""

    # the page was read, and no price could be vouched for
    NO_PRICE = "no_price"
    AMBIGUOUS = "ambiguous"
    CONFLICT = "conflict"
    NOT_A_PRODUCT_PAGE = "not_a_product_page"
    NO_CURRENCY = "no_currency"
    BLOCKED = "blocked"
    LOGIN_WALL = "login_wall"
    EMPTY = "empty"
    NOT_HTML = "not_html"
    # the page was not had
    GONE = "gone"
    HTTP_ERROR = "http_error"
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    DNS = "dns"
    TLS = "tls"
    BAD_ENCODING = "bad_encoding"
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"
    FORBIDDEN_ADDRESS = "forbidden_address"
    FORBIDDEN_HOST = "forbidden_host"
    ROBOTS = "robots"
    CIRCUIT_OPEN = "circuit_open"
    # the job itself
    BAD_MESSAGE = "bad_message"
    UNKNOWN_RETAILER = "unknown_retailer"
    UNKNOWN_PRODUCT = "unknown_product"
    INTERNAL = "internal"


class Status(StrEnum):
    """What the last completed job said of a product."""

    OK = "ok"
    HELD = "held"
    FAILED = "failed"
    GONE = "gone"


class Outcome(StrEnum):
    """What one observation row records."""

    ACCEPTED = "accepted"
    NOT_MODIFIED = "not_modified"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A reading too strange to believe at once; a second one that agrees makes it true."""

    price: Decimal
    currency: str
    availability: Availability | None
    held_at: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The last failed job of a product: what went wrong, and when."""

    reason: str
    detail: str
    at: int
    http_status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What we know of a product now; the scraper alone writes it.

    `observed_at` orders writes: an older job never overwrites a newer one. `failures` counts
    consecutive failed jobs. `price_since` is when the present price was first observed.
    """

    observed_at: int
    status: Status
    price: Decimal | None = None
    currency: str | None = None
    availability: Availability | None = None
    price_since: int | None = None
    page_title: str | None = None
    source: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    vouched: str | None = None
    """What `etag` and `last_modified` vouch for: this price, read at that URL by that rule."""
    failures: int = 0
    last_error: Failure | None = None
    gone_since: int | None = None
    held: Held | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One row of the catalogue, with what is known of it (`None` before its first job).

    `overrides` holds per-product options by their config names: `target_price`, `alerts`, `rule`,
    `currency`. `identifiers` are SKU, GTIN or MPN values that tell the page's own product from
    its neighbours.
    """

    product_id: str
    retailer: str
    url: str
    title: str | None = None
    tags: tuple[str, ...] = ()
    enabled: bool = True
    group: str | None = None
    identifiers: tuple[str, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    known: Known | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One product to scrape once. `requested_at` is also the observation's timestamp."""

    product_id: str
    retailer: str
    url: str
    run_id: str
    requested_at: int
    etag: str | None = None
    last_modified: str | None = None
    price: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A response, after redirects and content decoding. `body` is empty when `not_modified`."""

    url: str
    status: int
    body: bytes
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    not_modified: bool = False
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One price found on a page: where it stood, and why it won or lost (for `--explain`)."""

    price: Decimal | None
    currency: str | None
    source: str
    where: str
    text: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a page says. Either `price` and `currency` are set, or `reason` is.

    One reason stands beside a price: `no_currency`, where the amount is known and its currency is
    not. Such a reading is never accepted as the product's price.

    `source` names the syntax that carried the price: `rule`, `json-ld`, `microdata`, `rdfa`,
    `opengraph`, `script`, `text`.
    """

    price: Decimal | None = None
    currency: str | None = None
    availability: Availability | None = None
    title: str | None = None
    source: str | None = None
    list_price: Decimal | None = None
    reason: Reason | None = None
    detail: str = ""
    candidates: tuple[Candidate, ...] = ()


class Decision(StrEnum):
    """What to do with a reading."""

    ACCEPT = "accept"
    HOLD = "hold"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A reading, judged against what was known. `why` is one sentence for people."""

    decision: Decision
    reading: Reading
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One job's result, as kept in the table and the archive."""

    product_id: str
    timestamp: int
    retailer: str
    run_id: str
    outcome: Outcome
    price: Decimal | None = None
    currency: str | None = None
    availability: Availability | None = None
    source: str | None = None
    reason: str | None = None
    detail: str | None = None
    http_status: int | None = None
    url: str | None = None
    title: str | None = None


class AlertKind(StrEnum):
    """The rule that fired."""

    DROP_PERCENT = "drop_percent"
    DROP_AMOUNT = "drop_amount"
    BELOW = "below"
    LOWEST_IN_DAYS = "lowest_in_days"
    RISE_PERCENT = "rise_percent"
    BACK_IN_STOCK = "back_in_stock"
    FIRST_PRICE_BELOW = "first_price_below"
    LOWEST_IN_GROUP = "lowest_in_group"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """What the stream processor remembers of a product (row `timestamp = -1`).

    `reference_price` is the highest price since the last alert, or since the first reading.
    `processed_at` is the `observed_at` of the last change handled, so that a redelivered record
    is recognised.
    """

    reference_price: Decimal | None = None
    currency: str | None = None
    processed_at: int = 0
    last_alert_id: str | None = None
    last_alert_price: Decimal | None = None
    last_alert_at: int | None = None
    last_alert_by_kind: Mapping[str, int] = field(default_factory=dict)
    low_price: Decimal | None = None
    """The lowest price since the last rise alert: what a rise is measured from. Kept only while
    `rise_percent` is set."""
    target_met: bool = False
    """The target was told as met; re-armed when the price is above it again."""
    out_of_stock: bool = False
    """Seen out of stock and not told to be back. Kept only while `back_in_stock` is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing worth telling. `alert_id` is stable: the same cause gives the same id.

    One reading gives at most one alert, whatever the number of rules it satisfies: `kind` is the
    one that says most, `also` are the others. `change_percent` is measured against
    `reference_price` (negative for a fall). `lowest_price` is the lowest price known before this
    reading; no price as low as `new_price` has been seen since `lowest_since`, and where
    `history_since` equals it, none ever. `prior_low_30d` is the lowest price of the 30 days before
    the price changed (the "prior price" of EU directive 98/6/EC, article 6a).
    """

    alert_id: str
    kind: AlertKind
    product_id: str
    retailer: str
    url: str
    title: str | None
    currency: str
    new_price: Decimal
    old_price: Decimal | None
    reference_price: Decimal | None
    change_percent: Decimal | None
    observed_at: int
    lowest_price: Decimal | None = None
    lowest_since: int | None = None
    prior_low_30d: Decimal | None = None
    availability: Availability | None = None
    target_price: Decimal | None = None
    tags: tuple[str, ...] = ()
    why: str = ""
    also: tuple[AlertKind, ...] = ()
    history_since: int | None = None
