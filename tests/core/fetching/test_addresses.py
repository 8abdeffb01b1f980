"""Which addresses may be contacted: the table of special ranges, and every way to write them."""

import ipaddress
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricemon.core.errors import GiveUp
from pricemon.core.fetching.addresses import Kind, check, is_literal, kind, system_resolver

CASES = [
    ("93.184.216.34", Kind.PUBLIC),
    ("1.1.1.1", Kind.PUBLIC),
    ("2606:4700::1111", Kind.PUBLIC),
    ("0.0.0.0", Kind.UNSPECIFIED),
    ("0.1.2.3", Kind.UNSPECIFIED),
    ("10.255.255.255", Kind.PRIVATE),
    ("11.0.0.0", Kind.PUBLIC),
    ("100.63.255.255", Kind.PUBLIC),
    ("100.64.0.1", Kind.PRIVATE),
    ("100.127.255.255", Kind.PRIVATE),
    ("100.128.0.0", Kind.PUBLIC),
    ("100.100.100.200", Kind.METADATA),
    ("127.0.0.1", Kind.LOOPBACK),
    ("127.255.255.254", Kind.LOOPBACK),
    ("168.63.129.16", Kind.METADATA),
    ("169.254.0.1", Kind.LINK_LOCAL),
    ("169.254.169.254", Kind.METADATA),
    ("169.254.170.2", Kind.METADATA),
    ("172.15.255.255", Kind.PUBLIC),
    ("172.16.0.1", Kind.PRIVATE),
    ("172.31.255.255", Kind.PRIVATE),
    ("172.32.0.0", Kind.PUBLIC),
    ("192.0.0.192", Kind.METADATA),
    ("192.0.2.1", Kind.RESERVED),
    ("192.168.1.1", Kind.PRIVATE),
    ("198.19.255.255", Kind.PRIVATE),
    ("203.0.113.9", Kind.RESERVED),
    ("224.0.0.1", Kind.MULTICAST),
    ("239.255.255.250", Kind.MULTICAST),
    ("240.0.0.1", Kind.RESERVED),
    ("255.255.255.255", Kind.RESERVED),
    ("::", Kind.UNSPECIFIED),
    ("::1", Kind.LOOPBACK),
    ("::7f00:1", Kind.RESERVED),
    ("fc00::1", Kind.PRIVATE),
    ("fdff::1", Kind.PRIVATE),
    ("fd00:ec2::254", Kind.METADATA),
    ("fd20:ce::254", Kind.METADATA),
    ("fe80::1", Kind.LINK_LOCAL),
    ("fe80::1%eth0", Kind.LINK_LOCAL),
    ("fec0::1", Kind.PRIVATE),
    ("ff02::1", Kind.MULTICAST),
    ("2001::1", Kind.RESERVED),
    ("2001:db8::1", Kind.RESERVED),
    ("3fff::1", Kind.RESERVED),
    ("100::1", Kind.RESERVED),
    ("4000::1", Kind.RESERVED),
    ("::ffff:127.0.0.1", Kind.LOOPBACK),
    ("::ffff:93.184.216.34", Kind.PUBLIC),
    ("64:ff9b::a9fe:a9fe", Kind.METADATA),
    ("64:ff9b::5db8:d822", Kind.PUBLIC),
    ("64:ff9b:1::a00:1", Kind.RESERVED),
    ("2002:7f00:1::", Kind.LOOPBACK),
    ("2002:a9fe:a9fe::1", Kind.METADATA),
    ("2002:5db8:d822::1", Kind.PUBLIC),
]


@pytest.mark.parametrize(("address", "expected"), CASES)
def test_kind(address, expected):
    """Each special range, its neighbours, and the IPv6 forms that lead to IPv4."""
    assert kind(address) == expected


WRAPPED = [
    lambda ip: IPv6Address(0xFFFF << 32 | int(ip)),
    lambda ip: IPv6Address(0xFFFF << 48 | int(ip)),
    lambda ip: IPv6Address(0x64FF9B << 96 | int(ip)),
    lambda ip: IPv6Address(0x2002 << 112 | int(ip) << 80 | 1),
]


@given(st.ip_addresses(v=4), st.sampled_from(WRAPPED))
def test_wrapping_an_ipv4_address_changes_nothing(ip, wrap):
    """Mapped, translated, NAT64 or 6to4: an address is what it carries."""
    assert kind(str(wrap(ip))) == kind(str(ip))


@given(st.ip_addresses())
def test_public_is_never_wider_than_the_standard_librarys_view(ip):
    """Whatever Python's `ipaddress` knows to be special is not public here. (The reverse is not
    asked for: newer ranges are missing there, and its lists differ between releases.)"""
    special = ip.is_loopback or ip.is_multicast or ip.is_unspecified or ip.is_link_local
    embeds = isinstance(ip, IPv6Address) and (ip.ipv4_mapped or ip.sixtofour)
    if (special or ip.is_private) and not embeds and ip not in ipaddress.ip_network("64:ff9b::/96"):
        assert kind(str(ip)) != Kind.PUBLIC


@pytest.mark.parametrize(
    "network",
    ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "192.168.0.0/16", "fc00::/7", "::1/128"],
)
@given(data=st.data())
def test_private_is_allowed_only_on_demand(network, data):
    """The whole range: refused by default, allowed by the retailer's setting."""
    ip = str(data.draw(st.ip_addresses(network=network)))
    with pytest.raises(GiveUp):
        check("h", [ip], allow_private=False)
    if kind(ip) != Kind.METADATA:
        check("h", [ip], allow_private=True)


@pytest.mark.parametrize(
    "network",
    ["169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "fe80::/10", "ff00::/8", "0.0.0.0/8"],
)
@given(data=st.data())
def test_what_never_holds_a_shop_is_never_allowed(network, data):
    """Link-local, metadata, multicast, unspecified, reserved: no setting opens them."""
    ip = str(data.draw(st.ip_addresses(network=network)))
    with pytest.raises(GiveUp):
        check("h", [ip], allow_private=True)


@given(st.text())
def test_text_is_a_literal_only_if_it_is_an_address(text):
    """Anything may be asked, nothing raises."""
    assert is_literal(text) in (True, False)


def test_system_resolver_names_each_address_once():
    """Loopback by name, from the hosts file."""
    found = system_resolver("localhost", 80)
    assert found
    assert len(found) == len(set(found))
    assert {kind(address) for address in found} == {Kind.LOOPBACK}
