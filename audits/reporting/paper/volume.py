"""Writing a PDF file object by object, small ones packed into compressed streams, so that 200,000 cost little. No Django."""

import zlib
from typing import BinaryIO

PACKED = 200  # small objects in one stream


class Volume:
    """A PDF file being written. Objects are bytes in PDF's own syntax; each has a number that others refer to."""

    def __init__(self, out: BinaryIO) -> None:
        self.out = out
        self.places: list[tuple[int, int, int] | None] = [(0, 0, 65535)]  # by number: kind, offset or stream, index
        self.at = 0
        self.packing: list[tuple[int, bytes]] = []
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def reserve(self) -> int:
        """A number for an object that is put later."""
        self.places.append(None)
        return len(self.places) - 1

    def put(self, body: bytes, number: int = 0) -> int:
        """Add an object that is no stream; its number."""
        number = number or self.reserve()
        self.packing.append((number, body))
        if len(self.packing) >= PACKED:
            self._pack()
        return number

    def stream(self, data: bytes, entries: bytes = b"", number: int = 0, *, packed: bool = True) -> int:
        """Add a stream. `entries`: further entries of its dictionary; `packed`: whether to compress it."""
        number = number or self.reserve()
        self.places[number] = (1, self.at, 0)
        if packed:
            data, entries = zlib.compress(data, 6), entries + b"/Filter/FlateDecode"
        self._write(b"%d 0 obj\n<<%s/Length %d>>\nstream\n" % (number, entries, len(data)))
        self._write(data)
        self._write(b"\nendstream\nendobj\n")
        return number

    def raw(self, data: bytes, entries: bytes, number: int) -> None:
        """Add a stream whose data is encoded already, as `entries` say."""
        self.stream(data, entries, number, packed=False)

    def close(self, root: int, info: int, identity: bytes) -> None:
        """Write what is left, and where everything lies. `identity`: 16 bytes that name the document."""
        self._pack()
        number = self.reserve()
        self.places[number] = (1, self.at, 0)
        missing = [at for at, place in enumerate(self.places) if place is None]
        if missing:
            raise ValueError(f"objects {missing[:5]} were reserved and never written")
        table = b"".join(
            kind.to_bytes(1, "big") + where.to_bytes(4, "big") + index.to_bytes(2, "big")
            for kind, where, index in filter(None, self.places)
        )
        data = zlib.compress(table, 6)
        named = identity.hex().encode()
        start = self.at
        self._write(
            b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]"
            b"/Filter/FlateDecode/Length %d>>\nstream\n"
            % (number, len(self.places), root, info, named, named, len(data))
        )
        self._write(data)
        self._write(b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start)

    def _pack(self) -> None:
        if not self.packing:
            return
        packing, self.packing = self.packing, []
        heads, bodies, at = [], [], 0
        number = self.reserve()
        for index, (one, body) in enumerate(packing):
            self.places[one] = (2, number, index)
            heads.append(b"%d %d" % (one, at))
            bodies.append(body)
            at += len(body) + 1
        head = b" ".join(heads) + b"\n"
        entries = b"/Type/ObjStm/N %d/First %d" % (len(packing), len(head))
        self.stream(head + b"\n".join(bodies), entries, number)

    def _write(self, data: bytes) -> None:
        self.out.write(data)
        self.at += len(data)


def text(words: str) -> bytes:
    """A text string: as it is when it is ASCII, else UTF-16 in hexadecimal."""
    if words.isascii() and words.isprintable():
        return b"(" + words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode() + b")"
    return b"<" + (b"\xfe\xff" + words.encode("utf-16-be", "replace")).hex().encode() + b">"


def name(words: str) -> bytes:
    """A name, with what names may not hold spelled out."""
    return b"/" + b"".join(bytes([b]) if chr(b).isalnum() and b < 128 else b"#%02x" % b for b in words.encode())


def number(value: float) -> bytes:
    """A number with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".").encode() or b"0"
