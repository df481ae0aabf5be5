"""Synthetic addresses: each name asked for gets one of its own, so that a later connection says which name it meant.

IPv4 comes from 198.18.0.0/15, set aside for tests of network devices (RFC 2544, RFC 6890) and never routed; IPv6 from
one unique local prefix (RFC 4193).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

IPV4_NETWORK = ipaddress.IPv4Network("198.18.0.0/15")
IPV6_NETWORK = ipaddress.IPv6Network("fdc1:a05e:7a11::/64")
# A program that asks for endless names must not exhaust memory; 198.18/15 holds more than this many.
MOST_NAMES = 100_000


class SyntheticAddresses:
    """Hands out one IPv4 and one IPv6 address per name, and finds the name again."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._next: Iterator[int] = iter(range(1, MOST_NAMES + 1))
        # Names whose address somebody sent something to.
        self.dialled: set[str] = set()

    def for_name(self, name: str) -> tuple[ipaddress.IPv4Address, ipaddress.IPv6Address] | None:
        """The addresses of a name (any case), or None when all have been handed out."""
        key = normal_name(name)
        number = self._numbers.get(key)
        if number is None:
            number = next(self._next, None)
            if number is None:
                return None
            self._numbers[key] = number
        pair = (IPV4_NETWORK[number], IPV6_NETWORK[number])
        self._names.update({str(address): key for address in pair})
        return pair

    def name_of(self, address: str) -> str | None:
        """The name whose synthetic address was dialled, or None; the name counts as dialled from then on."""
        name = self._names.get(address)
        if name is not None:
            self.dialled.add(name)
        return name


def normal_name(name: str) -> str:
    """A host name as it is compared: lower case, without the trailing dot."""
    return name.lower().rstrip(".")


def is_synthetic(address: str) -> bool:
    """Whether an address literal lies in the synthetic ranges."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed in (IPV4_NETWORK if parsed.version == 4 else IPV6_NETWORK)


def is_address(host: str) -> bool:
    """Whether a host is an address literal rather than a name."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
