"""Bytes → one parsed document, in the encoding it really is in, with what it says of itself.

Encodings are believed in the order of their evidence: a byte-order mark; bytes that are valid
UTF-8 (no other encoding's text is, by accident); the header's charset, then the page's own, each
only if the bytes decode; else UTF-8 with a few bad bytes, or the language's legacy encoding.
"""

from __future__ import annotations

import codecs
import re
from functools import cached_property
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from pricemon.core import currencies

MAX_BYTES = 8_000_000
"""What is parsed of a longer body: no product page is longer, and time stays bounded."""

MAX_UNCLOSED = 20_000
MAX_DEPTH = 2_000
"""Elements in elements; browsers stop at 512. Parsing takes time by the square of the depth."""

_HEAD = 4096
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_NEVER_OPEN = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]{2,32})", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{2,32})", re.IGNORECASE)
_LANG = re.compile(rb"<html[^>]{0,500}?\blang\s*=\s*[\"']?([A-Za-z]{2,3})", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# WHATWG: these labels mean their Windows or superset encodings.
_WHATWG = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "us-ascii": "cp1252",
    "ascii": "cp1252", "iso-8859-9": "cp1254", "shift_jis": "cp932", "shift-jis": "cp932",
    "sjis": "cp932", "x-sjis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949", "tis-620": "cp874", "windows-874": "cp874", "x-gbk": "gb18030",
}  # fmt: skip
_LEGACY = {
    "ru": "cp1251", "uk": "cp1251", "bg": "cp1251", "sr": "cp1251", "be": "cp1251", "kk": "cp1251",
    "pl": "cp1250", "cs": "cp1250", "sk": "cp1250", "hu": "cp1250", "sl": "cp1250", "hr": "cp1250",
    "ro": "cp1250", "tr": "cp1254", "el": "cp1253", "he": "cp1255", "ar": "cp1256", "th": "cp874",
    "ja": "cp932", "zh": "gb18030", "ko": "cp949", "lt": "cp1257", "lv": "cp1257", "et": "cp1257",
}  # fmt: skip
MAX_STATED = 2_000_000
# Literal prefixes without flags: found at memory speed in megabytes of script.
_SHOPIFY = re.compile(r"Shopify\.currency\s*=\s*\{\s*\"active\"\s*:\s*\"([A-Z]{3})\"")
_STATED = re.compile(
    r"""urrency(?:_?[cC]ode|_?[iI]so|_?[iI]d)?\\?["']?\s{0,3}[:=]\s{0,3}\\?["']([A-Z]{3})\\?["']"""
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
        body = body[:MAX_BYTES]
        self.text, as_is = decode(body, content_type)
        opened = self.text.count("<")
        if opened > MAX_UNCLOSED and opened - 2 * self.text.count("</") > MAX_UNCLOSED:
            self.text, as_is = _until_too_deep(self.text), False
        self.tree = LexborHTMLParser(body if as_is else self.text, scripting=True)
        self._metas: dict[str, list[str]] | None = None

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
                if country in currencies.BY_COUNTRY:
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
            if region in currencies.BY_COUNTRY:
                return region
        return None

    @cached_property
    def stated_currency(self) -> str | None:
        """The one currency that the page's scripts and attributes name (`"currency":"CAD"`)."""
        text = self.text[:MAX_STATED]
        active = _SHOPIFY.search(text)
        if active:
            return currencies.normalise(active[1])
        codes = {currencies.normalise(code) for code in _STATED.findall(text)} - {None}
        return codes.pop() if len(codes) == 1 else None

    @cached_property
    def solid(self) -> tuple[str, ...]:
        """Currencies that the page's country speaks for: enough for a bare amount."""
        return (currencies.BY_COUNTRY[self.country],) if self.country else ()

    @cached_property
    def evidence(self) -> tuple[str, ...]:
        """Currencies that anything here speaks for, the stronger first; enough for shared signs."""
        found = list(self.solid)
        if self.region:
            found.append(currencies.BY_COUNTRY[self.region])
        likely = currencies.LIKELY_REGION.get(self.lang.partition("-")[0])
        if likely:
            found.append(currencies.BY_COUNTRY[likely])
        return tuple(dict.fromkeys(found))


def _until_too_deep(text: str) -> str:
    """`text` up to where its elements stand deeper in each other than any page's."""
    depth = 0
    for tag in _TAG.finditer(text):
        if tag[2].lower() not in _NEVER_OPEN:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > MAX_DEPTH:
                return text[: tag.start()]
    return text


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


def decode(body: bytes, content_type: str | None = None) -> tuple[str, bool]:
    """`body` as text by the best evidence, and whether its bytes are that text in UTF-8."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body.decode(name, "replace"), False
    head = body[:_HEAD]
    declared = _declared(head, content_type)
    if body.isascii() and not any(
        name.startswith(("iso-2022", "hz", "utf-7")) for name in declared
    ):
        return body.decode("ascii"), b"\0" not in body
    if head.count(0) > len(head) // 4:
        return body.decode("utf-16-le" if head[1:2] == b"\0" else "utf-16-be", "replace"), False
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(body, declared), False
    return text, "\0" not in text


def _declared(head: bytes, content_type: str | None) -> list[str]:
    names = []
    if content_type and (found := _HEADER_CHARSET.search(content_type)):
        names.append(found[1])
    names += [name.decode("ascii", "replace") for name in _CHARSET.findall(head)]
    names = [_WHATWG.get(name.lower(), name.lower()) for name in names]
    return [name for name in dict.fromkeys(names) if _is_text_codec(name)]


def _is_text_codec(name: str) -> bool:
    try:
        # Python also has codecs between bytes and bytes (zlib, base64), which a page may name.
        return codecs.lookup(name)._is_text_encoding  # noqa: SLF001 - the only flag there is
    except LookupError:
        return False


def _legacy(body: bytes, declared: list[str]) -> str:
    """Text of bytes that are not valid UTF-8 throughout."""
    text = body.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    multibyte = len(text) - len(text.encode("ascii", "ignore")) - damaged
    if damaged * 20 < multibyte:
        return text
    for name in declared:
        if name in ("utf-8", "utf8"):
            continue
        decoded = body.decode(name, "replace")
        if decoded.count("\ufffd") * 50 <= max(50, len(decoded) - len(text.replace("\ufffd", ""))):
            return decoded
    lang = _LANG.search(body[:_HEAD])
    return body.decode(
        _LEGACY.get(lang[1].decode().lower(), "cp1252") if lang else "cp1252", "replace"
    )
