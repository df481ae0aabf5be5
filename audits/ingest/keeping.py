"""A file as it is kept: text of one record a line, credentials masked. PURE.

What is stored is what is read afterwards, so that a count can be checked against the evidence. A JSON document is kept as one
record a line; a binary format as the JSON of what it says. Lines of text stay where they were, so that numbers of lines agree.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from audits.ingest.masking import Fingerprint, masked, masked_block
from audits.ingest.unpacking import NOT_READ, Unacceptable
from audits.ingest.values import one_after_another, unwrapped
from audits.lineage.json_array import BrokenArray, elements

BLOCK = 1024 * 1024
LONGEST_LINE = 16 * 1024**2
LARGEST_DOCUMENT = 256 * 1024**2
_KEPT_OF_A_LONG_LINE = 4096
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OTHER_KINDS = {
    b"PAR1": "a Parquet file; export it as CSV or as JSON, one record a line",
    b"(\xb5/\xfd": "packed with zstd; unpack it, or pack it with gzip",
    b"BZh": "packed with bzip2; unpack it, or pack it with gzip",
    b"\xfd7zXZ": "packed with xz; unpack it, or pack it with gzip",
    b"7z\xbc\xaf": "packed with 7-Zip; unpack it, or pack it as ZIP",
}
_LOOKED_AT = 4096
_SPACES = b"\t\n\r\f\x0b\x1b"
_MOST_UNPRINTABLE = 0.02

# Turns a stream that is no text into JSON values; raises Unacceptable.
Decoder = Callable[[BinaryIO, str], Iterable[Any]]
ToLine = Callable[[Any], bytes]


def kept_text(
    stream: Any,
    name: str,
    fingerprint: Fingerprint,
    decoder: Decoder | None = None,
    prepare: Callable[[Any], Any] | None = None,
) -> Iterator[bytes]:
    """Pieces of the text that is kept of a stream (an io.BufferedReader). Raises Unacceptable.

    `decoder`: for a stream that is no text; `prepare`: done to each record of a document or of a decoded stream.
    """

    def line(value: Any) -> bytes:
        return _line(prepare(value) if prepare else value, fingerprint)

    if decoder is not None:
        yield from map(line, decoder(stream, name))
        return
    start = stream.peek(BLOCK).removeprefix(_BOM).lstrip()
    _require_text(start[:_LOOKED_AT], name)
    if start[:1] == b"[":
        yield from _array(stream, line, fingerprint)
    elif start[:1] == b"{" and not _is_lines(start):
        yield from _document(stream, name, line, fingerprint)
    else:
        yield from _blocks(stream, fingerprint)


def _require_text(start: bytes, name: str) -> None:
    """Refuse what can't be lines of text, in words: rejecting it line by line would help nobody."""
    if start[:2] in _UTF_16 or start[1:4:2] == b"\0\0" or start[:3:2] == b"\0\0":
        raise Unacceptable(f"{name}: text in UTF-16, as spreadsheets write “Unicode text”; save it as UTF-8")
    for mark, words in _OTHER_KINDS.items():
        if start.startswith(mark):
            raise Unacceptable(f"{name}: {words}")
    unprintable = sum(byte < 32 and byte not in _SPACES for byte in start)
    if unprintable > len(start) * _MOST_UNPRINTABLE:
        raise Unacceptable(
            f"{name}: no text but binary data; give the log or export as the tool wrote it, as JSON or CSV"
        )


def _line(value: Any, fingerprint: Fingerprint) -> bytes:
    try:
        return json.dumps(masked(value, fingerprint), separators=(",", ":")).encode() + b"\n"
    except RecursionError:
        return NOT_READ + b"nested too deeply to be read\n"


def _array(stream: BinaryIO, line: ToLine, fingerprint: Fingerprint) -> Iterator[bytes]:
    try:
        for element in elements(stream):
            yield from map(line, unwrapped(element.value))
    except BrokenArray as broken:
        # The rest can't be told apart into records: it is kept as one line, which reading then rejects with its reason.
        yield _rest(broken.line, broken.reason, broken.raw, fingerprint)


