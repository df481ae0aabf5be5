"""Keeps credentials out of log lines and reports: values that are known, and the shapes that keys commonly have."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "[masked]"
# Shorter values would tear holes into ordinary words.
SHORTEST_SECRET = 6

# Each shape keeps group 1, where it has one, and masks the rest. Bounded repeats: log lines are hostile input.
_SHAPES = (
    re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"),
    re.compile(r"(?i)\b((?:bearer|basic)\s{1,4})[A-Za-z0-9._~+/=-]{8,4000}"),
    re.compile(r"\b(?:sk|rk|pk)-[A-Za-z0-9_-]{16,400}"),
    re.compile(r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,200}"),
    re.compile(r"\bAIza[A-Za-z0-9_-]{30,60}"),
    re.compile(r"\bya29\.[A-Za-z0-9_-]{20,2000}"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,255}"),
    re.compile(r"\bgithub_pat_[A-Za-z0-9_]{20,255}"),
    re.compile(r"\bhf_[A-Za-z0-9]{20,100}"),
    re.compile(r"\b(?:gsk|xai|pplx|r8|nvapi|co|fw|csk|tgp_v1)[_-][A-Za-z0-9_-]{20,200}"),
    re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,250}"),
    re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{0,4000}"),
    re.compile(r"(?i)([?&](?:api[_-]?key|key|access_token|token|sig|signature|x-amz-signature)=)[^&\s\"'<>]{6,4000}"),
    re.compile(r"(?i)(\b[a-z0-9+.-]{1,20}://[^\s/:@]{0,200}:)[^\s/@]{1,400}(?=@)"),
    re.compile(
        r"(?i)(\b(?:[a-z0-9]{1,30}_){0,6}(?:api[_-]?key|secret[_-]?access[_-]?key|client_secret|password|passwd|auth_token)"
        r"[\"']?\s{0,3}[=:]\s{0,3}[\"']?)[^\s\"',;}{]{6,400}"
    ),
)


def mask_text(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with every known secret and everything shaped like a key replaced by `[masked]`.

    Longer secrets go first, so that one which contains another leaves nothing behind. Values shorter than
    `SHORTEST_SECRET` characters are not looked for.
    """
    for secret in sorted({s for s in secrets if len(s) >= SHORTEST_SECRET}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for shape in _SHAPES:
        text = shape.sub(_kept, text)
    return text


def _kept(match: re.Match[str]) -> str:
    kept = match.group(1) if match.re.groups else ""
    return kept + MASK
