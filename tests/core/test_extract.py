"""Extraction by parts: encodings, lenient JSON, items, offers, stock, rules, what callers pass."""

from __future__ import annotations

import json
import random
from decimal import Decimal

import pytest

from pricemon.core.extract import extract
from pricemon.core.extraction import (
    availability,
    document,
    items,
    js_literals,
    lenient_json,
    products,
    rules,
    stock,
    walls,
)
from pricemon.core.extraction.document import Document
from pricemon.core.extraction.encodings import to_utf8
from pricemon.core.model import Availability, Page, Reading, Reason
from pricemon.core.settings import ExtractRule, ValueRule


def read(text: str, **options: object) -> Reading:
    url = str(options.pop("url", "https://shop.example/p"))
    return extract(Page(url=url, status=200, body=text.encode()), **options)  # type: ignore[arg-type]


def ld(value: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


def product(price: object, currency: str | None = "EUR", **more: object) -> dict[str, object]:
    offer = {"@type": "Offer", "price": price, "priceCurrency": currency}
    return {"@type": "Product", "name": "Lamp", "offers": offer, **more}


@pytest.mark.parametrize(
    ("encoding", "content_type", "meta"),
    [
        ("utf-8", None, ""),
        ("utf-8", "text/html; charset=iso-8859-1", '<meta charset="windows-1251">'),
        ("utf-8-sig", None, ""),
        ("utf-16", None, ""),
        ("cp1251", "text/html; charset=windows-1251", ""),
        (
            "cp1251",
            None,
            '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
        ),
        ("cp1251", "text/html; charset=utf-8", ""),
        ("koi8-r", "text/html; charset=koi8-r", '<meta charset="utf-8">'),
        ("iso-2022-jp", "text/html; charset=iso-2022-jp", ""),
    ],
)
def test_text_is_read_in_the_encoding_it_is_in(encoding, content_type, meta):
    """The bytes decide, then the header, then the page, then its language."""
    text = f'<html lang="ru"><head>{meta}</head><body><h1>Чайник</h1>1 290 руб.</body></html>'
    assert "Чайник" in to_utf8(text.encode(encoding), content_type).decode()


def test_a_few_damaged_bytes_do_not_change_the_encoding():
    body = ("<h1>Łóżko dębowe z szufladą, świetne</h1>" * 20).encode() + b"\xff zl\xf3ty"
    assert "Łóżko" in to_utf8(body).decode("utf-8", "replace")


@pytest.mark.parametrize("name", ["zlib", "base64", "no-such-charset", ""])
def test_a_charset_that_is_none_is_ignored(name):
    assert "ü" in to_utf8("<p>ü</p>".encode("cp1252"), f"text/html; charset={name}").decode()


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '\ufeff {"a": 1};',
        '<!-- {"a": 1} -->',
        '//<![CDATA[\n{"a": 1}\n//]]>',
        '/*<![CDATA[*/{"a": 1}/*]]>*/',
        '{"a": 1,}',
        '{"a": 1, /* why */ }',
        '{"a": 1 // end\n}',
        '{"a": 1, "b": "x\ny\tz"}',
        '{"a": 1, "b": "\x01"}',
        '{"a": 1, "b": "5\\\' 6\\""}',
        '{"a": 1, "b": "a 5" screen"}',
        "{&quot;a&quot;: 1}",
        '{"a": 1}{"b": 2}',
    ],
)
def test_json_as_found_in_the_wild(text):
    assert lenient_json.documents(text)[0]["a"] == 1


def test_json_numbers_never_pass_through_a_float():
    assert lenient_json.documents('{"p": 0.1}') == [{"p": Decimal("0.1")}]


