"""Raw sockets before a transport is made of them: where they were dialled to, and what they say first."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

# From linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h.
SO_ORIGINAL_DST = 80
# From linux/in.h and linux/in6.h: the control messages that carry a datagram's true destination.
IP_ORIGDSTADDR, IPV6_ORIGDSTADDR = 20, 74
_LARGEST_PEEK = 128 * 1024


def original_destination(connection: socket.socket) -> tuple[str, int] | None:
    """Where a redirected connection was dialled to, or None for one that was not redirected."""
    try:
        if connection.family == socket.AF_INET6:
            # A dual-stack socket carries IPv4 too, under a mapped address.
            mapped = connection.getsockname()[0].startswith("::ffff:")
            if not mapped:
                return _read_ipv6(connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28))
        return _read_ipv4(connection.getsockopt(socket.IPPROTO_IP, SO_ORIGINAL_DST, 16))
    except OSError:
        return None


def datagram_destination(ancillary: list[tuple[int, int, bytes]]) -> tuple[str, int] | None:
    """The destination in a datagram's control messages (IP_RECVORIGDSTADDR), or None."""
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_ORIGDSTADDR:
            return _read_ipv4(data)
        if level == socket.IPPROTO_IPV6 and kind == IPV6_ORIGDSTADDR:
            return _read_ipv6(data)
    return None


def reset(connection: socket.socket) -> None:
    """Close a connection the way a host does that refuses it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


async def peek(connection: socket.socket, least: int) -> bytes:
    """The bytes that have come, left in place: at least `least` of them unless the peer has finished sending."""
    loop = asyncio.get_running_loop()
    # The kernel wakes us only when so many bytes are there (tcp(7), SO_RCVLOWAT).
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, max(1, least))
    readable = loop.create_future()
    loop.add_reader(connection, _set, readable)
    try:
        await readable
    finally:
        loop.remove_reader(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
    return connection.recv(_LARGEST_PEEK, socket.MSG_PEEK)


async def send_all(connection: socket.socket, data: bytes) -> None:
    """Send on a socket that has no transport yet."""
    await asyncio.get_running_loop().sock_sendall(connection, data)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _read_ipv4(data: bytes) -> tuple[str, int]:
    _, port = struct.unpack_from("!2sH", data)
    return socket.inet_ntop(socket.AF_INET, data[4:8]), port


def _read_ipv6(data: bytes) -> tuple[str, int]:
    _, port = struct.unpack_from("!2sH", data)
    return socket.inet_ntop(socket.AF_INET6, data[8:24]), port