def _rest(line: int, reason: str, raw: str, fingerprint: Fingerprint) -> bytes:
    rest = f"from line {line} on, {reason}: {raw[:_KEPT_OF_A_LONG_LINE]}"
    return NOT_READ + masked_block(" ".join(rest.split()).encode("utf-8", "surrogateescape"), fingerprint) + b"\n"


def _is_lines(start: bytes) -> bool:
    """Whether the first line is a whole object: then each line is a record, or meant to be."""
    first, gap, _ = start.partition(b"\n")
    try:
        return isinstance(json.loads(first), dict) and (bool(gap) or not _holds_records(first))
    except (ValueError, RecursionError):
        return bool(gap) and first.rstrip()[-1:] == b"}" and b'":' in first


def _holds_records(text: bytes) -> bool:
    value = json.loads(text)
    return next(unwrapped(value), value) is not value


def _document(stream: Any, name: str, line: ToLine, fingerprint: Fingerprint) -> Iterator[bytes]:
    """One document, or several one after the other; lines after all, where the first is longer than what is at hand."""
    text = stream.readline(LARGEST_DOCUMENT + 1)
    if stream.peek(1) and _is_object(text):
        yield masked_block(text.removeprefix(_BOM) if len(text) <= LONGEST_LINE else _cut(text, stream), fingerprint)
        yield from _blocks(stream, fingerprint)
        return
    text += stream.read(LARGEST_DOCUMENT + 1 - len(text))
    if len(text) > LARGEST_DOCUMENT:
        raise Unacceptable(
            f"{name}: one JSON document of more than {LARGEST_DOCUMENT // 1024**2} MB; give one record a line"
        )
    yield from _values(text, line, fingerprint)


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _values(raw: bytes, line: ToLine, fingerprint: Fingerprint) -> Iterator[bytes]:
    """The records of the documents in a text, as far as they can be told apart; one that begins with none stays as it is."""
    read = 0
    try:
        text = raw.decode("utf-8-sig")
        for value in one_after_another(text):
            yield from map(line, unwrapped(value))
            read += 1
    except (ValueError, RecursionError) as problem:
        if not read:
            yield from _blocks_of_text(raw, fingerprint)
            return
        at = problem.pos if isinstance(problem, json.JSONDecodeError) else 0
        yield _rest(text.count("\n", 0, at) + 1, f"not JSON: {problem}", text[at:], fingerprint)


def _blocks_of_text(text: bytes, fingerprint: Fingerprint) -> Iterator[bytes]:
    for at in range(0, len(text), BLOCK):
        yield masked_block(text[at : at + BLOCK], fingerprint)


def _blocks(stream: Any, fingerprint: Fingerprint) -> Iterator[bytes]:
    """Whole lines in large pieces; a line that is too long is cut, and says so."""
    first = True
    while block := stream.read(BLOCK):
        if block[-1:] != b"\n":
            block += stream.readline(LONGEST_LINE)
        if len(block) > LONGEST_LINE and block[-1:] != b"\n":
            begin = block.rfind(b"\n") + 1
            block = block[:begin] + _cut(block[begin:], stream)
        yield masked_block(block.removeprefix(_BOM) if first else block, fingerprint)
        first = False


def _cut(begun: bytes, stream: Any) -> bytes:
    size = len(begun)
    while begun[-1:] != b"\n" and (piece := stream.readline(BLOCK)):
        size += len(piece)
        if piece[-1:] == b"\n":
            break
    return NOT_READ + b"a line of %d bytes, cut: %s\n" % (size, begun[:_KEPT_OF_A_LONG_LINE].strip())


class Pieces:
    """Pieces of bytes as a file that a store can read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size` of them; b"" at the end."""
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._held = piece
        if size < 0:
            size = len(self._held)
        given, self._held = self._held[:size], self._held[size:]
        self.size += len(given)
        return given
