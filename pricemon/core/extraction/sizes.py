"""How large an element is printed, as far as its own tag, style and utility classes say.

Pages without telling names still print their price larger than what stands around it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pricemon.core.wordlist import words

if TYPE_CHECKING:
    from collections.abc import Mapping

Size = Literal["large", "small", ""]

_LARGE_TAGS = frozenset(("h1", "h2", "h3", "big"))
_LARGE = frozenset(
    words(
        "h1 h2 h3 display-1 display-2 display-3 display-4 display-5 display-6 fs-1 fs-2 fs-3 fs-4"
    )
)
"""Bootstrap's names for headings' sizes."""
_SMALL = frozenset(words("small fs-6 fine-print footnote"))
_TEXT = re.compile(r"(?:[\w-]+:)*text-(?:(\d?xl)|(xs|sm)|\[(\d+(?:\.\d+)?)(px|rem|em)\])")
"""Tailwind's font sizes, behind any `md:`; `max-w-2xl` is none."""
_LARGE_FONTS = frozenset(("+1", "+2", "+3", "5", "6", "7"))
_FONT_SIZE = re.compile(
    r"font-size\s*:\s*(\d+(?:\.\d+)?)\s*(px|pt|rem|em|%)|font-size\s*:\s*(x?x-large)"
)
_PIXELS = {"px": 1.0, "pt": 1.33, "rem": 16.0, "em": 16.0, "%": 0.16}
_AT_LEAST = 20.0
_AT_MOST = 12.0


def of(tag: str, names: str, style: str, attributes: Mapping[str, str | None]) -> Size:
    """The size that an element asks for by its tag, `class` and `style`; empty for none."""
    if tag in _LARGE_TAGS:
        return "large"
    found = _FONT_SIZE.search(style.lower()) if "ont-" in style.lower() else None
    if found:
        return "large" if found[3] else _by_pixels(float(found[1]) * _PIXELS[found[2]])
    if tag == "font":
        return "large" if attributes.get("size") in _LARGE_FONTS else ""
    return _by_names(names) if names else ""


@lru_cache(maxsize=4096)
def _by_names(names: str) -> Size:
    for name in names.split():
        found = _TEXT.fullmatch(name) if "text-" in name else None
        if found and found[3]:
            return _by_pixels(float(found[3]) * _PIXELS[found[4]])
        if found:
            return "large" if found[1] else "small"
        if name in _LARGE:
            return "large"
        if name in _SMALL:
            return "small"
    return ""


def _by_pixels(pixels: float) -> Size:
    return "large" if pixels >= _AT_LEAST else "small" if pixels <= _AT_MOST else ""
