"""Milliseconds per page: pricemon beside the bare parse, lxml and extruct, on the same pages.

The floor is what any reader on this parser must pay: one parse and the look-ups of the syntaxes.
Pages are the sample of saved shop pages beside the checkout where it is there, else our own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from pricemon.core.extract import extract
from pricemon.core.model import Page

ROOT = Path(__file__).parents[2]
SAMPLE = sorted((ROOT.parent / "shared" / "pages").glob("*-real-*.html"))
OWN = sorted((ROOT / "tests" / "pages").glob("*/page.html"))
LOOK_UPS = ('script[type*="ld+json"]', "[itemprop]", "meta", "h1", '[class*="price"]')
ROUNDS = 9


def floor(body: bytes) -> None:
    tree = LexborHTMLParser(body)
    for css in LOOK_UPS:
        tree.css(css)


def ours(body: bytes) -> None:
    extract(Page(url="https://shop.example/p", status=200, body=body))


def by_lxml(body: bytes) -> None:
    html = pytest.importorskip("lxml.html")
    html.fromstring(body).xpath('//script[@type="application/ld+json"] | //*[@itemprop]')


def by_extruct(body: bytes) -> None:
    extruct = pytest.importorskip("extruct")
    text = body.decode("utf-8", "replace")
    extruct.extract(text, syntaxes=["json-ld", "microdata", "opengraph", "rdfa"], errors="ignore")


def milliseconds(read: Callable[[bytes], None], body: bytes, rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        read(body)
        taken.append(time.process_time() - started)
    return min(taken) * 1000


@pytest.mark.filterwarnings("ignore")
def test_milliseconds_per_page():
    bodies = [path.read_bytes() for path in SAMPLE or OWN]
    readers = {"floor": floor, "pricemon": ours, "lxml": by_lxml, "extruct": by_extruct}
    table = {
        name: [milliseconds(read, body, ROUNDS if name != "extruct" else 2) for body in bodies]
        for name, read in readers.items()
    }
    size = statistics.median(map(len, bodies)) / 1000
    print(f"\n{len(bodies)} pages, median {size:.0f} KB; milliseconds of processor time per page")  # noqa: T201 - a benchmark prints
    for name, taken in table.items():
        ratio = sum(taken) / sum(table["floor"])
        print(f"{name:10} median {statistics.median(taken):8.2f}   {ratio:6.1f} x floor")  # noqa: T201 - as above
    assert sum(table["pricemon"]) < sum(table["extruct"])
