"""What all connections of a running recorder share: numbers, limits, the journal, and the words for its lines."""

from __future__ import annotations

import itertools
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from audits.capture.addresses import SyntheticAddresses, is_address
from audits.capture.asking import Gate
from audits.capture.authority import Authority
from audits.capture.config import RecorderConfig, match_host
from audits.capture.journal import Journal, Kind
from audits.capture.masking import Substitution
from audits.capture.sigv4 import Signer
from audits.capture.upstream import Route, Upstreams

Facts = dict[str, Any]
CLOSED_KEPT = 2000


class Relay(Protocol):
    """A connection being served, as the sweep for silent ones sees it."""

    def expired(self, now: float) -> bool:
        """Whether it has been silent for too long at monotonic time `now`."""

    def abort(self, reason: str) -> None:
        """End it at once, recording the reason."""

    @property
    def busy(self) -> bool:
        """Whether an exchange is under way."""


@dataclass(frozen=True)
class Arrival:
    """How a connection came in.

    address, port: where it was dialled to (None, 0 unknown); named: the name that address was given to, or the CONNECT
    target's host; proxy: whether the client knows that it speaks to a proxy.
    """

    address: str | None
    port: int
    named: str | None
    proxy: bool = False


@dataclass(eq=False)
class Hop:
    """One client connection to one host, the unit a `connection` line is about."""

    number: int
    host: str
    arrival: Arrival
    route: Route
    exchanges: int = 0


@dataclass(eq=False)
class Session:
    """The shared state; one per recorder process."""

    config: RecorderConfig
    journal: Journal
    authority: Authority
    addresses: SyntheticAddresses = field(default_factory=SyntheticAddresses)
    stopping: bool = False
    live: set[Relay] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.upstreams = Upstreams(self.config)
        self.substitution = Substitution(self.config.secrets)
        self.signer = Signer(self.config.secrets)
        self._connections = itertools.count(1)
        self._exchanges = itertools.count(1)
        self.exchanges = 0
        # What another writing process would have to be told, should this one's be killed: those that are open or just were.
        self.connections: dict[int, Facts] = {}
        self._closed: deque[int] = deque()
        # Looks at each request before it leaves; None: nothing is bounded, and requests pass as they come.
        self.gate: Gate | None = None

    def event(self, kind: str, **fields: Any) -> None:
        """One line of the record."""
        self.journal.put(Kind.EVENT, payload=json.dumps({"kind": kind, **fields}).encode())

    def gap(self, reason: str, *, host: str | None, arrival: Arrival | None = None, detail: str = "") -> None:
        """Something that could not be observed."""
        self.event("gap", reason=reason, host=host, **_where(arrival), detail=detail)

    def refused(self, protocol: str, reason: str, *, host: str | None, arrival: Arrival, detail: str = "") -> None:
        """A connection or datagram that was not passed on."""
        self.event("refused", protocol=protocol, reason=reason, host=host, **_where(arrival), detail=detail)

    def open_hop(self, host: str, port: int, scheme: str, arrival: Arrival, **facts: Any) -> Hop:
        """Begin a connection to a host."""
        route = self.upstreams.route(host, port, scheme)
        hop = Hop(next(self._connections), host, arrival, route)
        known = {
            "host": host,
            "port": port,
            "address": arrival.address,
            "scheme": scheme,
            "simulated": route.simulated,
            "upstream": route.url,
            "client_pid": None,
            **facts,
        }
        at = time.time()
        self.journal.put(Kind.CONNECTION, hop.number, at=at, payload=json.dumps(known).encode())
        self.connections[hop.number] = {"at": at, **known}
        return hop

    def close_hop(self, hop: Hop, **facts: Any) -> None:
        """End it; facts complete its line."""
        if hop.number in self.connections:
            self._closed.append(hop.number)
        if len(self._closed) > CLOSED_KEPT:
            self.connections.pop(self._closed.popleft(), None)
        ending = json.dumps({"exchanges": hop.exchanges, **facts}).encode()
        self.journal.put(Kind.CONNECTION_END, hop.number, payload=ending)

    def next_exchange(self, hop: Hop) -> int:
        """The number of an exchange that begins now."""
        hop.exchanges += 1
        self.exchanges += 1
        return next(self._exchanges)

    @property
    def has_call_limits(self) -> bool:
        """Whether requests are looked at before they leave, so that none may take the short way."""
        return self.config.limits.max_exchanges is not None or self.gate is not None or bool(self.signer)

    def limit_reached(self) -> bool:
        """Whether the exchange that was just numbered is one too many."""
        most = self.config.limits.max_exchanges
        return most is not None and self.exchanges > most

    def refusal(self, host: str) -> str | None:
        """Why a host may not be talked to, or None: by its policy, or as a bare address nobody listed."""
        if is_address(host) and not self._listed(host):
            return "raw_address"
        return "policy" if self.config.policy_for(host) == "refuse" else None

    def check_name(self, host: str, arrival: Arrival) -> None:
        """Record when a connection asks for another host than the one whose address it dialled."""
        if arrival.named is not None and arrival.named != host:
            self.gap("name_mismatch", host=host, arrival=arrival, detail=f"dialled as {arrival.named}, asked as {host}")
        elif arrival.named is None and arrival.address is not None and not is_address(host):
            self.gap("name_mismatch", host=host, arrival=arrival, detail=f"dialled {arrival.address} directly")

    def _listed(self, host: str) -> bool:
        literal = host.strip("[]")
        return any(match_host(table, literal) is not None for table in (self.config.policies, self.config.upstreams))


def _where(arrival: Arrival | None) -> Facts:
    return {"address": arrival.address if arrival else None, "port": arrival.port if arrival else None}
