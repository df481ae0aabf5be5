"""Passing HTTP/1.x on: one client connection, one upstream connection at a time, every byte as it came.

An exchange is in the journal before its bytes leave: the request before the upstream sees it, the response before the
client does. The heads are read only to find where messages end and where they go.
"""

from __future__ import annotations

import asyncio
import json

from audits.capture import http1
from audits.capture.addresses import normal_name
from audits.capture.answers import Failed, own_answer
from audits.capture.gated_http1 import FirstLook
from audits.capture.header_blocks import pack_headers
from audits.capture.http1 import Body, Head, Malformed
from audits.capture.journal import COMPLETE, OVER, Kind
from audits.capture.session import Arrival, Hop, Session
from audits.capture.shortcut import Shortcut
from audits.capture.streams import Stream
from audits.capture.targets import origin_form, request_target
from audits.capture.upstream import H1, Upstream, UpstreamError

# After an answer that came before the request's end, the client may finish sending for so long (seconds).
LINGER = 5.0


class Http1Relay:
    """Serves one client connection until either side is done."""

    def __init__(
        self,
        session: Session,
        client: Stream,
        arrival: Arrival,
        *,
        hop: Hop | None = None,
        upstream: Upstream | None = None,
        failure: UpstreamError | None = None,
    ) -> None:
        """hop: the connection's host when TLS has named it; None for plain HTTP, where each request names its own.

        upstream: the connection opened beforehand to learn its protocol, or the failure met in doing so.
        """
        self._session = session
        self._journal = session.journal
        self._client = client
        self._arrival = arrival
        self._fixed = hop is not None
        self._hop = hop
        self._upstream = upstream
        self._failure = failure
        self._rest = b""
        self._busy = False
        self._answering = False
        # Whether the upstream connection is between two exchanges, so that another client connection may use it.
        self._reusable_upstream = upstream is not None
        self._ending: str | None = None
        self._shortcut: Shortcut | None = None
        client.on_lost = self._client_lost
        if upstream is not None:
            upstream.stream.on_lost = self._upstream_lost

    # What the session sees

    @property
    def busy(self) -> bool:
        return self._busy or (self._shortcut is not None and self._shortcut.under_way)

    def expired(self, now: float) -> bool:
        limits = self._session.config.limits
        active = max(self._client.active, self._upstream.stream.active if self._upstream else 0.0)
        return now - active > (limits.idle_seconds if self.busy else limits.keep_alive_seconds)

    def abort(self, reason: str) -> None:
        self._ending = self._ending or reason
        self._client.abort()
        if self._upstream is not None:
            self._upstream.stream.abort()

    async def run(self) -> None:
        """Serve until the connection ends."""
        self._session.live.add(self)
        try:
            while await self._serve_one() and not self._session.stopping:
                pass
        finally:
            self._session.live.discard(self)
            self._client.close()
            self._release_upstream()
            self._close_hop()

    # One exchange

    async def _serve_one(self) -> bool:
        """Serve the next request; whether another may follow."""
        self._busy = False
        shortcut = self._arm()
        raw = await self._next_head(self._client)
        self._client.on_data = None
        if shortcut is not None and shortcut.under_way:
            return await self._take_over(shortcut)
        if raw is None:
            return False
        self._busy, self._answering = True, False
        try:
            head = http1.parse_request_head(raw)
            head, hop = await self._enter(head)
        except (Malformed, Failed) as error:
            self._turn_away(error)
            return False
        number = self._session.next_exchange(hop)
        body = http1.request_body(head)
        try:
            return await self._exchange(number, head, body, hop)
        except (Failed, UpstreamError, Malformed) as error:
            self._fail(number, error)
            return False

    def _arm(self) -> Shortcut | None:
        """While this task waits for the next request, let whole exchanges pass without it, where that can be."""
        if not self._fixed or self._rest or self._upstream is None or self._hop is None:
            return None
        if self._shortcut is None or self._shortcut.upstream is not self._upstream:
            self._shortcut = Shortcut(self._session, self._client, self._hop, self._upstream)
        self._client.on_data = self._shortcut.request
        return self._shortcut

    async def _take_over(self, shortcut: Shortcut) -> bool:
        """Go on with an exchange whose answer did not come in one piece."""
        number, head = shortcut.hand_over()
        self._rest += shortcut.stashed()
        self._busy, self._answering, self._reusable_upstream = True, False, False
        try:
            return await self._answer(number, head, shortcut.upstream, None)
        except (Failed, UpstreamError, Malformed) as error:
            self._fail(number, error)
            return False

    async def _exchange(self, number: int, head: Head, body: Body, hop: Hop) -> bool:
        used, payload = body.feed(self._rest)
        sent, self._rest = self._rest[:used], self._rest[used:]
        self._journal.put(
            Kind.REQUEST, number, hop.number, len(head.raw), payload=head.raw + payload, flags=COMPLETE * body.done
        )
        if self._journal.full:
            await self._journal.room()
        self._check_limits(head, body)
        look = FirstLook(self._session, self._client, hop, number, head, body)
        if look.wanted:
            sent, rest = await look.read(sent, payload)
            self._rest = rest or self._rest
            reply = await look.admit()
            if reply is not None:
                return await look.give(reply, self._rest)
        self._reusable_upstream = False
        out = look.signed(self._filled(head.raw, hop))
        upstream = await self._connected(hop)
        upstream.stream.write(out + sent)
        if body.done:
            return await self._answer(number, head, upstream, None)
        pump = asyncio.create_task(self._pump(number, body, upstream.stream))
        pump.add_done_callback(_retrieve)
        try:
            return await self._answer(number, head, upstream, pump)
        finally:
            pump.cancel()

    async def _pump(self, number: int, body: Body, upstream: Stream) -> None:
        """The rest of a request's body."""
        while not body.done:
            data = self._rest or await self._client.read()
            self._rest = b""
            if not data:
                upstream.abort()
                raise Failed("client_aborted", "the client closed before its request was complete")
            used, payload = self._feed_request(body, data, upstream)
            self._rest = data[used:]
            if body.size > self._session.config.limits.max_request_body:
                upstream.abort()
                raise Failed("request_too_large", "the request's body is larger than allowed")
            await self._put(Kind.REQUEST_DATA, number, payload)
            upstream.write(data[:used])
            await upstream.drain()
        self._journal.put(Kind.REQUEST_END, number, payload=pack_headers(body.trailers))

    def _feed_request(self, body: Body, data: bytes, upstream: Stream) -> tuple[int, bytes]:
        try:
            return body.feed(data)
        except Malformed as error:
            upstream.abort()
            raise Failed("request_malformed", str(error), 400) from error

    async def _answer(self, number: int, head: Head, upstream: Upstream, pump: asyncio.Task[None] | None) -> bool:
        """Pass the response on; whether the connection can carry another exchange."""
        method, _, version = head.start
        answer, rest = await self._final_head(upstream.stream, pump)
        if answer.start[1] == b"101":
            await self._tunnel(number, answer, rest, upstream.stream)
            return False
        body = http1.response_body(answer, method)
        used, payload = body.feed(rest)
        ended = body.done and not body.trailers and (pump is None or pump.done())
        await self._put_response(number, answer.raw, payload, COMPLETE * body.done | OVER * ended)
        self._client.write(answer.raw + rest[:used])
        surplus = len(rest) > used
        while not body.done:
            surplus = await self._pass_body(number, body, upstream.stream, pump)
            ended = body.done and not body.trailers and (pump is None or pump.done())
        if not ended:
            linger = 0.0 if head.expect_continue else LINGER
            complete = await self._finish_late(number, body, pump, linger)
            if not complete:
                return False
        return self._reusable(head, answer, body, version) and not surplus

    async def _pass_body(self, number: int, body: Body, upstream: Stream, pump: asyncio.Task[None] | None) -> bool:
        """One piece of a response's body; whether the upstream sent more than the message."""
        data = await upstream.read()
        if self._client.lost:
            raise Failed("client_aborted", "the client closed before its answer was complete")
        if not data:
            if body.until_close and upstream.error is None:
                body.done = True
                over = pump is None or pump.done()
                self._journal.put(Kind.RESPONSE_DATA, number, flags=COMPLETE | OVER * over)
                return False
            raise Failed("upstream_closed", "the upstream closed before its answer was complete")
        used, payload = body.feed(data)
        ended = body.done and not body.trailers and (pump is None or pump.done())
        await self._put(Kind.RESPONSE_DATA, number, payload, COMPLETE * body.done | OVER * ended)
        self._client.write(data[:used])
        await self._client.drain()
        return used < len(data)

    async def _finish_late(self, number: int, body: Body, pump: asyncio.Task[None] | None, linger: float) -> bool:
        """End an exchange that has trailers, or whose request is still on its way when the answer is complete."""
        self._journal.put(Kind.RESPONSE_END, number, payload=pack_headers(body.trailers))
        complete = True
        if pump is not None:
            _, waiting = await asyncio.wait({pump}, timeout=linger)
            complete = not waiting and pump.exception() is None
        self._journal.put(Kind.END, number)
        return complete

    async def _final_head(self, upstream: Stream, pump: asyncio.Task[None] | None) -> tuple[Head, bytes]:
        """The head of the final response and the bytes after it; interim responses are passed on at once."""
        buffered = b""
        while True:
            end = buffered.find(http1.HEAD_END)
            if end < 0:
                if len(buffered) > http1.LARGEST_HEAD:
                    raise Failed("upstream_malformed", "the upstream's response head is too long")
                data = await upstream.read()
                if not data:
                    self._explain_silence(pump, buffered)
                buffered += data
                continue
            head = http1.parse_response_head(buffered[: end + 4])
            buffered = buffered[end + 4 :]
            if head.start[1][:1] != b"1" or head.start[1] == b"101":
                return head, buffered
            self._client.write(head.raw)

    def _explain_silence(self, pump: asyncio.Task[None] | None, buffered: bytes) -> None:
        """Raise for an upstream that ended without a response, naming who ended it."""
        if self._ending is not None:
            raise Failed(self._ending, "the recorder ended the connection")
        if pump is not None and pump.done() and isinstance(pump.exception(), Failed):
            error = pump.exception()
            assert error is not None
            raise error
        if self._client.lost:
            raise Failed("client_aborted", "the client closed before it was answered")
        detail = "inside its response head" if buffered else "without a response"
        raise Failed("upstream_closed", f"the upstream closed {detail}")

    async def _tunnel(self, number: int, answer: Head, rest: bytes, upstream: Stream) -> None:
        """After 101: bytes both ways until one side ends."""
        await self._put_response(number, answer.raw, b"", COMPLETE)
        self._client.write(answer.raw)
        early, self._rest = self._rest, b""
        tasks = [
            asyncio.create_task(self._tunnel_one_way(number, 0, early, self._client, upstream)),
            asyncio.create_task(self._tunnel_one_way(number, 1, rest, upstream, self._client)),
        ]
        await asyncio.wait(tasks)
        ending = {"error": self._ending, "error_detail": None} if self._ending else {}
        self._journal.put(Kind.END, number, payload=json.dumps(ending).encode())

    async def _tunnel_one_way(self, number: int, direction: int, data: bytes, source: Stream, target: Stream) -> None:
        while data or (data := await source.read()):
            self._journal.put(Kind.TUNNEL, number, c=direction, payload=data)
            if self._journal.full:
                await self._journal.room()
            target.write(data)
            await target.drain()
            data = b""
        target.write_eof()

    # Where requests go

    async def _enter(self, head: Head) -> tuple[Head, Hop]:
        """The host a request is for, allowed and with its connection begun; the head as the upstream shall see it."""
        if self._fixed:
            assert self._hop is not None
            self._check_fronting(head, self._hop)
            return head, self._hop
        host, port, scheme = request_target(head, self._arrival)
        reason = self._session.refusal(host)
        if reason is not None:
            self._session.refused("http", reason, host=host, arrival=self._arrival)
            raise Failed("refused", f"{host} may not be talked to in this phase ({reason})", 403)
        if self._arrival.proxy:
            head = http1.parse_request_head(origin_form(head.raw))
        if self._hop is None or (self._hop.host, self._hop.route.port) != (host, port):
            self._change_hop(host, port, scheme)
        assert self._hop is not None
        return head, self._hop

    def _change_hop(self, host: str, port: int, scheme: str) -> None:
        self._release_upstream()
        self._close_hop()
        self._hop = self._session.open_hop(host, port, scheme, self._arrival, server_name=None, protocol=None)
        self._failure = None
        if not self._arrival.proxy:
            self._session.check_name(host, self._arrival)

    def _check_fronting(self, head: Head, hop: Hop) -> None:
        """A Host header may name another host than TLS did; both must be allowed, and the difference is recorded."""
        named = normal_name((head.host or b"").decode("latin-1").partition(":")[0])
        if not named or named == hop.host or (head.host or b"").startswith(b"["):
            return
        self._session.gap("host_header_mismatch", host=hop.host, arrival=self._arrival, detail=f"Host: {named}"[:300])
        if self._session.refusal(named) == "policy":
            self._session.refused("https", "policy", host=named, arrival=self._arrival)
            raise Failed("refused", f"{named} may not be talked to in this phase", 403)

    async def _connected(self, hop: Hop) -> Upstream:
        if self._upstream is not None and not self._upstream.stream.eof:
            return self._upstream
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        self._upstream = await self._session.upstreams.connect(hop.route, self._wanted())
        self._upstream.stream.on_lost = self._upstream_lost
        if self._client.lost:
            raise Failed("client_aborted", "the client closed before its request could be sent")
        return self._upstream

    def _wanted(self) -> tuple[str, ...]:
        return (H1,) if self._hop is not None and self._hop.route.scheme == "https" else ()

    def _filled(self, raw: bytes, hop: Hop) -> bytes:
        substitution = self._session.substitution
        if not substitution:
            return raw
        for name in substitution.withheld(raw, hop.host):
            self._session.gap("secret_withheld", host=hop.host, arrival=self._arrival, detail=f"{name} is not for it")
        return substitution.fill_head(raw, hop.host)

    def _check_limits(self, head: Head, body: Body) -> None:
        if self._journal.broken:
            raise Failed("record_failed", "this call can no longer be recorded, so it is not passed on")
        if self._session.limit_reached():
            raise Failed("limit_reached", "the number of calls allowed to this run is used up", 429)
        most = self._session.config.limits.max_request_body
        if max(head.length or 0, body.size) > most:
            raise Failed("request_too_large", f"a request's body may have {most} bytes", 413)

    # Bytes and frames

    async def _next_head(self, source: Stream) -> bytes | None:
        """The next request's head, or None when the client is done."""
        while True:
            self._rest = self._rest.lstrip(b"\r\n") if self._rest[:1] in b"\r\n" else self._rest
            end = self._rest.find(http1.HEAD_END)
            if end >= 0:
                raw, self._rest = self._rest[: end + 4], self._rest[end + 4 :]
                return raw
            if len(self._rest) > http1.LARGEST_HEAD:
                self._turn_away(Malformed("the request's head is too long"))
                return None
            data = await source.read()
            if self._shortcut is not None:
                if self._shortcut.under_way:
                    return None
                data = self._shortcut.stashed() + data
            if not data and source.eof:
                self._note_unfinished()
                return None
            self._rest += data

    async def _put(self, kind: Kind, number: int, payload: bytes, flags: int = 0) -> None:
        if payload or flags:
            self._journal.put(kind, number, payload=payload, flags=flags)
            if self._journal.full:
                await self._journal.room()

    async def _put_response(self, number: int, raw: bytes, payload: bytes, flags: int) -> None:
        self._journal.put(Kind.RESPONSE, number, c=len(raw), payload=raw + payload, flags=flags)
        if self._journal.full:
            await self._journal.room()
        self._answering = True

    # Endings

    def _client_lost(self) -> None:
        if self.busy and self._upstream is not None:
            self._upstream.stream.abort()

    def _upstream_lost(self) -> None:
        if not self.busy:
            self._client.close()
        elif not self._busy:
            # The exchange under way took the shortcut: its end is the task's to record.
            self._client.interrupt()

    def _release_upstream(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is None:
            return
        upstream.stream.on_lost = upstream.stream.on_data = None
        if self._reusable_upstream and not self._session.stopping:
            self._session.upstreams.park(upstream)
        else:
            upstream.stream.close()

    def _close_hop(self) -> None:
        hop, self._hop = self._hop, None
        if hop is not None:
            facts = {"received": self._client.received, "sent": self._client.sent, "error": self._ending}
            self._session.close_hop(hop, **facts)

    def _reusable(self, head: Head, answer: Head, body: Body, version: bytes) -> bool:
        if body.until_close or not http1.stays_open(answer, answer.start[0]):
            return False
        self._reusable_upstream = not head.close
        return http1.stays_open(head, version) and not self._client.lost

    def _note_unfinished(self) -> None:
        """Bytes that never became a request went nowhere: perhaps another protocol, which begins like HTTP."""
        if self._rest:
            self._note_malformed(f"the client closed inside a request's head, which begins with {self._rest[:16]!r}")

    def _note_malformed(self, detail: str) -> None:
        host = self._hop.host if self._hop else self._arrival.named
        self._session.gap("request_malformed", host=host, arrival=self._arrival, detail=detail)

    def _turn_away(self, error: Malformed | Failed) -> None:
        """Answer a request that never became an exchange."""
        if isinstance(error, Malformed):
            self._note_malformed(str(error))
        self._client.write(own_answer(getattr(error, "status", 400), str(error)))

    def _fail(self, number: int, error: Failed | UpstreamError | Malformed) -> None:
        """End an exchange that broke: the client gets what a broken connection looks like, or an answer of ours."""
        reason = getattr(error, "reason", "upstream_malformed")
        ending = {"error": self._ending or reason, "error_detail": str(error)}
        if not self._answering and not self._client.lost:
            self._client.write(own_answer(getattr(error, "status", 502), str(error)))
            ending["answered_by"] = "recorder"
        elif not self._client.lost:
            self._client.abort()
        self._journal.put(Kind.END, number, payload=json.dumps(ending).encode())
        if self._upstream is not None:
            self._upstream.stream.abort()
            self._upstream = None


def _retrieve(task: asyncio.Task[None]) -> None:
    """A failed pump is judged by the answer's side; here its exception counts as seen."""
    if not task.cancelled():
        task.exception()
