"""Which IP addresses a shop may be reached at, and connections to no others.

A URL comes from a catalogue file and a redirect from a stranger, so neither may steer this process
to what only it can reach: itself, its network, its cloud's metadata service. A host name is looked
up once, every address in the answer is checked, and the connection goes to one of exactly those
addresses, so an answer that changes between the check and the use (DNS rebinding) gains nothing.

Source of the ranges: the IANA special-purpose address registries (RFC 6890 and its updates), kept
here because `ipaddress.is_global` follows them differently from one Python release to the next.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from pricemon.core.errors import GiveUp, Retry
from pricemon.core.model import Reason

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port → IP addresses in the order to try them. Raises `OSError` (`gaierror`)."""


class Kind(StrEnum):
    """What an address is for."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    METADATA = "metadata"
    MULTICAST = "multicast"
    UNSPECIFIED = "unspecified"
    RESERVED = "reserved"


_HOME = frozenset({Kind.PRIVATE, Kind.LOOPBACK})
"""What `allow_private_addresses` adds. The other kinds never hold a shop: nothing allows them."""

# The first network that contains an address decides.
_IPV4 = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("169.254.169.254/32", Kind.METADATA),  # AWS, Azure, Google Cloud and most others
        ("169.254.170.2/32", Kind.METADATA),  # AWS container credentials
        ("168.63.129.16/32", Kind.METADATA),  # Azure's host agent, in otherwise public space
        ("100.100.100.200/32", Kind.METADATA),  # Alibaba Cloud
        ("192.0.0.192/32", Kind.METADATA),  # Oracle Cloud
        ("0.0.0.0/8", Kind.UNSPECIFIED),
        ("10.0.0.0/8", Kind.PRIVATE),
        ("100.64.0.0/10", Kind.PRIVATE),  # carrier-grade NAT
        ("127.0.0.0/8", Kind.LOOPBACK),
        ("169.254.0.0/16", Kind.LINK_LOCAL),
        ("172.16.0.0/12", Kind.PRIVATE),
        ("192.0.0.0/24", Kind.RESERVED),
        ("192.0.2.0/24", Kind.RESERVED),
        ("192.88.99.0/24", Kind.RESERVED),
        ("192.168.0.0/16", Kind.PRIVATE),
        ("198.18.0.0/15", Kind.PRIVATE),  # benchmarking: lab networks use it as private space
        ("198.51.100.0/24", Kind.RESERVED),
        ("203.0.113.0/24", Kind.RESERVED),
        ("224.0.0.0/4", Kind.MULTICAST),
        ("240.0.0.0/4", Kind.RESERVED),
    )
)
_IPV6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", Kind.UNSPECIFIED),
        ("::1/128", Kind.LOOPBACK),
        ("fd00:ec2::/32", Kind.METADATA),  # AWS
        ("fd20:ce::254/128", Kind.METADATA),  # Google Cloud
        ("fc00::/7", Kind.PRIVATE),
        ("fe80::/10", Kind.LINK_LOCAL),
        ("fec0::/10", Kind.PRIVATE),  # site-local, deprecated
        ("ff00::/8", Kind.MULTICAST),
        ("2001::/23", Kind.RESERVED),  # protocol assignments, Teredo among them
        ("2001:db8::/32", Kind.RESERVED),
        ("3fff::/20", Kind.RESERVED),
        ("2000::/3", Kind.PUBLIC),  # the only global unicast space in use
        ("::/0", Kind.RESERVED),
    )
)
# IPv6 forms that carry traffic to the IPv4 address inside: network, and that address's lowest bit.
_EMBEDDED = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated, RFC 2765
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)


def kind(address: str) -> Kind:
    """What an IP address is for; an IPv6 form that carries an IPv4 address is what that one is.

    Raises `ValueError` for text that is no IP address.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, IPv6Address):
        # A zone ("fe80::1%eth0") makes an address differ from its network's; the bits decide.
        ip = IPv6Address(int(ip))
        embedded = _embedded(ip)
        if embedded is None:
            return next(kind for network, kind in _IPV6 if ip in network)
        ip = embedded
    return next((kind for network, kind in _IPV4 if ip in network), Kind.PUBLIC)


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    for network, shift in _EMBEDDED:
        if ip in network:
            return IPv4Address(int(ip) >> shift & 0xFFFF_FFFF)
    return None


def check(host: str, addresses: Iterable[str], *, allow_private: bool) -> None:
    """Raise `GiveUp(forbidden_address)` if any of a host's addresses may not be contacted.

    One bad address among good ones condemns the host: no honest shop has it, and which of them a
    connection ends at would be chance.
    """
    allowed = _HOME | {Kind.PUBLIC} if allow_private else {Kind.PUBLIC}
    for address in addresses:
        if (found := kind(address)) not in allowed:
            raise GiveUp(Reason.FORBIDDEN_ADDRESS, f"{host} is at a {found} address, {address}")


def is_literal(host: str) -> bool:
    """Whether a host is an IP address already."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def system_resolver(host: str, port: int) -> list[str]:
    """The operating system's answer, each address once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def lookup(host: str, port: int, *, resolve: Resolver, timeout: float) -> Sequence[str]:
    """A host's addresses within `timeout` seconds.

    Raises `GiveUp(dns)` when there is no such host, `Retry(dns)` when it could not be learned.
    """
    answer: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(resolve(host, port))
        except Exception as error:  # noqa: BLE001 - nobody looks on in this thread: hand it over
            answer.put(error)

    # The system's resolver cannot be given a timeout. A look-up that hangs is left behind on a
    # daemon thread, which ends when the resolver does and holds up no exit.
    threading.Thread(target=ask, name=f"lookup {host}", daemon=True).start()
    try:
        found = answer.get(timeout=max(timeout, 0.001))
    except queue.Empty:
        raise Retry(Reason.DNS, f"looking up {host} took over {timeout:.3g} s") from None
    if isinstance(found, socket.gaierror) and found.errno == socket.EAI_AGAIN:
        raise Retry(Reason.DNS, f"{host} could not be looked up just now")
    if isinstance(found, OSError | UnicodeError) or not found:
        raise GiveUp(Reason.DNS, f"there is no host {host}")
    if isinstance(found, Exception):
        raise found
    return found
