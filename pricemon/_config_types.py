"""Kinds of config values: what AWS, HTTP and the calendar accept, checked before use.

The limits are those of the services' own models (AWS service authorization and API references).
Each check raises `ValueError` with the end of a sentence that begins "must be …".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from pricemon.core.model import AlertKind

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The only retention periods CloudWatch Logs knows."""

_PERIODS = {"minute": 60, "hour": 3600, "day": 86_400}
_CRON_FIELDS: tuple[tuple[str, int, int, str], ...] = (
    ("minutes", 0, 59, ""),
    ("hours", 0, 23, ""),
    ("day of month", 1, 31, ""),
    ("month", 1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"),
    ("day of week", 1, 7, "SUN MON TUE WED THU FRI SAT"),
    ("year", 1970, 2199, ""),
)
_SECRET_NAMES = re.compile(
    r"auth(?!or)|token|secret|passw|api[-_]?key|session|credential"
    r"|^(cookie|sid|key|sig|signature)$",
    re.IGNORECASE,
)
_SECRET_VALUES = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{20}|\bxox[abprs]-|\b(Bearer|Basic)\s+\S{8}"
    r"|\beyJ[\w-]{10,}\.|-----BEGIN"
)
_SECRET_PATHS = re.compile(
    r"//(hooks\.slack\.com/|discord(app)?\.com/api/webhooks/|api\.telegram\.org/bot"
    r"|[^/]*\.webhook\.office\.com/)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|ssm:/[A-Za-z0-9_.\-/]{1,1010}")


def is_reference(value: str) -> bool:
    """Whether `value` names a secret (`env:NAME`, `ssm:/path`) instead of being one."""
    return _REFERENCE.fullmatch(value) is not None


def secret(advice: str) -> PydanticCustomError:
    """A problem whose value must not be repeated in a message."""
    return PydanticCustomError(
        "secret", "holds a secret; write {advice} and keep it there", {"advice": advice}
    )


def looks_secret(value: str, *, name: str = "") -> bool:
    """Whether `value` would give something away: by its own shape, or by what it is called."""
    if is_reference(value):
        return False
    if _SECRET_NAMES.search(name) or _SECRET_VALUES.search(value) or _SECRET_PATHS.search(value):
        return True
    if "//" not in value:
        return False
    parts = urlsplit(value)
    named = (key for key, given in parse_qsl(parts.query) if given)
    return "@" in parts.netloc or any(_SECRET_NAMES.search(key) for key in named)


def _no_secret(value: str) -> str:
    if looks_secret(value):
        raise secret("env:NAME or ssm:/path")
    return value


def fail(expectation: str) -> Any:
    """Refuse a value, inside an expression."""
    raise ValueError(expectation)


def fullmatch(pattern: str, value: str) -> bool:
    """Whether the whole of `value` matches."""
    return re.fullmatch(pattern, value) is not None


