"""What stands around the product on a real shop's page, made once per retailer.

Stylesheets, menus, related products with prices of their own, reviews, footers and scripts: the
tens of kilobytes that a monitor must read past, and must not take a price from.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from decimal import Decimal

Format = Callable[[Decimal], str]

_WORDS = (
    *("account", "banner", "basket", "button", "card", "carousel", "category", "drawer", "filter"),
    *("gallery", "grid", "header", "icon", "label", "list", "menu", "panel", "product", "review"),
    *("search", "section", "slider", "swatch", "tab", "title", "tooltip", "wrapper"),
)
_PROPERTIES = (
    "display:flex",
    "margin:0 auto",
    "padding:.75rem 1rem",
    "color:#2b2b2b",
    "background:#fff",
    "border:1px solid #e4e4e4",
    "font-size:.875rem",
    "line-height:1.5",
    "transition:opacity .2s ease",
    "grid-template-columns:repeat(4,1fr)",
)
_SENTENCES = (
    "Bought this for a long trip and it held up better than I hoped.",
    "Delivery took two days, the box was fine.",
    "Good value, though the manual could be clearer.",
    "My second one; the first is still in use after six years.",
    "A little heavier than it looks on the pictures.",
    "Exactly as described, would order again.",
    "The colour is darker than on my screen, still happy with it.",
)


class Filler:
    """Sections of one retailer's pages; the same `seed` makes the same sections."""

    def __init__(self, seed: str, money: Format) -> None:
        self._dice = random.Random(f"filler:{seed}")  # noqa: S311 - decoration
        self._money = money

    def style(self, size: int) -> str:
        """An inline stylesheet of about `size` characters."""
        return "<style>" + self._repeat(size, self._css_rule) + "</style>"

    def script(self, size: int) -> str:
        """An inline script of about `size` characters, minified."""
        return (
            "<script>(function(w,d){"
            + self._repeat(size, self._statement)
            + "})(window,document);</script>"
        )

    def state(self, name: str, size: int) -> str:
        """A JSON state of about `size` characters assigned to `window.{name}`."""
        entries: dict[str, object] = {}
        while len(json.dumps(entries)) < size:
            entries[f"{self._word()}_{len(entries)}"] = {
                "enabled": self._dice.choice((True, False)),
                "variant": self._word(),
                "weight": round(self._dice.random(), 3),
                "targets": [self._word() for _ in range(4)],
            }
        return f"<script>window.{name}={json.dumps(entries, separators=(',', ':'))};</script>"

    def menu(self, sections: int, links: int, base: str) -> str:
        """A header's navigation: `sections` menus of `links` links below `base`."""
        columns = "".join(
            f'<li class="menu__section"><a href="{base}/{(top := self._word())}">{top.title()}</a>'
            f'<ul class="menu__sub">{self._links(links, f"{base}/{top}")}</ul></li>'
            for _ in range(sections)
        )
        return (
            '<a class="skip" href="#main">Skip to content</a><header class="site-header">'
            f'<nav class="menu" aria-label="Main"><ul>{columns}</ul></nav></header>'
        )

    def related(self, heading: str, card: str, count: int) -> str:
        """Other products with their prices. `card` has `{title}`, `{href}`, `{price}`."""
        cards = "".join(
            card.format(
                title=f"{self._word().title()} {self._word()} {n}",
                href=f"/other/{self._word()}-{n}",
                price=self._money(Decimal(self._dice.randrange(495, 89_995)) / 100),
            )
            for n in range(count)
        )
        return f'<section class="related"><h2>{heading}</h2><ul>{cards}</ul></section>'

    def reviews(self, count: int) -> str:
        """Customers' reviews, without prices."""
        items = "".join(
            f'<li class="review"><span class="review__stars">{self._dice.randint(3, 5)}/5</span>'
            f"<p>{' '.join(self._dice.sample(_SENTENCES, 4))}</p>"
            f"<footer>{self._word().title()} {self._word()[0].upper()}.</footer></li>"
            for _ in range(count)
        )
        return f'<section class="reviews"><h2>Reviews</h2><ul>{items}</ul></section>'

    def footer(self, links: int, notes: Sequence[str]) -> str:
        """A site footer with `links` links and lines of small print."""
        small = "".join(f"<p>{note}</p>" for note in notes)
        return f'<footer class="site-footer"><ul>{self._links(links, "/info")}</ul>{small}</footer>'

    def _links(self, count: int, base: str) -> str:
        words = [self._word() for _ in range(count)]
        return "".join(
            f'<li class="menu__item"><a class="menu__link" href="{base}/{word}-{n}">'
            f"{word.title()}</a></li>"
            for n, word in enumerate(words)
        )

    def _css_rule(self) -> str:
        body = ";".join(self._dice.sample(_PROPERTIES, 4))
        return f".{self._word()}__{self._word()}--{self._word()}{{{body}}}"

    def _statement(self) -> str:
        return (
            f"var {self._word()}{self._dice.randrange(99)}=d.querySelector('.{self._word()}__"
            f"{self._word()}');w.addEventListener('{self._word()}',function(e){{e.preventDefault()}});"
        )

    def _word(self) -> str:
        return self._dice.choice(_WORDS)

    @staticmethod
    def _repeat(size: int, make: Callable[[], str]) -> str:
        parts: list[str] = []
        length = 0
        while length < size:
            parts.append(make())
            length += len(parts[-1])
        return "".join(parts)
