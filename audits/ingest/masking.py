"""Credentials kept out of what is stored of an imported file. PURE.

Logs hold prompts, headers and environment variables, and with them keys. Text is masked by the shapes that keys have
(audits.evidence.masking). Running those over every line of a large log would take longer than reading it, so each block is
searched for their fixed parts first; only lines that hold a likely key are looked at closely. JSON is masked value by value,
so that it stays JSON.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from audits.evidence.masking import MASK, mask_text

Fingerprint = Callable[[bytes], str]

_CREDENTIAL_NAMES = frozenset(
    (
        "authorization", "x-api-key", "api-key", "api_key", "apikey", "x-goog-api-key", "cookie", "set-cookie",
        "proxy-authorization", "x-auth-token", "x-amz-security-token", "x-goog-iam-authorization-token", "helicone-auth",
        "cf-access-client-secret", "client_secret", "password", "access_token", "secret_access_key", "aws_secret_access_key",
    )
)  # fmt: skip
# What gateways put where a key was: its hash, or a form that is cut already. Neither opens anything.
_ALREADY_CUT = re.compile(
    r"[0-9a-f]{64}|(?:sk|hashed)?[-.*…x]{0,8}\.{2,3}[\w-]{1,6}|sk-\.{3}\w{1,6}|[\w-]{1,24}\*{3,}[\w-]{0,6}"
)
# A name that is given a value: in JSON, in code, in a header, also in JSON within JSON.
_ASSIGNED = rb"[\w-]{1,30}\\?[\"']?\s{0,3}[=:,]"
# The fixed part of each shape, in lower case, and what must follow there for it to be a key.
_LIKELY = tuple(
    (start, re.compile(rest, re.IGNORECASE))
    for start, rest in (
        (b"sk-", rb"sk-[\w-]{16}"), (b"rk-", rb"rk-[\w-]{16}"), (b"pk-", rb"pk-[\w-]{16}"),
        (b"k_live_", rb""), (b"k_test_", rb""), (b"aiza", rb"aiza[\w-]{30}"), (b"ya29.", rb""),
        (b"akia", rb"akia[a-z0-9]{16}"), (b"asia", rb"asia[a-z0-9]{16}"),
        (b"gho_", rb""), (b"ghp_", rb""), (b"ghs_", rb""), (b"ghu_", rb""), (b"ghr_", rb""), (b"github_pat_", rb""),
        (b"hf_", rb"hf_[a-z0-9]{20}"), (b"gsk_", rb"gsk_[\w-]{20}"), (b"gsk-", rb"gsk-[\w-]{20}"),
        (b"xai-", rb"xai-[\w-]{20}"), (b"xai_", rb"xai_[\w-]{20}"),
        (b"pplx-", rb"pplx-[\w-]{20}"), (b"pplx_", rb"pplx_[\w-]{20}"),
        (b"r8_", rb"r8_[\w-]{20}"), (b"r8-", rb"r8-[\w-]{20}"), (b"nvapi", rb"nvapi[_-][\w-]{20}"),
        (b"co_", rb"co_[\w-]{20}"), (b"co-", rb"co-[\w-]{20}"), (b"fw_", rb"fw_[\w-]{20}"), (b"fw-", rb"fw-[\w-]{20}"),
        (b"csk", rb"csk[_-][\w-]{20}"), (b"tgp_v1", rb""), (b"xox", rb"xox[abeoprs]-[\w-]{10}"),
        (b"eyj", rb"eyj[\w-]{8,}\.[\w-]{4}"),
        (b"bearer ", rb"bearer\s{1,4}[\w.~+/=-]{8}"), (b"basic ", rb"basic\s{1,4}[\w.~+/=-]{8}"),
        (b"private key", rb""),
        (b"api_key", rb"api_key\\?[\"']?\s{0,3}[=:]\s{0,3}\\?[\"']?(?![0-9a-f]{64}\b|none|null)[^\s\"',;}{\\]{6}"),
        (b"api-key", rb"api-key\\?[\"']?\s{0,3}[=:]\s{0,3}\\?[\"']?[^\s\"',;}{\\]{6}"),
        (b"apikey", rb"apikey\\?[\"']?\s{0,3}[=:]\s{0,3}\\?[\"']?[^\s\"',;}{\\]{6}"),
        (b"key=", rb"key=[^&\s]{6}"), (b"token=", rb"token=[^&\s]{6}"), (b"sig=", rb"sig=[^&\s]{6}"), (b"signature=", rb""),
        (b"access_key", _ASSIGNED), (b"access-key", _ASSIGNED), (b"accesskey", _ASSIGNED), (b"client_secret", _ASSIGNED),
        (b"password", _ASSIGNED),
        (b"passwd", _ASSIGNED), (b"auth_token", _ASSIGNED), (b"authorization", _ASSIGNED),
        (b"cookie", _ASSIGNED), (b"-token\"", rb""),
        (b"access_token", _ASSIGNED), (b"helicone-auth", _ASSIGNED), (b"client-secret", _ASSIGNED),
        (b"://", rb"://[^\s/:@\"]{0,200}:[^\s/@\"]{1,400}@"),
    )
)  # fmt: skip


def likely_places(block: bytes) -> list[int]:
    """Where in a block something may be a key; far more than are, never fewer. Linear in the block's length."""
    lower = block.lower()
    places: list[int] = []
    for start, rest in _LIKELY:
        at = lower.find(start)
        while at >= 0:
            if rest.match(block, at):
                places.append(at)
                at = lower.find(b"\n", at)  # one place is enough to have the whole line looked at
                if at < 0:
                    break
            at = lower.find(start, at + 1)
    return places


