"""TLS is verified by host name, whatever address the connection goes to."""

import pytest

from pricemon.core.errors import GiveUp, JobError, Retry
from pricemon.core.model import Reason


def reason_of(fetch, *args, **kwargs):
    with pytest.raises(JobError) as caught:
        fetch(*args, **kwargs)
    return type(caught.value), caught.value.reason


@pytest.fixture
def https_shop(shops, certificates):
    """An https shop whose certificate names shop.example."""
    return shops(tls=certificates.server("shop.example"))


@pytest.fixture
def secure(https_shop, fetchers, clock, certificates):
    """Fetch from the https shop under a name, by default its own."""

    def run(host="shop.example", ca_file=certificates.file, url=None, **settings):
        fetcher = fetchers(resolve=lambda *_: ["127.0.0.1"], ca_file=ca_file, retries=0)
        retailer = https_shop.retailer(hosts=(host,), **settings)
        return fetcher.fetch(url or https_shop.url(host=host), retailer, deadline=clock() + 60)

    return run


def test_certificate_is_verified_by_host_name(secure):
    """The connection goes to a checked IP address; the certificate must still be the name's."""
    assert secure().status == 200
    assert reason_of(secure, host="other.example") == (GiveUp, Reason.TLS)


def test_certificate_of_an_unknown_authority_is_refused(secure):
    """The system's authorities do not know ours."""
    assert reason_of(secure, ca_file=None) == (GiveUp, Reason.TLS)


def test_what_is_not_tls_is_named_so(bench):
    """https to a plain server: no TLS came about, which a moment's trouble can look like, too."""
    found = reason_of(bench.fetch, url=f"https://{bench.shop.authority}/p")
    assert found == (Retry, Reason.TLS)


def test_http_is_led_to_https(secure, https_shop, shop):
    """The usual redirect: another scheme, another port, the same page, so it stays conditional."""
    shop.answers["/p"] = lambda call: call.reply(
        "", 301, Location=https_shop.url("/p", host="shop.example")
    )
    https_shop.answers["/p"] = lambda call: call.reply("safe", ETag='"1"')
    page = secure(url=shop.url("/p", host="shop.example"))
    assert (page.body, page.etag) == (b"safe", '"1"')
    assert page.url.startswith("https://shop.example:")


def test_credentials_do_not_travel_from_https_down_to_http(secure, https_shop, shop):
    """A redirect to plain http is followed, but without the configured cookies and headers."""
    https_shop.answers["/p"] = lambda call: call.reply(
        "", 302, Location=shop.url("/q", host="shop.example")
    )
    secure(headers={"Authorization": "Bearer t"}, cookies={"session": "t"})
    up, down = https_shop.calls[0].headers, shop.calls[0].headers
    assert (up["authorization"], up["cookie"]) == ("Bearer t", "session=t")
    assert "authorization" not in down
    assert "cookie" not in down
