"""Records that can never be processed go, one by one, to the on-failure queue.

The message is enough to replay: its body holds the whole record, keys and images, in the shape in
which the stream delivers it; its attributes say what was wrong, as those of a dead letter do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pricemon.core.messages import failure_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pricemon.core.errors import JobError

MAX_BODY = 250_000
"""Bytes; a queue may still be limited to 256 KiB."""


def send(
    sqs: Any, queue_url: str, record: Mapping[str, Any], error: JobError, *, failed_at: int
) -> None:
    """Put one record into the queue. Raises what botocore raises."""
    image = _image(record)
    attributes = failure_attributes(error, failed_at=failed_at)
    for name in ("product_id", "retailer"):
        value = image.get(name)
        if isinstance(value, dict) and isinstance(value.get("S"), str) and value["S"]:
            attributes[name] = {"DataType": "String", "StringValue": value["S"][:250]}
    sqs.send_message(
        QueueUrl=queue_url,
        MessageBody=_body(record, error),
        MessageAttributes=attributes,
    )


def _body(record: Mapping[str, Any], error: JobError) -> str:
    told = {"reason": error.reason, "detail": error.detail}
    body = json.dumps({**told, "record": record}, default=str)  # ASCII: a queue takes no controls
    if len(body) <= MAX_BODY:
        return body
    keys = {"Keys": _part(record).get("Keys"), "SequenceNumber": _sequence(record)}
    return json.dumps({**told, "record": {"dynamodb": keys}, "images": "too large"}, default=str)


def _image(record: Mapping[str, Any]) -> dict[str, Any]:
    part = _part(record)
    images = (part.get(name) for name in ("Keys", "OldImage", "NewImage"))
    return {
        name: value for image in images if isinstance(image, dict) for name, value in image.items()
    }


def _part(record: Mapping[str, Any]) -> dict[str, Any]:
    part = record.get("dynamodb")
    return part if isinstance(part, dict) else {}


def _sequence(record: Mapping[str, Any]) -> Any:
    return _part(record).get("SequenceNumber")
