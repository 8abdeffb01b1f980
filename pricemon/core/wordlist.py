"""Tables of words, kept as plain text so that a table reads like one."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The words of `text`, split at white space."""
    return tuple(text.split())
