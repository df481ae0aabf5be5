"""How a PDF differs from the one that was made: read by a process of its own with little time and memory. No Django.

Started as `python -m audits.reporting.paper.examine ORIGINAL OTHER`; the answer is one line of JSON. The other file comes from
anybody: nothing of it is drawn, run or followed, and what breaks the reading ends this process alone.
"""

import hashlib
import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pikepdf

MEMORY: Final = 1024 * 1024 * 1024
SECONDS: Final = 20
ROOT: Final = Path(__file__).resolve().parents[3]


def described(path: Path) -> dict[str, Any]:
    """Pages, signature and attachments (name → SHA-256) of a PDF. Raises pikepdf.PdfError for what is none."""
    with pikepdf.open(path) as pdf:
        attached = {
            name[:200]: hashlib.sha256(spec.get_file().read_bytes()).hexdigest()
            for name, spec in list(pdf.attachments.items())[:50]
        }
        return {"pages": len(pdf.pages), "signed": _is_signed(pdf), "attached": attached}


def _is_signed(pdf: pikepdf.Pdf) -> bool:
    form = pdf.Root.get("/AcroForm")
    return form is not None and any("/V" in field for field in form.get("/Fields", []))


def differences(original: Path, other: Path) -> Sequence[str]:
    """What is different about the other file, in sentences; empty when this reading finds nothing. Never raises."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "audits.reporting.paper.examine", str(original), str(other)],
            capture_output=True, timeout=SECONDS, cwd=ROOT, check=True,
        )  # fmt: skip
        before, after = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        return ["It can’t be read as a PDF any more."]
    return _told(before, after)


def _told(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    found = []
    if before["signed"] and not after["signed"]:
        found.append("Its signature was removed.")
    if before["pages"] != after["pages"]:
        found.append(f"It has {after['pages']:,} pages; it was made with {before['pages']:,}.")
    was, now = before["attached"], after["attached"]
    changed = sorted(name for name in was if name in now and was[name] != now[name])
    for words, names in (
        ("was changed", changed), ("was removed", sorted(set(was) - set(now))), ("was added", sorted(set(now) - set(was)))
    ):  # fmt: skip
        found += [f"The attachment {name[:80]} {words}." for name in names[:5]]
    return found


def main(paths: Sequence[str]) -> None:
    """Describe both files."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    print(json.dumps([described(Path(path)) for path in paths]))


if __name__ == "__main__":
    main(sys.argv[1:])
