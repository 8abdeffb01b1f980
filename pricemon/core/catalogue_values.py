"""The values of a catalogue's columns: text or JSON in, one canonical form out.

Each parser takes what a CSV cell (text) or a JSON key (any value) holds and returns the canonical
value, `None` for nothing. Equal values get equal forms (`45.00` and `45`), so that importing the
same thing twice is no change. What is wrong raises `Refused` with the end of a sentence that
begins with the column's name (or, after a colon, a sentence of its own).
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from pricemon.core import currencies
from pricemon.core.nearest import nearest
from pricemon.core.settings import AlertRules, ExtractRule, ValueRule, extract_rule
from pricemon.core.urls import Target

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~+=@/-]{0,127}")
_MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LIST = re.compile(r"[,;|]")
_MAX_URL, _MAX_TITLE, _MAX_GROUP, _MAX_ITEM, _MAX_ITEMS = 2048, 1000, 128, 64, 50
_YES, _NO = frozenset({"true", "yes", "y", "1", "on"}), frozenset({"false", "no", "n", "0", "off"})

_WHOLE = frozenset({"lowest_in_days", "cooldown"})
_FLAGS = frozenset({"back_in_stock", "lowest_in_group"})
_ALERT_OPTIONS = tuple(f.name for f in dataclasses.fields(AlertRules))
_RULE_OPTIONS = tuple(f.name for f in dataclasses.fields(ExtractRule))
_RULE_VALUES = ("price", "currency", "availability", "title")
_VALUE_OPTIONS = tuple(f.name for f in dataclasses.fields(ValueRule))


class Refused(ValueError):
    """A value that has no place in its column."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """A sentence about a name nobody knows."""
    names = sorted(known)
    guess = nearest(name, names)
    if guess:
        return f"{kind} {name} is unknown; did you mean {guess}?"
    return f"{kind} {name} is unknown; there are {', '.join(names) or 'none in the config'}"


def _text(raw: Any) -> str | None:
    """One line of text, `None` for nothing."""
    if raw is None:
        return None
    if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str):
        raise Refused(f"must be text, not {_kind(raw)}")
    if not raw.isascii():
        for character in raw:
            if "\ud800" <= character <= "\udfff":
                byte = ord(character) - 0xDC00
                what = f"byte 0x{byte:02X}" if 0x80 <= byte <= 0xFF else "a lone surrogate"  # noqa: PLR2004 - PEP 383
                raise Refused(f"holds {what}, which is not UTF-8")
    return " ".join(_CONTROL.sub(" ", raw).split()) or None


def _bounded(raw: Any, limit: int) -> str | None:
    text = _text(raw)
    if text and len(text) > limit:
        raise Refused(f"is longer than {limit} characters")
    return text


def _product_id(raw: Any) -> str:
    text = _text(raw)
    if text is None:
        raise Refused("is missing")
    if text.startswith("#"):
        raise Refused(f"{text} begins with #, which is reserved")
    if not _ID.fullmatch(text):
        raise Refused(
            f"{_short(text)} must be 1 to 128 letters, digits and . _ : ~ + = @ / -, beginning "
            "with a letter or digit"
        )
    return text


def _url(raw: Any) -> str:
    text = _text(raw)
    if text is None:
        raise Refused("is missing")
    if len(text) > _MAX_URL:
        raise Refused(f"is longer than {_MAX_URL} characters")
    if " " in text:
        raise Refused(f"{_short(text)} holds a space")
    try:
        parts = urlsplit(text)
        Target.parse(text)
    except ValueError as problem:
        raise Refused(f"{_short(text)} is not usable: {problem}") from None
    if "@" in parts.netloc:
        raise Refused("holds a user name or password; a catalogue is no place for secrets")
    return text


def _title(raw: Any) -> str | None:
    return _bounded(raw, _MAX_TITLE)


def _group(raw: Any) -> str | None:
    return _bounded(raw, _MAX_GROUP)


def _list(raw: Any) -> tuple[str, ...]:
    """A list, or text with , ; or | between its items; each item once."""
    if isinstance(raw, list | tuple):
        if any(isinstance(item, str) and _LIST.search(item) for item in raw):
            raise Refused("must have items without , ; or |")
        items = [_text(item) for item in raw]
    else:
        items = [_text(item) for item in _LIST.split(_text(raw) or "")]
    unique = tuple(dict.fromkeys(item for item in items if item))
    if len(unique) > _MAX_ITEMS or any(len(item) > _MAX_ITEM for item in unique):
        raise Refused(f"must be at most {_MAX_ITEMS} items of at most {_MAX_ITEM} characters")
    return unique


def _enabled(raw: Any) -> bool | None:
    if isinstance(raw, bool):
        return raw
    text = (_text(raw) or "").lower()
    if text in _YES or text in _NO:
        return text in _YES
    if text:
        raise Refused(f"is {_short(text)}; it must be true or false")
    return None


def _money(raw: Any) -> str | None:
    """A positive amount as a plain decimal string without trailing zeros."""
    text = _text(raw)
    if text is None:
        return None
    if not _MONEY.fullmatch(text) or not Decimal(text):
        raise Refused(f"is {_short(text)}; it must be an amount such as 19.99, above 0")
    return f"{Decimal(text).normalize():f}"


def _currency(raw: Any) -> str | None:
    text = _text(raw)
    if text and not currencies.is_code(text.upper()):
        raise Refused(f"is {_short(text)}; it must be an ISO 4217 code such as EUR")
    return text.upper() if text else None


def _object(raw: Any) -> dict[str, Any] | None:
    """An object, or text that is one as JSON."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw, parse_float=Decimal) if raw.strip() else None
        except (ValueError, RecursionError):
            raise Refused("is not a JSON object") from None
    if raw is None or raw == {}:
        return None
    if not isinstance(raw, Mapping):
        raise Refused(f"must be a JSON object, not {_kind(raw)}")
    return dict(raw)


