"""Secrets have no place in a config: what looks like one is refused, and named without its value.

A reference stands in for one: `env:NAME` (an environment variable) or `ssm:/path` (a parameter of
the SSM Parameter Store).
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from pydantic_core import PydanticCustomError

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
    return any(map(_url_has_secret, re.findall(r"\S+//\S+", value)))


def _url_has_secret(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    named = (key for key, given in parse_qsl(parts.query) if given)
    return "@" in parts.netloc or any(_SECRET_NAMES.search(key) for key in named)


def no_secret(value: str) -> str:
    """Any text that gives nothing away."""
    if looks_secret(value):
        raise secret("env:NAME or ssm:/path")
    return value


def headers(given: dict[str, str]) -> dict[str, str]:
    """HTTP headers or cookies that hold no secret; these cannot be references."""
    for name, value in given.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ValueError(f"HTTP header or cookie names; {name!r} is not one")
        if re.search(r"[\r\n\0]", value):
            raise ValueError(f"values on one line; that of {name!r} is not")
        if is_reference(value) or looks_secret(value, name=name):
            raise PydanticCustomError(
                "secret",
                "{name} is a secret: a config travels with the code and is no place for one",
                {"name": name},
            )
    return given


def reference(text: str) -> str:
    """A value that must be the name of a secret."""
    if is_reference(text):
        return text
    if looks_secret(text) or "//" in text:
        raise secret("env:NAME or ssm:/path")
    raise ValueError("the name of a secret: env:NAME or ssm:/path")


def parameter(text: str) -> str:
    """The name of a secret that a function reads by itself: only SSM is within its reach."""
    if is_reference(text) and text.startswith("ssm:"):
        return text
    if not is_reference(text) and (looks_secret(text) or "//" in text):
        raise secret("ssm:/path")
    raise ValueError("ssm:/path, a parameter of the SSM Parameter Store")
