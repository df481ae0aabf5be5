"""Runs that ended before their evidence was sealed: what the recorder wrote is read to its end, and sealed as it is.

A worker that was killed, a database that went away, a disk that was full: the recorder's own record outlives them. What
is missing is named as a gap, so that the seal never says more than what was kept.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audits.capture.spool import RECORD, Chain, read_events, verify_record, wait_closed
from audits.evidence.links import named_contents
from audits.evidence.store import Damaged, Missing, Store, open_store
from audits.matching.identity import Identities
from audits.models import Connection, Exchange, Gap, Run, Seal
from audits.procedures.bodies import RecordedBodies
from audits.procedures.bounds_followed import BoundsFollowed
from audits.procedures.concluding import Piece, findings_pieces, seal_run
from audits.procedures.left_out import CONTENT_LOST
from audits.procedures.recording import Event, Recording
from audits.procedures.workspace import Workspace, workspace_of
from compliance.queries.library import library_from_database

PHASES = {"setup": "prepare", "execute": "execute"}
ROWS = ("exchange", "connection", "refused", "gap")
STILL_WRITING_SECONDS = 10.0
LOOKED_BACK = dt.timedelta(days=7)
CUT_SHORT = (
    "The audit ended before its evidence was sealed: what was recorded until then is sealed; what came after is not."
)


def salvage_ended_runs() -> int:
    """Seal what runs left that ended unsealed in the last days; tells how many were sealed."""
    ended = Run.objects.filter(state__in=Run.ENDED, seal__isnull=True, started_at__isnull=False)
    recent = ended.filter(Q(finished_at__gt=timezone.now() - LOOKED_BACK)).exclude(pipeline__origin="import")
    return sum(bool(salvage(run.pk)) for run in recent.select_related("pipeline__project"))


@transaction.atomic
def salvage(run_id: int) -> str:
    """Seal what a run left that ended unsealed, all of it or nothing; returns the root.

    Empty: it is sealed already, still at work, in other hands, left nothing, or its recorder still writes; then the next call
    may do it.
    """
    runs = Run.objects.select_for_update(skip_locked=True, of=("self",)).select_related("pipeline__project")
    run = runs.filter(pk=run_id).first()
    if run is None or run.is_active or Seal.objects.filter(run=run).exists():
        return ""
    workspace = workspace_of(Path(settings.VAR_DIR) / "runs", run.pk, run.requested_at.isoformat())
    if workspace is None or not all(
        wait_closed(workspace.spool(phase), STILL_WRITING_SECONDS)
        for phase in PHASES
        if workspace.spool(phase).exists()
    ):
        return ""
    store = open_store(settings.EVIDENCE_URL)
    pieces = [Piece(**entered) for entered in workspace.entered()]
    pieces += [piece for phase in PHASES for piece in _record(run, workspace, phase, store, pieces)]
    if not pieces:
        return ""
    _gap(run, "evidence", f"run {run.number}", CUT_SHORT)
    store.settle()
    root = seal_run(run, [*pieces, *findings_pieces(run, store)], Path(settings.VAR_DIR))
    workspace.remove_tree()
    workspace.remove_blobs()
    return root


def _record(run: Run, workspace: Workspace, phase: str, store: Store, known: list[Piece]) -> Iterator[Piece]:
    """The recorder's log of one phase, into rows and evidence; what is torn or does not hold is kept apart and named."""
    spool, name = workspace.spool(phase), f"recorder's log of {phase}"
    if not (spool / RECORD).exists() or any(piece.ref == name for piece in known):
        return
    chain = verify_record(spool)
    data = (spool / RECORD).read_bytes()
    whole, rest = data[: chain.end], data[chain.end :]
    events = _events(spool, chain)
    _check_contents(run, events, store, RecordedBodies(workspace.blobs(phase), store), PHASES[phase])
    _complete_rows(run, phase, workspace, store, events)
    if rest:
        _gap(run, "record", phase, _about_rest(chain, rest))
        yield Piece("torn", f"what follows the {name}", store.put(rest), len(rest))
    yield Piece("record", name, store.put(whole), len(whole))


def _events(spool: Path, chain: Chain) -> list[Event]:
    """The lines that hold. A record that does not hold further on is read as far as it does."""
    if not chain.problem:
        return list(read_events(spool)[0])
    with (spool / RECORD).open("rb") as file:
        good = file.read(chain.end)
    prefix = spool / "salvaged"
    prefix.mkdir(exist_ok=True)
    (prefix / RECORD).write_bytes(good)
    return list(read_events(prefix)[0])


def _about_rest(chain: Chain, rest: bytes) -> str:
    why = chain.problem or "its last line was not complete"
    return f"The record holds for {chain.count:,} lines; of {len(rest):,} bytes after them nothing is used: {why}."


def _check_contents(run: Run, events: list[Event], store: Store, bodies: RecordedBodies, step: str) -> None:
    """Name each body that the record tells of and that can't be read, and put a damaged one aside."""
    for sha256 in dict.fromkeys(name for event in events for name in named_contents(dict(event))):
        # What the power cut tore in the store is written anew from the recorder's folder, where it is whole there.
        bodies.keep(sha256)
        problem = _problem_with(store, sha256)
        if isinstance(problem, Damaged):
            store.set_aside(sha256)
            _gap(run, CONTENT_LOST, sha256, f"{problem}. What is left of it was put aside.", step)
        elif problem is not None:
            detail = "The record tells of this content, which never reached the store."
            _gap(run, CONTENT_LOST, sha256, detail, step)


def _problem_with(store: Store, sha256: str) -> Missing | Damaged | None:
    try:
        with store.open(sha256) as stream:
            while stream.read(1024 * 1024):
                continue
    except (Missing, Damaged) as problem:
        return problem
    return None


def _complete_rows(run: Run, phase: str, workspace: Workspace, store: Store, events: list[Event]) -> None:
    """Write what the follower of the record had no time to write."""
    step = PHASES[phase]
    written = set(Exchange.objects.filter(run=run, step=step).values_list("seq", flat=True))
    told = {
        at.isoformat()
        for model in (Connection, Gap)
        for at in model.objects.filter(run=run).values_list("at", flat=True)
    }
    missing = [
        event
        for event in events
        if event["kind"] in ROWS
        and (event["seq"] not in written if event["kind"] == "exchange" else _moment(event) not in told)
    ]
    rows = Recording(
        run_id=run.pk,
        step=step,
        spool=workspace.spool(phase),
        read_blob=lambda sha256: _readable(store, sha256),
        identities=Identities(library_from_database(run.pipeline.project_id)),
        outputs=workspace.outputs,
        bounds=BoundsFollowed(run.pk),
    )
    if missing:
        rows.write(missing)


def _moment(event: Event) -> str:
    return dt.datetime.fromisoformat(event["at"]).astimezone(dt.UTC).isoformat()


def _readable(store: Store, sha256: str) -> bytes:
    """A content, or nothing where it is lost: that is named already, and the exchange is there all the same."""
    try:
        return store.get(sha256)
    except (Missing, Damaged):
        return b""


def _gap(run: Run, kind: str, subject: str, detail: str, step: str = "conclude") -> None:
    Gap.objects.create(run=run, at=timezone.now(), step=step, kind=kind, subject=subject, detail=detail)
