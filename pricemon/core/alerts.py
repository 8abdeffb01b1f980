"""Alerts as data: the JSON document, its schema, and the SNS message that carries it.

The document is the message to every machine (SQS, Lambda, HTTPS); e-mail and SMS get words. Money
is a decimal string, percentages are numbers, times are epoch milliseconds. A consumer must
tolerate fields it does not know; `schema` is raised when a field changes its meaning.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pricemon.core.alerting import alert_text
from pricemon.core.alerting.alert_text import TITLE
from pricemon.core.alerting.wording import clean, plain_money
from pricemon.core.model import Alert, AlertKind, Availability

SCHEMA = 1
"""Version of the document."""

DIGEST_SIZE = 100
"""Alerts of one digest at most."""

_DIGEST_BYTES = 220_000

_MONEY = (
    "new_price",
    "old_price",
    "reference_price",
    "lowest_price",
    "prior_low_30d",
    "target_price",
)
_TIMES = ("observed_at", "lowest_since", "history_since")
_TEXTS = ("alert_id", "product_id", "retailer", "url", "currency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What SNS is given for one or several alerts."""

    message_id: str
    subject: str
    body: str
    attributes: Mapping[str, Any]
    alerts: tuple[Alert, ...]

    def entry(self, entry_id: str, *, plain: bool = False) -> dict[str, Any]:
        """An entry of PublishBatch; `plain` has the subject in ASCII."""
        return {
            "Id": entry_id,
            "Subject": alert_text.plain_subject(self.subject) if plain else self.subject,
            "Message": self.body,
            "MessageStructure": "json",
            "MessageAttributes": self.attributes,
        }


def message(alert: Alert, *, locale: str = "en") -> Message:
    """One alert as a message of its own."""
    return Message(
        message_id=alert.alert_id,
        subject=alert_text.subject(alert, locale),
        body=_per_protocol(
            document(alert), alert_text.email(alert, locale), alert_text.sms(alert, locale)
        ),
        attributes=_attributes((alert,)),
        alerts=(alert,),
    )


def digest(alerts: Sequence[Alert], *, locale: str = "en") -> Message:
    """Up to `DIGEST_SIZE` alerts in one message; its attributes match a filter that any matches."""
    subject = alert_text.digest_subject(alerts)
    joined = "\n".join(sorted(alert.alert_id for alert in alerts))
    digest_id = hashlib.sha256(joined.encode()).hexdigest()[:32]
    body = {
        "schema": SCHEMA,
        "alert_id": digest_id,
        "kind": AlertKind.DIGEST.value,
        "alerts": [document(alert) for alert in alerts],
    }
    return Message(
        message_id=digest_id,
        subject=subject,
        body=_per_protocol(body, alert_text.digest_email(alerts, locale), subject),
        attributes=_attributes(alerts, AlertKind.DIGEST),
        alerts=tuple(alerts),
    )


def digests(alerts: Sequence[Alert], *, locale: str = "en") -> Iterator[Message]:
    """Digests of all the alerts, each of a size that SNS takes."""
    part: list[Alert] = []
    size = 0
    for alert in alerts:
        # The document and the mail's line, escaped once more: twice the document is plenty.
        weight = 2 * len(json.dumps(document(alert)))
        if part and (len(part) == DIGEST_SIZE or size + weight > _DIGEST_BYTES):
            yield digest(part, locale=locale)
            part, size = [], 0
        part.append(alert)
        size += weight
    if part:
        yield digest(part, locale=locale)


def document(alert: Alert) -> dict[str, Any]:
    """The alert in JSON's types, by the documented schema (`schema()`)."""
    amounts = {
        name: None if (amount := getattr(alert, name)) is None else _money(amount, alert)
        for name in _MONEY
    }
    return {
        "schema": SCHEMA,
        **{name: getattr(alert, name) for name in _TEXTS},
        "kind": alert.kind.value,
        "kinds": [alert.kind.value, *(kind.value for kind in alert.also)],
        "title": clean(alert.title, TITLE) if alert.title else None,
        **amounts,
        "change_percent": None if alert.change_percent is None else float(alert.change_percent),
        **{name: getattr(alert, name) for name in _TIMES},
        "availability": alert.availability.value if alert.availability else None,
        "tags": list(alert.tags),
        "why": alert.why,
    }


def parse(raw: Mapping[str, Any]) -> Alert:
    """The inverse of `document`. Raises `KeyError` or `ValueError` on a foreign document."""
    amounts = {name: None if raw.get(name) is None else Decimal(str(raw[name])) for name in _MONEY}
    times = {name: None if raw.get(name) is None else int(raw[name]) for name in _TIMES}
    percent = raw.get("change_percent")
    availability = raw.get("availability")
    fields: dict[str, Any] = {
        **{name: str(raw[name]) for name in _TEXTS},
        **amounts,
        **times,
        "kind": AlertKind(raw["kind"]),
        "also": tuple(AlertKind(kind) for kind in raw["kinds"][1:]),
        "title": raw.get("title"),
        "change_percent": None if percent is None else Decimal(str(percent)),
        "availability": None if availability is None else Availability(availability),
        "tags": tuple(raw.get("tags") or ()),
        "why": raw.get("why") or "",
    }
    return Alert(**fields)


def _money(amount: Decimal, alert: Alert) -> str:
    return plain_money(amount, alert.currency)


def _per_protocol(body: Mapping[str, Any], email: str, sms: str) -> str:
    """`MessageStructure=json`: `default` is what every protocol without its own entry gets."""
    texts = {"default": json.dumps(body, ensure_ascii=False), "email": email, "sms": sms}
    return json.dumps(texts, ensure_ascii=False)


def _attributes(alerts: Sequence[Alert], kind: AlertKind | None = None) -> dict[str, Any]:
    """What filter policies select by. A list matches a policy that any of its members matches."""
    kinds = [kind.value] if kind else []
    kinds += [each.value for alert in alerts for each in (alert.kind, *alert.also)]
    falls = [a.change_percent for a in alerts if a.change_percent is not None]
    attributes = {
        "kind": _strings(kinds),
        "retailer": _strings(alert.retailer for alert in alerts),
        "product_id": _strings(alert.product_id for alert in alerts),
    }
    if falls:
        attributes["change_percent"] = {"DataType": "Number", "StringValue": f"{min(falls):f}"}
    if tags := list(dict.fromkeys(tag for alert in alerts for tag in alert.tags)):
        attributes["tags"] = {"DataType": "String.Array", "StringValue": json.dumps(tags)}
    return attributes


def _strings(values: Any) -> dict[str, str]:
    distinct = list(dict.fromkeys(values))
    if len(distinct) == 1:
        return {"DataType": "String", "StringValue": distinct[0]}
    return {"DataType": "String.Array", "StringValue": json.dumps(distinct)}
