"""How alerts look: a table, CSV, and the trial of a product's rules."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Group
from rich.text import Text

from pricemon.cli import render
from pricemon.core import alerts
from pricemon.core.alerting.alert_text import lowest_days, subject
from pricemon.core.alerting.wording import change, clean, iso, money, plain_money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from pricemon.cli.alert_trial import Trial
    from pricemon.core.model import Alert

_TITLE = 50
_CSV_COLUMNS = (
    *(
        "time",
        "kind",
        "product_id",
        "retailer",
        "title",
        "currency",
        "reference_price",
        "old_price",
    ),
    *("new_price", "change_percent", "lowest_price", "prior_low_30d", "availability", "url"),
    "alert_id",
)


def table(found: Sequence[Alert]) -> RenderableType:
    """One line for each alert."""
    rows = (
        (
            render.when(alert.observed_at),
            alert.kind,
            change(alert.change_percent) if alert.change_percent else "",
            _amount(alert.reference_price, alert),
            _amount(alert.new_price, alert),
            _low(alert),
            alert.retailer,
            alert.product_id,
            clean(alert.title or "", _TITLE),
        )
        for alert in found
    )
    columns = ("time", "rule", "change", "from", "to", "lowest in", "retailer", "product", "title")
    return render.table(columns, rows, right=("change", "from", "to"))


def write_csv(found: Sequence[Alert], out: TextIO) -> None:
    """One line for each alert."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for alert in found:
        line = alerts.document(alert) | {"time": iso(alert.observed_at)}
        writer.writerow(["" if line[name] is None else line[name] for name in _CSV_COLUMNS])


def trial_document(found: Trial) -> dict[str, Any]:
    """The trial as JSON."""
    return {
        "product_id": found.product.product_id,
        "price": plain_money(found.price, found.currency),
        "currency": found.currency,
        "fires": found.alert is not None,
        "quiet_until": found.quiet_until,
        "rules": [
            {
                "kind": line.kind,
                "setting": line.setting,
                "fires_at": line.fires_at,
                "fires": line.fires,
                "note": line.note,
            }
            for line in found.lines
        ],
        "alert": alerts.document(found.alert) if found.alert else None,
    }


def trial(found: Trial) -> RenderableType:
    """The trial for a person: each rule with its price, and the alert it would be."""
    rows = [
        (
            line.kind,
            line.setting,
            "" if line.fires_at is None else money(round(line.fires_at, 2), found.currency),
            "fires" if line.fires else "",
            line.note,
        )
        for line in found.lines
    ]
    told = f"At {money(found.price, found.currency)} "
    told += (
        f"this would be told: {subject(found.alert)}" if found.alert else "nothing would be told."
    )
    parts: list[RenderableType] = [
        Text(told),
        render.table(("rule", "setting", "fires at", "", ""), rows, right=("fires at",)),
    ]
    if not rows:
        parts[1] = Text("No rule is on for this product.")
    if found.alert and found.quiet_until:
        parts.append(
            Text(f"It is quiet now: it would be sent at {render.when(found.quiet_until)}.")
        )
    return Group(*parts)


def _amount(price: Any, alert: Alert) -> str:
    return "" if price is None else money(price, alert.currency)


def _low(alert: Alert) -> str:
    days = lowest_days(alert)
    return f"{days} days" if days else ""
