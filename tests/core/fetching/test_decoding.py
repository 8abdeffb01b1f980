"""Content codings: whole pages come out whole, and everything else is refused by name."""

import gzip
import itertools
import os
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricemon.core.errors import GiveUp, JobError
from pricemon.core.fetching import decoding
from pricemon.core.model import Reason

zstd = decoding.zstd  # under whichever name this Python has it
PACK = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
LIMIT = 1_000_000

codings = st.sampled_from(sorted(PACK))


def pieces(data, size):
    return (data[i : i + size] for i in range(0, len(data), size))


def outcome(data, coding):
    """Why decoding failed, or `None` if it did not."""
    try:
        decoding.decode(data, coding, limit=LIMIT)
    except JobError as error:
        return error.reason
    return None


@given(codings, st.binary(max_size=3000), st.integers(1, 5000))
def test_what_was_packed_comes_out_however_it_is_cut(coding, data, size):
    """Any page, in packets of any size."""
    assert decoding.decode(pieces(PACK[coding](data), size), coding, limit=LIMIT) == data


@pytest.mark.parametrize("coding", PACK)
def test_page_larger_than_a_piece_comes_out(coding):
    """Output beyond one buffer, of data that hardly compresses and of data that compresses well."""
    for data in (os.urandom(300_000), bytes(300_000), bytes(decoding.PIECE), b"ab" * 100_001):
        packed = pieces(PACK[coding](data), 7_001)
        assert decoding.decode(packed, coding, limit=LIMIT) == data


@given(codings, st.binary(min_size=1, max_size=400), st.data())
def test_no_beginning_of_a_stream_passes_for_the_whole(coding, data, draw):
    """Cut anywhere, a stream is refused: half a page may hold the wrong price."""
    packed = PACK[coding](data)
    cut = draw.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(JobError) as caught:
        decoding.decode([packed[:cut]], coding, limit=LIMIT)
    assert caught.value.reason == Reason.BAD_ENCODING


@given(codings, st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_give_a_body_or_a_reason(coding, data):
    """Nothing but the project's own errors comes out."""
    assert outcome(data, coding) in (None, Reason.BAD_ENCODING, Reason.TOO_LARGE)


@given(codings, st.binary(min_size=20, max_size=300), st.data())
def test_damaged_streams_give_a_body_or_a_reason(coding, data, draw):
    """One flipped byte in a real stream reaches deeper into a decoder than random bytes do."""
    packed = bytearray(PACK[coding](data))
    packed[draw.draw(st.integers(0, len(packed) - 1))] ^= draw.draw(st.integers(1, 255))
    assert outcome([bytes(packed)], coding) in (None, Reason.BAD_ENCODING, Reason.TOO_LARGE)


@pytest.mark.parametrize("coding", PACK)
def test_bomb_is_stopped_while_it_streams(coding):
    """An endless stream of zeros is read no further than the limit makes necessary."""
    taken = []
    bomb = PACK[coding](bytes(5_000_000))

    def endless():
        for piece in itertools.cycle([bomb]):
            taken.append(piece)
            yield piece

    with pytest.raises(GiveUp) as caught:
        decoding.decode(endless(), coding, limit=LIMIT)
    assert caught.value.reason == Reason.TOO_LARGE
    assert len(taken) == 1


def test_cut_returns_the_beginning():
    """For files of which the beginning is enough."""
    assert decoding.decode([b"abc", b"def"], None, limit=4, cut=True) == b"abcd"
    assert decoding.decode([gzip.compress(b"abcdef")], "gzip", limit=4, cut=True) == b"abcd"


def test_zstd_window_is_bounded():
    """A frame that asks for 128 MiB of memory is refused, however little it holds."""
    packer = zstd.ZstdCompressor(options={int(zstd.CompressionParameter.window_log): 27})
    packed = packer.compress(os.urandom(1000)) + packer.flush()
    with pytest.raises(GiveUp) as caught:
        decoding.decode([packed], "zstd", limit=LIMIT)
    assert caught.value.reason == Reason.BAD_ENCODING
