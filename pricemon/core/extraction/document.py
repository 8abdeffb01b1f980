"""Bytes → one parsed document, with what the page says of itself: language, country, name."""

from __future__ import annotations

import re
from functools import cached_property
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from pricemon.core import countries, currencies
from pricemon.core.extraction import encodings, postal

MAX_BYTES = 8_000_000
"""What is parsed of a longer body: no product page is longer, and time stays bounded."""

MAX_UNCLOSED = 20_000
MAX_DEPTH = 2_000
"""Elements in elements; browsers stop at 512. Parsing takes time by the square of the depth."""

_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_NEVER_OPEN = frozenset(b"area base br col embed hr img input link meta source wbr".split())
MAX_STATED = 2_000_000
# Literal prefixes without flags: found at memory speed in megabytes of script.
_SHOPIFY = re.compile(rb"Shopify\.currency\s*=\s*\{\s*\"active\"\s*:\s*\"([A-Z]{3})\"")
_STATED = re.compile(
    rb"""urrency(?:_?[cC]ode|_?[iI]so|_?[iI]d)?\\?["']?\s{0,3}[:=]\s{0,3}\\?["']([A-Z]{3})\\?["']"""
)
_COUNTRY_CODE = 2
_LANGUAGE_CODE = 3
_GENERIC_TLDS = frozenset(("co", "io", "tv", "me", "ai", "cc", "ly", "fm", "gg", "sh", "to", "la"))
"""Country codes sold as generic names: no evidence of a country."""


_FIRST_PAGES = ("", "index.html", "index.htm", "index.php", "default.aspx", "index.asp")
_NAMES_ONE = re.compile(
    r"(?:^|&)(?!utm_|[a-z]*cli[dk]|s(?:ess)?id)(?:[^=&]*(?:id|product|item|sku|route|artic)[^=&]*|p)=[^&]",
    re.IGNORECASE,
)
"""A query that asks for one thing among many."""


