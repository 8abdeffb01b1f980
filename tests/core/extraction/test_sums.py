"""Old prices, savings and taxes by arithmetic, in languages the vocabulary does not know."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricemon.core.extract import extract
from pricemon.core.extraction import sums
from pricemon.core.model import Page

PAGE = '<!doctype html><html lang="xx"><body><h1>Wuzu lampa</h1>{}<button>Buy now</button></body>'


def read(block: str, url: str = "https://shop.example.de/p/1"):
    return extract(Page(url=url, status=200, body=PAGE.format(block).encode()))


@pytest.mark.parametrize(
    ("block", "price"),
    [
        ("<s>299 €</s><p>249 €</p><p>zumu 50 €</p>", "249"),
        ("<p>zumu 50 €</p><p>249 €</p><s>299 €</s>", "249"),
        ("<p>299 €</p><h3>249 €</h3><p>you save 50 €</p>", "249"),
        ("<p>299 €</p><p>249 €</p><p>(-50 €)</p>", "249"),
        ("<p>299 €</p><p>249 €</p><p>-17 %</p><p>50 €</p>", "249"),
    ],
    ids=["struck", "struck-last", "called-saving", "minus", "percent"],
)
def test_what_a_saving_leaves_of_the_old_price_is_the_price(block, price):
    reading = read(block)
    assert (reading.price, reading.list_price) == (Decimal(price), Decimal(299))


@pytest.mark.parametrize(
    "block",
    [
        "<p>299 €</p><p>249 €</p><p>50 €</p>",
        "<p>100 €</p><p>deposit 30 €</p><p>70 €</p>",
    ],
    ids=["nothing-says-saving", "a-deposit-is-no-saving"],
)
def test_three_amounts_that_add_up_are_no_sale_by_themselves(block):
    assert read(block).price is None


def test_one_saving_explains_one_old_price():
    """24.99 less 5.00 is 19.99, too; but the struck 29.99 is what the saving is of."""
    reading = read(
        "<s>29.99 €</s><p>24.99 €</p><p>you save 5.00 €</p><ul><li>other colour 19.99 €</li></ul>"
    )
    assert reading.price != Decimal("19.99")


@pytest.mark.parametrize(
    ("net", "gross", "expected"),
    [
        ("97.54", "119.00", True),
        ("6490.43", "7463.99", True),
        ("100.00", "119.00", False),
        ("119.00", "97.54", False),
        ("97.55", "119.00", False),
    ],
)
def test_net_is_told_by_a_rate_and_an_ending_that_nobody_sets(net, gross, expected):
    assert sums.is_net_of(Decimal(net), Decimal(gross)) is expected


@given(
    st.integers(1, 100_000).map(lambda euros: Decimal(euros) - Decimal("0.01")),
    st.sampled_from([Decimal("1.19"), Decimal("1.2"), Decimal("1.22")]),
)
def test_an_amount_is_never_net_of_its_own_net(gross, factor):
    net = (gross / factor).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert not sums.is_net_of(gross, net)


def test_the_gross_price_wins_over_its_net_without_a_word():
    assert read('<p class="price">119,00 €</p><p class="price">97,54 €</p>').price == Decimal(119)


def test_markup_before_tax_gives_way_to_what_is_shown():
    markup = (
        '<script type="application/ld+json">{"@type":"Product","name":"Wuzu lampa","offers":'
        '{"@type":"Offer","price":"6490.43","priceCurrency":"ZAR"}}</script>'
    )
    reading = read(f'{markup}<p class="price">R7 463.99</p>', "https://shop.example.co.za/p/1")
    assert (reading.price, reading.currency) == (Decimal("7463.99"), "ZAR")
