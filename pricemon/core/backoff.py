"""How long to wait before asking again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST = 86_400.0
"""Seconds. A wait of over a day is taken for a day: the next run comes sooner than that anyway."""

_SECONDS = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")


def retry_after(value: str | None, *, now: float, date: str | None = None) -> float | None:
    """Seconds that a `Retry-After` header asks for, 0 to `LONGEST`; `None` if it says nothing.

    Both forms of RFC 9110 §10.2.3: delay seconds (decimals tolerated) and HTTP-date, the latter
    relative to the response's own `date` header, else to `now` (seconds since the epoch), so that
    a shop's wrong clock does not turn five seconds into an hour.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST)
    until = _http_date(text)
    if until is None:
        return None
    since = _http_date((date or "").strip())
    return min(max(until - (now if since is None else since), 0.0), LONGEST)


def _http_date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        # HTTP dates are in GMT whatever they say (RFC 9110 §5.6.7); asctime's form does not say.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def full_jitter(attempt: int, *, base: float, cap: float, random: Callable[[], float]) -> float:
    """Seconds before attempt number `attempt + 1`: anything up to `base * 2**attempt`, or `cap`.

    Full jitter: clients that failed together must not come back together.
    """
    return random() * min(cap, base * 2.0 ** min(attempt, 64))
