"""Quiet hours: a daily window in which nobody is disturbed, and when it ends."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SPEC = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})(?:\s+(\S+))?")


def quiet_until(spec: str | None, now: int) -> int | None:
    """When the quiet hours around `now` end (epoch ms); `None` outside of them.

    `spec` is `22:00-07:00 Europe/Berlin`, in UTC without a zone; a window may span midnight and
    includes its start, not its end. Raises `ValueError` where it is not of that form, or where the
    zone is unknown.
    """
    if not spec:
        return None
    match = _SPEC.fullmatch(spec.strip())
    if match is None:
        raise ValueError(f"not quiet hours: {spec!r}")
    start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    zone = _zone(match[5] or "UTC")
    local = datetime.fromtimestamp(now / 1000, tz=zone)
    clock = local.time()
    inside = start <= clock < end if start <= end else clock >= start or clock < end
    if not inside:
        return None
    last = local.date() if clock < end else local.date() + timedelta(days=1)
    return round(datetime.combine(last, end, tzinfo=zone).astimezone(UTC).timestamp() * 1000)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise ValueError(f"no such time zone: {name!r}") from error
