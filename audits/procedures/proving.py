"""What others add to a seal: a time stamp (RFC 3161), and the root written down elsewhere. Asked for until it comes.

A seal never waits for them: it is made and stored first, and what is asked for stands beside it, with why it has not come.
"""

import base64
import datetime as dt
import fcntl
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audits.evidence.seal import Seal
from audits.evidence.stamps import SECONDS, StampProblem, ask_for_stamp
from audits.models import Seal as StoredSeal
from audits.models import SealProof

FIRST_WAIT, LONGEST_WAIT = dt.timedelta(minutes=1), dt.timedelta(hours=12)
AT_ONCE = 50
Came = tuple[str, dict[str, Any]]


class AnchorProblem(RuntimeError):
    """The root could not be written down; the message says why."""


def ask_for_proofs(seal: StoredSeal) -> None:
    """Note what is to be had for a seal, as the settings have it. Called in the transaction that stores the seal."""
    wanted = [(SealProof.Kind.TIMESTAMP, url) for url in settings.TIMESTAMP_URLS]
    wanted += [(SealProof.Kind.ANCHOR, place) for place in settings.ANCHOR_URLS]
    now = timezone.now()
    SealProof.objects.bulk_create(SealProof(seal=seal, kind=kind, place=place, next_at=now) for kind, place in wanted)


def get_proofs(now: dt.datetime | None = None) -> int:
    """Ask for every proof that is due; tells how many came."""
    due = Q(state=SealProof.State.WAITING, next_at__lte=now or timezone.now())
    came = 0
    for pk in list(SealProof.objects.filter(due).order_by("next_at").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            proof = SealProof.objects.select_for_update(skip_locked=True, of=("self",)).filter(due, pk=pk).first()
            came += proof is not None and _try(proof)
    return came


def _try(proof: SealProof) -> bool:
    kept = proof.seal
    seal = Seal(kept.root, kept.entries, kept.definition)
    proof.attempts += 1
    try:
        get = _stamp if proof.kind == SealProof.Kind.TIMESTAMP else _anchor
        proof.proof, proof.says = get(seal, proof)
    except (StampProblem, AnchorProblem) as problem:
        proof.error = str(problem)[:400]
        proof.next_at = timezone.now() + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(proof.attempts - 1, 12))
        proof.save(update_fields=["attempts", "error", "next_at"])
        return False
    proof.state, proof.done_at, proof.next_at, proof.error = SealProof.State.DONE, timezone.now(), None, ""
    proof.save()
    return True


def _stamp(seal: Seal, proof: SealProof) -> Came:
    roots = Path(settings.TIMESTAMP_ROOTS) if settings.TIMESTAMP_ROOTS else None
    answer, stamp = ask_for_stamp(seal, proof.place, roots)
    checked = "up to the roots in TIMESTAMP_ROOTS" if roots else "in itself; no roots are set"
    return base64.b64encode(answer).decode(), {**stamp._asdict(), "checked": checked}


def _anchor(seal: Seal, proof: SealProof) -> Came:
    """Write the root down elsewhere: a line at the end of a file, or a POST."""
    what = {
        "root": seal.root,
        "entries": seal.entries,
        "key": seal.key_fingerprint,
        "run": seal.statement["predicate"]["run"],
        "sealed_at": seal.statement["predicate"]["sealed_at"],
    }
    line = json.dumps(what, sort_keys=True).encode() + b"\n"
    parts = urlsplit(proof.place)
    return _append(Path(unquote(parts.path)), line) if parts.scheme == "file" else _send(proof.place, line)


def _append(path: Path, line: bytes) -> Came:
    try:
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            at = file.tell()
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        raise AnchorProblem(f"{path} took no line: {problem.strerror}") from problem
    return line.decode(), {"file": str(path), "byte": at}


def _send(url: str, line: bytes) -> Came:
    try:
        answer = httpx.post(url, content=line, headers={"Content-Type": "application/json"}, timeout=SECONDS)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise AnchorProblem(f"{url} did not take the root: {problem}") from problem
    return answer.text[:4000], {"status": answer.status_code, "sent": line.decode().strip()}


def with_stamps(seal: StoredSeal) -> dict[str, Any]:
    """The seal's definition as a bundle holds it: the time stamps that have come stand beside the signature."""
    stamps = seal.proofs.filter(kind=SealProof.Kind.TIMESTAMP, state=SealProof.State.DONE).order_by("id")
    found = [{"authority": one.place, "response": one.proof} for one in stamps]
    return {**seal.definition, "timestamps": found} if found else dict(seal.definition)
