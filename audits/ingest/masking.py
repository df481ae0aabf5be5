"""Credentials kept out of what is stored of an imported file. PURE.

Logs hold prompts, headers and environment variables, and with them keys. Text is masked by the shapes that keys have
(audits.evidence.masking). Running those over every line of a large log would take longer than reading it, so one automaton
passes over each block once and finds whatever a shape can begin with; only lines in which it finds something are looked at
closely. JSON is masked value by value, so that it stays JSON.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import re2

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
_SPACE = rb"(?:[ \t\n\r\f\v]|\\[nrt])"
_ASSIGNED = rb"[\w-]{0,24}\\{0,3}[\"']?" + _SPACE + rb"{0,3}[=:,}]"
_VALUE = rb"\\{0,3}[\"']?" + _SPACE + rb"{0,3}[=:]" + _SPACE + rb"{0,3}\\{0,3}[\"']?[^ \t\n\r\f\v\"',;}{]{6}"
# What begins each shape that audits.evidence.masking knows, and what must follow for it to be a key. Far more than are keys,
# never fewer: what this does not find is not looked at.
_BEGINNINGS = (
    rb"[srp]k-[\w-]{16}", rb"k_(?:live|test)_", rb"aiza[\w-]{30}", rb"ya29\.", rb"(?:akia|asia)[a-z0-9]{16}",
    rb"gh[opsur]_", rb"github_pat_", rb"hf_[a-z0-9]{20}", rb"(?:gsk|xai|pplx|r8|nvapi|co|fw|csk)[_-][\w-]{20}", rb"tgp_v1",
    rb"xox[abeoprs]-[\w-]{10}", rb"eyj[\w-]{8,}\.[\w-]{4}",
    rb"(?:bearer|basic)" + _SPACE + rb"{1,4}[\w.~+/=-]{8}", rb"private key",
    rb"api[_-]?key(?:" + _VALUE + rb"|\\{0,3}\"" + _SPACE + rb"{0,3}[:,}])", rb"(?:key|token|sig)=[^& \t\n\r\f\v]{6}",
    rb"signature=",
    rb"(?:access[_-]?key|client[_-]secret|password|passwd|auth_token|authorization|cookie|access_token|helicone-auth)"
    + _ASSIGNED,
    rb"-token\"", rb":\\?/\\?/[^ \t\n\r\f\v/:@\"]{0,200}:[^ \t\n\r\f\v/@\"]{1,400}@",
)  # fmt: skip
# Where a gateway says which key was used: by its hash, or that there was none. Such a place is not looked at for that alone.
_SAYS_WHICH = re.compile(
    rb"api_key\\{0,3}[\"']?\s{0,3}[=:]\s{0,3}\\{0,3}[\"']?(?:[0-9a-f]{64}|none|null)(?=\\{0,3}[\s\"',;}]|\Z)",
    re.IGNORECASE,
)


def _automaton() -> Any:
    """All beginnings as one automaton that passes over a block once, whatever stands in it."""
    options = re2.Options()
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_capture = True
    options.max_mem = 64 * 1024**2
    return re2.compile(b"|".join(_BEGINNINGS), options)


_LIKELY = _automaton()


def likely_lines(block: bytes) -> Iterator[tuple[int, int]]:
    """Where the lines of a block begin and end in which something may be a key; linear in the block's length."""
    at = 0
    while found := _LIKELY.search(block, at):
        place = found.start()
        if _SAYS_WHICH.match(block, place):
            at = place + 1
            continue
        end = block.find(b"\n", place)
        end = len(block) if end < 0 else end
        yield block.rfind(b"\n", 0, place) + 1, end
        at = end


def masked_block(block: bytes, fingerprint: Fingerprint) -> bytes:
    """Whole lines with their credentials masked."""
    done, pieces = 0, []
    for begin, end in likely_lines(block):
        pieces += [block[done:begin], masked_line(block[begin:end], fingerprint)]
        done = end
    return b"".join([*pieces, block[done:]]) if pieces else block


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
        return _masked_text(value) if len(value) > 5 else value
    if isinstance(value, list):
        return [masked(one, fingerprint) for one in value]
    if isinstance(value, dict):
        named = value.get("name")
        if isinstance(named, str) and named.lower() in _CREDENTIAL_NAMES and isinstance(value.get("value"), str):
            return {**value, "value": _credential(value["value"], fingerprint)}
        return {key: _member(key, one, fingerprint) for key, one in value.items()}
    return value


def _masked_text(text: str) -> str:
    """The text with credentials masked; shapes are only tried where one may be, which most texts are spared."""
    # Other scripts have blanks and cases of their own, which the automaton does not know.
    return mask_text(text) if not text.isascii() or _LIKELY.search(text.encode()) else text


def _member(key: str, value: Any, fingerprint: Fingerprint) -> Any:
    if isinstance(value, str) and key.lower() in _CREDENTIAL_NAMES:
        return _credential(value, fingerprint)
    if isinstance(value, str) and 5 < len(value) < 500:
        assigned = _masked_text(f"{key}={value}")
        if assigned == f"{key}={MASK}":
            return value if _ALREADY_CUT.fullmatch(value) else MASK
    return masked(value, fingerprint)


def _credential(value: str, fingerprint: Fingerprint) -> str:
    if len(value) < 6 or _ALREADY_CUT.fullmatch(value) or value.startswith("masked:"):
        return value
    return fingerprint(value.encode("utf-8", "surrogatepass"))
