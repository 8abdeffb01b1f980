"""The price that a reader sees, on the smallest page that shows each way of printing it."""

from decimal import Decimal

import pytest

from pricemon.core.extract import extract
from pricemon.core.model import Availability, Page, Reason


def read(body: str, url: str = "https://shop.example.de/p/1"):
    page = f"<!doctype html><html><head><title>Arco lamp</title></head><body>{body}</body></html>"
    return extract(Page(url=url, status=200, body=page.encode()))


BUY = '<button class="add-to-cart">Add to cart</button>'


@pytest.mark.parametrize(
    ("block", "price"),
    [
        ('<div><span class="t1">€<!-- -->68.50</span></div>', "68.50"),
        ("<p><b>Now</b><i>€</i><em>128</em><sup>.00</sup><span>nice</span></p>", "128.00"),
        ("<p><span class=t1>49.50</span> EUR <span>(39.92 EUR net)</span></p>", "49.50"),
        ("<p><b>1 749,-</b></p>", "1749"),
        ("<p class=price><big>5</big>,<big>990</big> €</p>", "5990"),
        ("<p>€ 14<span>,</span><span>990</span><small>.00</small></p>", "14990.00"),
        ("<p>72.990<small>,00 RSD</small></p>", "72990.00"),
        ("<p class=price>67 915 ₸ /шт</p>", "67915"),
        ("<p class=price>€ 8,99</p><p class=price>€ 0,28 / Stück</p>", "8.99"),
        ("<p class=price>84 €</p><p class=price>~ 91 $</p>", "84"),
        ("<p class=price>€ 49</p><label><input type=checkbox> gift wrap <b>€ 5</b></label>", "49"),
        ("<p class=price>€ 49 <label><input type=checkbox> compare</label></p>", "49"),
        ("<p class=price>€ 120</p><p class=price>€ 12 × 10</p>", "120"),
        ('<aside class="sidebar"><p>€ 49,00</p><button>In den Warenkorb</button></aside>', "49.00"),
        ('<div class="product__grid"><p class="price">€ 49,00</p></div>', "49.00"),
    ],
    ids=[
        "comment-between", "sign-in-an-element", "sign-behind-an-element", "dash-for-a-sign",
        "digits-in-elements", "all-in-elements",
        "sign-behind-the-cents", "for-one-piece", "piece-of-a-pack", "about-so-much-elsewhere",
        "extra-to-tick", "box-to-compare", "instalments-behind", "aside-that-sells", "grid-of-one",
    ],
)  # fmt: skip
def test_price(block, price):
    reading = read(f"<h1>Arco lamp</h1>{block}{BUY}")
    assert (reading.price, reading.reason) == (Decimal(price), None), reading.detail


@pytest.mark.parametrize(
    ("block", "url", "price", "currency"),
    [
        ("<b>39,10 лв.</b> <b>19,99 €</b>", "https://shop.example.bg/p/1", "19.99", "EUR"),
        ("<b>84.500 L</b> <b>815 €</b>", "https://shop.example.al/p/1", "84500", "ALL"),
        ("<b>815 €</b> <b>84.500 L</b>", "https://shop.example.al/p/1", "84500", "ALL"),
    ],
)
def test_of_one_price_in_two_currencies_the_local_one_is_read(block, url, price, currency):
    reading = read(f'<h1>Arco lamp</h1><div class="price">{block}</div>{BUY}', url)
    assert (reading.price, reading.currency) == (Decimal(price), currency)


def test_a_letter_is_a_sign_in_its_country():
    block = f"<h1>Arco lamp</h1><ul><li><h2>R1 595.00</h2></li></ul>{BUY}"
    reading = read(block, "https://shop.example.co.za/p/1")
    assert (reading.price, reading.currency) == (Decimal("1595.00"), "ZAR")
    assert read(block, "https://shop.example.de/p/1").price is None


def test_the_larger_of_two_wins_where_no_name_tells():
    reading = read(
        '<h1>Arco lamp</h1><p class="text-4xl font-bold">€ 49</p>'
        f'<dl><dt>Fitting</dt><dd class="text-sm">€ 30</dd></dl>{BUY}'
    )
    assert reading.price == Decimal(49)


def test_markup_that_names_only_the_struck_price_is_in_conflict():
    """Neither can be believed: the sale price is somewhere among the others."""
    reading = read(
        '<script type="application/ld+json">{"@type":"Product","name":"Arco lamp","offers":'
        '{"@type":"Offer","price":"78.00","priceCurrency":"EUR"}}</script><h1>Arco lamp</h1>'
        '<s>€ 78,00</s><p class="price">€ 63,96</p><p class="price">€ 61,80</p>'
    )
    assert (reading.price, reading.reason) == (None, Reason.CONFLICT)


def test_a_sentence_is_no_label():
    reading = read(
        "<h1>Arco lamp</h1><p>The price of running this lamp for a whole year is about € 18 "
        f"in every household.</p><p class=x>€ 49</p>{BUY}"
    )
    assert reading.price == Decimal(49)


def test_a_theme_s_badge_is_no_statement():
    sold_out = '<span class="price__badge">Sold out</span>'
    reading = read(f"<h1>Arco lamp</h1><p class=price>€ 49</p>{sold_out}{BUY}")
    assert reading.availability is None
    reading = read(f"<h1>Arco lamp</h1><p class=price>€ 49</p>{sold_out}")
    assert reading.availability is Availability.OUT_OF_STOCK


