"""The word that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` most like `word`, or `None` where nothing is like it."""
    folded = word.strip().lower().replace("-", "_").replace(" ", "_")
    matches = difflib.get_close_matches(folded, list(known), n=1, cutoff=0.7)
    return matches[0] if matches else None
