"""One JSON array read element by element, so that a file of any length takes the memory of its longest element."""

import json
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

LONGEST_ELEMENT = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()


class Element(NamedTuple):
    """An element of the array and the line on which it begins; `damage` is not empty when bytes had to be replaced up to here."""

    line: int
    value: object
    damage: str


class BrokenArray(ValueError):
    """Where an array stops being JSON: the line, the reason and the text from there on (its beginning)."""

    def __init__(self, line: int, reason: str, raw: str) -> None:
        super().__init__(reason)
        self.line, self.reason, self.raw = line, reason, raw


def elements(file: BinaryIO) -> Iterator[Element]:
    """The elements of the array in this file. Raises BrokenArray where it cannot be read on; what came before was yielded."""
    text = _Window(file)
    text.skip_blank()
    text.drop(1)  # the opening bracket, which the caller has seen
    while True:
        text.skip_blank()
        line, start = text.line, text.peek()
        if start == "]":
            break
        try:
            value = text.take_value()
        except RecursionError as error:
            raise BrokenArray(line, "nested too deeply to be read", text.ahead()) from error
        except ValueError as error:
            reason = str(error) if start else "the array is never closed"
            raise BrokenArray(line, f"not JSON: {reason}", text.ahead()) from error
        yield Element(line, value, text.damage)
    text.drop(1)
    text.skip_blank()
    if text.peek():
        raise BrokenArray(text.line, "there is more text after the end of the array", text.ahead())


class _Window:
    """The part of the file's text that is at hand, and the place in it up to which it has been used."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._text, self._at = "", 0
        self._pending = b""
        self._ended = False
        self.line = 1
        self.damage = ""

    def peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def ahead(self) -> str:
        return self._text[self._at : self._at + 4096]

    def drop(self, count: int) -> None:
        self.line += self._text.count("\n", self._at, self._at + count)
        self._at += count

    def skip_blank(self) -> None:
        while True:
            found = _BETWEEN.match(self._text, self._at)
            self.drop(found.end() - self._at if found else 0)
            if self._at < len(self._text) or self._ended:
                return
            self._read_on(_CHUNK)

    def take_value(self) -> object:
        """The value that begins here. Raises ValueError when not JSON or too long, RecursionError when too deep."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                if end < len(self._text) or self._ended:  # a number that touches the end of what is at hand may go on
                    self.drop(end - self._at)
                    return value
            except json.JSONDecodeError:
                if self._ended:
                    raise
            held = len(self._text) - self._at
            if held > LONGEST_ELEMENT:
                raise ValueError(f"an element is longer than {LONGEST_ELEMENT} characters")
            self._read_on(max(_CHUNK, held))  # doubling: a long element is decoded a few times, not once per chunk

    def _read_on(self, size: int) -> None:
        fresh = self._file.read(size)
        raw = self._pending + fresh
        self._ended = not fresh
        cut = len(raw) if self._ended else _whole_characters(raw)
        self._pending = raw[cut:]
        self._text = self._text[self._at :] + self._decoded(raw[:cut])
        self._at = 0

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError:
            self.damage = "the array holds bytes that are not UTF-8; they were replaced"
            return raw.decode("utf-8", "replace")


def _whole_characters(raw: bytes) -> int:
    """How many bytes to decode so that no UTF-8 character is halved at the end."""
    for back in range(1, min(4, len(raw)) + 1):
        byte = raw[-back]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(raw) - back if needed > back else len(raw)
        if byte < 0x80:
            break
    return len(raw)