@pytest.mark.parametrize(
    ("button", "state"),
    [
        (BUY, Availability.IN_STOCK),
        ('<button disabled class="add-to-cart">Add to cart</button>', None),
        ("", None),
    ],
)
def test_words_against_markup_count_where_no_button_sells(button, state):
    markup = (
        '<script type="application/ld+json">{"@type":"Product","name":"Arco lamp","offers":{'
        '"@type":"Offer","price":"49","priceCurrency":"EUR","availability":"InStock"}}</script>'
    )
    stated = f"{markup}<h1>Arco lamp</h1><p class=price>€ 49</p><p>Out of stock</p>{button}"
    assert read(stated).availability is state


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("In stock - ships tomorrow", Availability.IN_STOCK),
        ("Auf Lager, sofort lieferbar", Availability.IN_STOCK),
        ("Out of stock (back in May)", Availability.OUT_OF_STOCK),
        ("Availability: in stock", Availability.IN_STOCK),
        ("We stock over 400 lamps - all in one place", None),
    ],
)
def test_what_stands_before_the_details_is_the_statement(text, state):
    reading = read(f"<h1>Arco lamp</h1><p class=price>€ 49</p><p>{text}</p>")
    assert reading.availability is state


@pytest.mark.parametrize(
    "block",
    [
        '<p class="product-detail-price with-list-price">€ 49 <s>€ 59</s></p>',
        '<h2 class="total-price">€ 49</h2>',
        '<p class="h3 font-weight-bold price">€ 49</p>',
        '<div class="layout-sidebar"><p class="qa-advert-price">€ 49</p></div>',
        '<div class="card"><div class="card-footer"><b class="price">€ 49</b></div></div>',
        "<dl><dt>Regular price</dt><dd>€ 49</dd><dt>Sale price</dt><dd>€ 49</dd></dl>",
    ],
    ids=["with-list-price", "total-price", "bold", "a-classified-ad", "card", "regular-and-sale"],
)
def test_what_only_sounds_like_another_price_is_read(block):
    assert read(f"<h1>Arco lamp</h1>{block}{BUY}").price == Decimal(49)


OFFERS = (
    '<script type="application/ld+json">{"@type":"Product","name":"Arco lamp","offers":'
    '{"@type":"AggregateOffer","lowPrice":"48","highPrice":"89","priceCurrency":"EUR"}}</script>'
)


@pytest.mark.parametrize(
    ("block", "price", "reason"),
    [
        ("<p class=price>€ 59</p>", "59", None),
        ("<p class=price>€ 159</p>", None, Reason.AMBIGUOUS),
        ("", None, Reason.AMBIGUOUS),
    ],
)
def test_of_a_range_of_offers_the_page_s_own_is_read(block, price, reason):
    reading = read(f"{OFFERS}<h1>Arco lamp</h1>{block}{BUY}")
    assert (reading.price, reading.reason) == (Decimal(price) if price else None, reason)


def test_one_tag_s_price_among_several_offers_must_be_shown():
    """Shops put their cheapest variant into `og:price`."""
    tag = '<meta property="og:price:amount" content="48">'
    reading = read(f"{tag}{OFFERS}<h1>Arco lamp</h1>{BUY}")
    assert (reading.price, reading.reason) == (None, Reason.AMBIGUOUS)
    reading = read(f"{tag}{OFFERS}<h1>Arco lamp</h1><p class=price>€ 48</p>{BUY}")
    assert reading.price == Decimal(48)


@pytest.mark.parametrize(
    "page",
    [
        (
            '<span id="site-title">Karoo Software</span><a class="menu-name">Accounting</a>'
            "<h2>SpazaBooks 7 - single licence</h2>{}"
        ),
        (
            "<table><tr><td><font size=4><b>SpazaBooks 7</b></font></td></tr><tr><td>{}</td></tr>"
            "</table>"
        ),
    ],
    ids=["second-level", "no-heading"],
)
def test_the_name_is_found_without_a_first_heading(page):
    title = "<title>SpazaBooks 7 - small business accounting - Karoo Software</title>"
    body = page.format(f"<p>Price: € 49</p>{BUY}")
    html = f"<!doctype html><html><head>{title}</head><body>{body}</body></html>"
    reading = extract(Page(url="https://shop.example.de/p", status=200, body=html.encode()))
    assert reading.price == Decimal(49)
    assert "near the heading" in reading.candidates[0].verdict


def test_an_option_s_price_confirms_no_markup():
    """Markup holds the smallest size; the page sells the one that is chosen."""
    options = "".join(
        f'<div class="option">{size} <small>€ {price}</small></div>'
        for size, price in (("Single", 349), ("Double", 529), ("King", 629))
    )
    reading = read(
        '<script type="application/ld+json">{"@type":"Product","name":"Arco lamp","offers":'
        '{"@type":"Offer","price":"349","priceCurrency":"EUR"}}</script><h1>Arco lamp</h1>'
        f'<p class="final-price">Now € 629</p>{BUY}{options}'
    )
    assert (reading.price, reading.reason) == (None, Reason.CONFLICT)


STATED = (
    '<script type="application/ld+json">{"@type":"Product","name":"Arco lamp","offers":'
    '{"@type":"Offer","price":"%s","priceCurrency":"%s"}}</script><h1>Arco lamp</h1>'
)


def test_an_amount_that_nothing_calls_a_price_does_not_overrule_markup():
    """The page fills its price in by script; what it prints is what a return costs."""
    block = f"<p>Within 30 days, zumu only € 6,95</p>{BUY}"
    reading = read(STATED % ("119.95", "EUR") + block)
    assert (reading.price, reading.source) == (Decimal("119.95"), "json-ld")


def test_markup_net_of_tax_gives_way_where_the_page_says_so():
    block = (
        '<p><span class="price">12,800円</span> +税</p>'
        '<p><span class="price">(税込 ￥14,080)</span></p>'
    )
    reading = read(STATED % ("12800", "JPY") + block + BUY, "https://shop.example.jp/p/1")
    assert reading.price == Decimal(14080)
