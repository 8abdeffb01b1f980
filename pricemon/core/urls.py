"""URLs as a fetcher needs them: taken apart once, so that what is checked is what is contacted.

Two parsers that disagree about where a host name ends are a classic way round a guard. Here a URL
is split once and rebuilt from validated parts; only the rebuilt form is ever requested.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urljoin, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # what IDNA (RFC 3490 §3.1) takes for a full stop
_DEVIATIONS = frozenset("ßς\u200c\u200d")
_SAFE = "!#$%&'()*+,/:;=?@[]~"


class InvalidUrl(ValueError):
    """Not a URL that can be requested. The message is a clause that quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Target:
    """An http(s) URL without user info and fragment; `host` is ASCII, `path` includes the query."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take a URL apart. Raises `InvalidUrl`."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port
            path = quote(parts.path or "/", safe=_SAFE)
            query = quote(parts.query, safe=_SAFE)
        except ValueError:
            # The standard library's messages quote the part they choke on: it may be a password.
            raise InvalidUrl("it is malformed") from None
        if parts.scheme not in _DEFAULT_PORTS:
            raise InvalidUrl("it is neither http nor https")
        host = ascii_host(parts.hostname or "")
        full_path = f"{path}?{query}" if query else path
        return cls(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], full_path)

    def join(self, location: str) -> Self:
        """The target of a `Location` header seen here. Raises `InvalidUrl`."""
        with contextlib.suppress(UnicodeError):
            # http.client reads header bytes as Latin-1; shops that do not escape send UTF-8.
            location = location.encode("latin-1").decode("utf-8")
        try:
            joined = urljoin(self.url, location)
        except ValueError:
            raise InvalidUrl("it is malformed") from None
        return self.parse(joined)

    @property
    def authority(self) -> str:
        """Host, and the port unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority: what one robots.txt speaks for."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The URL to request."""
        return self.origin + self.path

    @property
    def shown(self) -> str:
        """The URL for messages and logs, without the query: tokens travel there."""
        path, query, _ = self.path.partition("?")
        return self.origin + path + ("?…" if query else "")


def ascii_host(host: str) -> str:
    """A host name as DNS and TLS know it: lower case, IDNA-encoded; IPv6 in its short form.

    Encodes by IDNA 2003, except that the characters on which IDNA 2008 differs (`ß`, `ς` and the
    joiners) are kept, as browsers do (UTS #46, non-transitional). Raises `InvalidUrl`.
    """
    try:
        if ":" in host and "%" not in host:  # a zone means nothing to anyone but this machine
            return ipaddress.IPv6Address(host).compressed
        name = ".".join(_ascii_label(label) for label in _DOTS.split(host.rstrip(".")))
    except ValueError:
        name = ""
    if not _HOST.fullmatch(name):
        raise InvalidUrl("it has no valid host name")
    return name


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label.lower()
    if _DEVIATIONS.isdisjoint(label):
        return label.encode("idna").decode("ascii")
    normal = unicodedata.normalize("NFC", label.lower())
    return "xn--" + normal.encode("punycode").decode("ascii")


def belongs(target: Target, hosts: Iterable[str]) -> bool:
    """Whether a target is at one of a retailer's hosts or at a sub-domain of one.

    An entry with a port means that port alone; one without means any. `www.shop.example` stands
    for `shop.example` as well, since shops redirect between the two.
    """
    return any(_matches(target, *_entry(entry)) for entry in hosts)


def _matches(target: Target, host: str, port: int | None) -> bool:
    if port is not None and port != target.port:
        return False
    return target.host in (host, host.removeprefix("www.")) or target.host.endswith("." + host)


@functools.lru_cache(maxsize=1024)
def _entry(entry: str) -> tuple[str, int | None]:
    """`host` or `host:port` of a retailer's settings; an IPv6 host with a port is in brackets.

    An entry that is neither is `("", None)`, which matches nothing.
    """
    bare_ipv6 = entry.count(":") > 1 and not entry.startswith("[")
    try:
        parts = urlsplit(f"//[{entry}]" if bare_ipv6 else f"//{entry}")
        return ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        return "", None
