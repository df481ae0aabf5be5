"""Credentials: put in on the way out, never on the way to disk.

The audited program holds placeholders. `Substitution` (in the process that forwards) swaps them for the values on the
way to the hosts they are meant for. `Masker` (in the process that writes) replaces every value and every credential
header by a fingerprint before a byte is stored. The bytes handed from one to the other still hold the placeholder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import orjson

from audits.capture.config import Secret, is_named

MASKED_HEADERS = frozenset(
    b"authorization x-api-key api-key x-goog-api-key cookie set-cookie proxy-authorization x-auth-token "
    b"x-amz-security-token x-goog-iam-authorization-token cf-access-client-secret".split()
)
MASKED_PARAMETERS = frozenset(
    b"key api_key apikey api-key access_token token sig signature x-amz-signature x-amz-credential "
    b"x-amz-security-token x-goog-signature client_secret".split()
)
# "Bearer KEY" and a bare KEY are the same key and get the same fingerprint.
_SCHEME = re.compile(rb"(?i)\A(?:bearer|basic|token|key|apikey|api-key)[ \t]+")
FINGERPRINT_DIGITS = 12
# Header fields come again and again: so many are remembered as they are told, none with a longer value.
MOST_TOLD, LONGEST_TOLD = 4096, 512

Field = tuple[bytes, bytes]
Fields = Sequence[Field]


@dataclass(frozen=True)
class _Pair:
    name: str
    placeholder: bytes
    value: bytes
    hosts: tuple[str, ...]

    def is_for(self, host: str) -> bool:
        return is_named(self.hosts, host)


def _pairs(secrets: Iterable[Secret]) -> list[_Pair]:
    return [
        _Pair(item.name, item.placeholder.encode(), item.value.encode(), tuple(map(str.lower, item.hosts)))
        for item in secrets
    ]


class Substitution:
    """Placeholders into values, in header values and the query of requests to the hosts they are meant for."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._pairs = _pairs(secrets)

    def withheld(self, head: bytes, host: str) -> list[str]:
        """The names of the secrets whose placeholder stands in a head that goes to a host they are not for."""
        return [pair.name for pair in self._pairs if pair.placeholder in head and not pair.is_for(host)]

    def fill_head(self, head: bytes, host: str) -> bytes:
        """An HTTP/1 head with the values in; the same object when there is nothing to do."""
        wanted = [pair for pair in self._pairs if pair.placeholder in head and pair.is_for(host)]
        if not wanted:
            return head
        line, _, fields = head.partition(b"\r\n")
        method, target, version = line.split(b" ", 2)
        filled = [b" ".join((method, _fill_target(target, wanted), version))]
        for field in fields.split(b"\r\n"):
            name, colon, value = field.partition(b":")
            filled.append(name + colon + _fill(value, wanted))
        return b"\r\n".join(filled)

    def fill_fields(self, fields: Fields, host: str) -> list[tuple[bytes, bytes]]:
        """HTTP/2 header fields with the values in; `:path` is filled in its query alone, names stay as they are."""
        wanted = [pair for pair in self._pairs if pair.is_for(host)]
        return [
            (name, _fill_target(value, wanted) if name == b":path" else _fill(value, wanted)) for name, value in fields
        ]

    def __bool__(self) -> bool:
        return bool(self._pairs)


def _fill(value: bytes, pairs: Iterable[_Pair]) -> bytes:
    for pair in pairs:
        value = value.replace(pair.placeholder, pair.value)
    return value


def _fill_target(target: bytes, pairs: Iterable[_Pair]) -> bytes:
    path, mark, query = target.partition(b"?")
    for pair in pairs:
        query = query.replace(pair.placeholder, quote(pair.value, safe="").encode())
    return path + mark + query


