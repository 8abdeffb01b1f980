"""The prices of a product so far, read with the attributes that matter and no others.

Judging an alert may take a year of observations in a function of little memory; whole rows take
thrice the time to receive and to parse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricemon.core.attributes import Row
from pricemon.core.model import Outcome

if TYPE_CHECKING:
    from pricemon.core.alerting.facts import Step
    from pricemon.core.dynamo import Rows

_ACCEPTED = (Outcome.ACCEPTED.value, Outcome.NOT_MODIFIED.value)


def read(rows: Rows, product_id: str, *, currency: str, since: int, until: int) -> list[Step]:
    """The accepted prices in that currency, `since` and `until` included, oldest first.

    Raises `MalformedItem` for a row it cannot read.
    """
    found = rows.query(
        KeyConditionExpression="#product = :product AND #time BETWEEN :since AND :until",
        ProjectionExpression="#time, #price, #currency, #outcome",
        ExpressionAttributeNames={
            "#product": "product_id",
            "#time": "timestamp",
            "#price": "price",
            "#currency": "currency",
            "#outcome": "outcome",
        },
        ExpressionAttributeValues={
            ":product": {"S": product_id},
            ":since": {"N": str(max(1, since))},
            ":until": {"N": str(until)},
        },
    )
    steps = []
    for item in found:
        row = Row(item)
        price = row.number("price")
        accepted = row.text("outcome") in _ACCEPTED and row.text("currency") == currency
        if price is not None and accepted:
            steps.append((row.need(row.integer, "timestamp"), price))
    return steps
