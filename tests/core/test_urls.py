"""URLs are taken apart once, and what is requested is what was checked."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from pricemon.core.urls import InvalidUrl, Target, ascii_host, belongs


@pytest.mark.parametrize(
    ("url", "requested"),
    [
        ("http://shop.example", "http://shop.example/"),
        ("HTTP://Shop.Example:80/A", "http://shop.example/A"),
        ("https://shop.example:443/a#b", "https://shop.example/a"),
        ("https://shop.example:8443/", "https://shop.example:8443/"),
        ("https://user:pw@shop.example/", "https://shop.example/"),
        ("https://shop.example./", "https://shop.example/"),
        (" https://shop.example/a b?c d ", "https://shop.example/a%20b?c%20d"),
        ("https://shop.example/ä?ö=%C3%BC", "https://shop.example/%C3%A4?%C3%B6=%C3%BC"),
        ("https://shop.example?q=1", "https://shop.example/?q=1"),
        ("http://[2001:DB8:0::1]:81/", "http://[2001:db8::1]:81/"),
        ("http://127.0.0.1/", "http://127.0.0.1/"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://BÜCHER。example/", "http://xn--bcher-kva.example/"),
        ("http://straße.example/", "http://xn--strae-oqa.example/"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"),
        ("http://日本語.example/", "http://xn--wgv71a119e.example/"),
    ],
)
def test_url_is_normalised(url, requested):
    """Case, default ports, user info, fragments, escapes, IPv6 and IDN."""
    assert Target.parse(url).url == requested


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/p",
        "//shop.example/p",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "http:///p",
        "http://:80/",
        "http://shop.example:port/",
        "http://shop.example:99999/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://sh op.example/",
        "http://shop..example/",
        "http://-shop.example/",
        "http://shop%2eexample/",
        "http://" + "a" * 300 + ".example/",
        "http://ex\u2100mple/",
        "http://shop.example/\ud800",
    ],
)
def test_url_that_cannot_be_requested_is_refused(url):
    """With one kind of error, whatever is wrong."""
    with pytest.raises(InvalidUrl):
        Target.parse(url)


@given(st.text() | st.text().map("http://{}".format) | st.text().map("https://a.example/{}".format))
def test_anything_is_a_target_or_refused(url):
    """No text raises anything else, and urllib3 finds in the rebuilt URL exactly the host and port
    that were checked: there is no second opinion on where a host name ends."""
    try:
        target = Target.parse(url)
    except InvalidUrl:
        return
    seen = parse_url(target.url)
    assert (seen.scheme, (seen.host or "").strip("[]")) == (target.scheme, target.host)
    assert (seen.port or {"http": 80, "https": 443}[target.scheme]) == target.port
    assert Target.parse(target.url) == target


@given(st.text())
def test_any_location_is_a_target_or_refused(location):
    """A redirect may say anything."""
    with contextlib.suppress(InvalidUrl):
        Target.parse("https://shop.example/a/b").join(location)


@pytest.mark.parametrize(
    ("url", "hosts", "expected"),
    [
        ("http://shop.example/", ["shop.example"], True),
        ("http://shop.example:8080/", ["shop.example"], True),
        ("http://shop.example:8080/", ["shop.example:8080"], True),
        ("http://shop.example/", ["shop.example:8080"], False),
        ("https://shop.example/", ["shop.example:443"], True),
        ("http://a.b.shop.example/", ["shop.example"], True),
        ("http://ashop.example/", ["shop.example"], False),
        ("http://example/", ["shop.example"], False),
        ("http://shop.example/", ["www.shop.example"], True),
        ("http://m.shop.example/", ["www.shop.example"], False),
        ("http://www.shop.example/", ["shop.example"], True),
        ("http://shop.example/", ["Other.example", "SHOP.example"], True),
        ("http://xn--bcher-kva.example/", ["bücher.example"], True),
        ("http://[::1]:81/", ["[::1]:81"], True),
        ("http://[::1]:81/", ["::1"], True),
        ("http://[::1]:81/", ["[::1]:82"], False),
        ("http://shop.example/", [], False),
        ("http://shop.example/", ["", "a b", "x:port", "[::", "SHOP.example"], True),
        ("http://shop.example/", ["", ".", "*", "a b", "x:port", "[::"], False),
    ],
)
def test_belongs(url, hosts, expected):
    """Hosts, their sub-domains, `www.` for the bare name, and ports where one is given."""
    assert belongs(Target.parse(url), hosts) is expected


def test_shown_hides_the_query():
    """Tokens travel in queries."""
    assert Target.parse("https://u:p@shop.example/a?token=1").shown == "https://shop.example/a?…"


@pytest.mark.parametrize("host", ["", ".", "a" * 64 + "ä.example", "\u0130.example" * 40])
def test_host_that_dns_cannot_hold_is_refused(host):
    """Empty, or with labels and names that are too long."""
    with pytest.raises(InvalidUrl):
        ascii_host(host)
