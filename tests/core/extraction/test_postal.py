"""The country of the addresses that a page prints."""

from decimal import Decimal

import pytest

from pricemon.core.extract import extract
from pricemon.core.extraction import postal
from pricemon.core.model import Page


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("1200 Main St, Dayton, OH 45402", "US"),
        ("Made in the USA", "US"),
        ("100 King St W, Toronto, ON M5X 1A9", "CA"),
        ("12 George St, Sydney NSW 2000", "AU"),
        ("We ship from Dayton, OH 45402 to Canada", None),
        ("Open 9 to 5", None),
    ],
)
def test_country(text, country):
    assert postal.country(text) == country


@pytest.mark.parametrize(
    ("address", "currency"),
    [("Dayton, OH 45402", "USD"), ("Toronto, ON M5X 1A9", "CAD"), ("", None)],
)
def test_dollars_are_those_of_the_address(address, currency):
    body = f'<h1>Arco lamp</h1><p class="price">$49.00</p><footer>{address}</footer>'
    reading = extract(Page(url="https://shop.example/p/1", status=200, body=body.encode()))
    assert (reading.price, reading.currency) == (Decimal("49.00"), currency)


def test_a_declared_language_outweighs_an_address():
    body = (
        '<html lang="en-AU"><h1>Arco lamp</h1><p class="price">$49.00</p>'
        "<footer>Dayton, OH 45402</footer></html>"
    )
    reading = extract(Page(url="https://shop.example/p/1", status=200, body=body.encode()))
    assert reading.currency == "AUD"
