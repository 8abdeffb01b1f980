"""What is seen of one amount, and of the page: the values that the text reader works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pricemon.core.extraction.texts import Texts

if TYPE_CHECKING:
    from decimal import Decimal

    from selectolax.lexbor import LexborNode

    from pricemon.core.extraction.zones import Place, Zones


@dataclass(slots=True)
class Seen:
    """One amount on the page, with all that speaks for and against it."""

    amount: Decimal
    currency: str | None
    sign: str
    text: str
    node: LexborNode
    order: int
    place: Place
    before: str = ""
    after: str = ""
    behind: str = ""
    """The text of the next element, when it stands on the same line."""
    linked: bool = False
    firm: bool = False
    """Whether its own text, not its surroundings, says that it is not the price."""
    score: int = 0
    kind: str = "price"
    """`price`; `list` (struck, was); or why it is not the product's: `secondary`, `range`, …"""
    why: list[str] = field(default_factory=list)
    label: int = 0
    alone: bool = False
    """Whether its element prints nothing beside it."""
    left_over: bool = False
    """Whether it is what a saving leaves of an old price, to the cent."""
    inferred: bool = False
    """Whether only a neighbouring amount, no word and no stroke, makes it the list price."""

    @property
    def where(self) -> str:
        """The element and its parents, as a person would point at them."""
        return " < ".join(self.place.path)


@dataclass(slots=True)
class View:
    """What the page shows. `winner` is the amount that stands out, if one does."""

    seen: list[Seen]
    zones: Zones
    heading: LexborNode | None = None
    buyable: bool = False
    """Whether something on the page puts the product into a cart."""
    orderable: bool = False
    """Whether a button that is not disabled says so in words."""
    texts: Texts = field(default_factory=Texts)
    winner: Seen | None = None
    close: list[Seen] = field(default_factory=list)
    sure: bool = False
    """Whether the winner is good enough to contradict markup."""
