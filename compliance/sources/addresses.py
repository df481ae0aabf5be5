"""Which network addresses may be fetched from: those of the public internet. Pure: standard library only.

A source's address comes from a person, its name from somebody's DNS, a redirect from anybody. None of them may lead into the
network that Clausetrail runs in.
"""

import ipaddress
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

PORTS: Final = {"http": 80, "https": 443}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenAddress(ValueError):
    """An address that is not fetched from; the message says why."""


def is_public(address: str) -> bool:
    """Whether an address lies outside every private, local and special range, also when an IPv6 address wraps it."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _wrapped(parsed)
    return _is_plainly_public(parsed) if inner is None else _is_plainly_public(inner)


def _wrapped(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv6 one: mapped, compatible, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _is_plainly_public(address: Address) -> bool:
    special = address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local
    local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not special and not local


def checked_url(url: str, allowed: Collection[str] = ()) -> str:
    """The URL, if its form may be fetched: http or https, a host, no name and password, the scheme's own port.

    `allowed`: places ("127.0.0.1:8080") that an operator allows by name. Raises ForbiddenAddress.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise ForbiddenAddress(f"{url[:200]!r} is no address: {problem}") from problem
    if parts.scheme not in PORTS:
        raise ForbiddenAddress(f"{url[:200]!r}: only http and https are fetched")
    if not parts.hostname or any(not letter.isprintable() or letter.isspace() for letter in url):
        raise ForbiddenAddress(f"{url[:200]!r} names no host, or holds characters that no address has")
    if parts.username is not None or parts.password is not None:
        raise ForbiddenAddress("an address with a name and a password in it is not fetched")
    if port not in (None, PORTS[parts.scheme]) and f"{parts.hostname}:{port}" not in allowed:
        raise ForbiddenAddress(f"port {port}: only the usual ports of http and https are fetched from")
    return url


def origin_of(url: str) -> str:
    """scheme://host:port of a checked URL: what a robots.txt and a pace hold for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{(parts.hostname or '').casefold()}:{parts.port or PORTS[parts.scheme]}"
