"""One HTTP request and its response, bounded. No policy: no redirects, waits or second tries."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import urllib3
from urllib3 import exceptions as http

from pricemon.core.errors import GiveUp, Retry
from pricemon.core.fetching import connections, decoding
from pricemon.core.model import Reason

if TYPE_CHECKING:
    from pricemon.core.fetching.connections import Exchange
    from pricemon.core.urls import Target

_OK = range(200, 300)
_LONGEST_LENGTH = 20  # digits
_DRAINABLE = 16_384
"""Bytes of an unwanted body that are cheaper to read than a new connection is to open."""


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers and decoded body; the body is read for 2xx only."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(
    manager: urllib3.PoolManager,
    target: Target,
    headers: Mapping[str, str],
    exchange: Exchange,
    *,
    limit: int,
    on_headers: Callable[[urllib3.BaseHTTPResponse], None],
    cut: bool = False,
) -> Response:
    """Send one GET and read its body, up to `limit` decoded bytes (`cut`: and ignore the rest).

    `on_headers` sees the response before its body. A kept connection that the peer has closed
    meanwhile is replaced without further ado. Raises `Retry` for what may heal (timeouts, broken
    connections, truncated bodies), else `GiveUp`.
    """
    token = connections.current.set(exchange)
    try:
        with _named(target, exchange):
            raw = _send(manager, target, headers, exchange)
            try:
                on_headers(raw)
                body = _body(raw, limit, cut=cut) if raw.status in _OK else b""
                _finish(raw)
            except BaseException:
                raw.close()
                raise
            return Response(raw.status, raw.headers, body)
    finally:
        connections.current.reset(token)


def _send(
    manager: urllib3.PoolManager, target: Target, headers: Mapping[str, str], exchange: Exchange
) -> urllib3.BaseHTTPResponse:
    while True:
        exchange.opened = False
        timeout = urllib3.Timeout(
            connect=exchange.left(exchange.connect_timeout),
            read=exchange.left(exchange.read_timeout),
        )
        try:
            return manager.urlopen(
                "GET",
                target.url,
                headers=headers,
                redirect=False,
                retries=False,
                timeout=timeout,
                preload_content=False,
                decode_content=False,
            )
        except http.ProtocolError:
            # Each round uses up one kept connection, so this ends with a new one.
            if exchange.opened:
                raise


def _body(raw: urllib3.BaseHTTPResponse, limit: int, *, cut: bool) -> bytes:
    if not cut and (_declared(raw) or 0) > limit:
        raise GiveUp(Reason.TOO_LARGE, f"the body is over {limit:,} bytes")
    pieces = _capped(raw.stream(decoding.PIECE, decode_content=False), limit)
    return decoding.decode(pieces, raw.headers.get("content-encoding"), limit=limit, cut=cut)


def _declared(raw: urllib3.BaseHTTPResponse) -> int | None:
    """The Content-Length in bytes, if there is one worth believing."""
    length = raw.headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < _LONGEST_LENGTH else None


def _capped(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The bytes on the wire are capped too: an endless coded stream may decode to nothing."""
    taken = 0
    for piece in pieces:
        yield piece
        taken += len(piece)
        if taken > limit:
            raise GiveUp(Reason.TOO_LARGE, f"the body is over {limit:,} bytes")


def _finish(raw: urllib3.BaseHTTPResponse) -> None:
    """Leave the connection fit for the next request if that is cheap, else close it."""
    length = 0 if raw.status == HTTPStatus.NOT_MODIFIED else _declared(raw)
    if length is not None and length <= _DRAINABLE and "transfer-encoding" not in raw.headers:
        raw.drain_conn()
    raw.close()


@contextmanager
def _named(target: Target, exchange: Exchange) -> Iterator[None]:
    """Turn what urllib3 and the sockets raise into the project's errors.

    Their own messages are left out: they may carry URLs, headers or a proxy's credentials.
    """
    host = f"{target.host}, by way of the proxy," if exchange.proxied else target.host
    try:
        yield
    except http.NewConnectionError:
        raise Retry(Reason.CONNECTION, f"cannot connect to {target.authority}") from None
    except (http.TimeoutError, TimeoutError) as error:
        if exchange.clock() >= exchange.deadline:
            raise Retry(Reason.TIMEOUT, f"{host} did not answer in full in time") from None
        what = "connect" if isinstance(error, http.ConnectTimeoutError) else "answer"
        raise Retry(Reason.TIMEOUT, f"{host} took too long to {what}") from None
    except (http.SSLError, ssl.SSLError) as error:
        raise _tls_failure(host, error) from None
    except http.ProxyError:
        raise Retry(Reason.CONNECTION, "the proxy made no connection") from None
    except (http.IncompleteRead, http.InvalidChunkLength):
        raise Retry(Reason.CONNECTION, f"{host} ended the response early") from None
    except (http.HTTPError, OSError):
        raise Retry(Reason.CONNECTION, f"{host} broke the connection off") from None
    except ValueError:
        # http.client refuses to send control characters and what is not Latin-1.
        raise GiveUp(Reason.INTERNAL, "a configured header or cookie cannot be sent") from None


def _tls_failure(host: str, error: Exception) -> Retry | GiveUp:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return GiveUp(Reason.TLS, f"{host} has no valid certificate: {cause.verify_message}")
        cause = cause.args[0] if cause.args and isinstance(cause.args[0], BaseException) else None
    return Retry(Reason.TLS, f"no TLS connection to {host} came about")
