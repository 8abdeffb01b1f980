"""No server can hold a worker, fill its memory, or pass half a page off as a whole one."""

import gzip
import zlib

import brotli
import pytest

from pricemon.core.errors import GiveUp, JobError, Retry
from pricemon.core.fetching import decoding
from pricemon.core.model import Reason

zstd = decoding.zstd  # under whichever name this Python has it
PAGE = b"<p>EUR 1.299,00</p>" * 500
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def fetch(shop, fetchers):
    """Fetch the shop's /p once, on the real clock, with the given bounds."""

    def run(answer, *, seconds=30.0, **bounds):
        fetcher = fetchers(real=True, **({"retries": 0} | bounds))
        shop.answers["/p"] = answer
        deadline = fetcher._clock() + seconds
        return fetcher.fetch(shop.url("/p"), shop.retailer(), deadline=deadline)

    return run


def reason_of(fetch, answer, **bounds):
    with pytest.raises(JobError) as caught:
        fetch(answer, **bounds)
    return type(caught.value), caught.value.reason


# --- time -------------------------------------------------------------------------------------


def test_silent_server_is_left_after_the_read_timeout(fetch):
    """A server that accepts and never answers ends as a timeout."""
    assert reason_of(fetch, lambda call: call.stall(), read_timeout=0.1) == (Retry, Reason.TIMEOUT)


def test_body_that_stops_is_left_after_the_read_timeout(fetch):
    """A body whose rest never comes is a timeout, not a page."""

    def stop_midway(call):
        call.send(OK + b"Content-Length: 100\r\n\r\nhalf")
        call.stall()

    assert reason_of(fetch, stop_midway, read_timeout=0.1) == (Retry, Reason.TIMEOUT)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        OK + b"X-Slow: ",
        OK + b"Content-Length: 1000000\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nFFFF\r\n",
        OK + b"\r\n",
    ],
    ids=["status line", "headers", "body", "chunk size", "chunk", "body without a length"],
)
def test_dripping_server_is_cut_off_by_the_total_timeout(fetch, start):
    """A byte now and then keeps a socket timeout from firing, at whatever stage: only a deadline
    for the whole exchange ends it. The read timeout is out of reach here."""

    def drip(call):
        call.send(start)
        call.drip(b"0")

    bounds = {"read_timeout": 20.0, "total_timeout": 0.15}
    assert reason_of(fetch, drip, **bounds) == (Retry, Reason.TIMEOUT)


def test_dripping_tls_server_is_cut_off_as_well(shops, fetchers, certificates):
    """The deadline holds under TLS, where another socket class does the reading."""
    shop = shops(tls=certificates.server("127.0.0.1"))

    def drip(call):
        call.send(OK + b"Content-Length: 1000000\r\n\r\n")
        call.drip()

    shop.answers["/p"] = drip
    fetcher = fetchers(real=True, ca_file=certificates.file, read_timeout=20.0, total_timeout=0.3)
    with pytest.raises(Retry) as caught:
        fetcher.fetch(shop.url("/p"), shop.retailer(), deadline=fetcher._clock() + 30)
    assert caught.value.reason == Reason.TIMEOUT


def test_deadline_cuts_what_the_total_timeout_would_allow(fetch):
    """The function's remaining time wins over the configured bounds."""
    assert reason_of(fetch, lambda call: call.drip(), seconds=0.15) == (Retry, Reason.TIMEOUT)


def test_tarpit_is_not_asked_twice(shop, fetch):
    """Whoever used up the whole time once would do so again: back to the queue."""
    bounds = {"retries": 2, "total_timeout": 0.15, "read_timeout": 20.0}
    assert reason_of(fetch, lambda call: call.drip(), **bounds) == (Retry, Reason.TIMEOUT)
    assert len(shop.calls) == 1


def test_read_timeouts_are_retried(shop, fetch):
    """A single slow answer heals by asking again."""
    page = fetch(
        [lambda call: call.stall(), lambda call: call.reply("x")], retries=1, read_timeout=0.1
    )
    assert page.body == b"x"
    assert len(shop.calls) == 2


# --- broken connections -----------------------------------------------------------------------


