"""The word that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` most like `word`, or `None` where nothing is like it."""
    names = {_folded(name): name for name in known}
    matches = difflib.get_close_matches(_folded(word), names, n=1, cutoff=0.7)
    return names[matches[0]] if matches else None


def _folded(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")
