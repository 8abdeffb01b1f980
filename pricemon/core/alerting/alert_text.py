"""An alert in words: the subject, the e-mail, the text message. Pure.

Titles come from shops' pages and are cleaned before they go anywhere (`wording.clean`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from pricemon.core.alerting.facts import DAY, PRIOR_DAYS
from pricemon.core.alerting.wording import change, clean, day, moment, money, shorten, width
from pricemon.core.model import Alert, AlertKind

SUBJECT = 99
"""SNS takes subjects of *less than* 100 characters."""

SMS = 140
"""Characters of one text message that needs no concatenation (GSM-7 has 160, with a margin)."""

TITLE = 300
"""Characters of a title in a body; shops put whole descriptions there."""

_DIGEST_LINES = 200

_PLAIN = str.maketrans(
    {
        "\N{MINUS SIGN}": "-",
        "\N{RIGHTWARDS ARROW}": ">",
        "\N{MIDDLE DOT}": "-",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{NO-BREAK SPACE}": " ",
    }
)


def subject(alert: Alert, locale: str = "en") -> str:
    """`-18 % · Sony WH-1000XM5 · 279.00 → 229.00 EUR at shop-a (lowest in 90 days)`.

    Under 100 characters, one line. What gives way, in this order: the title, the note at the end,
    the shop's name.
    """
    head, shop, note = _headline(alert, locale), clean(alert.retailer, 30), _note(alert)
    tail = f"{_move(alert, locale)} at {shop}"
    title = _title(alert)
    for ending in (f"{tail}{note}", tail):
        room = SUBJECT - width(f"{head} ·  · {ending}")
        if room >= min(width(title), 20):
            return f"{head} · {shorten(title, room)} · {ending}"
    return shorten(f"{head} · {tail}", SUBJECT)


def plain_subject(text: str) -> str:
    """The same in ASCII, for an SNS that wants it so: older regions and gateways do."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    ascii_text = decomposed.encode("ascii", "ignore").decode()
    return " ".join(ascii_text.split())[:SUBJECT] or "Price alert"


def sms(alert: Alert, locale: str = "en") -> str:
    """One text message, in characters that every phone's alphabet has, and without a link."""
    line = f"{_headline(alert, locale)} {_move(alert, locale)} {clean(alert.retailer, 30)}: "
    title = _title(alert)
    return plain_subject(line)[:SMS] + " " + _ascii(title)[: max(0, SMS - width(line) - 1)]


def email(alert: Alert, locale: str = "en") -> str:
    """The body of a mail: what happened, the link, the history in words, how to change the rule."""
    title = shorten(_title(alert), TITLE)
    lines = [
        f"{title}",
        f"{_sentence(alert, locale)} at {clean(alert.retailer, 64)}.",
        "",
        clean(alert.url),
        "",
        f"Why you get this: {clean(alert.why)}.",
        *_history(alert, locale),
        f"Availability: {(alert.availability or 'not said').replace('_', ' ')}.",
        f"Read on {moment(alert.observed_at)}.",
        "",
        "To hear of this product sooner or later than now:",
        f"  pricemon products set {alert.product_id} target_price=PRICE alerts.drop_percent=20",
        "The rules of all products are under `alerts` in pricemon.yaml. What would be told now:",
        f"  pricemon alerts test {alert.product_id}",
        "",
        f"Alert {alert.alert_id} ({alert.kind})",
    ]
    return "\n".join(lines)


def chat(alert: Alert, locale: str = "en") -> str:
    """What stands below the subject in a chat: the link, the reason, the history in words."""
    lines = [clean(alert.url), f"Why you get this: {clean(alert.why)}.", *_history(alert, locale)]
    return "\n".join(lines)


def digest_subject(alerts: Sequence[Alert]) -> str:
    """The subject of several alerts in one message."""
    shops = sorted({clean(alert.retailer, 30) for alert in alerts})
    where = shops[0] if len(shops) == 1 else f"{len(shops)} shops"
    return shorten(f"{len(alerts)} more price alerts · {where}", SUBJECT)


def digest_email(alerts: Sequence[Alert], locale: str = "en") -> str:
    """One line and a link for each, the largest fall first."""
    ranked = sorted(alerts, key=lambda alert: alert.change_percent or Decimal(0))
    lines = [f"{len(alerts)} alerts beyond the number that `max_alerts_per_run` sends singly.", ""]
    for alert in ranked[:_DIGEST_LINES]:
        lines += [subject(alert, locale), f"  {clean(alert.url)}"]
    if len(ranked) > _DIGEST_LINES:
        lines.append(f"and {len(ranked) - _DIGEST_LINES} more")
    return "\n".join([*lines, "", "All of them: pricemon alerts list"])


def lowest_days(alert: Alert) -> int:
    """Whole days since which no price was as low; 0 where that says nothing worth saying."""
    if alert.lowest_since is None or alert.lowest_price is None:
        return 0
    return max(0, (alert.observed_at - alert.lowest_since) // DAY)


def _title(alert: Alert) -> str:
    """The title without what does not belong into a line; the id where nothing is left of it."""
    return clean(alert.title or "") or clean(alert.product_id)


def _headline(alert: Alert, locale: str) -> str:
    match alert.kind:
        case AlertKind.BELOW:
            return "Target reached"
        case AlertKind.FIRST_PRICE_BELOW:
            return "New and cheap"
        case AlertKind.BACK_IN_STOCK:
            return "Back in stock"
        case AlertKind.LOWEST_IN_GROUP:
            return "Best offer"
        case _:
            return change(alert.change_percent or Decimal(0), locale)


def _move(alert: Alert, locale: str) -> str:
    new = money(alert.new_price, alert.currency, locale)
    old = alert.reference_price
    if old is None or old == alert.new_price:
        return new
    return f"{money(old, alert.currency, locale).rpartition(' ')[0]} → {new}"


def _note(alert: Alert) -> str:
    days = lowest_days(alert)
    if days < 1 or alert.kind is AlertKind.RISE_PERCENT:
        return ""
    return f" (lowest in {days} {'day' if days == 1 else 'days'})"


def _sentence(alert: Alert, locale: str) -> str:
    new = money(alert.new_price, alert.currency, locale)
    if alert.change_percent:
        return f"{_move(alert, locale)} ({change(alert.change_percent, locale, places=1)})"
    return f"{new}"


def _history(alert: Alert, locale: str) -> list[str]:
    def told(amount: Decimal) -> str:
        return money(amount, alert.currency, locale)

    lines = []
    if alert.old_price is not None and alert.old_price != alert.new_price:
        lines.append(f"The price before was {told(alert.old_price)}.")
    if alert.history_since is None or alert.lowest_price is None:
        return lines or ["There is no earlier price to compare with."]
    watched = day(alert.history_since)
    if alert.new_price < alert.lowest_price:
        lines.append(
            f"It is the lowest price since {watched}, when the history begins; "
            f"the lowest before was {told(alert.lowest_price)}."
        )
    else:
        lines.append(
            f"The lowest price since {watched}, when the history begins, was "
            f"{told(alert.lowest_price)}."
        )
    if alert.prior_low_30d is not None:
        lines.append(_prior(alert, told(alert.prior_low_30d)))
    return lines


def _prior(alert: Alert, low: str) -> str:
    statement = f"The lowest price of the {PRIOR_DAYS} days before was {low}"
    if alert.prior_low_30d is not None and alert.new_price >= alert.prior_low_30d:
        return f"{statement}: measured by that, this is no reduction."
    return f"{statement}."


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text.translate(_PLAIN)).encode("ascii", "ignore").decode()
