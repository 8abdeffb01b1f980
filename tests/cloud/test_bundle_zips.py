"""The zip writer: valid for every reader, and the same bytes whatever the order or the machine."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path
from random import Random

import pytest

from pricemon.cloud import zips
from pricemon.cloud.zips import Member, Share

FILES = {
    "a.py": b"print('a')\n",
    "empty.txt": b"",
    "pkg/__init__.py": b"",
    "pkg/größe.py": "é = 1\n".encode(),
    "pkg/lib.so": bytes(range(256)) * 400,
}


def _zip(path: Path, files: dict[str, bytes], make=Member.stored) -> Path:
    zips.write(path, [make(name, content) for name, content in files.items()])
    return path


def _contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("make", [Member.stored, Member.deflated])
def test_the_standard_library_reads_back_what_was_written(tmp_path, make):
    assert _contents(_zip(tmp_path / "x.zip", FILES, make)) == FILES


def test_order_of_members_leaves_no_trace(tmp_path):
    shuffled = list(FILES.items())
    Random(1).shuffle(shuffled)
    first = _zip(tmp_path / "a.zip", FILES)
    second = _zip(tmp_path / "b.zip", dict(shuffled))
    assert first.read_bytes() == second.read_bytes()


def test_times_and_modes_are_fixed_and_readable_by_the_functions_user(tmp_path):
    with zipfile.ZipFile(_zip(tmp_path / "x.zip", FILES)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        modes = {info.external_attr >> 16 for info in archive.infolist()}
    assert modes == {stat.S_IFREG | 0o644}


def test_the_bytes_are_those_of_the_format(tmp_path):
    """Pins the format: a change here uploads every function of every user again."""
    path = _zip(tmp_path / "x.zip", {"a": b"hi"})
    assert path.read_bytes().hex(" ", 1) == (
        "50 4b 03 04 14 00 00 08 00 00 00 00 21 00 ac 2a 93 d8 02 00 00 00 02 00 00 00 01 00 00 00"
        " 61 68 69 50 4b 01 02 14 03 14 00 00 08 00 00 00 00 21 00 ac 2a 93 d8 02 00 00 00 02 00 00"
        " 00 01 00 00 00 00 00 00 00 00 00 00 00 a4 81 00 00 00 00 61 50 4b 05 06 00 00 00 00 01 00"
        " 01 00 2f 00 00 00 21 00 00 00 00 00"
    )


class Unseekable(io.RawIOBase):
    """A sink that can't go back: `zipfile` then writes sizes behind each member's data."""

    def __init__(self, path: Path) -> None:
        self.out = path.open("wb")

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        return self.out.write(data)

    def close(self) -> None:
        self.out.close()
        super().close()


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "with data descriptors"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_copied_as_they_are_compressed(tmp_path, method, streamed):
    source = tmp_path / "source.zip"
    sink = Unseekable(source) if streamed else source
    with zipfile.ZipFile(sink, "w", method) as archive:
        archive.mkdir("pkg") if not streamed else None
        for name, content in FILES.items():
            archive.writestr(name, content)
    if streamed:
        sink.close()
    members = list(zips.copied(source))
    with zipfile.ZipFile(source) as archive:
        sizes = {info.filename: info.compress_size for info in archive.infolist()}
    assert {member.name: len(member.data) for member in members} == {
        name: size for name, size in sizes.items() if not name.endswith("/")
    }
    zips.write(tmp_path / "copy.zip", members)
    assert _contents(tmp_path / "copy.zip") == FILES


def test_one_name_twice_is_an_error(tmp_path):
    members = [Member.stored("a", b"1"), Member.stored("a", b"2")]
    with pytest.raises(ValueError, match="a would be in the zip twice"):
        zips.write(tmp_path / "x.zip", members)


def test_shares_are_summed_by_top_level_name_largest_first(tmp_path):
    path = _zip(tmp_path / "x.zip", FILES)
    assert zips.shares(path) == [
        Share("pkg", 102_407, 102_407),
        Share("a.py", 11, 11),
        Share("empty.txt", 0, 0),
    ]
    assert zips.unzipped_size(path) == 102_418


def test_what_is_no_zip_is_said_so(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\3\4 cut off")
    with pytest.raises(zipfile.BadZipFile):
        zips.unzipped_size(path)
