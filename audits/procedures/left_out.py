"""What a run's bundle does not hold, content by content, with the reason: too large, erased, or lost on the way."""

from collections.abc import Iterable

from audits.evidence.chain import Entry
from audits.models import ErasedContent, Gap, Run
from audits.procedures.collecting import LARGEST_KEPT, TOO_LARGE

CONTENT_LOST = "content lost"


def left_out(run: Run, entries: Iterable[Entry]) -> dict[str, str]:
    """Hash → reason. What was erased after the run is left out even if a later run recorded the same content again."""
    withholding = {entry.sha256: withheld(run, entry.kind) for entry in entries if withheld(run, entry.kind)}
    large = (entry for entry in entries if entry.kind in ("dataset", "student") and entry.size > LARGEST_KEPT)
    lost = Gap.objects.filter(run=run, kind=CONTENT_LOST).values_list("subject", flat=True)
    reasons = withholding | {entry.sha256: TOO_LARGE for entry in large}
    reasons |= dict.fromkeys(lost, "Lost when the audit was cut short; the run's gaps tell how")
    return reasons | erased_reasons(run)


def erased_reasons(run: Run) -> dict[str, str]:
    """Hash → sentence, for what was erased in the run's project since the run was asked for."""
    erased = ErasedContent.objects.filter(
        erasure__project=run.pipeline.project_id, erasure__at__gte=run.requested_at
    ).select_related("erasure")
    return {
        content.sha256: f"Erased on {content.erasure.at:%Y-%m-%d} (erasure {content.erasure_id}, "
        f"{content.erasure.get_cause_display().lower()})"
        for content in erased.iterator()
    }


def withheld(run: Run, kind: str) -> str:
    """Why files of this kind stay out of the evidence by choice; empty: they are kept."""
    if run.content == Run.Content.HASHES and kind in ("dataset", "student"):
        return "The run keeps hashes, and no contents"
    if run.content == Run.Content.MASKED and kind == "dataset":
        return "The run keeps personal data under pseudonyms, and a data set with pseudonyms would be another file"
    return ""
