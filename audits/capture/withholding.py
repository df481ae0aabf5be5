"""Evidence that keeps less than everything: personal data under pseudonyms, or hashes, sizes and token counts alone.

What can't be read from a body once it is gone is read before: the calls in an exchange stand in its line of the record,
with their answers' texts under pseudonyms, or as keyed digests for tracing. Bodies wait in memory until their exchange
is over; nothing unmasked is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from audits.capture.blobs import BlobStore
from audits.capture.bodies import UndecodableBody, decode_body
from audits.capture.config import Content
from audits.capture.masking import Masker
from audits.capture.personal import PersonalData
from audits.capture.wire import ModelCall, Parsed, WireExchange, parse
from audits.lineage.digests import digests_of

Facts = dict[str, Any]
# A larger body is not read and not kept; its hash and size are.
LARGEST_HELD = 32 * 1024 * 1024


class HeldBody:
    """Takes one body's payload as it comes, and keeps it until somebody has decided what may be kept."""

    def __init__(self, masker: Masker, encoding: str | None) -> None:
        self._masker = masker
        self.encoding = encoding.strip().lower() if encoding and encoding.strip().lower() != "identity" else None
        self._hash = hashlib.sha256()
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add payload."""
        self._hash.update(data)
        self.size += len(data)
        if self.size <= LARGEST_HELD:
            self._parts.append(data)
        else:
            self._parts.clear()

    def finish(self, *, truncated: bool) -> Facts | None:
        """What is known of it before anybody decided."""
        return self.facts(truncated=truncated)

    def facts(self, *, truncated: bool) -> Facts | None:
        """What is kept of it in any case; None when nothing came and nothing was cut off."""
        if not self.size and not truncated:
            return None
        digest = f"sha256:{self._hash.hexdigest()}"
        return {"size": self.size, "encoding": self.encoding, "truncated": truncated, "digest": digest, "kept": False}

    def content(self) -> bytes | None:
        """The body without its content coding and without secrets; None when it can't be had."""
        if self.size > LARGEST_HELD:
            return None
        try:
            return self._masker.data(decode_body(b"".join(self._parts), self.encoding))
        except UndecodableBody:
            return None


class Withholding:
    """Decides what of an exchange is kept."""

    def __init__(self, content: Content, store: BlobStore, masker: Masker, salt: str) -> None:
        self._content = content
        self._store = store
        self._masker = masker
        self._salt = salt.encode()
        self.persons = PersonalData(salt)

    def body(self, encoding: str | None) -> HeldBody:
        """A body that waits."""
        return HeldBody(self._masker, encoding)

    def target(self, target: str) -> str:
        """A request target as it may be kept: of a query's values nothing, where only hashes are."""
        path, mark, query = target.partition("?")
        if self._content == "masked" or not mark:
            return self.persons.mask(target)
        names = [part.partition("=")[0] for part in query.split("&")]
        return self.persons.mask(path) + "?" + "&".join(f"{name}=…" for name in names)

    def line(self, fields: Facts) -> Facts:
        """A line of the record whose words may quote what was asked."""
        if not fields.get("excerpt"):
            return fields
        return fields | {"excerpt": "" if self._content == "hashes" else self.persons.mask(fields["excerpt"])}

    def exchange(self, line: Facts, asked: Any, answered: Any) -> Facts:
        """An exchange's line with what may be kept of it, and with the calls read from its bodies before they go.

        asked, answered: the bodies that waited (HeldBody); None where no answer came.
        """
        if not isinstance(asked, HeldBody):
            return line
        whole, cut_off = not _is_truncated(line["request_body"]), _is_truncated(line["response_body"])
        request, response = asked.content(), answered.content() if answered else b""
        calls = self._calls(line, request, response, cut_off=cut_off)
        spread = any(output.get("personal") for call in calls["calls"] for output in call["outputs"])
        kept: Facts = {
            "calls": calls,
            "target": self.target(line["target"]),
            "request_headers": masked_headers(line["request_headers"], self.persons),
            "response_headers": masked_headers(line["response_headers"], self.persons),
            "request_body": self._kept(asked, request, truncated=not whole, spread=False),
        }
        if answered is not None:
            kept["response_body"] = self._kept(answered, response, truncated=cut_off, spread=spread)
        return line | kept

    def _kept(self, body: HeldBody, content: bytes | None, *, truncated: bool, spread: bool) -> Facts | None:
        facts = body.facts(truncated=truncated)
        if facts is None or self._content == "hashes":
            return facts
        if content is None:
            return facts | {"withheld": "it is too large, or in no coding that can be read, so it can't be masked"}
        masked = self.persons.mask_bytes(content)
        if spread and _is_events(content):
            return facts | {"withheld": "personal data is spread over the pieces of a stream"}
        coding = {"decoded_to_mask": body.encoding} if body.encoding else {}
        del facts["kept"]
        return facts | coding | {"encoding": None, "size": len(masked), "sha256": self._store.put(masked)}

    # What is read before the body goes

    def _calls(self, line: Facts, request: bytes | None, response: bytes | None, *, cut_off: bool) -> Facts:
        if request is None or response is None:
            return {"unparsed": "a body was too large or in an unknown coding", "not_a_model_call": None, "calls": []}
        parsed = parse(
            WireExchange(
                host=line["host"],
                port=line["port"],
                scheme=line["scheme"],
                method=line["method"],
                target=line["target"],
                request_headers=_plain(line["request_headers"]),
                request_body=request,
                status=line["status"],
                response_headers=_plain(line["response_headers"]),
                response_body=response,
                truncated=cut_off,
            )
        )
        return self._facts(parsed)

    def _facts(self, parsed: Parsed) -> Facts:
        return {
            "unparsed": parsed.unparsed,
            "not_a_model_call": parsed.not_a_model_call,
            "calls": [self._call(call) for call in parsed.calls],
        }

    def _call(self, call: ModelCall) -> Facts:
        facts = asdict(call)
        for name in ("prompt", "system", "outputs", "settings", "notes"):
            del facts[name]
        facts["settings"] = {k: v for k, v in call.settings.items() if not isinstance(v, str)}
        if call.error is not None:
            facts["error"] = {"type": call.error.type, "message": self._words(call.error.message)}
        facts["prompt"] = [] if self._content == "hashes" else [self._message(m.role, m.text) for m in call.prompt]
        facts["outputs"] = [self._output(one.index, one.kind, one.text) for one in call.outputs]
        return facts

    def _words(self, text: str) -> str:
        return "" if self._content == "hashes" else self.persons.mask(text)

    def _message(self, role: str, text: str) -> Facts:
        return {"role": role, "text": self.persons.mask(text)}

    def _output(self, index: int, kind: str, text: str) -> Facts:
        if self._content == "hashes":
            return {"index": index, "kind": kind, **digests_of(text, self._salt)}
        masked = self.persons.mask(text)
        return {"index": index, "kind": kind, "text": masked, "personal": masked != text}


def _plain(headers: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """The headers without a content coding: the bodies that go with them have none any more."""
    return [(name, value) for name, value in headers if name.lower() != "content-encoding"]


def _is_truncated(body: Facts | None) -> bool:
    return bool(body and body["truncated"])


def _is_events(content: bytes) -> bool:
    """Whether a body is a stream of events, in which a text may be spread over many."""
    start = content.lstrip()[:16]
    return start.startswith((b"data:", b"event:", b"id:", b":")) or b"\ndata:" in content[:4096]


def masked_headers(headers: Sequence[Sequence[str]], persons: PersonalData) -> list[list[str]]:
    """Header values under pseudonyms."""
    return [[name, persons.mask(value)] for name, value in headers]