def _alerts(raw: Any) -> dict[str, Any] | None:
    """Alert rules of one product, by their config names."""
    options = _object(raw)
    return None if options is None else {k: _alert_option(k, v) for k, v in options.items()}


def _alert_option(name: str, value: Any) -> Any:
    if name not in _ALERT_OPTIONS:
        raise Refused(": " + unknown("rule", name, _ALERT_OPTIONS))
    if name in _FLAGS:
        valid = isinstance(value, bool)
    elif name in _WHOLE:
        whole = isinstance(value, int | Decimal) and not isinstance(value, bool)
        valid = whole and value == int(value) and value >= 0
        value = int(value) if valid else value
    elif name == "quiet_hours":
        valid = isinstance(value, str) and bool(value.strip())
    else:
        text = str(value) if isinstance(value, int | Decimal | str) else ""
        valid = _MONEY.fullmatch(text) is not None and Decimal(text) > 0
        value = _money(text) if valid else value
    if not valid:
        raise Refused(f": {name} makes no sense as {_short(json.dumps(value, default=str))}")
    return value


def _rule(raw: Any) -> dict[str, Any] | None:
    """An extraction rule; a text that is no JSON is the CSS selector of the price."""
    if isinstance(raw, str) and raw.strip() and not raw.lstrip().startswith("{"):
        raw = {"price": raw}
    options = _object(raw)
    if options is None:
        return None
    rule: dict[str, Any] = {}
    for name, value in options.items():
        if name not in _RULE_OPTIONS:
            raise Refused(": " + unknown("option", name, _RULE_OPTIONS))
        if name in _RULE_VALUES:
            rule[name] = _value_rule(name, {"css": value} if isinstance(value, str) else value)
        elif isinstance(value, str):
            rule[name] = value
        else:
            raise Refused(f"has a {name} that is no text")
    extract_rule(rule)
    return rule


def _value_rule(name: str, raw: Any) -> dict[str, str]:
    if not isinstance(raw, Mapping) or not raw:
        raise Refused(f"has a {name} that is neither a CSS selector nor an object")
    for option, value in raw.items():
        if option not in _VALUE_OPTIONS:
            raise Refused(": " + unknown(f"option of {name},", option, _VALUE_OPTIONS))
        if not isinstance(value, str) or not value:
            raise Refused(f"has a {name}.{option} that is no text")
    return dict(raw)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return (
        "a list"
        if isinstance(value, list | tuple)
        else "an object"
        if isinstance(value, Mapping)
        else "a number"
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004 - a line's worth


PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "product_id": _product_id,
    "retailer": _text,
    "url": _url,
    "title": _title,
    "tags": _list,
    "target_price": _money,
    "currency": _currency,
    "enabled": _enabled,
    "group": _group,
    "identifiers": _list,
    "alerts": _alerts,
    "rule": _rule,
}
"""Column → parser."""
