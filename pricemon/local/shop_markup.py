"""One product in the markup of five real platforms: its part of the head, and of the body.

Every renderer keeps to what its platform's default theme sends, and shows on the screen the price
that its markup states.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pricemon.local.shop_prices import Good

_AVAILABLE = {True: "https://schema.org/InStock", False: "https://schema.org/OutOfStock"}
_WAS = Decimal("1.25")
"""Every tenth product shows a list price beside its own: this many times as much."""


def dollars(price: Decimal) -> str:
    """`$1,299.00`."""
    return f"${price:,.2f}"


def pounds(price: Decimal) -> str:
    """`£1,299.00`."""
    return f"£{price:,.2f}"


def euros(price: Decimal) -> str:
    """`1.299,00 €`, as in German."""
    return f"{price:,.2f}".translate(str.maketrans(",.", ".,")) + "\N{NO-BREAK SPACE}€"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One product on one day, as its page shows it. `price` is `None` for "price on request"."""

    good: Good
    url: str
    price: Decimal | None
    available: bool

    @property
    def was(self) -> Decimal | None:
        """The list price shown beside the price, on some products."""
        if self.price is None or self.good.number % 10:
            return None
        return (self.good.base * _WAS).quantize(Decimal("0.01"))


def _json(document: object) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>'


def _offer(view: View, currency: str) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "url": view.url,
        "priceCurrency": currency,
        "price": str(view.price),
        "availability": _AVAILABLE[view.available],
        "itemCondition": "https://schema.org/NewCondition",
    }


def shopify(view: View) -> tuple[str, str]:
    """Shopify's default theme: one JSON-LD Product, variants in cents in a script."""
    good = view.good
    product: dict[str, Any] = {
        "@context": "http://schema.org/",
        "@type": "Product",
        "name": good.title,
        "url": view.url,
        "sku": good.sku,
        "brand": {"@type": "Brand", "name": good.brand},
        "description": f"The {good.title}, made by {good.brand}.",
    }
    if view.price is None:
        shown, button = '<span class="price-item">Contact us for a quote</span>', "Request a quote"
        cents = None
    else:
        product["offers"] = [_offer(view, "USD")]
        cents = int(view.price * 100)
        was = (
            f'<s class="price-item price-item--regular">{dollars(view.was)}</s> '
            if view.was
            else ""
        )
        shown = f'{was}<span class="price-item price-item--sale">{dollars(view.price)}</span>'
        button = "Add to cart" if view.available else "Sold out"
    variant = {"id": 4_000_000 + good.number, "price": cents, "available": view.available}
    head = (
        f"<title>{escape(good.title)} | North Peak</title>"
        f'<link rel="canonical" href="{view.url}"><meta property="og:type" content="product">'
        f'<meta property="og:title" content="{escape(good.title)}">'
    )
    body = (
        f'<section class="product"><h1 class="product__title">{escape(good.title)}</h1>'
        f'<div class="price">{shown}</div><form action="/cart/add"><button name="add">{button}'
        f"</button></form><script>var meta={json.dumps({'product': {'variants': [variant]}})};"
        f"</script>{_json(product)}</section>"
    )
    return head, body


def woocommerce(view: View) -> tuple[str, str]:
    """WooCommerce with Yoast SEO: one @graph, the product among page, breadcrumb and site."""
    good = view.good
    product: dict[str, Any] = {
        "@type": "Product",
        "@id": f"{view.url}#product",
        "name": good.title,
        "sku": good.sku,
        "mainEntityOfPage": {"@id": view.url},
    }
    if view.price is None:
        shown = "<p>Preis auf Anfrage</p>"
    else:
        offer = _offer(view, "EUR")
        del offer["price"], offer["priceCurrency"]
        offer["priceSpecification"] = [
            {
                "@type": "UnitPriceSpecification",
                "price": str(view.price),
                "priceCurrency": "EUR",
                "valueAddedTaxIncluded": True,
            }
        ]
        product["offers"] = [offer]
        amount = '<span class="woocommerce-Price-amount amount"><bdi>{}</bdi></span>'
        now = amount.format(euros(view.price))
        shown = (
            f'<p class="price"><del aria-hidden="true">{amount.format(euros(view.was))}</del> '
            f"<ins>{now}</ins></p>"
            if view.was
            else f'<p class="price">{now}</p>'
        )
    graph = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebPage", "@id": view.url, "name": good.title, "inLanguage": "de-DE"},
            {
                "@type": "BreadcrumbList",
                "@id": f"{view.url}#breadcrumb",
                "itemListElement": [{"@type": "ListItem", "position": 1, "name": good.kind}],
            },
            {"@type": "WebSite", "@id": "#website", "name": "Haus und Hof"},
            product,
        ],
    }
    stock_class, stock_text = (
        ("in-stock", "Vorrätig") if view.available else ("out-of-stock", "Nicht vorrätig")
    )
    head = (
        f"<title>{escape(good.title)} - Haus und Hof</title>"
        f'<link rel="canonical" href="{view.url}">{_json(graph)}'
    )
    body = (
        f'<div class="product type-product"><h1 class="product_title entry-title">'
        f"{escape(good.title)}</h1>{shown}"
        f'<p class="stock {stock_class}">{stock_text}</p>'
        f'<span class="sku">{good.sku}</span></div>'
    )
    return head, body