def cut_short(call):
    call.raw(OK + b"Content-Length: 100\r\n\r\nhalf")


def reset_midway(call):
    call.send(OK + b"Content-Length: 100\r\n\r\nhalf")
    call.reset()


def cut_chunk(call):
    call.raw(OK + b"Transfer-Encoding: chunked\r\n\r\n64\r\nhalf")


def no_last_chunk(call):
    call.raw(OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        cut_short,
        reset_midway,
        cut_chunk,
        no_last_chunk,
        lambda call: call.reset(),
        lambda call: call.raw(),
        lambda call: call.raw(b"\x16\x03\x01 this is not HTTP\r\n\r\n"),
        lambda call: call.raw(OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nhalf"),
        lambda call: call.raw(OK + b"X: y\r\n" * 1000 + b"\r\n"),
        lambda call: call.raw(OK + b"X: " + b"y" * 100_000 + b"\r\n\r\n"),
        lambda call: call.raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ],
    ids=[
        "shorter than its length",
        "reset midway",
        "cut in a chunk",
        "without a last chunk",
        "reset",
        "closed",
        "not HTTP",
        "two lengths",
        "1000 headers",
        "endless header",
        "bad chunk size",
    ],
)
def test_broken_answer_is_never_a_page_and_heals(shop, fetch, answer):
    """Half an answer is a connection failure, retried; the next whole answer is the page."""
    page = fetch([answer, lambda call: call.reply("whole")], retries=1)
    assert page.body == b"whole"
    assert reason_of(fetch, answer) == (Retry, Reason.CONNECTION)


def test_length_that_is_too_small_does_not_spill_into_the_next_page(shop, bench):
    """What a server sends beyond its Content-Length is not read as the next response."""
    shop.answers["/p"] = lambda call: call.send(
        OK + b"Content-Length: 4\r\n\r\nfourHTTP/1.1 200 OK"
    )
    assert bench.fetch().body == b"four"
    assert bench.fetch("/q").body == b"<p>a page</p>"


