"""Connections that go to checked addresses only, and whose reads end by a deadline.

Built on urllib3's pools, with two things that it leaves to its users: sockets that are opened by
`core.addresses`' rules, and a deadline for a whole exchange. A socket timeout restarts with every
byte, so a server that drips one byte a second would hold a worker for ever.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import urllib3
from urllib3 import exceptions as http
from urllib3.connection import HTTPConnection, HTTPSConnection

from pricemon.core.errors import JobError
from pricemon.core.fetching import addresses


@dataclass(slots=True, kw_only=True)
class Exchange:
    """The bounds of one request and its response, as the sockets below need to know them.

    `deadline` is in terms of `clock`; timeouts are seconds. `proxied`: the peer is the user's own
    proxy, which may be anywhere and looks the shop up itself. `opened` tells whether a new
    connection was made (if not, the peer may have closed the one that was kept).
    """

    clock: Callable[[], float]
    deadline: float
    connect_timeout: float
    read_timeout: float
    resolve: addresses.Resolver
    allow_private: bool = False
    proxied: bool = False
    opened: bool = False

    def left(self, most: float) -> float:
        """Seconds that the next step may take. Raises `TimeoutError` when there are none."""
        left = min(most, self.deadline - self.clock())
        if left <= 0:
            raise TimeoutError("the time for this request is used up")
        return left

    def connect(self, host: str, port: int) -> socket.socket:
        """A socket to the first address that answers; all are checked before any is tried."""
        self.opened = True
        timeout = self.left(self.connect_timeout)
        try:
            found = addresses.lookup(host, port, resolve=self.resolve, timeout=timeout)
        except JobError:
            if self.proxied:
                raise OSError("the proxy's host was not found") from None
            raise
        if not self.proxied:
            addresses.check(host, found, allow_private=self.allow_private)
        failure: OSError = OSError("no address")
        for index, address in enumerate(found):
            share = self.left(self.connect_timeout) / (len(found) - index)
            try:
                return _open(address, port, share)
            except OSError as error:
                failure = error
        raise failure


current: ContextVar[Exchange] = ContextVar("exchange")
"""The exchange this thread is in. urllib3 has no parameter that reaches from a call to a `recv`."""


class _Socket(socket.socket):
    """A socket whose every read ends by the exchange's deadline."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        exchange = current.get()
        self.settimeout(exchange.left(exchange.read_timeout))
        return super().recv_into(*args, **kwargs)


class _TlsSocket(ssl.SSLSocket):
    """The same over TLS."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        exchange = current.get()
        self.settimeout(exchange.left(exchange.read_timeout))
        return super().recv_into(*args, **kwargs)


def _open(address: str, port: int, timeout: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = _Socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout)
        sock.connect((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _dial(connection: HTTPConnection) -> socket.socket:
    """Stand in for urllib3's own connect, which would look the name up again, unchecked."""
    host, port = connection.host, connection.port
    try:
        return current.get().connect(host, port)
    except TimeoutError as error:
        raise http.ConnectTimeoutError(connection, "connect timed out") from error
    except OSError as error:
        raise http.NewConnectionError(connection, "connect failed") from error


class _HttpConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _dial(self)


class _HttpsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _dial(self)


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """urllib3's defaults (verified, TLS 1.2 or newer) with sockets that keep deadlines."""
    context = urllib3.util.create_urllib3_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    context.sslsocket_class = _TlsSocket
    return context


def pools(*, tls: ssl.SSLContext, size: int, proxy: str | None = None) -> urllib3.PoolManager:
    """Keep-alive pools of up to `size` connections a host, through `proxy` if one is given.

    Raises `ValueError`, without the proxy's URL in it, for a proxy that is none.
    """
    options: dict[str, Any] = {"num_pools": 32, "maxsize": size, "ssl_context": tls}
    manager = _proxied(proxy, options) if proxy else urllib3.PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return manager


def _proxied(proxy: str, options: dict[str, Any]) -> urllib3.ProxyManager:
    try:
        url = urllib3.util.parse_url(proxy)
        headers = None
        if url.auth:
            headers = urllib3.util.make_headers(proxy_basic_auth=unquote(url.auth))
        return urllib3.ProxyManager(
            url._replace(auth=None).url,
            proxy_headers=headers,
            proxy_ssl_context=options["ssl_context"],
            **options,
        )
    except (ValueError, http.HTTPError):
        raise ValueError("it is not an http:// or https:// URL") from None
