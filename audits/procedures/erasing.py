"""Erasing: what projects keep no longer, and what a person asked to be erased; out of the rows first, then out of the store."""

import datetime as dt
import shutil
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from audits.actions.erasing import UnderHold, erase, note_removed
from audits.evidence.store import open_store
from audits.models import ErasedContent, Erasure, Exchange, Import, Retention, Run
from audits.procedures.workspace import workspace_of
from audits.queries.erasable import (
    contents_of_exchanges,
    expired_imports,
    expired_runs,
    needed_elsewhere,
    removable,
)
from compliance.models import User

KEPT_LONG_ENOUGH = "The project keeps {what} for {days} days."
AT_ONCE = 2_000


def erase_expired(now: dt.datetime | None = None) -> list[Erasure]:
    """Erase what each project's retention says. A project under a legal hold is passed over, and says so on its page."""
    now = now or timezone.now()
    done: list[Erasure] = []
    for retention in Retention.objects.select_related("project").exclude(content_days=None):
        try:
            done += _contents(retention, now) + _metadata(retention, now)
        except UnderHold:
            continue
    return done


def _contents(retention: Retention, now: dt.datetime) -> list[Erasure]:
    project, days, cause = retention.project, retention.content_days, Erasure.Cause.CONTENTS
    reason = KEPT_LONG_ENOUGH.format(what="contents", days=days)
    done = [_erase_run(run, cause, reason, None) for run in expired_runs(project, cause, days, now)]
    return done + [_erase_import(one, cause, reason, None) for one in expired_imports(project, cause, days, now)]


def _metadata(retention: Retention, now: dt.datetime) -> list[Erasure]:
    project, days, cause = retention.project, retention.metadata_days, Erasure.Cause.METADATA
    reason = KEPT_LONG_ENOUGH.format(what="metadata", days=days)
    done = [_erase_run(run, cause, reason, None) for run in expired_runs(project, cause, days, now)]
    return done + [_erase_import(one, cause, reason, None) for one in expired_imports(project, cause, days, now)]


def _erase_run(run: Run, cause: str, reason: str, person: User | None) -> Erasure:
    sizes = removable([run.pk], [], cause)
    erasure = erase(project=run.pipeline.project, acting_user=person, cause=cause, reason=reason, sizes=sizes, run=run)
    _remove_workspace(run)
    return erasure


def _erase_import(imported: Import, cause: str, reason: str, person: User | None) -> Erasure:
    sizes = removable([], [imported], cause)
    project = imported.pipeline.project
    return erase(project=project, acting_user=person, cause=cause, reason=reason, sizes=sizes, imported=imported)


def erase_on_request(*, run: Run, acting_user: User | None, reason: str, seqs: Sequence[int] = ()) -> Erasure:
    """Erase what was said in a run, or in some of its exchanges (by their numbers), because a person asked for it.

    What the same project recorded elsewhere with the very same bytes goes with it; what other projects hold of it stays.
    Raises UnderHold, and LookupError for exchanges that the run does not have.
    """
    project = run.pipeline.project
    ours = list(Run.objects.filter(pipeline__project=project).values_list("pk", flat=True))
    if not seqs:
        sizes = removable([run.pk], [], Erasure.Cause.REQUEST)
        chosen = None
    else:
        exchanges = Exchange.objects.filter(run=run, seq__in=seqs)
        chosen = list(exchanges.values_list("pk", flat=True))
        missing = sorted(set(seqs) - set(exchanges.values_list("seq", flat=True)))
        if missing:
            raise LookupError(f"{run} has no exchange {', '.join(map(str, missing))}.")
        named = contents_of_exchanges(exchanges)
        needed = needed_elsewhere(list(named), ours, [])
        sizes = {sha256: size for sha256, size in named.items() if sha256 not in needed}
    erasure = erase(
        project=project, acting_user=acting_user, cause=Erasure.Cause.REQUEST, reason=reason, sizes=sizes, run=run,
        exchanges=chosen,
    )  # fmt: skip
    _remove_workspace(run)
    return erasure


def _remove_workspace(run: Run) -> None:
    """The run's folder holds the recorder's log and the answers once more."""
    workspace = workspace_of(Path(settings.VAR_DIR) / "runs", run.pk, run.requested_at.isoformat())
    if workspace is not None:
        workspace.remove_tree()
        shutil.rmtree(workspace.root, ignore_errors=True)


def finish_erasures() -> int:
    """Take erased contents out of the store; tells how many went. Waits while an audit is at work.

    An audit that records the same bytes anew would find them there already, and lose them a moment later.
    """
    if Run.objects.filter(state__in=Run.ACTIVE).exclude(state=Run.State.QUEUED).exists():
        return 0
    store = open_store(settings.EVIDENCE_URL)
    waiting = ErasedContent.objects.filter(removed_at=None).select_related("erasure").order_by("pk")[:AT_ONCE]
    done = []
    for content in list(waiting):
        if not _recorded_since(content):
            store.remove(content.sha256)
        done.append(content.pk)
    note_removed(done)
    return len(done)


def _recorded_since(content: ErasedContent) -> bool:
    """Whether a later run has recorded the same bytes, which are its own evidence then."""
    before = Run.objects.filter(requested_at__lte=content.erasure.at).values_list("pk", flat=True)
    return bool(needed_elsewhere([content.sha256], list(before), list(Import.objects.values_list("pk", flat=True))))


def erase_import_on_request(*, imported: Import, acting_user: User | None, reason: str) -> Erasure:
    """Erase the kept file of an import and the excerpts of its entries. Raises UnderHold."""
    return _erase_import(imported, Erasure.Cause.REQUEST, reason, acting_user)
