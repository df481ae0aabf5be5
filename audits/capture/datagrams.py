"""UDP: names are answered with synthetic addresses, everything else is recorded as refused."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import Counter

from audits.capture import dns
from audits.capture.addresses import MOST_NAMES, normal_name
from audits.capture.session import Arrival, Session
from audits.capture.sockets import datagram_destination

_LARGEST_DATAGRAM = 65535
_CONTROL_BYTES = 256
# Names and datagrams may come in floods: within so many seconds repetitions are counted, not written.
REPEAT_SECONDS = 5.0
MOST_REMEMBERED = 20_000
_DNS_IDLE_SECONDS = 10.0
# From so many names below one domain on, or with a label as long as this, names may well be data.
_MANY_NAMES, _LONG_LABEL = 20, 40


class Resolver:
    """Answers every name: one that may not be talked to resolves too, so that the attempt itself is recorded."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen = _Repetitions(session, "dns")
        self._asked: Counter[str] = Counter()

    def listen(self, bound: socket.socket) -> None:
        """Serve a bound UDP socket."""
        bound.setblocking(False)
        asyncio.get_running_loop().add_reader(bound, self._receive, bound)

    def flush(self) -> None:
        """Write what has only been counted, and tell of the names that were looked up and never dialled."""
        self._seen.flush()
        left: dict[str, list[str]] = {}
        for name in self._asked.keys() - self._session.addresses.dialled:
            left.setdefault(".".join(name.split(".")[-2:]), []).append(name)
        for domain, names in sorted(left.items()):
            self._only_looked_up(domain, names, sum(self._asked[name] for name in names))
        self._asked.clear()

    def _only_looked_up(self, domain: str, names: list[str], count: int) -> None:
        """One line for the names below a domain: nobody outside was asked for them, so nothing left with them."""
        longest = max(names, key=len)
        words = f"{len(names)} names" if len(names) > 1 else "a name"
        detail = f"{words} looked up and never dialled, such as {longest[:200]}"
        if len(names) >= _MANY_NAMES or max(map(len, longest.split("."))) >= _LONG_LABEL:
            detail += "; so many or so long that they may be data"
        facts = {"host": domain or ".", "address": None, "port": dns.PORT, "count": count, "detail": detail}
        self._session.event("refused", protocol="dns", reason="dns_only", **facts)

    def answer(self, message: bytes, transport: str) -> bytes | None:
        """The answer to one query, recorded; None for what is no query."""
        try:
            question = dns.parse_query(message)
        except dns.MalformedQuery as error:
            self._seen.note(("malformed", str(error)), name=None, type=None, transport=transport, detail=str(error))
            return None
        if len(self._asked) < MOST_NAMES or question.name in self._asked:
            self._asked[normal_name(question.name)] += 1
        # The root and names of a single label too: what is asked is recorded, whatever it is.
        pair = self._session.addresses.for_name(question.name) if question.type in (dns.A, dns.AAAA) else None
        self._seen.note(
            (question.name, question.type_name),
            name=question.name,
            type=question.type_name,
            transport=transport,
            policy=self._session.config.policy_for(question.name),
        )
        return dns.answer(question, pair or ())

    async def serve_stream(self, connection: socket.socket) -> None:
        """DNS over TCP (RFC 7766): length-prefixed queries until the client closes."""
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            async with asyncio.timeout(_DNS_IDLE_SECONDS):
                while True:
                    length = int.from_bytes(await reader.readexactly(2), "big")
                    reply = self.answer(await reader.readexactly(length), "tcp")
                    if reply is None:
                        return
                    writer.write(len(reply).to_bytes(2, "big") + reply)
                    await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError):
            return
        finally:
            writer.close()

    def _receive(self, bound: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            message, client = bound.recvfrom(_LARGEST_DATAGRAM)
            reply = self.answer(message, "udp")
            if reply is not None:
                bound.sendto(reply, client)


class Sink:
    """Swallows datagrams and records where they were meant to go."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen = _Repetitions(session, "refused")

    def listen(self, bound: socket.socket) -> None:
        """Serve a bound UDP socket that has IP_RECVORIGDSTADDR set."""
        bound.setblocking(False)
        asyncio.get_running_loop().add_reader(bound, self._receive, bound)

    def flush(self) -> None:
        """Write what has only been counted."""
        self._seen.flush()

    def _receive(self, bound: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            data, ancillary, _, _ = bound.recvmsg(_LARGEST_DATAGRAM, _CONTROL_BYTES)
            address, port = datagram_destination(ancillary) or bound.getsockname()[:2]
            arrival = Arrival(address, port, self._session.addresses.name_of(address))
            self._seen.note(
                (address, port),
                protocol="udp",
                reason="quic" if port == 443 and _is_quic(data) else "udp",
                host=arrival.named,
                address=address,
                port=port,
                detail=f"{len(data)} bytes",
            )


class _Repetitions:
    """Writes a line for the first of equal events, and one with the count when they have repeated for a while."""

    def __init__(self, session: Session, kind: str) -> None:
        self._session = session
        self._kind = kind
        self._counts: Counter[tuple[object, ...]] = Counter()
        self._latest: dict[tuple[object, ...], tuple[float, dict[str, object]]] = {}

    def note(self, key: tuple[object, ...], **fields: object) -> None:
        if len(self._latest) >= MOST_REMEMBERED:
            self.flush()
            self._latest.clear()
        now = time.monotonic()
        since, _ = self._latest.get(key, (-REPEAT_SECONDS, {}))
        self._counts[key] += 1
        if now - since >= REPEAT_SECONDS:
            self._write(key, fields, now)
        else:
            self._latest[key] = (since, fields)

    def flush(self) -> None:
        """Write the counts that no line tells yet."""
        for key, (since, fields) in list(self._latest.items()):
            if self._counts[key]:
                self._write(key, fields, since)

    def _write(self, key: tuple[object, ...], fields: dict[str, object], now: float) -> None:
        self._session.event(self._kind, **fields, count=self._counts.pop(key))
        self._latest[key] = (now, fields)


def _is_quic(data: bytes) -> bool:
    """Whether a datagram begins like QUIC's long header (RFC 9000, 17.2)."""
    return len(data) >= 5 and data[0] & 0xC0 == 0xC0