def matching(pattern: str, expectation: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise ValueError(expectation)
        return value

    return check


def schedule_period(expression: str) -> int | None:
    """Seconds between two runs of a `rate(…)` expression; `None` for `cron` and `at`."""
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    return int(match[1]) * _PERIODS[match[2]] if match else None


def _schedule(expression: str) -> str:
    if schedule_period(expression):
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


def _timezone(name: str) -> str:
    known = available_timezones()
    try:
        valid = name in known if known else bool(ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        valid = False
    if not valid or len(name) > 50:  # noqa: PLR2004 - EventBridge Scheduler's limit
        raise ValueError("the name of a time zone, such as UTC or Europe/Berlin")
    return name


def _quiet_hours(text: str) -> str:
    clock = r"([01]\d|2[0-3]):[0-5]\d"
    match = re.fullmatch(rf"(?P<start>{clock})-(?P<end>{clock})(?: (?P<zone>\S+))?", text)
    if match is None or match["start"] == match["end"]:
        raise ValueError("from-to and a time zone, such as 22:00-07:00 Europe/Berlin")
    if match["zone"]:
        _timezone(match["zone"])
    return text


def _host(text: str) -> str:
    """A host name or `host:port`, in lower case and in ASCII form (IDNA)."""
    expectation = "a host name such as shop.example or shop.example:8080, without http:// or a path"
    name, colon, port = text.strip().rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        name, port = text.strip(), ""
    elif not port.isdecimal() or not 0 < int(port) < 65_536:  # noqa: PLR2004 - TCP's range
        raise ValueError(expectation)
    try:
        ascii_name = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        raise ValueError(expectation) from None
    label = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    if not re.fullmatch(rf"({label}\.)*{label}\.?|\[[0-9A-Fa-f:.]+\]", ascii_name):
        raise ValueError(expectation)
    return (ascii_name.rstrip(".") + colon + port).lower()


def as_list(value: Any) -> Any:
    """One string stands for a list of one."""
    return [value] if isinstance(value, str) else value


def unique(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _as_version(value: Any) -> Any:
    """YAML reads an unquoted 3.13 as a number."""
    return str(value) if isinstance(value, float) else value


def _as_text(value: Any) -> Any:
    """YAML reads an unquoted 42 or true as what it looks like; a tag's value is text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _one_of(allowed: Iterable[int]) -> Callable[[int], int]:
    values = tuple(allowed)

    def check(value: int) -> int:
        if value not in values:
            raise ValueError(f"one of {', '.join(map(str, values))}")
        return value

    return check


def _secret_free_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ValueError(f"HTTP header or cookie names; {name!r} is not one")
        if re.search(r"[\r\n\0]", value):
            raise ValueError(f"values on one line; that of {name!r} is not")
        if looks_secret(value, name=name):
            raise secret(f"{name}: env:NAME or ssm:/path")
    return headers


def _regex(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groupindex
    except re.error as problem:
        raise ValueError(f"a regular expression ({problem})") from None
    if "value" not in groups:
        raise ValueError("a regular expression with a group named value: (?P<value>…)")
    return pattern


Text = Annotated[str, Field(min_length=1), AfterValidator(_no_secret)]
"""Any text that gives no secret away."""
Env = Annotated[
    str,
    AfterValidator(
        matching(
            r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?",
            "1 to 20 lower-case letters, digits and hyphens, beginning with a letter (it becomes "
            "part of every resource's name)",
        )
    ),
]
Region = Annotated[
    str, AfterValidator(matching(r"[a-z]{2}(-[a-z]+)+-\d", "an AWS region, such as eu-central-1"))
]
ScheduleExpression = Annotated[str, Field(max_length=256), AfterValidator(_schedule)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
AlertKindName = Annotated[
    str,
    AfterValidator(
        lambda name: (
            name if name in set(AlertKind) else fail(f"a kind of alert: {', '.join(AlertKind)}")
        )
    ),
]
QuietHours = Annotated[str, AfterValidator(_quiet_hours)]
LogRetention = Annotated[int, AfterValidator(_one_of(LOG_RETENTION_DAYS))]
AlarmPeriod = Annotated[
    int,
    AfterValidator(
        lambda n: (
            n
            if n in {10, 20, 30} or (n > 0 and n % 60 == 0)
            else fail("10, 20, 30 or a multiple of 60")
        )
    ),
]
PythonVersion = Annotated[Literal["3.11", "3.12", "3.13", "3.14"], BeforeValidator(_as_version)]
Architecture = Literal["arm64", "x86_64"]
RetailerName = Annotated[
    str,
    AfterValidator(
        matching(
            r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
            "1 to 64 letters, digits, dots, hyphens and underscores",
        )
    ),
]
Tag = Annotated[
    str,
    AfterValidator(
        matching(r"[^\s,;|]([^,;|\n\r]{0,62}[^\s,;|])?", "1 to 64 characters without , ; or |")
    ),
]
Host = Annotated[str, AfterValidator(_host)]
Hosts = Annotated[
    tuple[Host, ...], Field(min_length=1), BeforeValidator(as_list), AfterValidator(unique)
]
Currency = Annotated[
    str, AfterValidator(matching(r"[A-Z]{3}", "an ISO 4217 code in capitals, such as EUR"))
]
Locale = Annotated[
    str,
    AfterValidator(
        matching(r"[a-z]{2,3}([-_][A-Za-z]{4})?([-_]([A-Z]{2}|\d{3}))?", "a locale, such as de-DE")
    ),
]
Reference = Annotated[
    str, AfterValidator(lambda text: text if is_reference(text) else _not_a_reference(text))
]
"""The name of a secret: `env:NAME` or `ssm:/path`."""
Headers = Annotated[dict[str, str], AfterValidator(_secret_free_headers)]
Regex = Annotated[str, AfterValidator(_regex)]
KmsKey = Annotated[
    str,
    AfterValidator(
        matching(
            r"alias/[A-Za-z0-9/_-]{1,250}|(mrk-)?[0-9a-f-]{32,36}|arn:aws[a-z-]*:kms:[^:]+:\d{12}:(key|alias)/\S+",
            "a KMS key's id, ARN or alias/name",
        )
    ),
]
TagKey = Annotated[
    str,
    AfterValidator(
        matching(
            r"(?!aws:|pricemon:)[\w .:/=+@-]{1,128}",
            "a tag key of 1 to 128 letters, digits and _.:/=+-@ that begins with neither aws: nor "
            "pricemon:",
        )
    ),
]
TagValue = Annotated[
    str,
    BeforeValidator(_as_text),
    AfterValidator(
        matching(
            r"[\w .:/=+@-]{0,256}",
            "a tag value of at most 256 letters, digits, spaces and _.:/=+-@",
        )
    ),
    AfterValidator(_no_secret),
]
Percent = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Money = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


def _not_a_reference(text: str) -> str:
    if looks_secret(text) or "//" in text:
        raise secret("env:NAME or ssm:/path")
    raise ValueError("the name of a secret: env:NAME or ssm:/path")
