"""What keeps an element off the page, and what only looks as if it did."""

from decimal import Decimal

import pytest

from pricemon.core.extract import extract
from pricemon.core.extraction import hiding
from pricemon.core.model import Page


@pytest.mark.parametrize(
    ("names", "hidden"),
    [
        ("hidden", True),
        ("price d-none", True),
        ("is-hidden", True),
        ("mfp-hide", True),
        ("ng-hide", True),
        ("invisible", True),
        ("overflow-hidden", False),
        ("no-js-hidden", False),
        ("hidden-xs", False),
        ("hidden md:block", False),
        ("hidden lg:inline-flex", False),
        ("md:hidden", False),
        ("d-none d-md-block", False),
        ("d-none d-md-none", True),
        ("visually-hidden", False),
        ("hide-scrollbar", False),
        ("price", False),
        ("", False),
    ],
)
def test_names(names, hidden):
    assert hiding.by_names(names) is hidden


@pytest.mark.parametrize(
    ("style", "hidden"),
    [
        ("display: none", True),
        ("color:red;DISPLAY:NONE;", True),
        ("visibility:hidden", True),
        ("overflow:hidden", False),
        (None, False),
    ],
)
def test_style(style, hidden):
    assert hiding.by_style(style) is hidden


@pytest.mark.parametrize(
    "names", ["overflow-hidden", "no-js-hidden", "wsite-not-footer", "page-with-sidebar"]
)
def test_a_price_in_what_only_sounds_aside_is_read(names):
    body = (
        f'<h1>Arco lamp</h1><div class="{names}"><p class="price">€ 49</p></div>'
        '<button class="add-to-cart">Add to cart</button>'
    )
    page = Page(url="https://shop.example.de/p/1", status=200, body=body.encode())
    assert extract(page).price == Decimal(49)
