"""Signing anew: AWS requests signed with a placeholder (Signature Version 4) get the signature of the real key.

After the description in the AWS General Reference ("Signing AWS API requests"). The program signs with the placeholder
it holds; the recorder puts the real access key id into the Authorization header and computes the signature again over
exactly the request that goes out. Not done, and left as they are: signatures in the query (presigned addresses), bodies
signed chunk by chunk, and Signature Version 4A.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from audits.capture.config import Secret, is_named

KEY_ID, SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
ALGORITHM = b"AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    rb"(?im)^(authorization:[ \t]*AWS4-HMAC-SHA256[ \t]+Credential=)([^/,\s]+)/(\d{8}/[^/,\s]+/[^/,\s]+/aws4_request)"
    rb"(,[ \t]*SignedHeaders=)([a-z0-9;_-]+)(,[ \t]*Signature=)([0-9a-f]{64})"
)
_UNRESERVED = "-_.~"


class Signer:
    """Signs for the hosts that the two AWS secrets are meant for; where only one is held, nothing is signed."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        held = {secret.name: secret for secret in secrets}
        self._key_id, self._secret = held.get(KEY_ID), held.get(SECRET_KEY)

    def __bool__(self) -> bool:
        return self._key_id is not None and self._secret is not None

    def signs(self, head: bytes, host: str) -> bool:
        """Whether a request's head carries a signature made with the placeholder, on its way to a host it is for."""
        if self._key_id is None or self._secret is None or self._key_id.placeholder.encode() not in head:
            return False
        return is_named(self._secret.hosts, host) and _AUTHORIZATION.search(head) is not None

    def sign(self, head: bytes, payload: bytes | None) -> bytes:
        """The head (real key id already in) with the signature computed anew. `payload` None: it could not be read whole.

        Raises ValueError when the payload's hash is neither stated nor can be computed.
        """
        found = _AUTHORIZATION.search(head)
        assert found is not None
        assert self._secret is not None
        scope, signed = found[3].decode(), found[5].decode().split(";")
        request = canonical_request(head, signed, payload)
        fields = _fields(head)
        to_sign = "\n".join(
            (ALGORITHM.decode(), fields["x-amz-date"][0], scope, hashlib.sha256(request.encode()).hexdigest())
        )
        signature = hmac.new(signing_key(self._secret.value, scope), to_sign.encode(), hashlib.sha256).hexdigest()
        return head[: found.start(7)] + signature.encode() + head[found.end(7) :]


def signing_key(secret: str, scope: str) -> bytes:
    """The key derived for a scope: date/region/service/aws4_request."""
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def canonical_request(head: bytes, signed: list[str], payload: bytes | None) -> str:
    """The text whose hash is signed. Paths are encoded once more, as every service but S3 has it."""
    line, _, _ = head.partition(b"\r\n")
    method, target, _ = line.decode("latin-1").split(" ", 2)
    path, _, query = target.partition("?")
    fields = _fields(head)
    headers = "".join(f"{name}:{','.join(' '.join(v.split()) for v in fields.get(name, ['']))}\n" for name in signed)
    return "\n".join(
        (method, quote(path, safe="/" + _UNRESERVED), _query(query), headers, ";".join(signed), _hash(fields, payload))
    )


def _hash(fields: dict[str, list[str]], payload: bytes | None) -> str:
    stated = fields.get("x-amz-content-sha256")
    if stated:
        return stated[0]
    if payload is None:
        raise ValueError("the request is too large to be signed anew")
    return hashlib.sha256(payload).hexdigest()


def _query(query: str) -> str:
    pairs = (part.partition("=") for part in query.split("&") if part)
    encoded = ((_encoded(name), _encoded(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _encoded(text: str) -> str:
    return quote(unquote(text), safe=_UNRESERVED)


def _fields(head: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.lower(), []).append(value.strip())
    return found
