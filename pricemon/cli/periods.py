"""Times as people give them: `24h`, `30d`, `2w`, or a date."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from pricemon.core.errors import UsageError

_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdwy])")


def now() -> int:
    """Now, in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def since(text: str, *, at: int) -> int:
    """The time (epoch ms) that `text` names: a span before `at`, or an ISO 8601 date (UTC).

    Raises `UsageError` where it is neither.
    """
    if match := _SPAN.fullmatch(text.strip().lower()):
        return max(0, at - round(float(match[1]) * _UNITS[match[2]] * 1000))
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"not a time: {text}",
            hint="a span such as 24h, 30d or 2w, or a date such as 2026-11-01",
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, round(aware.timestamp() * 1000))
