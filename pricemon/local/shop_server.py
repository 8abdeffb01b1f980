"""The HTTP side of the demo shop: keep-alive, conditional requests, gzip; nothing about prices."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pricemon.local.shop_markup import View
    from pricemon.local.shop_pages import Platform

_OPENING = datetime(2026, 1, 1, 6, tzinfo=UTC)
"""Day 0 of every shop, as its `Last-Modified` tells it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. `body` is as it is sent, encoded when `headers` say so."""

    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def not_found() -> Answer:
    """The page of a product that is no longer there."""
    body = b"<!doctype html><title>404</title><h1>Page not found</h1><a href='/'>Continue</a>"
    return Answer(404, body)


class PageMaker:
    """Makes one retailer's pages: everything that is the same on all of them is made once."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._parts = [_Part(text.encode()) for text in platform.surroundings()]

    def answer(self, view: View, *, changed: int, headers: Mapping[str, str]) -> Answer:
        """The page of `view`, which last changed on day `changed`, or 304 if the client has it."""
        validators = self._validators(view, changed)
        if _has_it(validators, headers):
            return Answer(304, headers=validators)
        head, main = (_Part(text.encode()) for text in self._platform.render(view))
        before, between, after = self._parts
        page = (before, head, between, main, after)
        if "gzip" not in headers.get("accept-encoding", ""):
            return Answer(200, b"".join(part.plain for part in page), headers=validators)
        encoded = validators | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Answer(200, _gzip(page), headers=encoded)

    def _validators(self, view: View, changed: int) -> dict[str, str]:
        found = {}
        if "etag" in self._platform.validators:
            content = f"{view.good.number}:{view.price}:{view.available}"
            found["ETag"] = f'"{hashlib.sha256(content.encode()).hexdigest()[:16]}"'
        if "last-modified" in self._platform.validators:
            moment = _OPENING + timedelta(days=changed)
            found["Last-Modified"] = format_datetime(moment, usegmt=True)
        return found


def _has_it(validators: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    """RFC 9110 §13.2.2: `If-None-Match` decides alone where it is sent."""
    if (tag := headers.get("if-none-match")) is not None:
        return tag == validators.get("ETag")
    since = headers.get("if-modified-since")
    return since is not None and since == validators.get("Last-Modified")


class _Part:
    """A stretch of a page, and the same as deflate blocks that can stand among others."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self._deflated: bytes | None = None

    @property
    def deflated(self) -> bytes:
        if self._deflated is None:
            squeeze = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
            self._deflated = squeeze.compress(self.plain) + squeeze.flush(zlib.Z_FULL_FLUSH)
        return self._deflated


def _gzip(parts: tuple[_Part, ...]) -> bytes:
    """One gzip member (RFC 1952) from parts of which the large ones were compressed before."""
    checksum = size = 0
    for part in parts:
        checksum = zlib.crc32(part.plain, checksum)
        size += len(part.plain)
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    last_block = b"\x03\x00"
    return b"".join(
        (header, *(p.deflated for p in parts), last_block, struct.pack("<II", checksum, size))
    )


class Server:
    """One retailer's server: a thread per connection, on a free port of loopback."""

    def __init__(self, answer: Callable[[str, Mapping[str, str]], Answer]) -> None:
        handler = type("_ShopHandler", (_Handler,), {"answer": staticmethod(answer)})
        self._server = _HttpServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def address(self) -> str:
        """`host:port`."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every open connection."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.close_connections()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, *args: Any) -> None:
        self._connections: set[socket.socket] = set()
        super().__init__(*args)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own asks the DNS for the machine's name

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error of a shop."""

    def close_connections(self) -> None:
        for connection in tuple(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it closed meanwhile


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answer: Callable[[str, Mapping[str, str]], Answer]

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.answer(self.path.partition("?")[0], headers)
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"Date: {self.date_time_string()}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
        ]
        if answer.status != HTTPStatus.NOT_MODIFIED:
            lines += [f"Content-Type: {answer.content_type}", f"Content-Length: {len(answer.body)}"]
        head = "\r\n".join((*lines, "", "")).encode("latin-1")
        self.wfile.write(head if self.command == "HEAD" else head + answer.body)

    do_HEAD = do_GET  # noqa: N815 - likewise

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent: the shop counts its answers instead."""
