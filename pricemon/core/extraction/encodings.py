"""Bytes of a page → the same page in UTF-8, from the encoding it really is in.

Encodings are believed in the order of their evidence: a byte-order mark; bytes that are valid
UTF-8 (no other encoding's text is, by accident); the header's charset, then the page's own, each
only if the bytes decode; else UTF-8 with a few bad bytes, or the language's legacy encoding.
"""

from __future__ import annotations

import codecs
import re

_STATEFUL = "iso-2022-jp"
_CHUNK = 16_384
"""Bytes checked at a time: text of a whole page costs a parse more in memory than in work."""
_HEAD = 4096
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


def to_utf8(body: bytes, content_type: str | None = None) -> bytes:
    """`body` in UTF-8, by the best evidence of what it is in; itself where it is that already."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body.decode(name, "replace").encode()
    head = body[:_HEAD]
    if head.count(0) > len(head) // 4:
        return body.decode("utf-16-le" if head[1:2] == b"\0" else "utf-16-be", "replace").encode()
    declared = _declared(head, content_type)
    if _is_utf8(body):
        # Its bytes are ASCII, and therefore valid as any: the one encoding that must be believed.
        return body.decode(_STATEFUL, "replace").encode() if _STATEFUL in declared else body
    return _legacy(body, declared).encode()


def _is_utf8(body: bytes) -> bool:
    if body.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(body)
    try:
        for start in range(0, len(body), _CHUNK):
            decoder.decode(view[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


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