def test_microdata_value_of_each_element():
    document = Document(
        b"""<div itemscope itemtype="https://schema.org/Product"><meta itemprop="a" content="1">
        <link itemprop="b" href="/x"><data itemprop="c" value="2">two</data>
        <span itemprop="d" content="3">three</span><p itemprop="e f"> four <b>4</b></p></div>"""
    )
    (item,) = items.microdata(document)
    values = {key: value for key, value in item.items() if not key.startswith("@")}
    assert values == {
        "a": ["1"], "b": ["/x"], "c": ["2"], "d": ["3"], "e": ["four 4"], "f": ["four 4"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("https://schema.org/InStock", "in_stock"),
        ("http://schema.org/OutOfStock/", "out_of_stock"),
        ("schema:PreOrder", "pre_order"),
        ("in stock", "in_stock"),
        ("oos", "out_of_stock"),
        ("out-of-stock", "out_of_stock"),
        ("SoldOut", "out_of_stock"),
        ("BackOrder", "back_order"),
        ("Discontinued", "discontinued"),
        ("LimitedAvailability", "limited"),
        ("InStoreOnly", "in_store_only"),
        ("whatever", None),
        ("", None),
        (None, None),
    ],
)
def test_availability_in_every_spelling(text, state):
    assert availability.parse(text) == (Availability(state) if state else None)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Auf Lager", "in_stock"),
        ("Availability: Out of stock", "out_of_stock"),
        ("Skladem (> 5 ks)", "in_stock"),
        ("12 in stock", "in_stock"),
        ("✓ En stock.", "in_stock"),
        ("Нет в наличии", "out_of_stock"),
        ("在庫切れ", "out_of_stock"),
        ("This lamp is in stock at our warehouse in York", None),
        ("Not in stock", "out_of_stock"),
        ("stock", None),
    ],
)
def test_availability_in_words(text, state):
    assert stock.phrase(text) == (Availability(state) if state else None)


def test_contradicting_words_say_nothing():
    page = "<h1>Lamp</h1><p class=price>€5.00</p><p>In stock</p><p>Out of stock</p>"
    assert read(page).availability is None


@pytest.mark.parametrize(
    ("condition", "price"), [("new", "90"), ("used", "50"), ("refurbished", "70")]
)
def test_the_wanted_condition_is_taken(condition, price):
    offers = [
        {"price": "50", "priceCurrency": "EUR", "itemCondition": "UsedCondition"},
        {"price": "70", "priceCurrency": "EUR", "itemCondition": "RefurbishedCondition"},
        {"price": "90", "priceCurrency": "EUR", "itemCondition": "NewCondition"},
    ]
    page = "<h1>Lamp</h1>" + ld({"@type": "Product", "name": "Lamp", "offers": offers})
    assert read(page, rule=ExtractRule(condition=condition)).price == Decimal(price)


def test_identifiers_pick_the_product():
    page = ld(product("5", sku="A")) + ld({**product("9", sku="B"), "name": "Other"})
    assert read(page).price is None
    assert read(page, identifiers=("b",)).price == Decimal(9)


def test_the_catalogues_title_picks_the_product():
    page = ld(product("5")) + ld({**product("9"), "name": "Floor Lamp Tall Black"})
    assert read(page, title="Floor lamp, tall, black").price == Decimal(9)


def test_the_retailers_currency_and_locale_settle_a_shared_sign():
    page = "<h1>Lamp</h1><p class=price>$5.00</p><button>Add to cart</button>"
    assert read(page).reason == "no_currency"
    assert read(page).price == Decimal(5)
    assert read(page, locale="en-NZ").currency == "NZD"
    assert read(page, currency="SGD").currency == "SGD"


