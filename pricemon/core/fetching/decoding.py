"""Content-Encoding, undone piece by piece under a size limit.

Each coding is a generator of pieces of about `PIECE` bytes, so a decompression bomb is stopped
when the limit is passed, not after it has filled the memory. Unlike most clients these tell a
stream that ended early from a complete one: half a page may hold the wrong price.
"""

from __future__ import annotations

import importlib
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pricemon.core.errors import GiveUp, Retry
from pricemon.core.model import Reason

PIECE = 65_536
_LONGEST_CHAIN = 2
_ZSTD_WINDOW_LOG = 23  # 8 MiB, the most that RFC 9659 lets an HTTP response ask for


def _optional(module: str) -> Any:
    """A library that need not be there: shops then send something else."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


zstd = _optional("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
brotli = _optional("brotli")
if not hasattr(getattr(brotli, "Decompressor", None), "can_accept_more_data"):
    brotli = None  # before 1.2 its output could not be bounded: it would let a bomb through

_Pieces = Iterator[bytes]


class _Corrupt(Exception):
    """The bytes are not what their header says."""


class _Truncated(Exception):
    """The stream ended before its end mark."""


def _inflate(pieces: Iterable[bytes], *, wbits: int = zlib.MAX_WBITS + 16) -> _Pieces:
    """Gzip (RFC 1952: members follow one another), or zlib and raw deflate with their `wbits`."""
    decoder = zlib.decompressobj(wbits)
    complete = started = False
    for data in pieces:
        rest, full = data, False
        while rest or full:
            if decoder.eof:
                decoder = zlib.decompressobj(wbits)
            try:
                out = decoder.decompress(rest, PIECE)
            except zlib.error as error:
                if complete:
                    return  # padding after the last member
                raise _Corrupt from error
            started = True
            complete = complete or decoder.eof
            yield out
            rest, full = decoder.unconsumed_tail or decoder.unused_data, len(out) == PIECE
    if started and not complete:
        raise _Truncated


def _deflate(pieces: Iterable[bytes]) -> _Pieces:
    """The `deflate` coding: zlib by the book, raw deflate from servers that misread it."""
    source = iter(pieces)
    head = b""
    for piece in source:
        head += piece
        if len(head) > 1:
            break
    is_zlib = (
        len(head) > 1 and head[0] & 0x0F == zlib.DEFLATED and not (head[0] << 8 | head[1]) % 31
    )
    yield from _inflate(_chain(head, source), wbits=zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


def _chain(head: bytes, rest: Iterator[bytes]) -> _Pieces:
    yield head
    yield from rest


def _unbrotli(pieces: Iterable[bytes], library: Any) -> _Pieces:
    decoder = library.Decompressor()
    started = False
    for data in pieces:
        if decoder.is_finished():
            return
        rest = data
        try:
            # `can_accept_more_data` may be true while output waits: ask until there is none.
            while (out := decoder.process(rest, output_buffer_limit=PIECE)) or (
                not decoder.can_accept_more_data()
            ):
                yield out
                if decoder.is_finished():
                    return
                rest = b""
        except library.error as error:
            raise _Corrupt from error
        started = started or bool(data)
    if started and not decoder.is_finished():
        raise _Truncated


def _unzstd(pieces: Iterable[bytes], library: Any) -> _Pieces:
    """Zstandard (RFC 8878: frames follow one another)."""
    options = {library.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    decoder = library.ZstdDecompressor(options=options)
    started = False
    for data in pieces:
        rest = data
        while rest or not (decoder.needs_input or decoder.eof):
            if decoder.eof:
                decoder = library.ZstdDecompressor(options=options)
            try:
                yield decoder.decompress(rest, max_length=PIECE)
            except library.ZstdError as error:
                raise _Corrupt from error
            started = True
            rest = decoder.unused_data
    if started and not decoder.eof:
        raise _Truncated


def _codings() -> dict[str, Callable[[Iterable[bytes]], _Pieces]]:
    known: dict[str, Callable[[Iterable[bytes]], _Pieces]] = {
        "gzip": _inflate,
        "x-gzip": _inflate,
        "deflate": _deflate,
    }
    if brotli is not None:
        known["br"] = lambda pieces: _unbrotli(pieces, brotli)
    if zstd is not None:
        known["zstd"] = lambda pieces: _unzstd(pieces, zstd)
    return known


_CODINGS = _codings()
# Not content codings, yet sent as such; no browser minds.
_NO_CODING = frozenset({"", "identity", "none", "utf-8", "utf8"})

ACCEPT_ENCODING = ", ".join(name for name in _CODINGS if name != "x-gzip")
"""What can be decoded here, for the request."""


def decode(
    pieces: Iterable[bytes], content_encoding: str | None, *, limit: int, cut: bool = False
) -> bytes:
    """The decoded body, of at most `limit` bytes.

    Raises `GiveUp(too_large)` if there is more (`cut`: returns its beginning instead),
    `GiveUp(bad_encoding)` for an unknown coding or corrupt data, and `Retry(bad_encoding)` for a
    stream that ended early.
    """
    names = [name.strip().lower() for name in (content_encoding or "").split(",")]
    names = [name for name in names if name not in _NO_CODING]
    if len(names) > _LONGEST_CHAIN or any(name not in _CODINGS for name in names):
        raise GiveUp(Reason.BAD_ENCODING, f"cannot decode Content-Encoding {content_encoding!r}")
    for name in reversed(names):
        pieces = _CODINGS[name](pieces)
    body = bytearray()
    try:
        for piece in pieces:
            body += piece
            if len(body) > limit:
                if cut:
                    return bytes(body[:limit])
                raise GiveUp(Reason.TOO_LARGE, f"the body is over {limit:,} bytes")
    except _Corrupt:
        raise GiveUp(Reason.BAD_ENCODING, f"the body is not valid {', '.join(names)}") from None
    except _Truncated:
        raise Retry(Reason.BAD_ENCODING, f"the {', '.join(names)} body ended early") from None
    return bytes(body)
