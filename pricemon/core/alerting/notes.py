"""What the topic sends → a note for a chat or a phone: a title, a few lines, and how grave it is.

The topic carries alerts and digests of alerts, as their documented JSON, and CloudWatch's alarms.
Pure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pricemon.core import alerts
from pricemon.core.alerting import alert_text
from pricemon.core.alerting.wording import clean, shorten
from pricemon.core.errors import GiveUp
from pricemon.core.model import AlertKind, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pricemon.core.model import Alert

DIGEST_LINES = 20
"""Alerts of a digest that are named one by one: a chat is no list."""

_REASON = 500
"""Characters of an alarm's reason, which quotes every data point."""

_DEFUSED = str.maketrans({"@": "\N{FULLWIDTH COMMERCIAL AT}"})
"""In a shop's words, where a chat would take `@everyone` for an order to wake them all."""


_FOREIGN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading a document of another kind, or of none, may raise."""


class Gravity(StrEnum):
    """How grave a note is, in the words that chats know."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One message for people. Plain text; the title is a single line."""

    title: str
    text: str
    gravity: Gravity = Gravity.INFO


def note(body: str, *, locale: str = "en") -> Note:
    """The note of a message's body. Raises `GiveUp(bad_message)` for what is none of the topic's.

    Fields that are not known are ignored, as a consumer of alerts must.
    """
    try:
        document = json.loads(body)
        if "AlarmName" in document:
            return _alarm(document)
        if document["kind"] == AlertKind.DIGEST:
            return _digest([_parsed(each) for each in document["alerts"]], locale)
        return _alert(_parsed(document), locale)
    except _FOREIGN as problem:
        detail = f"not a message of the topic ({type(problem).__name__})"
        raise GiveUp(Reason.BAD_MESSAGE, detail) from problem


def _parsed(document: Mapping[str, Any]) -> Alert:
    alert = alerts.parse(document)
    return replace(alert, title=alert.title.translate(_DEFUSED)) if alert.title else alert


def _alert(alert: Alert, locale: str) -> Note:
    rise = alert.kind is AlertKind.RISE_PERCENT
    return Note(
        title=alert_text.subject(alert, locale),
        text=alert_text.chat(alert, locale),
        gravity=Gravity.INFO if rise else Gravity.SUCCESS,
    )


def _digest(found: Sequence[Alert], locale: str) -> Note:
    """The largest falls first, each with its link."""
    ranked = sorted(found, key=lambda alert: alert.change_percent or 0)
    lines = [
        line
        for alert in ranked[:DIGEST_LINES]
        for line in (alert_text.subject(alert, locale), f"  {clean(alert.url)}")
    ]
    if len(ranked) > DIGEST_LINES:
        lines.append(f"and {len(ranked) - DIGEST_LINES} more: pricemon alerts list")
    return Note(
        title=alert_text.digest_subject(found), text="\n".join(lines), gravity=Gravity.SUCCESS
    )


def _alarm(document: Mapping[str, Any]) -> Note:
    """CloudWatch's own message (CloudWatch user guide, "Notifying users on alarm changes")."""
    state = clean(document["NewStateValue"])
    lines = [
        clean(document.get("AlarmDescription") or "A CloudWatch alarm of the price monitor."),
        shorten(clean(document.get("NewStateReason") or ""), _REASON),
        "Look closer: pricemon status",
    ]
    return Note(
        title=f"{state}: {clean(document['AlarmName'])}",
        text="\n".join(line for line in lines if line),
        gravity=Gravity.FAILURE if state == "ALARM" else Gravity.INFO,
    )