def test_a_rules_other_values_apply_without_a_price_rule():
    page = "<h1>Lamp</h1><b id=a>Sold out</b><i id=t>Arco</i>" + ld(product("5", None))
    rule = ExtractRule(
        currency=ValueRule(regex=r'"(?P<value>priceCurrency)"'),
        availability=ValueRule(css="#a"),
        title=ValueRule(css="#t"),
    )
    reading = read(page, rule=rule, currency="EUR")
    assert (reading.price, reading.currency) == (Decimal(5), "EUR")
    assert (reading.availability, reading.title) == (Availability.OUT_OF_STOCK, "Arco")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b", 1),
        ("$.a.b", 1),
        ("c[1].d", 3),
        ("c[-1].d", 3),
        ("c[*].d", 2),
        ("c[9].d", None),
        ("a.x.y", None),
        ("a[0]", None),
    ],
)
def test_json_paths(path, expected):
    value = {"a": {"b": 1}, "c": [{"d": 2}, {"d": 3}]}
    assert rules.follow(value, path) == expected


def test_a_rule_reads_json_that_is_the_whole_response():
    body = b'{"product": {"price": "12.50"}}'
    rule = ExtractRule(price=ValueRule(json_path="product.price"))
    page = Page(url="https://shop.example/a.json", status=200, body=body)
    assert extract(page, rule=rule, currency="EUR").price == Decimal("12.50")


def test_names_are_alike_when_one_holds_the_other():
    def alike(one: str, other: str) -> bool:
        return products.alike(products.tokens(one), products.tokens(other))

    assert alike("Lamp Arco", "Lamp Arco, black | Shop")
    assert not alike("Lamp Arco", "Chair Arco")
    assert not alike("", "Chair")


def test_nothing_escapes(monkeypatch):
    """A defect of ours is a reason, not an exception that takes a batch with it."""
    monkeypatch.setattr("pricemon.core.extract.Document", lambda *_, **__: 1 / 0)
    reading = read("<h1>Lamp</h1>")
    assert reading.reason == "internal"
    assert "ZeroDivisionError" in reading.detail


def offers_of_three() -> str:
    """Sold out and cheapest, new and dear, used and in stock."""
    states = [
        ("5", "NewCondition", "OutOfStock"),
        ("9", "NewCondition", "InStock"),
        ("7", "UsedCondition", "InStock"),
        ("8", None, "InStock"),
    ]
    offers = [
        {
            "@type": "Offer",
            "price": price,
            "priceCurrency": "EUR",
            "availability": stocked,
            **({"itemCondition": condition} if condition else {}),
        }
        for price, condition, stocked in states
    ]
    return ld({"@type": "Product", "name": "Lamp", "offers": offers})


@pytest.mark.parametrize(
    ("prefer", "price"), [(None, None), ("low", 5), ("new", 5), ("in_stock", 8)]
)
def test_a_rule_prefers_one_of_several_offers(prefer, price):
    """Never a used one while new ones are on offer; without a rule nobody decides."""
    reading = read(offers_of_three(), rule=ExtractRule(prefer=prefer))
    assert reading.price == price
    assert reading.reason == (None if price else "ambiguous")


def test_a_preference_that_no_offer_meets_decides_nothing():
    offers = [{"@type": "Offer", "price": p, "priceCurrency": "EUR"} for p in ("5", "6")]
    page = ld({"@type": "Product", "name": "Lamp", "offers": offers})
    assert read(page, rule=ExtractRule(prefer="in_stock")).reason == "ambiguous"


def test_a_preferred_price_stands_beside_another_offers_visible_one():
    """The rule is the user's word: the page's own seller being dearer is no conflict."""
    page = f"<h1>Lamp</h1><p class=price>€9.00</p><button>Add to cart</button>{offers_of_three()}"
    assert read(page, rule=ExtractRule(prefer="in_stock")).price == Decimal(8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a: 1.50, 'b': 'it\\'s', \"c\": [1,2,], d: !0}", {"a": Decimal("1.50"), "b": "it's"}),
        ("{a: f(1, {x: 2}), b: x + y, c: `t`, d: true}", {"a": None, "b": None, "d": True}),
        ("{ // net\n a: .5 /* EUR */, b: {c: undefined}}; more", {"b": {"c": None}}),
    ],
)
def test_object_literals_of_javascript(text, expected):
    value, end = js_literals.at(text, 0)
    assert {key: value[key] for key in expected} == expected
    assert text[end - 1] == "}"


