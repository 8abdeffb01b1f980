"""Kinds of config values: what AWS, HTTP and the calendar accept, checked before use.

The limits are those of the services' own models (AWS service authorization and API references).
Each check raises `ValueError` with the end of a sentence that begins "must be …".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from pricemon._config import schedule, secrets
from pricemon.core import currencies
from pricemon.core.model import AlertKind
from pricemon.core.urls import ascii_host

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The only retention periods CloudWatch Logs knows."""


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


def _host(text: str) -> str:
    """A host name or `host:port`, in the form in which URLs are compared with it."""
    expectation = "a host name such as shop.example or shop.example:8080, without http:// or a path"
    try:
        parts = urlsplit("//" + ("" if re.search(r"[\s/@?#\\]", text) else text))
        name, port = ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        raise ValueError(expectation) from None
    if port == 0:
        raise ValueError(expectation)
    bracketed = f"[{name}]" if ":" in name else name
    return bracketed if port is None else f"{bracketed}:{port}"


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


def _regex(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groupindex
    except re.error as problem:
        raise ValueError(f"a regular expression ({problem})") from None
    if "value" not in groups:
        raise ValueError("a regular expression with a group named value: (?P<value>…)")
    return pattern


def _currency(code: str) -> str:
    if not currencies.is_code(code):
        raise ValueError("an ISO 4217 code in capitals, such as EUR")
    return code


def _alarm_period(seconds: int) -> int:
    if seconds not in {10, 20, 30} and (seconds <= 0 or seconds % 60):
        raise ValueError("10, 20, 30 or a multiple of 60")
    return seconds


Text = Annotated[str, Field(min_length=1), AfterValidator(secrets.no_secret)]
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
ScheduleExpression = Annotated[str, Field(max_length=256), AfterValidator(schedule.expression)]
TimeZone = Annotated[str, AfterValidator(schedule.timezone)]
AlertKindName = Annotated[
    str,
    AfterValidator(
        lambda name: (
            name if name in set(AlertKind) else fail(f"a kind of alert: {', '.join(AlertKind)}")
        )
    ),
]
QuietHours = Annotated[str, AfterValidator(schedule.quiet_hours)]
LogRetention = Annotated[int, AfterValidator(_one_of(LOG_RETENTION_DAYS))]
AlarmPeriod = Annotated[int, Field(le=86_400), AfterValidator(_alarm_period)]
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
Currency = Annotated[str, AfterValidator(_currency)]
Locale = Annotated[
    str,
    AfterValidator(
        matching(r"[a-z]{2,3}([-_][A-Za-z]{4})?([-_]([A-Z]{2}|\d{3}))?", "a locale, such as de-DE")
    ),
]
Reference = Annotated[str, AfterValidator(secrets.reference)]
"""The name of a secret: `env:NAME` or `ssm:/path`."""
Parameter = Annotated[str, AfterValidator(secrets.parameter)]
"""The name of a secret that a function reads by itself: `ssm:/path`."""
Headers = Annotated[dict[str, str], AfterValidator(secrets.headers)]
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
    AfterValidator(secrets.no_secret),
]
Percent = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Money = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
