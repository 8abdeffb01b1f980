"""A fetch goes where its retailer is, and nowhere else."""

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
def no_system_dns(monkeypatch):
    """Any look-up beside the injected resolver fails the test."""

    def refuse(*args, **kwargs):
        raise AssertionError(f"looked up again: {args}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def dns():
    """A resolver that gives each host's answers in order, the last one again and again."""

    class Dns:
        answers: dict[str, list] = {}  # noqa: RUF012 - replaced by each test
        asked: list[str] = []  # noqa: RUF012

        def __call__(self, host, _port):
            self.asked.append(host)
            found = self.answers[host]
            answer = found.pop(0) if len(found) > 1 else found[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

    made = Dns()
    made.answers, made.asked = {}, []
    return made


@pytest.fixture
def named(shop, fetchers, clock, dns):
    """Fetch /p from a host by name; `dns.answers` says where it is."""
    fetcher = fetchers(resolve=dns)

    def run(host="shop.example", path="/p", **settings):
        retailer = shop.retailer(**({"hosts": (f"{host}:{shop.port}",)} | settings))
        return fetcher.fetch(shop.url(path, host=host), retailer, deadline=clock() + 60)

    return run


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fd00::1"])
def test_private_address_is_refused_after_resolution(shop, dns, named, address):
    """A name that leads home is found out by its address, before anything is sent."""
    dns.answers["shop.example"] = [[address]]
    found = reason_of(named, allow_private_addresses=False)
    assert found == (GiveUp, Reason.FORBIDDEN_ADDRESS)
    assert shop.calls == []


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::1]"])
def test_loopback_is_refused_however_it_is_written(shop, fetchers, clock, host):
    """Literal addresses pass the same check, in every notation that the system resolves."""
    retailer = shop.retailer(hosts=(host,), allow_private_addresses=False)
    url = f"http://{host}:{shop.port}/p"
    with pytest.raises(GiveUp) as caught:
        fetchers().fetch(url, retailer, deadline=clock() + 60)
    assert caught.value.reason == Reason.FORBIDDEN_ADDRESS


def test_metadata_service_is_refused_even_where_private_addresses_are_allowed(dns, named):
    """No shop lives there, and what it answers are credentials."""
    dns.answers["shop.example"] = [["169.254.169.254"]]
    found = reason_of(named, allow_private_addresses=True)
    assert found == (GiveUp, Reason.FORBIDDEN_ADDRESS)


def test_one_forbidden_address_condemns_the_host(shop, dns, named):
    """All addresses of an answer are checked, not only the one that would be tried first."""
    dns.answers["shop.example"] = [["127.0.0.1", "169.254.169.254"]]
    assert reason_of(named) == (GiveUp, Reason.FORBIDDEN_ADDRESS)
    assert shop.calls == []


def test_dns_that_changes_its_answer_gains_nothing(shop, dns, named, no_system_dns):
    """DNS rebinding: the name is looked up once, and the connection goes to the address that was
    checked. The second answer, another machine's, is never asked for."""
    dns.answers["shop.example"] = [["127.0.0.1"], ["127.0.0.9"], ["169.254.169.254"]]
    assert named().body == b"<p>a page</p>"
    assert dns.asked == ["shop.example"]
    assert shop.calls[0].headers["host"] == f"shop.example:{shop.port}"


def test_each_new_connection_is_checked_anew(shop, dns, named, no_system_dns):
    """What was harmless for the last connection is not taken to be so for the next one."""
    shop.answers["/p"] = [lambda call: call.reply("x", Connection="close"), lambda call: call.raw()]
    dns.answers["shop.example"] = [["127.0.0.1"], ["169.254.169.254"]]
    named()
    assert reason_of(named) == (GiveUp, Reason.FORBIDDEN_ADDRESS)
    assert len(shop.calls) == 1


def test_next_address_is_tried_when_one_refuses(shop, dns, named):
    """A host with a dead address among living ones is reached."""
    dns.answers["shop.example"] = [["127.0.0.9", "127.0.0.1"]]
    assert named().status == 200


# --- redirects --------------------------------------------------------------------------------


def test_redirect_off_the_retailers_hosts_is_refused(bench, shops):
    """An open redirect does not make this process ask somebody else."""
    other = shops()
    bench.shop.answers["/p"] = lambda call: call.reply("", 302, Location=other.url("/steal"))
    assert reason_of(bench.fetch) == (GiveUp, Reason.FORBIDDEN_HOST)
    assert other.calls == []


def test_redirect_to_a_private_address_is_refused(shop, dns, named):
    """A sub-domain of the shop that leads to the metadata service: the address is checked on every
    hop, not only for the first URL."""
    shop.answers["/p"] = lambda call: call.reply(
        "", 302, Location=f"http://meta.shop.example:{shop.port}/latest"
    )
    dns.answers.update(
        {"shop.example": [["127.0.0.1"]], "meta.shop.example": [["169.254.169.254"]]}
    )
    assert reason_of(named) == (GiveUp, Reason.FORBIDDEN_ADDRESS)


def test_redirect_to_a_sub_domain_is_followed(shop, dns, named):
    """Sub-domains of a configured host belong to the retailer."""
    shop.answers["/p"] = lambda call: call.reply(
        "", 302, Location=f"http://www.shop.example:{shop.port}/q"
    )
    dns.answers.update({"shop.example": [["127.0.0.1"]], "www.shop.example": [["127.0.0.1"]]})
    assert named().url == f"http://www.shop.example:{shop.port}/q"


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example@evil.example/",
        "http://evil.example\\@shop.example.evil.example/",
        "http://shop.example.evil.example/",
        "http://notshop.example/",
        "http://evil.example/?shop.example",
        "http://evil.example#@shop.example/",
        "http://shop.example:81/",
    ],
)
def test_url_of_another_host_is_refused(named, shop, fetchers, clock, url):
    """Look-alikes and parser tricks are other hosts; so is another port than the configured one."""
    retailer = shop.retailer(hosts=("shop.example:80",))
    with pytest.raises(GiveUp) as caught:
        fetchers().fetch(url, retailer, deadline=clock() + 60)
    assert caught.value.reason == Reason.FORBIDDEN_HOST