class Document:
    """One page, parsed once. `lang`, `country` and `evidence` are lower-, upper-case, ISO 4217."""

    def __init__(self, body: bytes, *, url: str = "", content_type: str | None = None) -> None:
        self.url = url
        source = encodings.to_utf8(body[:MAX_BYTES], content_type)
        opened = source.count(b"<")
        if opened > MAX_UNCLOSED and opened - 2 * source.count(b"</") > MAX_UNCLOSED:
            source = _until_too_deep(source)
        self.source = source
        """The page in UTF-8; `text` is asked for rarely, and costs as much as a parse."""
        self.tree = LexborHTMLParser(source, scripting=True)

    @cached_property
    def text(self) -> str:
        """The whole page as text, markup and all."""
        return self.source.decode("utf-8", "replace")

    @cached_property
    def metas(self) -> dict[str, list[str]]:
        """The contents of `<meta>` by lower-case `property`, `name` or `itemprop`, in order."""
        found: dict[str, list[str]] = {}
        for node in self.tree.css("meta"):
            attributes = node.attributes
            content = attributes.get("content")
            if content is None or "itemprop" in attributes:
                continue
            for key in ("property", "name"):
                name = attributes.get(key)
                if name:
                    found.setdefault(name.strip().lower(), []).append(content.strip())
                    break
        return found

    def meta(self, *names: str) -> str | None:
        """The first non-empty content among `names`, in the order of the names."""
        return next((c for name in names for c in self.metas.get(name, ()) if c), None)

    @cached_property
    def lang(self) -> str:
        """The declared language tag, lower case, `_` as `-`; empty when there is none."""
        node = self.tree.css_first("html")
        attributes = node.attributes if node else {}
        declared = attributes.get("lang") or attributes.get("xml:lang") or ""
        declared = declared or self.meta("og:locale", "content-language", "language") or ""
        return declared.strip().replace("_", "-").lower()[:20]

    @cached_property
    def title(self) -> str | None:
        """The page's own name for its subject: `og:title`, or `<title>`."""
        node = self.tree.css_first("title")
        return self.meta("og:title", "twitter:title") or (text_of(node) if node else None) or None

    @cached_property
    def scripts(self) -> list[tuple[LexborNode, str]]:
        """Its `<script>` elements, each with its `type` in lower case."""
        found = self.tree.css("script")
        return [(node, (node.attributes.get("type") or "").lower()) for node in found]

    @cached_property
    def headings(self) -> list[LexborNode]:
        """Its `<h1>` elements that hold text."""
        return [h1 for h1 in self.tree.css("h1") if h1.text(strip=True)]

    @cached_property
    def canonical(self) -> str | None:
        """`<link rel=canonical>` or `og:url`."""
        node = self.tree.css_first('link[rel="canonical"]')
        return (node and node.attributes.get("href")) or self.meta("og:url")

    @cached_property
    def country(self) -> str | None:
        """The ISO 3166 country that the host's top-level domain names, or None."""
        for url in (self.url, self.canonical or ""):
            label = _hostname(url).rpartition(".")[2]
            if len(label) == _COUNTRY_CODE and label not in _GENERIC_TLDS:
                country = label.upper()
                if country in countries.BY_COUNTRY:
                    return country
        return None

    @cached_property
    def region(self) -> str | None:
        """The country of a full language tag (`de-CH`), of the URL's path, or of `og:locale`."""
        tags = [self.lang, *re.findall(r"/([a-z]{2}[-_][a-z]{2})(?=/|$)", urlsplit_path(self.url))]
        tags.append((self.meta("og:locale") or "").replace("_", "-").lower())
        for tag in tags:
            region = (
                tag.replace("_", "-").rpartition("-")[2].upper()
                if len(tag) > _LANGUAGE_CODE
                else ""
            )
            if region in countries.BY_COUNTRY:
                return region
        return None

    @cached_property
    def postal_country(self) -> str | None:
        """The country of the addresses that the page prints, where nothing else names one."""
        body = self.tree.body
        if self.country or self.region or body is None or self.lang not in ("", "en"):
            return None
        return postal.country(body.text(separator=" "))

    @cached_property
    def stated_currency(self) -> str | None:
        """The one currency that the page's scripts and attributes name (`"currency":"CAD"`)."""
        active = _SHOPIFY.search(self.source, 0, MAX_STATED)
        found = [active[1]] if active else _STATED.findall(self.source, 0, MAX_STATED)
        codes = {currencies.normalise(code.decode("ascii")) for code in found} - {None}
        return codes.pop() if len(codes) == 1 else None

    @cached_property
    def solid(self) -> tuple[str, ...]:
        """Currencies that the page's country speaks for: enough for a bare amount."""
        if self.country is None:
            return ()
        former = countries.FORMERLY.get(self.country)
        return (countries.BY_COUNTRY[self.country], *((former,) if former else ()))

    @cached_property
    def evidence(self) -> tuple[str, ...]:
        """Currencies that anything here speaks for, the stronger first; enough for shared signs."""
        found = list(self.solid)
        if self.region:
            found.append(countries.BY_COUNTRY[self.region])
        likely = countries.LIKELY_REGION.get(self.lang.partition("-")[0])
        if likely:
            found.append(countries.BY_COUNTRY[likely])
        return tuple(dict.fromkeys(found))


def _until_too_deep(source: bytes) -> bytes:
    """`source` up to where its elements stand deeper in each other than any page's."""
    depth = 0
    for tag in _TAG.finditer(source):
        if tag[2].lower() not in _NEVER_OPEN:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > MAX_DEPTH:
                return source[: tag.start()]
    return source


def text_of(node: LexborNode) -> str:
    """The node's text with every run of white space as one space."""
    return " ".join(node.text(separator=" ").split())


def urlsplit_path(url: str) -> str:
    """The URL's path in lower case; empty for what is no URL."""
    try:
        return urlsplit(url).path.lower()
    except ValueError:
        return ""


def is_home(url: str) -> bool:
    """Whether a URL is a host's first page. `index.php?id=7` and `/#!/lamp/p/7` are products'."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    path = parts.path.strip("/").lower()
    names_one = bool(_NAMES_ONE.search(parts.query)) or "/" in parts.fragment
    return bool(parts.netloc) and path in _FIRST_PAGES and not names_one


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
