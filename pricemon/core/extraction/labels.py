"""The few words beside a number → what they make of it, in the languages shops are written in.

Words and phrases of up to three words are looked up in tables. Scripts without spaces are
searched for their few phrases.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pricemon.core.extraction.vocabulary import phrases, smaller
from pricemon.core.extraction.vocabulary.phrases import SAVINGS, Label
from pricemon.core.extraction.vocabulary.units import UNITS
from pricemon.core.extraction.vocabulary.unspaced import UNSPACED

if TYPE_CHECKING:
    from pricemon.core.extraction.sight import Seen

_WORD = re.compile(r"[^\W_]+|\+")
_PER = re.compile(
    r"/\s?(?:\d+\s?)?(?:mo|mth|month|wk|week|yr|year|day|night|kg|g|gr|l|lt|ltr|ml|cl|dl|oz"
    r"|lb|m|m²|m2|m3|qm|mes|mois|mês|monat|mån|mies|mc|měs|мес|кг|г|л|м|м²|м2)(?![\w])",
    re.IGNORECASE,
)
_EACH = re.compile(
    r"/\s?(?:1\s?)?(?:st|stk|stck|stück|szt|ks|kus|pcs?|pce|piece|unit|ea|each|kpl|db|шт|buc|vnt|gab|kom"
    r"|un|und|unid|ud|pz|pezzo|adet|stuk|tk|бр|од|ədəd|dona)(?![\w])",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?:^|\W)\d{1,2}\s?[x×]\s?(?:de\s)?$", re.IGNORECASE)
_SO_OFTEN = re.compile(r"\s*[x×х]\s?\d{1,2}\b")
_TIMES_WHAT = re.compile(r"[x×х]\s*$")
_UNSPACED = re.compile(r"[\u0900-\u109f\u1780-\u17ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
# `定 價`: letters spread over the width of a column.
_SPREAD = re.compile(
    r"(?<=[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af])\s(?=[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af])"
)
# `1 kg € 13,96`, `1 l = 2,49`: with a dash between, it is what one may choose.
_MEASURE = re.compile(
    r"(?:^|[\s(\d])(?:kg|l|lt|ltr|lit[er]{2}|кг|m²|m2|qm)\s*[=:(]?\s*[€$£]?\s*$", re.IGNORECASE
)
PHRASES = {
    phrase: phrases.PHRASES.get(phrase, 0) | smaller.SMALLER.get(phrase, 0)
    for phrase in (*phrases.PHRASES, *smaller.SMALLER)
}
_BEGINS_PHRASES = frozenset(phrase.partition(" ")[0] for phrase in PHRASES if " " in phrase)
_STEM = min(map(len, SAVINGS))
_STEMS = frozenset(stem[:_STEM] for stem in SAVINGS)
_MAX_WORDS = 12
_NEXT = 2


_LAST_ONLY = Label.FROM | Label.LIST_LAST


@lru_cache(maxsize=4096)
def of(text: str) -> int:
    """What the words of `text` say, together."""
    found = 0
    words = _WORD.findall(text.lower())[-_MAX_WORDS:]
    for start, word in enumerate(words):
        found |= PHRASES.get(word, 0)
        if word in _BEGINS_PHRASES:
            found |= PHRASES.get(" ".join(words[start : start + 2]), 0)
            found |= PHRASES.get(" ".join(words[start : start + 3]), 0)
        if word[:_STEM] in _STEMS and word.startswith(SAVINGS):
            found |= Label.SECONDARY
    if not text.isascii() and _UNSPACED.search(text):
        text = _SPREAD.sub("", text)
        for phrase, flag in UNSPACED.items():
            if phrase in text:
                found |= flag
    if "/" in text:
        found |= Label.RATE if _PER.search(text) else 0
        found |= Label.EACH if _EACH.search(text) else 0
    return found


@lru_cache(maxsize=4096)
def before(text: str) -> int:
    """What stands before an amount says; `FROM` only when it stands last, `3 x` is instalments."""
    words = _WORD.findall(text.lower())
    # What stands next to the amount outweighs what stands before that: `incl. VAT, plus delivery`.
    found = of(" ".join(words[-_NEXT:])) if len(words) > _NEXT else 0
    found = (found & ~Label.PRICE and found) or of(text)
    if found & _LAST_ONLY:
        ends = 0
        for size in (1, 2, 3):
            ends |= PHRASES.get(" ".join(words[-size:]), 0)
        found &= ends | ~_LAST_ONLY
        if found & Label.LIST_LAST:
            found |= Label.LIST
    if _TIMES.search(text) or _MEASURE.search(text):
        found |= Label.RATE
    return found


def is_price(text: str) -> bool:
    """Whether a label says `Price` and nothing more: `Price for members` is another one."""
    return bool(PHRASES.get(" ".join(_WORD.findall(text.lower())), 0) & Label.PRICE)


def around(seen: Seen) -> int:
    """What the words before, after and behind an amount say, together."""
    return seen.label | of(seen.after) | of(seen.behind)


_UNIT = re.compile(r"\s*(%|°|\"|″|”|'|[^\W\d_]+[²2]?\+?|×)")


def is_unit(after: str) -> bool:
    """Whether the number before `after` counts or measures something: `500 ml`, `4 reviews`."""
    unit = _UNIT.match(after)
    return unit is not None and unit[1].lower() in UNITS


def is_instalment(after: str) -> bool:
    """Whether what follows an amount says how often it is paid: `755 000 × 12`."""
    return _SO_OFTEN.match(after) is not None


def counts(before: str) -> bool:
    """Whether what stands before a number makes it a number of times: `€ 12 × 10`."""
    return _TIMES_WHAT.search(before) is not None
