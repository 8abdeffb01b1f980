"""The demo shop: real pages over real HTTP, and an oracle that is right to the cent."""

import gzip
import http.client
import json
import re
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from pricemon.local.shop import Shop, product_id
from pricemon.local.shop_markup import euros
from pricemon.local.shop_pages import PLATFORMS
from pricemon.local.shop_prices import Good, Move, Trouble, drops, prices, stock


@pytest.fixture(scope="module")
def shop():
    with Shop(seed=3, products=200) as running:
        yield running


def get(url, **headers):
    """(status, headers in lower case, body as sent)."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", parts.path, headers=headers)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def address(shop, good):
    return shop.catalogue()[good.number]["url"]


def one(shop, trouble=Trouble.NONE, retailer=None):
    """A product of `shop` with that trouble, at that retailer."""
    return next(
        good
        for good in shop.goods
        if good.trouble is trouble and (retailer is None or good.retailer == retailer)
    )


def json_ld(page):
    return [json.loads(e.text()) for e in page.css('script[type="application/ld+json"]')]


def marked_price(name, page):
    """What the page's own markup, or its rule's element, says."""
    match name:
        case "northpeak":
            return json_ld(page)[0]["offers"][0]["price"]
        case "haus-und-hof":
            product = json_ld(page)[0]["@graph"][-1]
            return product["offers"][0]["priceSpecification"][0]["price"]
        case "brightwell":
            return page.css('[itemprop="price"]')[0].attributes["content"]
        case "lumen-audio":
            return page.css('[property="product:price:amount"]')[0].attributes["content"]
        case _:
            text = page.css(".artikel-preis .betrag")[0].text()
            return re.sub(r"[^\d,]", "", text).replace(",", ".")


VISIBLE = {
    "northpeak": ".product .price-item--sale",
    "haus-und-hof": ".product > .price > .amount, .product > .price > ins",
    "brightwell": ".price-wrapper .price",
    "lumen-audio": ".current-price",
    "werkstatt": ".artikel-preis .betrag",
}


@pytest.mark.parametrize("index", range(len(PLATFORMS)), ids=[p.name for p in PLATFORMS])
def test_a_page_shows_the_price_that_its_markup_states(shop, index):
    platform = PLATFORMS[index]
    good = one(shop, retailer=index)
    status, headers, body = get(address(shop, good))
    page = LexborHTMLParser(body)
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert 30_000 < len(body) < 80_000
    assert Decimal(marked_price(platform.name, page)) == shop.price(good)
    assert page.css(VISIBLE[platform.name])[0].text() == platform.money(shop.price(good))
    assert len(page.css(".related li")) == 12


def test_the_numbers_of_the_rule_shop_are_european():
    assert euros(Decimal("1299.00")) == "1.299,00\xa0€"


def test_gzip_is_sent_to_who_asks_and_is_the_same_page(shop):
    url = address(shop, one(shop))
    _, plain_headers, plain = get(url)
    _, headers, body = get(url, **{"Accept-Encoding": "br, gzip"})
    assert "content-encoding" not in plain_headers
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == plain


@pytest.mark.parametrize("index", range(len(PLATFORMS)), ids=[p.name for p in PLATFORMS])
def test_each_retailer_honours_the_validators_it_sends(shop, index):
    url = address(shop, one(shop, retailer=index))
    _, headers, _ = get(url)
    sent = {name for name in ("etag", "last-modified") if name in headers}
    assert sent == PLATFORMS[index].validators
    if "etag" in sent:
        assert get(url, **{"If-None-Match": headers["etag"]})[0] == 304
    if "last-modified" in sent:
        assert get(url, **{"If-Modified-Since": headers["last-modified"]})[0] == 304
    assert get(url, **{"If-None-Match": '"other"'})[0] == 200


def test_pages_have_the_troubles_of_real_ones(shop):
    flaky = address(shop, one(shop, Trouble.FLAKY))
    assert [get(flaky)[0] for _ in range(3)] == [500, 200, 200]
    assert get(address(shop, one(shop, Trouble.GONE)))[0] == 404
    no_price = get(address(shop, one(shop, Trouble.NO_PRICE)))
    assert no_price[0] == 200
    assert b"InStock" not in no_price[2]
    host = shop.retailers()["northpeak"]["hosts"][0]
    assert b"Disallow: /cart" in get(f"http://{host}/robots.txt")[2]
    assert get(f"http://{host}/products/nothing-here")[0] == 404


def test_a_new_day_changes_prices_and_validators():
    with Shop(seed=3, products=200) as shop:
        good = next(g for g in shop.goods if g.retailer == 3 and g.move is Move.DROP)
        vanished = one(shop, Trouble.VANISHED)
        _, before, _ = get(address(shop, good))
        assert get(address(shop, vanished))[0] == 200
        shop.advance()
        status, after, body = get(address(shop, good), **{"If-None-Match": before["etag"]})
        assert status == 200
        assert after["last-modified"] != before["last-modified"]
        assert Decimal(marked_price("lumen-audio", LexborHTMLParser(body))) == shop.price(good)
        assert get(address(shop, vanished))[0] == 404
        assert product_id(vanished) in shop.unreadable()
        assert product_id(good) in shop.true_drops()


def test_after_stop_nothing_listens():
    shop = Shop(products=5).start()
    url = address(shop, shop.goods[0])
    shop.stop()
    with pytest.raises(OSError, match="refused"):
        get(url)


def test_the_seed_decides_everything():
    first, second, other = (Shop(seed=seed, products=50) for seed in (1, 1, 2))
    assert first.goods == second.goods
    assert first.goods != other.goods
    first.advance()
    second.advance()
    assert first.true_drops() == second.true_drops()


@pytest.mark.parametrize("count", [60, 5300])
def test_every_move_and_trouble_is_dealt(count):
    goods = stock(5, count, 5)
    assert {g.trouble for g in goods} == set(Trouble)
    assert {g.move for g in goods} == set(Move)


def test_the_reference_load_has_enough_true_drops():
    shop = Shop(seed=1, products=5300)
    shop.advance()
    assert len(shop.true_drops()) >= 100
    assert not shop.true_drops().keys() & shop.unreadable().keys()


def course(move, base="100.00", trouble=Trouble.NONE):
    return Good(
        number=1,
        retailer=0,
        title="Thing",
        brand="Brand",
        kind="Kind",
        sku="S",
        base=Decimal(base),
        move=move,
        trouble=trouble,
    )


@pytest.mark.parametrize(
    ("move", "days_with_a_drop"),
    [
        (Move.STEADY, []),
        (Move.WOBBLE, []),
        (Move.NEARLY, []),
        (Move.EXACT, [1]),
        (Move.DROP, [1, 3, 5]),
        (Move.CREEP, [3, 6]),
        (Move.RISE, []),
    ],
)
def test_which_days_are_true_drops(move, days_with_a_drop):
    """10 % counts, one cent less does not; what creeps is counted in sum, once per fall."""
    good = course(move)
    assert [day for day in range(1, 7) if any(drops(9, [good], day))] == days_with_a_drop


def test_the_drop_is_measured_from_the_highest_price_since_the_last():
    (drop,) = drops(9, [course(Move.CREEP)], 3)
    assert (drop.reference, drop.price) == (Decimal("100.00"), prices(9, drop.good, 3)[-1])
    assert drop.percent == 100 - drop.price


def test_what_can_not_be_read_is_no_drop():
    assert not list(drops(9, [course(Move.EXACT, trouble=Trouble.NO_PRICE)], 1))
    assert not list(drops(9, [course(Move.EXACT, trouble=Trouble.VANISHED)], 1))
