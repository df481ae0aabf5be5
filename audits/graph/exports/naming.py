"""Names that formats ask for: UUIDs and URNs that follow from a node's id, so that two exports of one thing agree."""

import datetime as dt
from typing import Final
from uuid import UUID, uuid5

NAMESPACE: Final = UUID("6f0e7c1e-5a58-5b0c-9a0e-6d5a3f2f9c11")
PRODUCER: Final = "urn:clausetrail:graph"


def uuid_of(text: str) -> UUID:
    """The UUID of a node, or of anything that is named after one."""
    return uuid5(NAMESPACE, text)


def urn_of(text: str) -> str:
    """The same as a URN."""
    return f"urn:uuid:{uuid_of(text)}"


def instant(moment: dt.datetime | None) -> str | None:
    """A moment as these formats write it: UTC, whole seconds, Z."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def said(text: str) -> str:
    """Text of others without control characters, which XML-minded readers of these formats refuse."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
