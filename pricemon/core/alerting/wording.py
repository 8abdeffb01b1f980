"""Numbers, money, times and names as people read them. Pure; the data formats never use this."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from pricemon.core.currencies import THREE_DECIMALS, ZERO_DECIMALS

_SPACE = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"

# Unicode CLDR: (grouping, decimal) by language; a region after it where that differs.
_POINTS = "ca da de el es fo gl hr id is it nl pt ro sl sq sr tr vi"
_SPACES = "az be bg cs et fi fr hu hy ka kk lt lv nb nn no pl ru sk sv uk uz"
_REGIONS = {
    "de-CH": ("\N{RIGHT SINGLE QUOTATION MARK}", "."),
    "de-LI": ("\N{RIGHT SINGLE QUOTATION MARK}", "."),
    "it-CH": ("\N{RIGHT SINGLE QUOTATION MARK}", "."),
    "de-AT": (_SPACE, ","),
    "en-ZA": (_SPACE, ","),
    "es-MX": (",", "."),
    "es-US": (",", "."),
    "pt-PT": (_SPACE, ","),
}
_ENGLISH = (",", ".")

_KEPT_FORMATS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
"""Invisible, but part of how emoji and several scripts are written."""


def number(value: Decimal, locale: str = "en", *, places: int | None = None) -> str:
    """`1299.5` → `1,299.5`, `1.299,5`…; `places` pads with zeros and never rounds a digit off."""
    text = f"{abs(value).normalize():f}"
    whole, _, fraction = text.partition(".")
    grouping, point = _separators(locale)
    grouped = f"{int(whole):,}".replace(",", grouping)
    fraction = fraction.ljust(places or 0, "0")
    sign = _MINUS if value < 0 else ""
    return sign + (f"{grouped}{point}{fraction}" if fraction else grouped)


def money(amount: Decimal, currency: str, locale: str = "en") -> str:
    """`1,299.00 EUR`: minor units as the currency has them, and the code, never a shared sign."""
    return f"{number(amount, locale, places=minor_units(currency))} {currency}"


def change(percent: Decimal, locale: str = "en", *, places: int = 0) -> str:
    """A change with its sign: `+4 %`; falls bear a true minus."""
    rounded = percent.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    return f"{'+' if rounded > 0 else ''}{number(rounded, locale, places=places)} %"


def minor_units(currency: str) -> int:
    """Digits behind the point in ISO 4217; two for a code we do not know."""
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def plain_money(amount: Decimal, currency: str) -> str:
    """The amount for machines: a decimal string, at least as long as the currency's minor units."""
    text = f"{amount.normalize():f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.ljust(minor_units(currency), "0")
    return f"{whole}.{fraction}" if fraction else whole


def moment(milliseconds: int) -> str:
    """`2026-11-21 14:03 UTC`."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def iso(milliseconds: int) -> str:
    """`2026-11-21T14:03:22Z`."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(milliseconds: int) -> str:
    """`2026-11-21`, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%d")


def clean(text: str, limit: int | None = None) -> str:
    """One line without control, format or unpaired characters; cut with `…` after `limit`.

    What a page calls its title goes into a mail's subject: line breaks would forge headers, and
    bidirectional overrides would make it read as something else.
    """
    kept = "".join(map(_printable, unicodedata.normalize("NFC", text[:20_000])))
    line = " ".join(kept.split())
    return line if limit is None else shorten(line, limit)


def shorten(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units (as SNS and most mail clients count), `…` where it was cut."""
    if width(text) <= limit:
        return text
    cut = text[:limit]
    while cut and (width(cut) > limit - 1 or unicodedata.combining(cut[-1])):
        cut = cut[:-1]
    return cut.rstrip(_KEPT_FORMATS + " ") + "…" if limit > 0 else ""


def width(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    hidden = category in ("Cf", "Cs", "Co", "Cn") and character not in _KEPT_FORMATS
    return "" if hidden else character


def _separators(locale: str) -> tuple[str, str]:
    language, _, region = locale.replace("_", "-").partition("-")
    region = region.rpartition("-")[2]  # a script may stand between: sr-Latn-RS
    if exact := _REGIONS.get(f"{language}-{region}"):
        return exact
    if language in _POINTS.split():
        return ".", ","
    return (_SPACE, ",") if language in _SPACES.split() else _ENGLISH
