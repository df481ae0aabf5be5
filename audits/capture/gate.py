"""The gate of a bounded run: each request is held against the allowance before it leaves.

All of it happens on one event loop, and nothing is awaited between the last check and the reservation of what a call may
cost. So with any number of calls in flight, no more leave than the allowance has room for. What a call really cost
replaces its reservation when its answer is through; an answer that reports nothing leaves the estimate standing.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from audits.capture.allowance import Action, Allowance, Limit
from audits.capture.asking import Asked, Reply, input_estimate, output_bound
from audits.capture.http1 import split_fields
from audits.capture.journal import OVER, Kind
from audits.capture.prices import NANO, PriceList
from audits.capture.prohibitions import Prohibitions
from audits.capture.refusals import refusal
from audits.capture.wire import parse
from audits.capture.wire.bodies import header

Event = Callable[..., None]
# Beyond so many calls waiting for people at once, further ones are refused: nobody answers thousands one by one.
MOST_HELD = 500
# Of an answer so much is read for its token counts; a longer one leaves the estimate standing.
LARGEST_ANSWER = 16 * 1024 * 1024
_GONE_SECONDS = 0.5


@dataclass(frozen=True)
class Breach:
    """A bound that a request would go beyond: which, what happens, and why, as a sentence."""

    limit: Limit
    action: Action
    why: str


@dataclass
class _Reserved:
    """What a call under way may cost, and its answer as far as it has come."""

    asked: Asked
    tokens: int
    money: int
    head: bytes = b""
    parts: list[bytes] = field(default_factory=list)
    size: int = 0


class LimitGate:
    """Checks and counts. `event` writes a line of the record."""

    def __init__(self, allowance: Allowance, event: Event) -> None:
        self._allowance = allowance
        self._event = event
        self._prices = PriceList(allowance.prices) if allowance.prices else None
        self._prohibitions = Prohibitions(allowance.terms) if allowance.terms else None
        self._under_way: dict[int, _Reserved] = {}
        self._holds: dict[str, asyncio.Future[tuple[str, str]]] = {}
        self._hold_numbers = itertools.count(1)
        self._lifted: set[Limit] = set()
        self._told: Counter[tuple[str, ...]] = Counter()
        self.used: Counter[str] = Counter()
        self.money = 0
        self.stopped: Breach | None = None

    # What relays ask

    def dials(self, host: str) -> bool:
        """A host outside the list is not even connected to before its request was admitted."""
        return self._allowance.hosts is None or self._is_listed(host) or self._allowance.action("hosts") == "warn"

    async def admit(self, asked: Asked) -> Reply | None:
        """See Gate. Waits while a person is asked."""
        self._tell_unknown_purpose(asked)
        let_through: set[Limit] = set()
        while True:
            if self.stopped is not None:
                return self._refuse(asked, self.stopped, stopped=True)
            breach = next((one for one in self._breaches(asked) if one.limit not in let_through | self._lifted), None)
            if breach is None:
                self._reserve(asked)
                return None
            if breach.action == "warn":
                self._warn(asked, breach)
                let_through.add(breach.limit)
            elif breach.action == "hold":
                reply = await self._hold(asked, breach)
                if reply is not None:
                    return reply
                let_through.add(breach.limit)
            else:
                return self._turn_back(asked, breach)

    def glance(self, asked: Asked) -> Reply | None:
        """See Gate. Only gRPC may pass so; it can't wait for a person, and what it asks is not read before it leaves."""
        if not header(asked.headers(), "content-type").lower().startswith("application/grpc"):
            words = "Under limits, requests over HTTP/2 leave only as gRPC: use a client that speaks HTTP/1.1 as well."
            return self._refuse(asked, Breach("calls", "refuse", words))
        for breach in [self.stopped] if self.stopped else self._breaches(asked):
            if breach.action == "warn" or breach.limit in self._lifted:
                self._warn(asked, breach)
                continue
            return self._turn_back(asked, breach)
        self._reserve(asked)
        return None

    def observe(self, kind: int, a: int, c: int, payload: bytes, flags: int) -> None:
        """Follow the answers of calls whose cost is counted."""
        reserved = self._under_way.get(a) if kind in _ANSWERING else None
        if reserved is None:
            return
        if kind == Kind.RESPONSE:
            reserved.head = payload[:c]
            payload = payload[c:]
        if kind in (Kind.RESPONSE, Kind.RESPONSE_DATA) and payload:
            reserved.size += len(payload)
            if reserved.size <= LARGEST_ANSWER:
                reserved.parts.append(payload)
        if kind == Kind.END or flags & OVER:
            self._settle(self._under_way.pop(a))

    def hear(self, line: bytes) -> None:
        """{"hold": "h1", "answer": "pass|pass_all|refuse|stop", "by": "a person"}; anything else is not understood."""
        try:
            said = json.loads(line)
            waiting = self._holds.get(str(said["hold"]))
            answer = str(said["answer"])
        except (ValueError, KeyError, TypeError):
            return
        if waiting is not None and not waiting.done() and answer in ("pass", "pass_all", "refuse", "stop"):
            waiting.set_result((answer, str(said.get("by", ""))))

    def finish(self) -> None:
        """Say what was used, and how often each bound was met."""
        met = [{"limit": key[0], "what": key[1], "host": key[2], "times": n} for key, n in sorted(self._told.items())]
        source = self._prices.source if self._prices else None
        self._event(
            "allowance_used", **self.used, money_usd=self.money / NANO, prices=source, met=met, stopped=self._ended()
        )

    def _ended(self) -> str | None:
        return self.stopped.limit if self.stopped else None

    # The bounds

    def _breaches(self, asked: Asked) -> list[Breach]:
        """Every bound that this request would go beyond now, in the order in which they are told."""
        found = [self._host_breach(asked), self._ban_breach(asked)]
        if asked.calls:
            found += [self._call_breach(asked), self._token_breach(asked), self._money_breach(asked)]
        return [breach for breach in found if breach is not None]

    def _host_breach(self, asked: Asked) -> Breach | None:
        if self._allowance.hosts is None or self._is_listed(asked.host):
            return None
        return self._breach("hosts", f"{asked.host} is not among the hosts that this run may ask.")

    def _is_listed(self, host: str) -> bool:
        return any(fnmatchcase(host.lower(), pattern.lower()) for pattern in self._allowance.hosts or ())

    def _ban_breach(self, asked: Asked) -> Breach | None:
        if self._prohibitions is None:
            return None
        why = self._prohibitions.why(asked)
        if why is None and (asked.body is None or asked.opens_websocket) and asked.calls:
            why = "It can't be read before it leaves, so nobody can tell whether the terms prohibit it."
        return self._breach("prohibited", why) if why else None

    def _call_breach(self, asked: Asked) -> Breach | None:
        most = self._allowance.calls
        if most is None or self.used["calls"] + asked.calls <= most:
            return None
        return self._breach("calls", f"{self.used['calls']:,} of {most:,} calls that this run may make are used up.")

    def _token_breach(self, asked: Asked) -> Breach | None:
        most = self._allowance.tokens
        if most is None:
            return None
        if asked.opens_websocket:
            return self._breach("tokens", "What is said on a WebSocket can't be counted before it leaves.")
        wanted, known = _tokens(asked), self.used["tokens"] + self._reserved_tokens()
        if known + wanted <= most:
            return None
        why = f"About {wanted:,} tokens are asked for; {known:,} of {most:,} are used or under way."
        return self._breach("tokens", why)

    def _money_breach(self, asked: Asked) -> Breach | None:
        most = self._allowance.money_usd
        if most is None:
            return None
        cost = self._cost(asked)
        if cost is None:
            models = (
                ", ".join(sorted({call.request_model or "a model not named" for call in asked.asking})) or "the model"
            )
            why = f"Nobody knows the price of {models} at {asked.host} (by {self._source()})."
            return Breach("money", self._allowance.unpriced, why)
        known = self.money + sum(one.money for one in self._under_way.values())
        if known + cost <= round(most * NANO):
            return None
        words = f"About ${cost / NANO:.4f} is asked for; ${known / NANO:.4f} of ${most:,.2f} is used or under way"
        why = f"{words} (by {self._source()})."
        return self._breach("money", why)

    def _source(self) -> str:
        return self._prices.source if self._prices else ""

    def _breach(self, limit: Limit, why: str) -> Breach:
        return Breach(limit, self._allowance.action(limit), why)

    def _cost(self, asked: Asked) -> int | None:
        if self._prices is None or (asked.calls and not asked.asking):
            return None if self._prices else 0
        costs = [
            self._prices.cost(
                asked.host, asked.target, call.request_model, input_estimate(asked, call), output_bound(call)
            )
            for call in asked.asking
        ]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def _reserved_tokens(self) -> int:
        return sum(one.tokens for one in self._under_way.values())

    # What comes of them

    def _reserve(self, asked: Asked) -> None:
        if not asked.calls:
            return
        self.used["calls"] += asked.calls
        if self._allowance.tokens is not None or self._prices is not None:
            self._under_way[asked.number] = _Reserved(asked, _tokens(asked), self._cost(asked) or 0)

    def _settle(self, one: _Reserved) -> None:
        """Put what the answer reports in the place of what was reserved."""
        counted = self._reported(one)
        if counted is None:
            tokens, money = one.tokens, one.money
        else:
            tokens, money = counted
        self.used["tokens"] += tokens
        self.money += money

    def _reported(self, one: _Reserved) -> tuple[int, int] | None:
        if not one.head or one.size > LARGEST_ANSWER:
            return None
        line, _, block = one.head.partition(b"\r\n")
        status = int(line.split(b" ", 2)[1])
        if status >= 400:
            return 0, 0  # an answer that is an error is not charged
        asked = one.asked
        calls = parse(asked.exchange(status, split_fields(block), b"".join(one.parts))).calls
        if not calls or any(call.input_tokens is None and call.output_tokens is None for call in calls):
            return None
        tokens, money = 0, 0
        for call in calls:
            went_in, came_out = call.input_tokens or 0, call.output_tokens or 0
            tokens += went_in + came_out
            model = call.request_model or call.response_model
            money += (self._prices.cost(asked.host, asked.target, model, went_in, came_out) if self._prices else 0) or 0
        return tokens, money

    def _warn(self, asked: Asked, breach: Breach) -> None:
        key = (breach.limit, "warned", asked.host)
        self._told[key] += 1
        if self._told[key] == 1:
            self._tell(asked, breach, "warned")

    def _turn_back(self, asked: Asked, breach: Breach) -> Reply:
        if breach.action == "stop":
            self.stopped = breach
            for waiting in self._holds.values():
                if not waiting.done():
                    waiting.set_result(("stop", ""))
        return self._refuse(asked, breach, stopped=breach.action == "stop")

    def _refuse(self, asked: Asked, breach: Breach, *, stopped: bool = False) -> Reply:
        what = "stopped" if stopped else "refused"
        self.used["refused"] += 1
        key = (breach.limit, what, asked.host)
        self._told[key] += 1
        if self._told[key] == 1:
            self._tell(asked, breach, what)
        end = " The run is being stopped." if stopped else ""
        return refusal(asked, f"limit_{breach.limit}", f"This call was not let out. {breach.why}{end}")

    def _tell(self, asked: Asked, breach: Breach, what: str, **more: Any) -> None:
        self._event("limit", limit=breach.limit, what=what, why=breach.why, **_facts(asked), **more)

    def _tell_unknown_purpose(self, asked: Asked) -> None:
        if self._prohibitions is None or not asked.calls or self._prohibitions.purpose(asked.host):
            return
        key = ("prohibited", "not_told", asked.host)
        self._told[key] += 1
        if self._told[key] == 1:
            why = f"No purpose is declared for calls to {asked.host}, so the terms can't be applied before they leave."
            self._tell(asked, Breach("prohibited", "warn", why), "not_told")

    # Held calls

    async def _hold(self, asked: Asked, breach: Breach) -> Reply | None:
        """Wait for a person; None: let through."""
        if len(self._holds) >= MOST_HELD:
            return self._refuse(asked, Breach(breach.limit, "refuse", f"{breach.why} Too many calls wait already."))
        identifier = f"h{next(self._hold_numbers)}"
        seconds = self._allowance.hold_seconds
        self._told[(breach.limit, "held", asked.host)] += 1
        self._tell(asked, breach, "held", hold=identifier, until=time.time() + seconds)
        waiting = self._holds[identifier] = asyncio.get_running_loop().create_future()
        try:
            answer, by = await self._answered(waiting, asked, time.monotonic() + seconds)
        finally:
            del self._holds[identifier]
        self._event("hold_answered", hold=identifier, answer=answer, by=by or None)
        if answer == "pass_all":
            self._lifted.add(breach.limit)
        if answer in ("pass", "pass_all"):
            return None
        if answer == "stop":
            return self._turn_back(asked, Breach(breach.limit, "stop", breach.why))
        words = {"expired": "Nobody answered in time.", "gone": "The program gave up waiting."}
        sentence = words.get(answer, "A person refused it.")
        return self._refuse(asked, Breach(breach.limit, "refuse", f"{breach.why} {sentence}"))

    async def _answered(
        self, waiting: asyncio.Future[tuple[str, str]], asked: Asked, deadline: float
    ) -> tuple[str, str]:
        while not waiting.done():
            left = deadline - time.monotonic()
            if left <= 0:
                return "expired", ""
            if asked.gone():
                return "gone", ""
            await asyncio.wait({waiting}, timeout=min(left, _GONE_SECONDS))
        return waiting.result()


_ANSWERING = frozenset({Kind.RESPONSE, Kind.RESPONSE_DATA, Kind.END})


def _tokens(asked: Asked) -> int:
    if not asked.asking:
        return -(-asked.size // 4) if asked.calls else 0
    return sum(input_estimate(asked, call) + output_bound(call) for call in asked.asking)


def _facts(asked: Asked) -> dict[str, Any]:
    """What a person needs to decide about a call."""
    call = next(iter(asked.asking), None)
    excerpt = call.prompt[-1].text[:240] if call and call.prompt else ""
    return {
        "host": asked.host,
        "method": asked.method,
        "target": asked.target.partition("?")[0][:300],
        "model": call.request_model if call else None,
        "operation": call.operation if call else None,
        "tokens": _tokens(asked),
        "excerpt": excerpt,
    }