# --- names ------------------------------------------------------------------------------------


def test_idn_host_is_asked_by_its_ascii_name(shop, dns, named):
    """`kaufhäusl.example` is resolved and named in the Host header as DNS knows it, whether the
    settings write it one way or the other."""
    dns.answers["xn--kaufhusl-4za.example"] = [["127.0.0.1"]]
    page = named(host="KAUFHÄUSL.example")
    assert page.url == f"http://xn--kaufhusl-4za.example:{shop.port}/p"
    assert shop.calls[0].headers["host"] == f"xn--kaufhusl-4za.example:{shop.port}"


def test_host_that_does_not_exist_is_given_up(dns, named):
    """NXDOMAIN does not heal within a job's life."""
    dns.answers["shop.example"] = [socket.gaierror(socket.EAI_NONAME, "unknown")]
    assert reason_of(named) == (GiveUp, Reason.DNS)
    assert len(dns.asked) == 1


def test_resolver_trouble_is_retried(dns, named):
    """A resolver that says "try again" is believed."""
    dns.answers["shop.example"] = [socket.gaierror(socket.EAI_AGAIN, "again"), ["127.0.0.1"]]
    assert named().status == 200


def test_resolver_that_hangs_is_left_behind(shop, fetchers, clock):
    """The system's resolver knows no timeout; the fetch has one all the same."""
    release = threading.Event()

    def hang(host, port):
        release.wait()
        return []

    fetcher = fetchers(resolve=hang, connect_timeout=0.1, retries=0)
    try:
        with pytest.raises(Retry) as caught:
            fetcher.fetch(shop.url(), shop.retailer(), deadline=clock() + 60)
    finally:
        release.set()
    assert caught.value.reason == Reason.DNS


def test_nobody_at_home_is_a_connection_failure(bench):
    """A refused connection may heal."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    found = reason_of(bench.fetch, url=f"http://127.0.0.1:{port}/", hosts=("127.0.0.1",))
    assert found == (Retry, Reason.CONNECTION)


def test_ipv6_shop(shops, fetchers, clock):
    """A shop at an IPv6 address, literal and by name."""
    try:
        shop = shops("::1")
    except OSError:
        pytest.skip("this host has no ::1")
    fetcher = fetchers(resolve=lambda *_: ["::1"])
    retailer = shop.retailer(hosts=(shop.authority, "six.example"))
    assert fetcher.fetch(shop.url(), retailer, deadline=clock() + 60).status == 200
    assert (
        fetcher.fetch(shop.url(host="six.example"), retailer, deadline=clock() + 60).status == 200
    )
    assert [call.headers["host"] for call in shop.calls] == [
        f"[::1]:{shop.port}",
        f"six.example:{shop.port}",
    ]
