"""Any bytes in give a reading out, in bounded time: random bytes, mutated pages, monsters."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pricemon.core.extract import extract
from pricemon.core.model import Page, Reading
from pricemon.core.settings import ExtractRule, ValueRule

PAGES = sorted((Path(__file__).parents[1] / "pages").glob("*/page.html"))
TOKENS = st.sampled_from(
    [
        *(
            b"<h1>",
            b"</h1>",
            b"<div class=price>",
            b"</div>",
            b"<del>",
            b"<sup>",
            b"</sup>",
            b"<!--",
        ),
        *(b"$", b"\xe2\x82\xac", b"kr", b"19.99", b"1.299,00", b" ", b"&nbsp;", b"<", b">"),
        *(b"<script type='application/ld+json'>", b"</script>", b'{"@type":"Product",', b"}}"),
        *(
            b'"offers":{"price":',
            b'"9.99"',
            b'"priceCurrency":"USD"',
            b"[",
            b"]",
            b",",
            b'"',
            b"\\u",
        ),
        *(
            b"<i itemscope itemtype=http://schema.org/Product>",
            b"<b itemprop=price content=",
            b"</i>",
        ),
        *(b"\x00", b"\xff", b"<table><tr><td>"),
    ]
)


def read(body: bytes, content_type: str | None = None, rule: ExtractRule | None = None) -> Reading:
    page = Page(url="https://shop.example/p", status=200, body=body, content_type=content_type)
    reading = extract(page, rule=rule)
    assert reading.reason != "internal", reading.detail
    assert (reading.price is None) <= (reading.reason is not None)
    return reading


@given(
    st.binary(max_size=2000),
    st.sampled_from([None, "text/html; charset=shift_jis", "x/y;charset="]),
)
def test_any_bytes(body, content_type):
    read(body, content_type)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(TOKENS, max_size=60).map(b"".join))
def test_any_heap_of_page_pieces(body):
    read(body)


def mutated(body: bytes, seed: int) -> bytes:
    """The page with a few bytes flipped, a slice lost, doubled or moved."""
    chance = random.Random(seed)
    data = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(max(1, len(data)))
        end = min(len(data), at + chance.randint(1, 80))
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case _:
                piece = data[at:end]
                del data[at:end]
                data += piece
    return bytes(data)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name)
def test_mutated_pages(path):
    body = path.read_bytes()
    for seed in range(6):
        read(mutated(body, seed))
    read(body[: len(body) // 2])


@pytest.mark.reliability
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name)
def test_many_mutated_pages(path):
    body = path.read_bytes()
    for seed in range(1000):
        read(mutated(body, seed))


LD = b'<h1>X</h1><script type="application/ld+json">%s</script>'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<div>" * 200_000 + b"$5", id="deep nesting"),
        pytest.param(LD % (b'{"a":' * 100_000), id="deep json"),
        pytest.param(LD % (b"[" + b'{"@type":"Product"},' * 100_000 + b"{}]"), id="wide json"),
        pytest.param(
            LD % (b'{"@type":"Product","offers":[' + b'{"price":1},' * 100_000 + b"{}]}"),
            id="many offers",
        ),
        pytest.param(LD % (b'{"price":' + b"9" * 100_000 + b"}"), id="long number"),
        pytest.param(b"<h1>X</h1>" + b"<p class=price>$1</p>" * 50_000, id="many prices"),
        pytest.param(
            b"<title>%s</title>" % b" | ".join(b"Some lamp %d" % n for n in range(20_000))
            + b"".join(b"<p>Other words %dx</p>" % n for n in range(20_000)),
            id="many names",
        ),
        pytest.param(b"<p class=price>" + b"1 " * 200_000, id="long number text"),
        pytest.param(b"<p class=price>" + b"1,1." * 100_000, id="separators"),
        pytest.param(b'<p class="' + b"price-old " * 50_000 + b'">$5</p>', id="long class"),
        pytest.param(b"<i itemscope itemprop=a>" * 20_000, id="nested microdata"),
        pytest.param(
            b'<p itemscope itemref="a a a a"><b id=a itemprop=x>y</b>' * 2_000, id="itemref"
        ),
        pytest.param(LD % (b'{"a":"' + b'\\"' * 200_000), id="open string"),
        pytest.param(LD % (b'{"x":"a" b" c" ' * 20_000), id="quotes everywhere"),
        pytest.param(
            b"<script>" + b'={"price":' * 50_000 + b"</script><h1>X</h1>", id="many assignments"
        ),
        pytest.param(b"<!--" + b"-" * 1_000_000, id="open comment"),
        pytest.param(b"<p>" + b"sign in " * 100_000, id="repeated words"),
        pytest.param(b"\x00" * 1_000_000, id="zeros"),
        pytest.param(b"<p>a</p>" * 6_500_000, id="fifty megabytes"),
    ],
)
def test_monsters_are_bounded(body):
    """No page takes long. Ten seconds is a net for what is quadratic, not a measurement."""
    started = time.process_time()
    read(body)
    assert time.process_time() - started < 10


def test_a_users_pathological_pattern_sees_a_bounded_text():
    rule = ExtractRule(price=ValueRule(regex=r"price:\s*(?P<value>[\d.]+)"))
    body = b"<h1>X</h1>" + b"price: " * 400_000 + b"price: 5.00"
    assert read(body, rule=rule).reason == "no_price"


def test_a_pattern_that_would_never_end_is_stopped():
    """Backtracking by the power of two: the pattern is named, the other pages go on."""
    rule = ExtractRule(price=ValueRule(regex=r"(a+)+$"))
    reading = read(b"<h1>" + b"a" * 5_000 + b"</h1>", rule=rule)
    assert reading.reason == "no_price"
    assert "took more than" in reading.detail


@pytest.mark.parametrize("rule", [ValueRule(css="[[["), ValueRule(regex="(((")])
def test_a_broken_rule_is_a_reason(rule):
    reading = read(b"<h1>X</h1><p>5.00</p>", rule=ExtractRule(price=rule))
    assert reading.reason == "no_price"
    assert "cannot be read" in reading.detail
