"""Object literals of JavaScript → JSON values: `{name: 'Lamp', price: 19.9, /* net */}`.

No script is run. Keys without quotes, strings in either quote, comments and trailing commas are
read; a value that is no literal (a name, a call, a sum) becomes None. Bounded in tokens.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

MAX_LEXEMES = 20_000
MAX_DEPTH = 30

_LEXEME = re.compile(
    r"""
    (?P<space>\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')
    |(?P<number>-?(?:\d++(?:\.\d++)?|\.\d++)(?![\w.]))
    |(?P<name>[A-Za-z_$][\w$]*+)
    |(?P<flag>![01](?!\w))
    |(?P<mark>[{}\[\]:,])
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None, "undefined": None, "!0": True, "!1": False}
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_OPENING = {"{": "}", "[": "]", "(": ")"}


class _NotALiteralError(Exception):
    """What stands there is something else, or too much of it."""


def at(text: str, start: int) -> tuple[Any, int]:
    """The literal that starts at `start`, or None when none can be read, and how far that went."""
    reader = _Reader(text, start)
    try:
        return reader.read(), reader.end
    except _NotALiteralError:
        return None, reader.end


class _Reader:
    """Lexemes of one literal, one ahead."""

    def __init__(self, text: str, start: int) -> None:
        self._text, self.end, self._left = text, start, MAX_LEXEMES
        self._kind, self._lexeme = "", ""

    def read(self) -> Any:
        """The literal; raises when there is none."""
        self._next()
        return self._value(0)

    def _value(self, depth: int) -> Any:
        """The value here; anything but a literal is passed over and is None."""
        if depth > MAX_DEPTH:
            raise _NotALiteralError
        kind, lexeme = self._kind, self._lexeme
        if lexeme == "{" and kind == "mark":
            found: Any = self._members(depth)
        elif lexeme == "[" and kind == "mark":
            found = self._elements(depth)
        else:
            found = _scalar(kind, lexeme)
            if kind in ("string", "number", "name", "flag"):
                self._next()
        if self._lexeme in (",", "}", "]") and self._kind == "mark":
            return found
        if depth:
            self._skip_expression()
            return None
        return found

    def _members(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._next()
        while self._lexeme != "}" or self._kind != "mark":
            if self._kind not in ("string", "name", "number"):
                raise _NotALiteralError
            key = _unquoted(self._lexeme) if self._kind == "string" else self._lexeme
            self._next()
            if (self._kind, self._lexeme) == ("mark", ":"):
                self._next()
                found[key] = self._value(depth + 1)
            else:
                self._skip_expression()
            self._comma("}")
        self._close(depth)
        return found

    def _elements(self, depth: int) -> list[Any]:
        found: list[Any] = []
        self._next()
        while self._lexeme != "]" or self._kind != "mark":
            found.append(self._value(depth + 1))
            self._comma("]")
        self._close(depth)
        return found

    def _comma(self, closing: str) -> None:
        if self._kind == "mark" and self._lexeme == ",":
            self._next()
        elif self._kind != "mark" or self._lexeme != closing:
            raise _NotALiteralError

    def _close(self, depth: int) -> None:
        """Past a closing bracket; what follows the outermost one is no longer ours to read."""
        if depth:
            self._next()
        else:
            self._kind, self._lexeme = "mark", ","

    def _skip_expression(self) -> None:
        """On to the comma or bracket that ends the value."""
        closing: list[str] = []
        while closing or self._lexeme not in (",", "}", "]") or self._kind == "string":
            if self._kind in ("mark", "other"):
                if self._lexeme in _OPENING:
                    closing.append(_OPENING[self._lexeme])
                elif closing and self._lexeme == closing[-1]:
                    closing.pop()
            self._next()

    def _next(self) -> None:
        while True:
            self._left -= 1
            found = _LEXEME.match(self._text, self.end)
            if found is None or self._left < 0:
                raise _NotALiteralError
            self.end = found.end()
            if found.lastgroup != "space":
                self._kind, self._lexeme = found.lastgroup or "", found[0]
                return


def _scalar(kind: str, lexeme: str) -> Any:
    if kind == "string":
        return _unquoted(lexeme)
    return Decimal(lexeme) if kind == "number" else _WORDS.get(lexeme)


def _unquoted(lexeme: str) -> str:
    return _ESCAPE.sub(_escaped, lexeme[1:-1]) if "\\" in lexeme else lexeme[1:-1]


def _escaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _PLAIN.get(found[3], found[3])
