"""Cookies within one fetch: played back by the rules, and harmless whatever is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict, HTTPResponse

from pricemon.core.fetching.cookies import Cookies
from pricemon.core.urls import Target

START = Target.parse("https://www.shop.example/p")


def after(*lines, configured=None, start=START):
    """A jar after one response with these Set-Cookie lines."""
    cookies = Cookies(configured or {}, start)
    headers = HTTPHeaderDict([("Set-Cookie", line) for line in lines])
    cookies.keep(HTTPResponse(headers=headers), start)
    return cookies


@pytest.mark.parametrize(
    ("line", "url", "sent"),
    [
        ("a=1", "https://www.shop.example/q", "a=1"),
        ("a=1", "https://m.shop.example/q", ""),
        ("a=1; Domain=shop.example", "https://m.shop.example/q", "a=1"),
        ("a=1; Domain=evil.example", "https://www.shop.example/q", ""),
        ("a=1; Path=/cart", "https://www.shop.example/q", ""),
        ("a=1; Path=/cart", "https://www.shop.example/cart/1", "a=1"),
        ("a=1; Secure", "http://www.shop.example/q", ""),
        ("a=1; Max-Age=0", "https://www.shop.example/q", ""),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://www.shop.example/q", ""),
    ],
)
def test_cookie_is_played_back_where_it_belongs(line, url, sent):
    """Host, domain, path, security and expiry."""
    assert after(line).header(Target.parse(url)) == sent


@pytest.mark.parametrize("host", ["localhost:81", "127.0.0.1:81", "[::1]:81"])
def test_hosts_without_dots_and_addresses_have_cookies(host):
    """Shops on a laptop are shops."""
    start = Target.parse(f"http://{host}/")
    assert after("a=1", start=start).header(start) == "a=1"


@given(st.lists(st.text(st.characters(max_codepoint=255)), max_size=4))
def test_any_set_cookie_is_survived(lines):
    """Nonsense is ignored; what is played back fits into one header line."""
    header = after(*lines, configured={"own": "1"}).header(START)
    assert "own=" in header
