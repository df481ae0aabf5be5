"""Putting a gate before the way out: which one a configuration asks for, and the journal it learns from."""

from __future__ import annotations

from audits.capture.asking import Gate
from audits.capture.authority import Authority
from audits.capture.config import RecorderConfig
from audits.capture.gate import LimitGate
from audits.capture.journal import Journal, Ring
from audits.capture.replaying import ReplayGate
from audits.capture.session import Session


class WatchedJournal(Journal):
    """A journal whose frames the gate sees too: so it learns what answers cost without a part in passing them on."""

    gate: Gate

    def put(
        self, kind: int, a: int = 0, b: int = 0, c: int = 0, at: float = 0.0, payload: bytes = b"", flags: int = 0
    ) -> None:
        """See Journal."""
        super().put(kind, a, b, c, at, payload, flags)
        self.gate.observe(kind, a, c, payload, flags)


def gated_session(config: RecorderConfig, ring: Ring, notify: int) -> Session:
    """The session of a recorder, with the gate its configuration asks for."""
    authority = Authority(config.ca_certificate, config.ca_key)
    if config.recording is None and config.allowance is None:
        return Session(config, Journal(ring, notify), authority)
    journal = WatchedJournal(ring, notify)
    session = Session(config, journal, authority)
    if config.recording is not None:
        gate: Gate = ReplayGate(config.recording, session.event)
    else:
        assert config.allowance is not None
        gate = LimitGate(config.allowance, session.event)
    session.gate = journal.gate = gate
    return session
