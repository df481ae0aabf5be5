"""Makes the one-file verifier of a bundle from the modules that this package uses itself."""

from __future__ import annotations

import re
from pathlib import Path

_PARTS = ("links", "ed25519", "container", "timestamps", "verifier")
_OWN_IMPORT = re.compile(r"^from audits\.evidence\.\w+ import (?:\([^)]*\)|[^\n]*)\n", re.MULTILINE)
_FUTURE = "from __future__ import annotations\n"
_DOCSTRING = re.compile(r'\A(?:#![^\n]*\n)?(""".*?""")\n', re.DOTALL)


def verifier_source() -> str:
    """The verifier in one file: its parts in a row, without the imports of each other."""
    texts = {name: (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8") for name in _PARTS}
    opening = _DOCSTRING.match(texts["verifier"])
    if opening is None:
        raise ValueError("the verifier has lost its docstring")
    bodies = [_body(texts[name], name) for name in _PARTS]
    return f"#!/usr/bin/env python3\n{opening.group(1)}\n\n{_FUTURE}" + "".join(bodies)


def _body(text: str, name: str) -> str:
    body = _OWN_IMPORT.sub("", _DOCSTRING.sub("", text, count=1)).replace(_FUTURE, "", 1).strip("\n")
    return f"\n\n# --- {name} {'-' * (100 - len(name))}\n\n{body}\n"
