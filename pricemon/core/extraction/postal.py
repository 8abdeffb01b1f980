"""The country of the postal addresses that a page prints: whose dollars its `$` are.

A shop on `.com` that declares no language still prints where it is: a state with its ZIP code, a
province with its postal code. One country counts, and only alone.
"""

from __future__ import annotations

import re

from pricemon.core.wordlist import words

MAX_CHARS = 300_000

_US_STATES = "|".join(
    words(
        "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ"
        " NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC"
    )
)
# USPS Publication 28, Canada Post and Australia Post addressing guidelines.
_ADDRESSES = {
    "US": re.compile(rf"\b(?:{_US_STATES}),?\s+\d{{5}}(?:-\d{{4}})?\b|\b(?:U\.S\.A\.?|USA)\b"),
    "CA": re.compile(r"\b[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d\b|\bCanad(?:a|ian)\b"),
    "AU": re.compile(r"\b(?:NSW|VIC|QLD|TAS|ACT)\s+\d{4}\b|\bABN\b|\bAustralian?\b"),
    "NZ": re.compile(r"\bNew Zealand\b|\bNZBN\b"),
    "SG": re.compile(r"\bSingapore\b"),
    "HK": re.compile(r"\bHong Kong\b"),
    "MX": re.compile(r"\bM[eé]xico\b|\bC\.P\. ?\d{5}\b"),
}


def country(text: str) -> str | None:
    """The one country of those with dollars that the page's text places itself in, or None."""
    found = [code for code, address in _ADDRESSES.items() if address.search(text, 0, MAX_CHARS)]
    return found[0] if len(found) == 1 else None
