"""Which tool a file is likely to be of that was given as another one's. PURE."""

import io
from itertools import islice

from audits.ingest.reading import Found, read_part
from audits.ingest.sources import SOURCES, Source
from audits.ingest.unpacking import Unacceptable

LOOKED_AT = 1024 * 1024
_RECORDS = 20


def likely_source(begin: bytes, but: str) -> Source | None:
    """The source, other than `but`, whose reader finds the most usage in the beginning of a kept text; None: no reader does."""
    found = {name: _found(begin, source) for name, source in SOURCES.items() if name != but}
    best = max(found, key=lambda name: found[name])
    return SOURCES[best] if found[best] else None


def _found(begin: bytes, source: Source) -> int:
    if source.reader is None:
        return 0
    stream = io.BufferedReader(io.BytesIO(begin), len(begin) or 1)
    try:
        return sum(isinstance(outcome, Found) for outcome in islice(read_part(stream, source.reader), _RECORDS))
    except Unacceptable:
        return 0