def masked_block(block: bytes, fingerprint: Fingerprint) -> bytes:
    """Whole lines with their credentials masked."""
    places = sorted(likely_places(block))
    if not places:
        return block
    done, pieces = 0, []
    for place in places:
        if place < done:
            continue
        begin = block.rfind(b"\n", 0, place) + 1
        end = block.find(b"\n", place)
        end = len(block) if end < 0 else end
        pieces += [block[done:begin], masked_line(block[begin:end], fingerprint)]
        done = end
    pieces.append(block[done:])
    return b"".join(pieces)


def masked_line(line: bytes, fingerprint: Fingerprint) -> bytes:
    """A line with its credentials masked: value by value where it is JSON, else as text."""
    if line.lstrip()[:1] in (b"{", b"["):
        try:
            return json.dumps(masked(json.loads(line), fingerprint), separators=(",", ":")).encode()
        except (ValueError, RecursionError):
            pass  # not JSON: masked as the text that it is
    return mask_text(line.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def masked(value: Any, fingerprint: Fingerprint) -> Any:
    """A JSON value with credentials masked in all its texts, and in what its keys call a credential."""
    if isinstance(value, str):
        return mask_text(value) if len(value) > 5 else value
    if isinstance(value, list):
        return [masked(one, fingerprint) for one in value]
    if isinstance(value, dict):
        named = value.get("name")
        if isinstance(named, str) and named.lower() in _CREDENTIAL_NAMES and isinstance(value.get("value"), str):
            return {**value, "value": _credential(value["value"], fingerprint)}
        return {key: _member(key, one, fingerprint) for key, one in value.items()}
    return value


def _member(key: str, value: Any, fingerprint: Fingerprint) -> Any:
    if isinstance(value, str) and key.lower() in _CREDENTIAL_NAMES:
        return _credential(value, fingerprint)
    if isinstance(value, str) and 5 < len(value) < 500:
        assigned = mask_text(f"{key}={value}")
        if assigned == f"{key}={MASK}":
            return value if _ALREADY_CUT.fullmatch(value) else MASK
    return masked(value, fingerprint)


def _credential(value: str, fingerprint: Fingerprint) -> str:
    if len(value) < 6 or _ALREADY_CUT.fullmatch(value) or value.startswith("masked:"):
        return value
    return fingerprint(value.encode("utf-8", "surrogatepass"))
