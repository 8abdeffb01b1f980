"""What travels by queue and stream: SQS bodies, dead-letter attributes, stream records. Pure.

A queue is an open door, so parsing trusts nothing: what is no message of ours raises
`GiveUp(bad_message)` with one sentence that says why.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from pricemon.core import items
from pricemon.core.errors import GiveUp, JobError, PricemonError
from pricemon.core.model import Job, Product, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRAPE_ALL = "scrape_all_products"
SCRAPE_ONE = "scrape_product"
CONFIRMATION = "/confirm"
"""Ends the run id of a job that looks again at a held reading: it is not counted in the run."""

MAX_DETAIL = 250
_SECONDS_UNTIL = 10**11
"""A number below is seconds (until the year 5138), from there on milliseconds (since 1973)."""
_MAX_KEY_BYTES = 1024
_CONTEXT_ATTRIBUTE = re.compile(r"<aws\.scheduler\.[a-z-]+>")
# SQS takes the characters of XML 1.0 and refuses a whole message for any other.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut:
    """A request to scrape the catalogue, or the part of it that the filters leave.

    `cursor` (see `pricemon.core.dispatch`) is set in the message that continues a run.
    """

    timestamp: int
    run_id: str
    retailer: str | None = None
    tag: str | None = None
    product_ids: tuple[str, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamChange:
    """A product row before and after one write; `None` where the row did not exist."""

    before: Product | None
    after: Product | None
    sequence_number: str

    @property
    def product_id(self) -> str:
        """The product of either image."""
        image = self.after or self.before
        return image.product_id if image else ""


def fan_out(
    timestamp: int,
    *,
    retailer: str | None = None,
    tag: str | None = None,
    product_ids: tuple[str, ...] = (),
) -> FanOut:
    """A new fan-out with its run id: the same request at the same time is the same run."""
    wanted = json.dumps([retailer, tag, sorted(product_ids)])
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:6]
    instant = datetime.fromtimestamp(timestamp / 1000, UTC)
    run_id = f"{instant:%Y%m%dT%H%M%S}.{timestamp % 1000:03d}Z-{digest}"
    return FanOut(
        timestamp=timestamp,
        run_id=run_id,
        retailer=retailer,
        tag=tag,
        product_ids=product_ids,
    )


def fan_out_body(request: FanOut) -> str:
    """The SQS body of a fan-out."""
    filters = {"retailer": request.retailer, "tag": request.tag, "cursor": request.cursor}
    return _json(
        {"action": SCRAPE_ALL, "timestamp": request.timestamp, "run_id": request.run_id}
        | filters
        | {"product_ids": list(request.product_ids) or None}
    )


def job_body(job: Job) -> str:
    """The SQS body of one job."""
    return _json({"action": SCRAPE_ONE} | {name: getattr(job, name) for name in Job.__slots__})


def parse(body: str, *, sent_at: int) -> FanOut | Job:
    """The message in an SQS body. `sent_at` (epoch ms) stands in for a time it does not tell.

    EventBridge Scheduler replaces `<aws.scheduler.scheduled-time>`; an emulator may leave the
    literal, which tells no time. Raises `GiveUp(bad_message)`.
    """
    try:
        message = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise _bad(f"the body is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise _bad(f"the body is a JSON {type(message).__name__}, not an object")
    action = message.get("action")
    if action == SCRAPE_ALL:
        return _parse_fan_out(message, sent_at)
    if action == SCRAPE_ONE or (action is None and "product_id" in message):
        return _parse_job(message, sent_at)
    raise _bad(f"no such action: {str(action)[:80]!r}")


def failure_attributes(
    error: JobError, *, failed_at: int, job: Job | None = None
) -> dict[str, dict[str, str]]:
    """The message attributes that tell, in the dead-letter queue, what became of a job."""
    values = {
        "reason": error.reason,
        "detail": error.detail[:MAX_DETAIL],
        "http_status": error.http_status,
        "product_id": job and job.product_id,
        "retailer": job and job.retailer,
        "run_id": job and job.run_id,
        "failed_at": failed_at,
    }
    texts = {name: _NOT_XML.sub("�", str(v)) for name, v in values.items() if v is not None}
    return {
        name: {"DataType": "String", "StringValue": text} for name, text in texts.items() if text
    }


def is_product_record(record: Mapping[str, Any]) -> bool:
    """Whether a stream record is of a product row (and not an observation, alert state or run)."""
    try:
        keys = record["dynamodb"]["Keys"]
        product_id, timestamp = keys["product_id"]["S"], keys["timestamp"]["N"]
        return timestamp == str(items.PRODUCT) and not product_id.startswith(items.RESERVED_PREFIX)
    except (AttributeError, KeyError, TypeError):
        return False


def parse_stream_record(record: Mapping[str, Any]) -> StreamChange:
    """The change in a stream record of a product row. Raises `GiveUp(bad_message)`."""
    if not is_product_record(record):
        raise _bad("the stream record is not of a product row")
    change = record["dynamodb"]
    before, after = change.get("OldImage"), change.get("NewImage")
    if not before and not after:
        raise _bad("the stream record has no images")
    try:
        return StreamChange(
            before=items.product(before) if before else None,
            after=items.product(after) if after else None,
            sequence_number=str(change.get("SequenceNumber", "")),
        )
    except PricemonError as error:
        raise _bad(error.message) from error
    except (AttributeError, TypeError, ValueError) as error:
        raise _bad(f"the stream record's image is malformed: {error}") from error


def timestamp_of(value: object, *, default: int) -> int:
    """Epoch milliseconds from milliseconds, seconds or ISO 8601 (no zone: UTC); else `default`.

    Nothing, and a context attribute nobody filled in, tell no time. Raises `GiveUp(bad_message)`.
    """
    if value is None or value == "" or _CONTEXT_ATTRIBUTE.fullmatch(str(value)):
        return default
    milliseconds = _from_number(value)
    if milliseconds is None:
        milliseconds = _from_iso(value)
    if milliseconds is None or not 0 < milliseconds < _SECONDS_UNTIL * 1000:
        raise _bad(f"not a time: {str(value)[:80]!r}")
    return milliseconds


def _from_number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal | float):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    if number.is_nan() or not 0 < number < _SECONDS_UNTIL * 1000:
        return None
    return int(number * 1000 if number < _SECONDS_UNTIL else number)


def _from_iso(value: object) -> int | None:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if instant is None:
        return None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return round((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def _parse_fan_out(message: Mapping[str, Any], sent_at: int) -> FanOut:
    product_ids = message.get("product_ids") or []
    if not isinstance(product_ids, list):
        raise _bad("product_ids is not a list of strings")
    request = fan_out(
        timestamp_of(message.get("timestamp"), default=sent_at),
        retailer=_text(message, "retailer"),
        tag=_text(message, "tag"),
        product_ids=tuple(_needed({"product_ids": i}, "product_ids") for i in product_ids),
    )
    return FanOut(
        timestamp=request.timestamp,
        run_id=_text(message, "run_id") or request.run_id,
        retailer=request.retailer,
        tag=request.tag,
        product_ids=request.product_ids,
        cursor=_text(message, "cursor"),
    )


def _parse_job(message: Mapping[str, Any], sent_at: int) -> Job:
    product_id = _needed(message, "product_id")
    if product_id.startswith(items.RESERVED_PREFIX) or len(product_id.encode()) > _MAX_KEY_BYTES:
        raise _bad(f"not a product id: {product_id[:80]!r}")
    price = message.get("price")
    try:
        known_price = None if price is None else Decimal(str(price))
    except (InvalidOperation, ValueError):
        raise _bad(f"price is not a decimal: {str(price)[:80]!r}") from None
    requested_at = message.get("requested_at", message.get("timestamp"))
    return Job(
        product_id=product_id,
        retailer=_needed(message, "retailer"),
        url=_needed(message, "url"),
        run_id=_text(message, "run_id") or "",
        requested_at=timestamp_of(requested_at, default=sent_at),
        etag=_text(message, "etag"),
        last_modified=_text(message, "last_modified"),
        price=known_price,
        currency=_text(message, "currency"),
    )


def _text(message: Mapping[str, Any], name: str) -> str | None:
    value = message.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _bad(f"{name} is not a string: {str(value)[:80]!r}")
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell
        raise _bad(f"{name} is not Unicode text: {value[:80]!r}") from None
    return value


def _needed(message: Mapping[str, Any], name: str) -> str:
    if value := _text(message, name):
        return value
    raise _bad(f"{name} is missing")


def _json(values: Mapping[str, object]) -> str:
    present = {name: value for name, value in values.items() if value is not None}
    return json.dumps(present, default=str, separators=(",", ":"), ensure_ascii=False)


def _bad(detail: str) -> GiveUp:
    return GiveUp(Reason.BAD_MESSAGE, detail)
