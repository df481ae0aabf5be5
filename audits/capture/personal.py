"""Personal data under pseudonyms: e-mail addresses, telephone numbers, IBANs, payment cards and IP addresses.

A pseudonym is an HMAC of the value in its plainest form under the installation's salt. The same person has the same one
in every body, log line and row, so tracing still finds what derives from what; without the salt nobody gets back. What
is found is found by shape alone: names, postal addresses and numbers of other kinds stay.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable

_DIGITS = re.compile(r"\D")
_MAIL = r"(?P<mail>[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})"
_IBAN = r"(?P<iban>\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b)"
_CARD = r"(?P<card>(?<![\w.])\d(?:[ -]?\d){12,18}(?!\w|\.\d))"
_IP4 = r"(?P<ip>(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d))"
_IP6 = r"(?P<ip6>(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?!\w|[:.]\w))"
_PHONE = (
    r"(?P<phone>(?<![\w+.])(?:\+\d[\d ()./-]{6,20}\d|\(?0\d{1,4}\)?[ /-]\d{2,5}(?:[ -]?\d{2,5}){1,3}"
    r"|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?!\w))"
)
_FOUND = re.compile("|".join((_MAIL, _IBAN, _CARD, _IP4, _IP6, _PHONE)))
# Pseudonyms have shapes of their own, which nothing here takes for personal data again.
PSEUDONYM = re.compile(
    r"person-[0-9a-f]{12}@masked\.invalid|iban-[0-9a-f]{12}|99990\d{11}|ip-[0-9a-f]{12}|phone-[0-9a-f]{12}"
)


def is_card(digits: str) -> bool:
    """Whether a run of 13 to 19 digits passes the check digit of payment cards (ISO/IEC 7812, Luhn)."""
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = (int(d) * 2 if place % 2 else int(d) for place, d in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether a text without spaces passes the check of account numbers (ISO 13616, modulo 97)."""
    if not 15 <= len(text) <= 34:
        return False
    turned = text[4:] + text[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def is_ip(text: str) -> bool:
    """Whether a text is an IP address that may be somebody's: not unspecified, not this machine's own."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


class PersonalData:
    """Replaces personal data by pseudonyms."""

    def __init__(self, salt: str) -> None:
        self._salt = salt.encode()

    def mask(self, text: str) -> str:
        """The text with pseudonyms in; what holds none comes back as it is."""
        if not _may_hold(text):
            return text
        return _replaced(text, self._pseudonym)

    def mask_bytes(self, data: bytes) -> bytes:
        """The same for bytes that are mostly UTF-8; other bytes stay as they are."""
        return self.mask(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def finds(self, text: str) -> bool:
        """Whether the text holds personal data."""
        return self.mask(text) != text

    def _pseudonym(self, kind: str, plain: str) -> str:
        digest = hmac.new(self._salt, f"{kind}:{plain}".encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
        if kind == "mail":
            return f"person-{digest[:12]}@masked.invalid"
        if kind == "card":
            # Digits, so that a number in JSON stays one; no issuer begins with 9999.
            digits = f"99990{int(digest[:16], 16) % 10**11:011d}"
            return f"{digits[:-1]}{(int(digits[-1]) + 1) % 10}" if is_card(digits) else digits
        return f"{kind}-{digest[:12]}"


def without_persons(text: str) -> str:
    """The text with personal data and pseudonyms alike replaced by what kind they are: for comparing across salts."""
    marked = PSEUDONYM.sub(lambda found: f"<{_kind_of(found[0])}>", text)
    return _replaced(marked, lambda kind, plain: f"<{kind}>") if _may_hold(marked) else marked


def _kind_of(pseudonym: str) -> str:
    if pseudonym.startswith("person-"):
        return "mail"
    return "card" if pseudonym[:1].isdigit() else pseudonym.partition("-")[0]


def _may_hold(text: str) -> bool:
    return "@" in text or any(char.isdigit() for char in text)


def _replaced(text: str, pseudonym: Callable[[str, str], str]) -> str:
    def replace(found: re.Match[str]) -> str:
        kind, value = found.lastgroup or "", found[0]
        plain = _plain(kind, value)
        if plain is None:
            return value
        return pseudonym("ip" if kind == "ip6" else kind, plain)

    return _FOUND.sub(replace, text)


def _plain(kind: str, value: str) -> str | None:
    """The value in its plainest form; None when it only looks like one of the kind."""
    if kind == "mail":
        return None if value.lower().endswith("@masked.invalid") else value.lower()
    if kind == "iban":
        plain = value.replace(" ", "")
        return plain if is_iban(plain) else None
    if kind == "card":
        digits = _DIGITS.sub("", value)
        return digits if is_card(digits) and not digits.startswith("99990") else None
    if kind in ("ip", "ip6"):
        return value.lower() if is_ip(value) else None
    digits = _DIGITS.sub("", value)
    return digits.lstrip("0") if 7 <= len(digits) <= 15 else None
