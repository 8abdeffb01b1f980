"""Reading + what we knew → accept it, hold it for a second look, or fail. Pure.

A wrong price costs more than a missing one, so a reading that is hard to believe is not believed
at once: it is held, and only a second reading that says the same makes it true.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pricemon.core.model import Decision, Known, Reading, Reason, Verdict

if TYPE_CHECKING:
    from pricemon.core.settings import JudgeSettings

_MAX_DIGITS = 38
"""What DynamoDB keeps exactly. No price has as many."""


def judge(reading: Reading, known: Known | None, bounds: JudgeSettings, *, at: int) -> Verdict:
    """What to do with a reading taken for a job requested `at` (epoch ms).

    A first reading is accepted. Held are: zero (also as the first reading: shops write 0 for "no
    price"), another currency, and a jump of more than the bounds' percentage. A reading that
    agrees in price and currency with one held *earlier* confirms it; one that is back within the
    bounds of the known price is accepted, and the held one was a passing fault.
    """
    if reading.reason is not None:
        return _fail(reading, reading.reason, reading.detail)
    price, currency = reading.price, reading.currency
    if price is None or not price.is_finite() or price < 0 or _digits(price) > _MAX_DIGITS:
        return _fail(reading, Reason.NO_PRICE, f"{price} is not a price")
    if not currency:
        return _fail(reading, Reason.NO_CURRENCY, f"{price} without a currency")
    doubt = _doubt(price, currency, known, bounds)
    if doubt is None:
        return Verdict(decision=Decision.ACCEPT, reading=reading)
    if _confirms(price, currency, known, at):
        return Verdict(
            decision=Decision.ACCEPT, reading=reading, why=f"confirmed by a second reading: {doubt}"
        )
    return Verdict(decision=Decision.HOLD, reading=reading, why=doubt)


def _doubt(price: Decimal, currency: str, known: Known | None, bounds: JudgeSettings) -> str | None:
    """Why the reading is hard to believe; `None` if it is not."""
    before = known.price if known else None
    if price == 0:
        return None if before == 0 and known and known.currency == currency else "the price is zero"
    if known is None or before is None:
        return None
    if known.currency != currency:
        return f"the currency changed from {known.currency} to {currency}"
    if before == 0:
        return f"the price was zero and is {price} {currency}"
    change = (price - before) / before * 100
    if change < -bounds.max_drop_percent:
        limit = f"more than {bounds.max_drop_percent:f} % down"
    elif change > bounds.max_rise_percent:
        limit = f"more than {bounds.max_rise_percent:f} % up"
    else:
        return None
    return f"{before} → {price} {currency} is {change:+.1f} %, {limit}"


def _confirms(price: Decimal, currency: str, known: Known | None, at: int) -> bool:
    held = known.held if known else None
    return (
        held is not None and held.held_at < at and (held.price, held.currency) == (price, currency)
    )


def _fail(reading: Reading, reason: Reason, why: str) -> Verdict:
    failed = Reading(reason=reason, detail=why, candidates=reading.candidates, title=reading.title)
    return Verdict(decision=Decision.FAIL, reading=failed, why=why)


def _digits(price: Decimal) -> int:
    _sign, digits, exponent = price.as_tuple()
    return len(digits) + abs(int(exponent))