def magento(view: View) -> tuple[str, str]:
    """Magento's Luma theme: microdata on the product's own elements."""
    good = view.good
    if view.price is None:
        shown = '<div class="price-box">Price available in store</div>'
    else:
        was = (
            f'<span class="old-price"><span class="price">{pounds(view.was)}</span></span>'
            if view.was
            else ""
        )
        shown = (
            '<div class="product-info-price" itemprop="offers" itemscope '
            'itemtype="http://schema.org/Offer"><span class="price-box price-final_price">'
            f'<span class="price-wrapper" data-price-amount="{view.price}" '
            f'data-price-type="finalPrice"><span class="price">{pounds(view.price)}</span></span>'
            f'<meta itemprop="price" content="{view.price}"/>'
            f'<meta itemprop="priceCurrency" content="GBP"/></span>{was}'
            f'<link itemprop="availability" href="{_AVAILABLE[view.available]}"/></div>'
        )
    stock_text = "In stock" if view.available else "Out of stock"
    head = f"<title>{escape(good.title)}</title>"
    body = (
        '<div class="column main" itemscope itemtype="http://schema.org/Product">'
        f'<h1 class="page-title"><span itemprop="name">{escape(good.title)}</span></h1>{shown}'
        f'<div class="stock"><span>{stock_text}</span></div>'
        f'<div class="sku" itemprop="sku">{good.sku}</div></div>'
    )
    return head, body


def opengraph(view: View) -> tuple[str, str]:
    """A bespoke shop that knows only OpenGraph."""
    good = view.good
    state = "instock" if view.available else "oos"
    head = (
        f"<title>{escape(good.title)} | Lumen Audio</title>"
        f'<meta property="og:type" content="product"><meta property="og:url" content="{view.url}">'
        f'<meta property="og:title" content="{escape(good.title)}">'
    )
    if view.price is None:
        shown = "Coming soon"
    else:
        head += (
            f'<meta property="product:price:amount" content="{view.price}">'
            '<meta property="product:price:currency" content="USD">'
            f'<meta property="product:availability" content="{state}">'
        )
        was = f'<span class="was"><s>{dollars(view.was)}</s></span> ' if view.was else ""
        shown = f'{was}<strong class="current-price">{dollars(view.price)}</strong>'
    body = (
        f'<article class="pdp"><h1>{escape(good.title)}</h1><p class="pdp__price">{shown}</p>'
        f'<p class="pdp__stock">{"In stock" if view.available else "Sold out"}</p></article>'
    )
    return head, body


def plain(view: View) -> tuple[str, str]:
    """A shop without any markup, with European numbers: only a rule can read it for sure."""
    good = view.good
    if view.price is None:
        shown = "Preis auf Anfrage"
    else:
        was = f'<span class="uvp">UVP <s>{euros(view.was)}</s></span> ' if view.was else ""
        shown = f'{was}<span class="betrag">{euros(view.price)}</span>'
    head = f"<title>{escape(good.title)} günstig kaufen</title>"
    body = (
        f'<div class="artikel"><h1>{escape(good.title)}</h1>'
        f'<div class="artikel-preis">{shown}</div>'
        f'<div class="lieferbar">{"Auf Lager" if view.available else "Ausverkauft"}</div>'
        f"<dl><dt>Art.-Nr.</dt><dd>{good.sku}</dd></dl></div>"
    )
    return head, body
