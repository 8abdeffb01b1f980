"""The demo shop's retailers: each speaks another platform's markup, currency and language.

A page is filler before, the product, filler after. Only the product is made per request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pricemon.local import shop_markup
from pricemon.local.shop_filler import Filler

if TYPE_CHECKING:
    from pricemon.local.shop_markup import View
    from pricemon.local.shop_prices import Good


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One retailer: its name, its markup, and what the monitor's config says of it.

    `validators`: which of `etag` and `last-modified` it sends and honours, as shops differ.
    """

    name: str
    path: str
    currency: str
    locale: str
    language: str
    money: Callable[[Decimal], str]
    render: Callable[[View], tuple[str, str]]
    """A view → what belongs into the head, and the product's part of the body."""
    related_card: str
    related_heading: str
    menu: tuple[int, int]
    weight: int
    """Characters of styles and scripts, the greater part of the page."""
    validators: frozenset[str] = frozenset()
    rule: Mapping[str, Any] = field(default_factory=dict)

    def address(self, good: Good) -> str:
        """The path of the product's page."""
        slug = "-".join(good.title.lower().split())
        return self.path.format(slug=slug, number=good.number)

    def surroundings(self) -> tuple[str, str, str]:
        """The page before the product's head, between head and product, and after the product."""
        filler = Filler(self.name, self.money)
        before = (
            f'<!DOCTYPE html><html lang="{self.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            + filler.style(self.weight // 3)
        )
        between = (
            filler.script(self.weight // 4)
            + "</head><body>"
            + filler.menu(*self.menu, "/c")
            + '<main id="main">'
        )
        after = (
            filler.related(self.related_heading, self.related_card, 12)
            + filler.reviews(8)
            + "</main>"
            + filler.footer(40, (f"© {self.name}", "All prices include VAT where applicable."))
            + filler.state("__FLAGS__", self.weight // 3)
            + filler.script(self.weight // 12)
            + "</body></html>"
        )
        return before, between, after


PLATFORMS = (
    Platform(
        name="northpeak",
        path="/products/{slug}",
        currency="USD",
        locale="en-US",
        language="en",
        money=shop_markup.dollars,
        render=shop_markup.shopify,
        related_card='<li class="card"><a href="{href}">{title}</a>'
        '<div class="price"><span class="price-item">{price}</span></div></li>',
        related_heading="You may also like",
        menu=(9, 12),
        weight=36_000,
        validators=frozenset({"etag"}),
    ),
    Platform(
        name="haus-und-hof",
        path="/produkt/{slug}/",
        currency="EUR",
        locale="de-DE",
        language="de",
        money=shop_markup.euros,
        render=shop_markup.woocommerce,
        related_card='<li class="product"><a href="{href}"><h2>{title}</h2><span class="price">'
        '<span class="amount"><bdi>{price}</bdi></span></span></a></li>',
        related_heading="Ähnliche Produkte",
        menu=(10, 14),
        weight=48_000,
    ),
    Platform(
        name="brightwell",
        path="/{slug}.html",
        currency="GBP",
        locale="en-GB",
        language="en",
        money=shop_markup.pounds,
        render=shop_markup.magento,
        related_card='<li class="item"><a href="{href}">{title}</a><span class="price-box">'
        '<span class="price">{price}</span></span></li>',
        related_heading="Customers also bought",
        menu=(8, 10),
        weight=32_000,
        validators=frozenset({"last-modified"}),
    ),
    Platform(
        name="lumen-audio",
        path="/p/{number}-{slug}",
        currency="USD",
        locale="en-US",
        language="en",
        money=shop_markup.dollars,
        render=shop_markup.opengraph,
        related_card='<li class="tile"><a href="{href}">{title}</a> <em>{price}</em></li>',
        related_heading="More like this",
        menu=(6, 8),
        weight=21_000,
        validators=frozenset({"etag", "last-modified"}),
    ),
    Platform(
        name="werkstatt",
        path="/artikel/{number}/{slug}",
        currency="EUR",
        locale="de-DE",
        language="de",
        money=shop_markup.euros,
        render=shop_markup.plain,
        related_card='<li class="kachel"><a href="{href}">{title}</a><b>{price}</b></li>',
        related_heading="Wird oft zusammen gekauft",
        menu=(8, 9),
        weight=26_000,
        rule={
            "price": {"css": ".artikel-preis .betrag"},
            "availability": {"css": ".artikel .lieferbar"},
        },
    ),
)