@pytest.mark.parametrize("text", ["{a", "{a:{", "{a: ]}", "{" * 5_000, "{a:[" + "1," * 100_000])
def test_what_is_no_literal_is_none(text):
    assert js_literals.at(text, 0)[0] is None


def test_a_price_in_a_plain_script_counts_for_the_pages_own_product():
    script = "window.p = {name: 'NAME', price: 19.9, currency: 'EUR'}"
    page = f"<h1>Red lamp</h1><script>{script}</script>"
    assert read(page.replace("NAME", "Red lamp")).price == Decimal("19.9")
    assert read(page.replace("NAME", "Blue chair")).price is None


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://a.example/", True),
        ("https://a.example/index.php?lang=en", True),
        ("https://a.example/index.php?route=product/product&product_id=4", False),
        ("https://a.example/?p=12", False),
        ("https://a.example/#!/Lamp/p/7", False),
        ("https://a.example/lamp", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_which_address_is_a_home_page(url, home):
    assert document.is_home(url) is home


@pytest.mark.parametrize(
    ("fields", "price"),
    [
        ('<input type=hidden name=product_price value="49.00">', "49.00"),
        ('<input readonly name=precio value="49">', "49"),
        ('<input type=hidden name=price value="49"><input type=hidden name=price value=59>', None),
        ('<input name=price value="49.00">', None),
        ('<input type=hidden name=price_min value="49.00">', None),
        ('<input type=hidden name=old_price value="49.00">', None),
        ('<input type=hidden name=shipping_price value="49.00">', None),
    ],
)
def test_a_buy_forms_fixed_field_is_the_last_to_be_asked(fields, price):
    page = f"<h1>Lamp</h1><form>{fields}<button>Add to cart</button></form>"
    assert read(page, currency="EUR").price == (Decimal(price) if price else None)
    assert read(page.replace("Add to cart", "Search"), currency="EUR").price is None


def test_rdfa_relations_lead_to_the_item_inside():
    """As data-vocabulary.org's own examples have it."""
    page = """<div xmlns:v="http://rdf.data-vocabulary.org/#" typeof="v:Product">
        <span property="v:name">Party hat</span><span rel="v:offerDetails"><span typeof="v:Offer">
        <meta property="v:currency" content="USD">$<span property="v:price">29.95</span></span>
        </span></div>"""
    reading = read(page)
    assert (reading.price, reading.currency, reading.source) == (Decimal("29.95"), "USD", "rdfa")


def test_tomans_are_never_called_rials():
    """One is ten of the other: the amount stands, its currency has no code."""
    page = "<html lang=fa><h1>هدفون</h1><div class=price>۱٬۴۵۰٬۰۰۰ تومان</div><button>خرید</button>"
    reading = read(page, url="https://shop.example.ir/p")
    assert (reading.price, reading.currency) == (Decimal(1450000), None)
    assert reading.reason == "no_currency"


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_no_page_whatever_it_spells(seed):
    """In enough random bytes there is a tag somewhere, and a pound sign before a digit."""
    noise = random.Random(seed).randbytes(100_000) + b"<p class=price>\xa31</p>"
    reading = extract(Page(url="https://shop.example/p", status=200, body=noise))
    assert (reading.price, reading.reason) == (None, Reason.NOT_HTML)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp1251", "shift_jis", "gbk"])
def test_text_of_any_encoding_is_no_noise(encoding):
    """UTF-16 writes Cyrillic with control characters; that is a page all the same."""
    page = "<html><body><h1>Стол</h1><p>" + "Описание стола. " * 100 + "</p></body></html>"
    body = page.encode(encoding)
    assert not walls.not_html(Page(url="https://shop.example/p", status=200, body=body))
