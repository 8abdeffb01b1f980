"""A retailer's pages by way of a proxy, whose address is a secret."""

import base64
import socket
import threading

import pytest

from pricemon.core.errors import GiveUp, JobError, Retry
from pricemon.core.model import Reason


def reason_of(fetch, *args, **kwargs):
    with pytest.raises(JobError) as caught:
        fetch(*args, **kwargs)
    return type(caught.value), caught.value.reason


@pytest.fixture
def proxied(shop, fetchers, clock):
    """Fetch through `shop` as a proxy; nothing is looked up here but the proxy itself."""

    def run(url="http://shop.example/p", *, proxy="PROXY", value=None, secret=None, **settings):
        environ = {"PROXY": f"http://user:p%40ss@{shop.authority}" if value is None else value}
        fetcher = fetchers(environ=environ, resolve_secret=secret, retries=0)
        retailer = shop.retailer(proxy=proxy, hosts=("shop.example", "10.0.0.1"), **settings)
        return fetcher.fetch(url, retailer, deadline=clock() + 60)

    return run


def test_proxy_from_the_environment(shop, proxied):
    """The proxy gets the whole URL and its credentials; the shop's name is not looked up here."""
    assert proxied(allow_private_addresses=False).url == "http://shop.example/p"
    assert shop.asked == ["http://shop.example/p"]
    expected = "Basic " + base64.b64encode(b"user:p@ss").decode()
    assert shop.calls[0].headers["proxy-authorization"] == expected


def test_proxy_from_the_parameter_store(shop, proxied):
    """`ssm:/path` is read through the injected function, once for all fetches."""
    names = []

    def secret(name):
        names.append(name)
        return f"http://{shop.authority}"

    assert proxied(proxy="ssm:/pricemon/proxy", secret=secret).status == 200
    assert names == ["/pricemon/proxy"]


def test_https_goes_through_a_tunnel(shop, shops, fetchers, clock, certificates):
    """CONNECT by host name, then TLS with the shop itself."""
    target = shops(tls=certificates.server("shop.example"))

    def connect(call):
        call.send(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection((target.host, target.port)) as onward:
            pump = threading.Thread(target=copy, args=(onward, call.sock))
            pump.start()
            copy(call.sock, onward)
            pump.join()
        call.keep = False

    shop.answers["*"] = connect
    fetcher = fetchers(environ={"PROXY": f"http://{shop.authority}"}, ca_file=certificates.file)
    retailer = shop.retailer(proxy="PROXY", hosts=("shop.example",))
    assert fetcher.fetch("https://shop.example/p", retailer, deadline=clock() + 60).status == 200
    fetcher.close()
    assert (shop.calls[0].method, shop.asked) == ("CONNECT", ["shop.example:443"])


@pytest.mark.parametrize("status", [407, 502])
def test_proxy_that_opens_no_tunnel_is_named(shop, proxied, status):
    """It is not the shop's failure, and it may heal."""
    shop.answers["*"] = lambda call: call.reply("", status)
    with pytest.raises(Retry) as caught:
        proxied("https://shop.example/p")
    assert caught.value.reason == Reason.CONNECTION
    assert "proxy" in caught.value.detail


def copy(source, sink):
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_private_literal_is_refused_before_the_proxy_is_asked(shop, proxied):
    """The proxy stands in another network; what is private there is no more ours to ask for."""
    found = reason_of(proxied, "http://10.0.0.1/p", allow_private_addresses=False)
    assert found == (GiveUp, Reason.FORBIDDEN_ADDRESS)
    assert shop.calls == []


def broken_store(name):
    raise RuntimeError("AccessDenied: s3cret")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"value": ""}, (GiveUp, Reason.INTERNAL)),
        ({"value": "socks9://user:s3cret@x"}, (GiveUp, Reason.INTERNAL)),
        ({"value": "http://user:s3cret@[x"}, (GiveUp, Reason.INTERNAL)),
        ({"value": "http://user:s3cret@127.0.0.1:1"}, (Retry, Reason.CONNECTION)),
        ({"value": "http://user:s3cret@s3cret.invalid:1"}, (Retry, Reason.CONNECTION)),
        ({"proxy": "ssm:/x"}, (GiveUp, Reason.INTERNAL)),
        ({"proxy": "ssm:/x", "secret": lambda _: ""}, (GiveUp, Reason.INTERNAL)),
        ({"proxy": "ssm:/x", "secret": broken_store}, (Retry, Reason.INTERNAL)),
    ],
    ids=[
        "unset",
        "unknown scheme",
        "malformed",
        "refused",
        "nowhere",
        "no reader",
        "empty",
        "broken",
    ],
)
def test_proxy_trouble_is_named_without_its_secret(proxied, options, expected):
    """Errors name what holds the proxy, never what it holds."""
    with pytest.raises(JobError) as caught:
        proxied(**options)
    assert (type(caught.value), caught.value.reason) == expected
    assert "s3cret" not in str(caught.value)
