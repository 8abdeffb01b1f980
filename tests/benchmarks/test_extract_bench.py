"""Milliseconds per page: pricemon beside the bare parse, lxml and extruct, on the same pages.

The floor is what any reader on this parser must pay: one parse and the look-ups of the syntaxes.
Pages are the sample of saved shop pages beside the checkout where it is there, else our own; and
made ones of 400 KB, for that is how long shops' pages are: menus, state in scripts, cards, reviews.
"""

from __future__ import annotations

import importlib
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from pricemon.core.extract import extract
from pricemon.core.model import Page

# Neither has types: they are here to be measured.
extruct, lxml_html = map(importlib.import_module, ("extruct", "lxml.html"))

ROOT = Path(__file__).parents[2]
SAMPLE = sorted((ROOT.parent / "shared" / "pages").glob("*-real-*.html"))
OWN = sorted((ROOT / "tests" / "pages").glob("*/page.html"))
LOOK_UPS = ('script[type*="ld+json"]', "[itemprop]", "meta", "h1", '[class*="price"]')
ROUNDS = 25
SLOW_ROUNDS = 3
GROUPS = ("indoors", "outdoors", "for desks", "for walls", "for gardens", "for children")


def floor(body: bytes) -> None:
    tree = LexborHTMLParser(body)
    for css in LOOK_UPS:
        tree.css(css)


def ours(body: bytes) -> None:
    extract(Page(url="https://shop.example/p", status=200, body=body))


def by_lxml(body: bytes) -> None:
    lxml_html.fromstring(body).xpath('//script[@type="application/ld+json"] | //*[@itemprop]')


def by_extruct(body: bytes) -> None:
    """As it comes: every syntax that it knows, errors passed over."""
    extruct.extract(body.decode("utf-8", "replace"), errors="ignore")


READERS = {"floor": floor, "pricemon": ours, "lxml": by_lxml, "extruct": by_extruct}


def milliseconds(reader: str, kind: str) -> list[float]:
    """Processor time per page, median of the rounds: page after page, as a scraper reads them."""
    read, bodies = READERS[reader], pages(kind)
    taken: list[list[float]] = [[] for _ in bodies]
    for _ in range(SLOW_ROUNDS if reader == "extruct" else ROUNDS):
        for body, times in zip(bodies, taken, strict=True):
            started = time.process_time()
            read(body)
            times.append((time.process_time() - started) * 1000)
    return [statistics.median(times) for times in taken]


def pages(kind: str) -> list[bytes]:
    if kind == "large":
        return [large(markup=True), large(markup=False)]
    return [path.read_bytes() for path in SAMPLE or OWN]


def large(*, markup: bool) -> bytes:
    """A page of 400 KB about one lamp, which markup names or only the text does."""
    offer = {"@type": "Offer", "price": "49.00", "priceCurrency": "EUR"}
    product = {"@type": "Product", "name": "Arco lamp", "offers": offer}
    state = {
        "items": [
            {"id": n, "title": f"Lamp {n}", "handle": f"lamp-{n}", "tags": ["light", "home"] * 8}
            for n in range(700)
        ]
    }
    menu = "".join(
        f'<li class="menu-item level-{n % 3}"><a class="menu-link" href="/c/{n}" title="Lights">'
        f"<span>Lights {GROUPS[n % 6]}</span></a></li>"
        for n in range(600)
    )
    cards = "".join(
        f'<li class="product-card"><a href="/p/{n}"><img src="/i/{n}.jpg" alt="Lamp {n}"></a>'
        f'<h3 class="card-title"><a href="/p/{n}">Lamp {n}</a></h3>'
        f'<span class="price">€{n + 20}.00</span></li>'
        for n in range(60)
    )
    reviews = "".join(
        f'<div class="review"><span class="rating">{n % 5 + 1}/5</span>'
        f"<p>{'A fine lamp. ' * 20}</p>"
        f"<small>{n % 28 + 1}.03.2021</small></div>"
        for n in range(300)
    )
    style = ".a{color:#fff;margin:0 auto}" * 1_500
    stated = f'<script type="application/ld+json">{json.dumps(product)}</script>' if markup else ""
    page = (
        f'<!doctype html><html lang="en"><head><title>Arco lamp | Shop</title>{stated}'
        f"<style>{style}</style></head><body><header><ul>{menu}</ul></header>"
        f"<script>window.__STATE__ = {json.dumps(state)};</script>"
        '<main><div class="product"><h1>Arco lamp</h1><p class="price">€49.00</p>'
        f'<button class="add-to-cart">Add to cart</button></div><section class="related">'
        f'<h2>Related products</h2><ul>{cards}</ul></section><section class="reviews">{reviews}'
        "</section></main><footer>All prices in EUR</footer></body></html>"
    )
    return page.encode()


@pytest.mark.parametrize("kind", ["saved", "large"])
def test_milliseconds_per_page(kind):
    """Each reader in a process of its own: what one leaves in memory changes another's times."""
    medians: dict[str, list[float]] = {}
    for name in READERS:
        command = [sys.executable, "-W", "ignore", __file__, name, kind]
        medians[name] = json.loads(subprocess.check_output(command))
    size = statistics.median(map(len, pages(kind))) / 1000
    lines = [f"{kind} pages, median {size:.0f} KB; ms of processor time per page"]
    for name, taken in medians.items():
        times = [a / b for a, b in zip(taken, medians["floor"], strict=True)]
        lines.append(
            f"{name:10} median {statistics.median(taken):8.2f}   {statistics.median(times):6.1f} x "
            f"floor, page by page ({min(times):.1f} to {max(times):.1f})"
        )
    slower = [a / b for a, b in zip(medians["extruct"], medians["pricemon"], strict=True)]
    lines.append(f"extruct takes {statistics.median(slower):.0f} x as long as pricemon")
    print("", *lines, sep="\n")  # noqa: T201 - a benchmark prints
    assert sum(medians["pricemon"]) < sum(medians["extruct"])


if __name__ == "__main__":
    print(json.dumps(milliseconds(*sys.argv[1:])))  # noqa: T201 - what the test reads
