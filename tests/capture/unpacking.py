"""What a file of a recorder's folder holds once its compression is undone."""

from collections.abc import Iterator
from pathlib import Path

import zstandard

from audits.capture.packs import SUFFIX, entries


def unpacked(path: Path) -> Iterator[bytes]:
    if path.suffix == ".zst":
        yield zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
    elif path.suffix == SUFFIX:
        data = path.read_bytes()
        for _, place, _ in entries(path):
            content = data[place.at : place.at + place.length]
            yield zstandard.ZstdDecompressor().decompress(content) if place.packed else content
