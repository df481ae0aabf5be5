"""Wire formats: bytes of an exchange in, facts about model calls out. Pure: no network, no database, no clock."""

from audits.capture.wire.batches import BatchLedger
from audits.capture.wire.facts import CallError, Message, ModelCall, OutputText, Parsed, WireExchange
from audits.capture.wire.hosts import served_by_of
from audits.capture.wire.parsing import parse

__all__ = [
    "BatchLedger",
    "CallError",
    "Message",
    "ModelCall",
    "OutputText",
    "Parsed",
    "WireExchange",
    "parse",
    "served_by_of",
]