class Masker:
    """Turns what was on the wire into what may be stored."""

    def __init__(self, secrets: Iterable[Secret], salt: str) -> None:
        self._pairs = _pairs(secrets)
        self._salt = salt.encode()
        replacements: dict[bytes, bytes] = {}
        for pair in self._pairs:
            mask = self.fingerprint(pair.value).encode()
            replacements[pair.value] = mask
            replacements[quote(pair.value, safe="").encode()] = mask
        # The longest first: one value may contain another.
        self._replacements = sorted(replacements.items(), key=lambda item: -len(item[0]))
        self.longest = max((len(value) for value, _ in self._replacements), default=0)
        self._texts = [(value.decode("utf-8"), mask.decode()) for value, mask in self._replacements]
        self._written = [orjson.dumps(text)[1:-1] for text, _ in self._texts]
        self._told: dict[tuple[str, Field], list[str]] = {}

    def fingerprint(self, credential: bytes) -> str:
        """`masked:sha256:` and 12 hex digits of the salted hash: the same key is recognised, never recovered."""
        bare = _SCHEME.sub(b"", credential.strip())
        return "masked:sha256:" + hashlib.sha256(self._salt + bare).hexdigest()[:FINGERPRINT_DIGITS]

    def used(self, head: bytes, host: str) -> list[str]:
        """The names of the secrets that were put into a request with this head on its way to `host`."""
        return [pair.name for pair in self._pairs if pair.placeholder in head and pair.is_for(host)]

    def fields(self, fields: Fields, host: str) -> list[list[str]]:
        """Header fields as [name, value] text, credentials as fingerprints of what really went out. Not to be changed:
        equal fields are one list."""
        told = self._told
        return [told.get((host, field)) or self._tell(host, field) for field in fields]

    def target(self, target: bytes, host: str) -> str:
        """A request target with the values of credential parameters masked."""
        path, mark, query = target.partition(b"?")
        if not mark:
            return self.data(path).decode("latin-1")
        parts = [self._parameter(part, host) for part in query.split(b"&")]
        return self.data(path + mark + b"&".join(parts)).decode("latin-1")

    def data(self, data: bytes) -> bytes:
        """Bytes with every occurrence of a secret's value masked."""
        for value, mask in self._replacements:
            if value in data:
                data = data.replace(value, mask)
        return data

    def reveals(self, data: bytes) -> bool:
        """Whether a secret's value stands in the bytes."""
        return any(value in data for value, _ in self._replacements)

    def line(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A line of a record with secrets masked in all its texts, keys included; itself when there are none."""
        if not self._replacements:
            return fields
        try:
            written = orjson.dumps(fields)
        except orjson.JSONEncodeError:
            # Lone surrogates and numbers beyond 64 bits.
            return dict(self.structure(fields))
        if any(secret in written for secret in self._written):
            return dict(self.structure(fields))
        return fields

    def structure(self, value: Any) -> Any:
        """A JSON value with secrets masked in all its texts, keys included."""
        if isinstance(value, str):
            for secret, mask in self._texts:
                value = value.replace(secret, mask)
            return value
        if isinstance(value, dict):
            return {self.structure(key): self.structure(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.structure(item) for item in value]
        return value

    def stream(self) -> Callable[[bytes, bool], bytes]:
        """A function (data, last) → masked data that also finds values spread over several pieces."""
        if not self._replacements:
            return lambda data, last: data
        return _StreamMask(self, [value for value, _ in self._replacements]).feed

    def __bool__(self) -> bool:
        return bool(self._replacements)

    def _tell(self, host: str, field: Field) -> list[str]:
        name, value = field
        told = [name.decode("latin-1"), self._field(name.lower(), value, host)]
        if len(value) <= LONGEST_TOLD:
            if len(self._told) >= MOST_TOLD:
                self._told.clear()
            self._told[host, field] = told
        return told

    def _field(self, name: bytes, value: bytes, host: str) -> str:
        if name in MASKED_HEADERS:
            return self.fingerprint(_fill(value, [pair for pair in self._pairs if pair.is_for(host)]))
        if name == b":path":
            return self.target(value, host)
        return self.data(value).decode("latin-1")

    def _parameter(self, part: bytes, host: str) -> bytes:
        name, mark, value = part.partition(b"=")
        if mark and name.lower() in MASKED_PARAMETERS:
            filled = _fill(unquote_to_bytes(value), [pair for pair in self._pairs if pair.is_for(host)])
            return name + mark + self.fingerprint(filled).encode()
        return part


class _StreamMask:
    def __init__(self, masker: Masker, values: Sequence[bytes]) -> None:
        self._masker = masker
        self._values = values
        self._held = b""

    def feed(self, data: bytes, last: bool) -> bytes:
        data = self._masker.data(self._held + data)
        keep = 0 if last else self._undecided(data)
        self._held = data[len(data) - keep :]
        return data[: len(data) - keep]

    def _undecided(self, data: bytes) -> int:
        """The length of the longest ending that may be the beginning of a value."""
        longest = 0
        for value in self._values:
            for length in range(min(len(value) - 1, len(data)), longest, -1):
                if data.endswith(value[:length]):
                    longest = length
                    break
        return longest
