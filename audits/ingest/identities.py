"""The ids that providers give their answers, by which two logs are seen to tell of one call. PURE.

An answer has an id of its own (`chatcmpl-…`, `msg_…`, `resp_…`), and the request that it answers another in a header.
Ids are compared by a hash, which stays when the id itself is erased. One that other servers may give as well, being
short or counted up, tells nothing.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from uuid import UUID

LONGEST = 200
# Of OpenAI and most others, Anthropic, Amazon, Azure, Google; the first that an answer has.
REQUEST_HEADERS: Final = (
    "x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-amz-request-id", "x-goog-request-id",
)  # fmt: skip
_NAMES: Final = frozenset(REQUEST_HEADERS)
_PREFIX = re.compile(r"[A-Za-z]+(?:_bdrk)?[-_]")
_SHORTEST, _FEWEST = 12, 6
# LiteLLM's gateway wraps ids of the Responses API: what it needs to route later requests, in base64.
_WRAPPED: Final = "resp_bGl0ZWxsb"
_INNER = re.compile(r"response_id:([^;]+)")


def is_telling(given: str) -> bool:
    """Whether an id is one that no other server gives: long enough, and not a number counted up."""
    found = _PREFIX.match(given)
    rest = given[found.end() :] if found else given
    return len(rest) >= _SHORTEST and len(set(rest)) >= _FEWEST


def key_of(given: str, position: int = 0) -> UUID | None:
    """What an id is compared by; None for one that tells nothing. `position`: of the call in its exchange, from 0."""
    found = key_bytes(given, position)
    return None if found is None else UUID(bytes=found)


def key_bytes(given: str, position: int = 0) -> bytes | None:
    """The same as 16 bytes, which bulk writes take: the first of SHA-256, as what is stored must not change from one
    release to the next.
    """
    if not given or not is_telling(given):
        return None
    text = f"{given}#{position}" if position else given
    return sha256(text.encode("utf-8", "replace")).digest()[:16]


def request_id_of(headers: Iterable[tuple[str, str]]) -> str:
    """The id that the far end gave a request, from its answer's headers; "" when there is none."""
    found = {name.lower(): value for name, value in headers if name.lower() in _NAMES}
    return next((found[name][:LONGEST] for name in REQUEST_HEADERS if found.get(name)), "")


def unwrapped_id(given: str) -> str:
    """An answer's id as the provider gave it, where LiteLLM's gateway has put its own around it."""
    if not given.startswith(_WRAPPED):
        return given
    text = given.removeprefix("resp_")
    try:
        inner = base64.b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return given
    found = _INNER.search(inner)
    return found[1] if found else given