@pytest.mark.parametrize(
    "answer",
    [
        lambda call: call.reply("x"),
        lambda call: call.reply("", 304),
        lambda call: call.send(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
        lambda call: call.reply("a short body", 302, Location="/q"),
    ],
    ids=["page", "304", "chunked", "redirect"],
)
def test_connections_are_kept(bench, answer):
    """Two pages, one connection."""
    bench.shop.answers["/p"] = answer
    bench.fetch(etag='"1"')
    bench.fetch("/r")
    assert {call.connection for call in bench.shop.calls} == {1}


@pytest.mark.parametrize(
    "length",
    [
        b"",
        b"Content-Length: 99999\r\n",
        b"Content-Length: nonsense\r\n",
        b"Content-Length: " + b"9" * 9000,
    ],
    ids=["none", "long", "nonsense", "absurd"],
)
def test_long_body_of_a_redirect_is_not_waited_for(shop, bench, length):
    """Only the location matters; a body that may not end is dropped with its connection."""

    def redirect(call):
        call.send(b"HTTP/1.1 302 Found\r\nLocation: /q\r\n" + length.strip() + b"\r\n\r\n")
        call.stall()

    shop.answers["/p"] = redirect
    assert bench.fetch().url == shop.url("/q")


def test_kept_connection_that_the_peer_closes_is_replaced_unnoticed(shop, fetchers, clock):
    """A server may drop a kept connection just as the next request is under way: that request is
    sent again on a new connection, and does not count as a failed attempt (there are none here)."""
    fetcher = fetchers(retries=0)
    shop.answers["/q"] = [lambda call: call.raw(), lambda call: call.reply("new")]
    fetcher.fetch(shop.url("/p"), shop.retailer(), deadline=clock() + 60)
    assert fetcher.fetch(shop.url("/q"), shop.retailer(), deadline=clock() + 60).body == b"new"
    assert [call.connection for call in shop.calls] == [1, 1, 2]


# --- size -------------------------------------------------------------------------------------


def endless(call):
    call.send(OK + b"\r\n")
    while True:
        call.send(b"x" * 65_536)


def endless_chunks(call):
    call.send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        call.send(b"10000\r\n" + b"x" * 65_536 + b"\r\n")


def bomb(coding, packed):
    return lambda call: call.reply(packed, Content_Encoding=coding)


@pytest.mark.parametrize(
    "answer",
    [
        endless,
        endless_chunks,
        lambda call: call.send(OK + b"Content-Length: 99999999999\r\n\r\n"),
        lambda call: call.reply(b"x" * 500_001),
        bomb("gzip", gzip.compress(bytes(50_000_000))),
        bomb("deflate", zlib.compress(bytes(50_000_000))),
        bomb("br", brotli.compress(bytes(50_000_000), quality=1)),
        bomb("zstd", zstd.compress(bytes(50_000_000))),
    ],
    ids=["endless", "endless chunks", "declared", "one over", "gzip", "deflate", "br", "zstd"],
)
def test_too_large_is_stopped_on_the_way(fetch, answer):
    """Endless bodies and decompression bombs end at the limit, whatever they declare."""
    assert reason_of(fetch, answer, max_bytes=500_000) == (GiveUp, Reason.TOO_LARGE)


def test_page_of_just_the_limit_is_read(fetch):
    """The limit itself is allowed."""
    assert len(fetch(lambda call: call.reply(b"x" * 500), max_bytes=500).body) == 500


# --- encodings --------------------------------------------------------------------------------

CODINGS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def gzip_in_members(data):
    return gzip.compress(data[:100]) + gzip.compress(data[100:]) + bytes(20)


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        *((name, pack(PAGE)) for name, pack in CODINGS.items()),
        ("GZIP", gzip.compress(PAGE, mtime=0)),
        ("deflate", raw_deflate(PAGE)),
        ("gzip", gzip_in_members(PAGE)),
        ("zstd", zstd.compress(PAGE[:100]) + zstd.compress(PAGE[100:])),
        ("gzip, br", brotli.compress(gzip.compress(PAGE, mtime=0))),
        ("identity", PAGE),
        ("utf-8", PAGE),
        ("", PAGE),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_content_codings_are_undone(fetch, coding, packed):
    """Every coding asked for, and the variants that servers make of them."""
    assert fetch(lambda call: call.reply(packed, Content_Encoding=coding)).body == PAGE


@pytest.mark.parametrize("coding", [name for name in CODINGS if name != "x-gzip"])
def test_request_offers_each_coding(bench, coding):
    """What can be decoded is asked for."""
    bench.fetch()
    assert coding in bench.shop.calls[0].headers["accept-encoding"].split(", ")


@pytest.mark.parametrize("coding", CODINGS)
def test_corrupt_coding_is_named(fetch, coding):
    """A body that is not what its header says is refused, not passed on as text."""
    answer = bomb(coding, b"<html>not packed at all</html>")
    assert reason_of(fetch, answer) == (GiveUp, Reason.BAD_ENCODING)


@pytest.mark.parametrize("coding", CODINGS)
def test_stream_that_ends_early_is_not_a_page(fetch, coding):
    """A cut stream decodes to half a page without complaint in most clients. Here it is retried."""
    answer = bomb(coding, CODINGS[coding](PAGE)[:-6])
    assert reason_of(fetch, answer) == (Retry, Reason.BAD_ENCODING)


@pytest.mark.parametrize("coding", ["compress", "gzip, gzip, gzip", "gzip, magic"])
def test_unknown_coding_is_named(fetch, coding):
    """What cannot be decoded is refused."""
    answer = bomb(coding, gzip.compress(b"x"))
    assert reason_of(fetch, answer) == (GiveUp, Reason.BAD_ENCODING)


def test_coded_body_without_bytes_is_empty(fetch):
    """Servers label empty bodies as gzip, too."""
    assert fetch(lambda call: call.reply(b"", Content_Encoding="gzip")).body == b""


def test_nested_bomb_is_stopped(fetch):
    """Gzip in gzip multiplies; each layer is unpacked a piece at a time."""
    answer = bomb("gzip, gzip", gzip.compress(gzip.compress(bytes(30_000_000), 1)))
    assert reason_of(fetch, answer, max_bytes=500_000) == (GiveUp, Reason.TOO_LARGE)
