"""The kinds of gaps in words: what could not be seen, what that means for the verdict, what to do about it. PURE.

The one table of kinds: pages, reports, programs and docs/capture-gaps.md tell a kind as it stands here. A kind that is not in it
is told by its code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

PREPARE, EXECUTE = "prepare", "execute"
BOUNDS: Final = (
    "The outcome is at best “needs facts”: where something was not seen, the absence of a call proves nothing."
)
TRAINING: Final = (
    "Where it is training data, the outcome is at best “needs facts”: what its rows derive from is not known whole."
)
NOTHING: Final = "It bears on no verdict."
SET_UP: Final = "It bears on no verdict: it happened during set-up, before the pipeline ran."
CUT_SHORT: Final = (
    "Only what was kept until the audit was cut short can be relied on; what came after is in no verdict."
)


@dataclass(frozen=True)
class GapKind:
    """One kind of gap. `name`: a few words; `words`: what happened, and what could not be seen; empty where nobody knows."""

    name: str
    words: str
    means: str
    remedy: str

    @property
    def sentence(self) -> str:
        """The name, and what happened, in one line."""
        return f"{self.name}. {self.words}" if self.words else self.name


GAP_KINDS: Final[Mapping[str, GapKind]] = {
    "tls_refused_by_client": GapKind(
        "A program refused the recorder’s certificate",
        "It pins another one, brings a list of its own, or hides the host it asks for. Nothing was sent, and what it wanted to "
        "send is not known.",
        BOUNDS,
        "Let the program trust the bundle that SSL_CERT_FILE names, then audit again.",
    ),
    "name_mismatch": GapKind(
        "A connection asked for another host than it dialled",
        "Whom the program meant is not certain. What it sent is recorded.",
        BOUNDS,
        "Look at the exchange: the detail names both hosts.",
    ),
    "host_header_mismatch": GapKind(
        "A request named another host than its connection",
        "Whom the program meant is not certain. The request is recorded.",
        BOUNDS,
        "Look at the exchange: the detail names the other host.",
    ),
    "request_malformed": GapKind(
        "What was sent is no HTTP request",
        "The bytes can be read in no way or in several ways. They were not passed on.",
        BOUNDS,
        "Find out which program speaks what to this host; where it needs no network, take the call out.",
    ),
    "http2_malformed": GapKind(
        "What was sent is no valid HTTP/2",
        "The frames break the protocol. What follows them was not passed on.",
        BOUNDS,
        "Find out which program speaks what to this host; a newer version of its library may mend it.",
    ),
    "http2_undecodable": GapKind(
        "An HTTP/2 connection could not be read",
        "It was passed on, but can’t be taken apart into requests and answers. The bytes are kept.",
        BOUNDS,
        "Read the raw bytes in the evidence, or let the program use HTTP/1.1 and audit again.",
    ),
    "websocket_undecodable": GapKind(
        "A WebSocket could not be read",
        "It was passed on, but can’t be taken apart into messages. The bytes are kept.",
        BOUNDS,
        "Read the raw bytes of the exchange.",
    ),
    "server_push": GapKind(
        "A server announced an answer that nobody asked for",
        "Which request it belongs to is not known. The bytes are kept.",
        BOUNDS,
        "Read the raw bytes of the exchange.",
    ),
    "secret_withheld": GapKind(
        "A key was kept from a host that it is not for",
        "The placeholder went out, the key stayed here. What the host would have answered to the key is not known.",
        BOUNDS,
        "Check the hosts of this secret in audit.toml. If they are right, find out why the program sent it elsewhere.",
    ),
    "server_inside": GapKind(
        "A server inside the pipeline answered",
        "It spoke over loopback, inside the sandbox. Bytes are counted by port; what was asked and answered is not recorded.",
        BOUNDS,
        "If a model answered there, run its server outside and name it as an upstream, then audit again.",
    ),
    "recorder": GapKind(
        "The recorder ended early",
        "The way out was closed with it. What the program tried afterwards is not recorded.",
        BOUNDS,
        "Audit again; if it recurs, ask whoever runs this installation to read the recorder’s log.",
    ),
    "recorder_ended": GapKind(
        "The recorder was ended from outside",
        "Exchanges that were under way are recorded as far as they came.",
        BOUNDS,
        "Audit again.",
    ),
    "recorder_fault": GapKind(
        "The recorder stumbled over a connection",
        "The fault is ours. The connection was closed, and what else it would have carried is not known.",
        BOUNDS,
        "Audit again; if it recurs, report the detail as a bug.",
    ),
    "output": GapKind(
        "Printed lines were left out",
        "The program printed more than is kept.",
        NOTHING,
        "Nothing has to be done; print less to keep every line.",
    ),
    "dataset": GapKind(
        "A declared data set is missing or not whole",
        "It was not written by this run, can’t be read, or is not kept whole. What its rows derive from is not known whole.",
        TRAINING,
        "Let the run write the file where audit.toml declares it, in a format that can be read.",
    ),
    "student": GapKind(
        "The declared student is missing or not whole",
        "Its files were not found, can’t be read, or are not kept whole.",
        NOTHING,
        "Let the run write the student where audit.toml declares it.",
    ),
    "lineage": GapKind(
        "Answers were compared by their hashes only",
        "No contents are kept of this run. Rows that took an answer changed, or in part, are not recognised.",
        TRAINING,
        "To trace every row, audit again and keep contents, or personal data under pseudonyms.",
    ),
    "evidence": GapKind(
        "The audit was cut short",
        "What was recorded until then is sealed; what came after is not.",
        CUT_SHORT,
        "Audit again.",
    ),
    "record": GapKind(
        "The end of the recorder’s log does not hold",
        "It is torn, or does not follow from what stands before it. It is kept apart, and nothing of it is used.",
        CUT_SHORT,
        "Audit again.",
    ),
    "content lost": GapKind(
        "A recorded content is lost",
        "The log tells of it by its hash, but the bytes never reached the store, or are damaged.",
        BOUNDS,
        "Audit again.",
    ),
    "imported log": GapKind(
        "The log was imported, not observed",
        "Calls that went past it are not in it, and nothing shows what became of the answers.",
        BOUNDS,
        "Audit the pipeline itself, so that its calls are recorded.",
    ),
    "unread lines": GapKind(
        "Lines of the log could not be read",
        "They are kept as they were, and count as nothing.",
        BOUNDS,
        "See why on the import’s page; mend the lines and import the log again.",
    ),
    "sources differ": GapKind(
        "Two sources tell the same calls differently",
        "Which of them is right is not known.",
        BOUNDS,
        "Compare both on the import’s page.",
    ),
}  # fmt: skip

BEARS_ON_NOTHING: Final = frozenset(kind for kind, one in GAP_KINDS.items() if one.means == NOTHING)


# Why a connection was not passed on, or did not come about: the recorder's codes, as rows hold them with spaces.
WHY_NOT: Final[Mapping[str, str]] = {
    "policy": "This host may not be talked to in this phase",
    "raw address": "A bare address, which no name was asked for",
    "quic": "QUIC (HTTP/3), which can’t be read: clients fall back on TCP",
    "udp": "UDP that is neither QUIC nor a question for a name",
    "dns only": "The name was looked up and never dialled: nothing was sent",
    "unknown protocol": "It speaks no protocol that can be read",
    "request malformed": "It is no HTTP request that can be read in one way",
    "upstream untrusted": "The host’s certificate is not trusted",
    "upstream tls": "The host and the recorder could not agree on an encrypted connection",
    "upstream unreachable": "The host could not be reached",
    "upstream unresolved": "No address is known for the name",
    "upstream closed": "The host closed the connection without an answer",
    "private address": "The name leads to a private address",
    "client aborted": "The program gave up",
    "timeout": "Nothing came for too long",
    "recorder stopped": "The run ended first",
    "recorder ended": "The recorder was ended from outside",
    "record failed": "It could no longer be recorded, so it was not passed on",
}  # fmt: skip


def why_not(reason: str) -> tuple[str, str]:
    """The reason of a connection's row in words, and its detail; one that nobody knows stands as it is."""
    code, _, detail = reason.partition(": ")
    return (WHY_NOT[code], detail) if code in WHY_NOT else (reason, "")


def gap_kind(kind: str, step: str = EXECUTE) -> GapKind:
    """A kind in words, as it counts in a step of the audit; one that nobody knows has its code for a name, and no remedy."""
    known = GAP_KINDS.get(kind) or GapKind(kind.replace("_", " "), "", BOUNDS, "")
    if known.means != BOUNDS or step == EXECUTE:
        return known
    return replace(known, means=SET_UP if step == PREPARE else NOTHING)


def bears(kind: str, step: str) -> bool:
    """Whether a gap keeps the outcome of its run from being better than "needs facts"."""
    return gap_kind(kind, step).means == BOUNDS
