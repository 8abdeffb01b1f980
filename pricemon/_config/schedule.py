"""When: EventBridge Scheduler's expressions, time zones and quiet hours.

Each check returns its argument, or raises `ValueError` with the end of a sentence that begins
"must be …".
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

_PERIODS = {"minute": 60, "hour": 3600, "day": 86_400}
_CRON_FIELDS: tuple[tuple[str, int, int, str], ...] = (
    ("minutes", 0, 59, ""),
    ("hours", 0, 23, ""),
    ("day of month", 1, 31, ""),
    ("month", 1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"),
    ("day of week", 1, 7, "SUN MON TUE WED THU FRI SAT"),
    ("year", 1970, 2199, ""),
)


def period(expression: str) -> int | None:
    """Seconds between two runs of a `rate(…)` expression; `None` for `cron` and `at`."""
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    return int(match[1]) * _PERIODS[match[2]] if match else None


def expression(expression: str) -> str:
    if period(expression):
        return expression
    kind, bracket, rest = expression.partition("(")
    inner = rest.removesuffix(")")
    if bracket and rest.endswith(")") and kind == "at":
        return _at(expression, inner)
    if bracket and rest.endswith(")") and kind == "cron":
        return _cron(expression, inner.split())
    raise ValueError(
        "rate(6 hours), cron(0 */6 * * ? *) or at(2030-01-31T08:00:00), as EventBridge Scheduler "
        "writes them (minutes, hours or days)"
    )


def _at(expression: str, moment: str) -> str:
    try:
        parsed = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - the option `timezone` says which
    except ValueError:
        parsed = None
    if parsed is None or parsed.isoformat() != moment:
        raise ValueError("at(yyyy-mm-ddThh:mm:ss), such as at(2030-01-31T08:00:00)") from None
    return expression


def _cron(expression: str, fields: list[str]) -> str:
    if len(fields) != len(_CRON_FIELDS):
        raise ValueError(
            f"cron with six fields (minutes hours day-of-month month day-of-week year), not "
            f"{len(fields)}; such as cron(0 */6 * * ? *)"
        )
    for text, (name, low, high, names) in zip(fields, _CRON_FIELDS, strict=True):
        if not all(_cron_part(part, name, low, high, names.split()) for part in text.split(",")):
            raise ValueError(f"cron whose {name} is within {low}-{high}; {text!r} is not")
    if (fields[2] == "?") == (fields[4] == "?"):
        raise ValueError("cron with ? in exactly one of day-of-month and day-of-week")
    return expression


def _cron_part(part: str, name: str, low: int, high: int, names: list[str]) -> bool:
    """One element of a cron field's comma list, by the Scheduler's grammar."""
    by_day = name.startswith("day")
    if by_day and part in {"?", "L"}:
        return True
    if name == "day of month" and re.fullmatch(r"\d{1,2}W|LW", part):
        return part == "LW" or low <= int(part[:-1]) <= high
    if name == "day of week" and (match := re.fullmatch(r"(\w+?)(?:L|#[1-5])", part)):
        part = match[1]
    start, _, step = part.partition("/")
    if step and not (step.isdecimal() and int(step) > 0):
        return False
    if start == "*":
        return True
    ends = [names.index(end) + low if end in names else end for end in start.upper().split("-")]
    if len(ends) > 2 or not all(str(end).isdecimal() for end in ends):  # noqa: PLR2004 - a range has two ends
        return False
    numbers = [int(end) for end in ends]
    return all(low <= number <= high for number in numbers) and numbers == sorted(numbers)


def timezone(name: str) -> str:
    known = available_timezones()
    try:
        valid = name in known if known else bool(ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        valid = False
    if not valid or len(name) > 50:  # noqa: PLR2004 - EventBridge Scheduler's limit
        raise ValueError("the name of a time zone, such as UTC or Europe/Berlin")
    return name


def quiet_hours(text: str) -> str:
    clock = r"([01]\d|2[0-3]):[0-5]\d"
    match = re.fullmatch(rf"(?P<start>{clock})-(?P<end>{clock})(?: (?P<zone>\S+))?", text)
    if match is None or match["start"] == match["end"]:
        raise ValueError("from-to and a time zone, such as 22:00-07:00 Europe/Berlin")
    if match["zone"]:
        timezone(match["zone"])
    return text
