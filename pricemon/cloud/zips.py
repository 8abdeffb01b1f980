"""Zip files that are the same bytes on any machine, day, umask and Python.

What makes two zips of the same files differ is taken away: order, times, modes, and compression,
since zlib's output depends on who built it (macOS, zlib-ng). So nothing is compressed here that
travels to AWS: members of wheels are copied as they are compressed in the wheel, and our own few
sources are stored. The standard library's `zipfile` cannot copy a compressed member, hence
the writer (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16; no zip64: Lambda's limits lie
far below it).
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")

_VERSION = 20  # 2.0: folders and deflate
_MADE_ON_UNIX = 3 << 8 | _VERSION
_UTF8 = 0x800
_DAY = 1 << 5 | 1  # 1980-01-01, the earliest a zip can say
_MODE = 0o100644 << 16  # a plain file that the function's user, who is not its owner, can read


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a zip: its name, and its bytes as they stand in the archive."""

    name: str
    data: bytes
    crc: int
    size: int
    method: int = zipfile.ZIP_STORED

    @classmethod
    def stored(cls, name: str, content: bytes) -> Member:
        """A member that is not compressed: the same bytes whatever zlib there is."""
        return cls(name, content, zlib.crc32(content), len(content))

    @classmethod
    def deflated(cls, name: str, content: bytes) -> Member:
        """A member compressed by this machine's zlib, for a zip that does not leave it."""
        squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = squeeze.compress(content) + squeeze.flush()
        return cls(name, data, zlib.crc32(content), len(content), zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class Share:
    """What one package, by its top-level name, takes of a zip. Bytes."""

    name: str
    zipped: int
    unzipped: int


def write(path: Path, members: Iterable[Member]) -> None:
    """Write a zip of the members, in the order of their names. The caller sees to atomicity.

    Raises `ValueError` when two members have one name.
    """
    central: list[bytes] = []
    previous = None
    with path.open("wb") as out:
        for member in sorted(members, key=lambda m: m.name):
            if member.name == previous:
                raise ValueError(f"{member.name} would be in the zip twice")
            previous = member.name
            name = member.name.encode()
            sizes = (member.crc, len(member.data), member.size)
            common = (_VERSION, _UTF8, member.method, 0, _DAY, *sizes, len(name), 0)
            offset = out.tell()
            central.append(
                _CENTRAL.pack(b"PK\1\2", _MADE_ON_UNIX, *common, 0, 0, 0, _MODE, offset) + name
            )
            out.write(_LOCAL.pack(b"PK\3\4", *common) + name + member.data)
        start = out.tell()
        out.writelines(central)
        out.write(
            _END.pack(b"PK\5\6", 0, 0, len(central), len(central), out.tell() - start, start, 0)
        )


def copied(archive: Path) -> Iterator[Member]:
    """The files of a zip, compressed as they are. Raises `zipfile.BadZipFile`."""
    with zipfile.ZipFile(archive) as source, archive.open("rb") as raw:
        for info in source.infolist():
            if info.is_dir():
                continue
            raw.seek(info.header_offset)
            *_, name_length, extra_length = _LOCAL.unpack(raw.read(_LOCAL.size))
            raw.seek(name_length + extra_length, 1)
            data = raw.read(info.compress_size)
            yield Member(info.filename, data, info.CRC, info.file_size, info.compress_type)


def unzipped_size(path: Path) -> int:
    """The sum of the files' sizes, which is what Lambda limits. Raises `zipfile.BadZipFile`."""
    with zipfile.ZipFile(path) as archive:
        return sum(info.file_size for info in archive.infolist())


def shares(path: Path) -> list[Share]:
    """What each top-level package or file takes, the largest (unzipped) first."""
    zipped: dict[str, int] = defaultdict(int)
    unzipped: dict[str, int] = defaultdict(int)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            top = info.filename.partition("/")[0]
            zipped[top] += info.compress_size
            unzipped[top] += info.file_size
    found = (Share(name, zipped[name], unzipped[name]) for name in zipped)
    return sorted(found, key=lambda share: (-share.unzipped, share.name))
