"""Telling the common answer at little cost: most lines of its head are those of the answer before. PURE.

Answers of one far end differ in the values of few header lines. A line that was found plain once is plain again, so only
those not seen before are looked at; what is not plainly a common answer is left to `http1.parse_response_head`.
"""

from __future__ import annotations

import re

from audits.capture.http1 import HEAD_END

MOST_KEPT = 256
_START = re.compile(rb"HTTP/1\.1 [2-9][0-9]{2}(?: [^\x00\r\n]*)?")
_LENGTH = re.compile(rb"content-length:[ \t]*([0-9]{1,18})[ \t]*", re.IGNORECASE)
# Any line but those that decide on framing or on the connection.
_LINE = re.compile(
    rb"(?!(?:content-length|transfer-encoding|connection|expect|host):)[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00\r\n]*",
    re.IGNORECASE,
)
_BODILESS = re.compile(rb"HTTP/1\.1 [23]04\b")


class PlainAnswers:
    """Remembers lines of answers' heads, at most `MOST_KEPT` of them."""

    def __init__(self) -> None:
        self._starts: set[bytes] = set()
        self._lines: set[bytes] = set()
        self._last, self._last_length = b"", -1

    def size(self, data: bytes) -> int:
        """The size of the head when `data` is one final answer of HTTP/1.1 from beginning to end, as long as its only
        Content-Length says, on a connection that stays open; else 0.
        """
        end = data.find(HEAD_END)
        if end < 0:
            return 0
        head = data[:end]
        # Within a second, many servers send the very same head.
        if head != self._last:
            length = self._length(head)
            if length < 0:
                return 0
            self._last, self._last_length = head, length
        return end + 4 if self._last_length == len(data) - end - 4 else 0

    def _length(self, head: bytes) -> int:
        """The length that a plain head tells, else -1."""
        start, *lines = head.split(b"\r\n")
        if start not in self._starts and not self._is_start(start):
            return -1
        length = b""
        for line in set(lines).difference(self._lines):
            if match := _LENGTH.fullmatch(line):
                if length:
                    return -1
                length = match[1]
            elif not self._is_common(line):
                return -1
        return int(length) if length else -1

    def _is_start(self, line: bytes) -> bool:
        if not _START.fullmatch(line) or _BODILESS.match(line):
            return False
        _remember(self._starts, line)
        return True

    def _is_common(self, line: bytes) -> bool:
        if not _LINE.fullmatch(line):
            return False
        _remember(self._lines, line)
        return True


def _remember(known: set[bytes], line: bytes) -> None:
    if len(known) >= MOST_KEPT:
        known.clear()
    known.add(line)
