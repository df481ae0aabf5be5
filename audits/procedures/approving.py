"""Freezing what approvers sign, and the certificate of a completed approval."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from audits.actions.approvals import put_forward
from audits.evidence.keys import load_or_make_key
from audits.models import Approval, Run
from audits.queries.compared import rows_behind
from audits.queries.readiness import lacks_of
from audits.queries.review import deciders_of
from audits.reporting.context import context_bytes, run_part
from audits.reporting.context.evidence import evidence, sealed_part
from audits.reporting.context.findings import findings, terms_in_force
from audits.reporting.context.usage import usage
from compliance.models import User

SCHEMA = "clausetrail-approval/1"
CERTIFICATE = "application/vnd.clausetrail.approval+json"
SAME, CHANGED = "same", "changed"


def freeze(run: Run) -> tuple[dict[str, Any], str]:
    """What is put before approvers, and the SHA-256 of its one text. `deciders`: ids of those who may not sign it."""
    context = {
        "schema": SCHEMA,
        "run": run_part(run, run.state),
        "usage": usage(run),
        **_what_is_judged(run),
        "terms": terms_in_force(run),
        "lacks": [lack.as_json() for lack in lacks_of(run)],
        "deciders": sorted(deciders_of(run)),
    }
    content = context_bytes(context)
    return json.loads(content), hashlib.sha256(content).hexdigest()


def _what_is_judged(run: Run) -> dict[str, Any]:
    """What a signature is worth nothing without: the findings with their decisions, and the evidence under its seal."""
    kept = evidence(run)
    return {
        "findings": findings(run),
        "evidence": {key: kept[key] for key in ("root", "exchanges", "entries_total", "sealed_at", "key")},
    }


def ask_for_approval(run: Run, steps: Sequence[Mapping[str, Any]], acting_user: User) -> Approval:
    """Freeze the run as it stands and put it forward. Raises ValidationError as `put_forward` does."""
    if run.state != Run.State.COMPLETED:
        raise ValidationError("Only a completed run can be approved.")
    behind = rows_behind(run)  # before they are read: what is written meanwhile is compared
    context, digest = freeze(run)
    approval = put_forward(
        run=run, context=context, context_sha256=digest, steps=steps, warnings=context["lacks"], acting_user=acting_user
    )
    _note_comparison(approval, behind, changed=False)
    return approval


def has_changed_since(approval: Approval) -> bool:
    """Whether findings or decisions are no longer what was put forward. They are told anew, and compared, only when any row that
    they are told from was written since they were compared last (decision 0309)."""
    behind = rows_behind(approval.run)
    compared, _, came_out = approval.compared.partition(" ")
    if compared == behind:
        return came_out == CHANGED
    changed = _differs(approval)
    _note_comparison(approval, behind, changed=changed)
    return changed


def _differs(approval: Approval) -> bool:
    """Evidence that is sealed stays as it is: the database sees to that, so that its seal tells of all of it."""
    run, frozen = approval.run, approval.context
    sealed = sealed_part(run)
    if any(frozen["evidence"].get(key) != value for key, value in sealed.items()):
        return True
    now = json.loads(context_bytes({"findings": findings(run)}))
    return bool(now["findings"] != frozen["findings"])


def _note_comparison(approval: Approval, behind: str, *, changed: bool) -> None:
    approval.compared = f"{behind} {CHANGED if changed else SAME}"
    approval.save(update_fields=["compared"])


def certificate(approval: Approval) -> dict[str, Any]:
    """What was approved, by whom and when, as a DSSE envelope under the installation's sealing key.

    Raises ValueError for an approval that is not complete, or was withdrawn.
    """
    if approval.completed_at is None or approval.withdrawn_at is not None:
        raise ValueError("only a completed approval that stands has a certificate")
    told = {
        "run": {"id": approval.run_id, "number": approval.run.number, "pipeline": approval.run.pipeline.name},
        "approval": approval.number,
        "context_sha256": approval.context_sha256,
        "evidence_root": approval.context["evidence"]["root"],
        "steps": approval.steps,
        "asked_by": str(approval.asked_by),
        "completed_at": approval.completed_at.isoformat(),
        "signatures": [
            {
                "step": approval.steps[one.step]["name"],
                "by": str(one.signed_by),
                "word": one.word,
                "at": one.signed_at.isoformat(),
                "context_sha256": one.context_sha256,
            }
            for one in approval.signatures.select_related("signed_by")
        ],
    }
    payload = json.dumps(told, sort_keys=True, ensure_ascii=False).encode()
    key = load_or_make_key(Path(settings.VAR_DIR) / "keys" / "seal.pem")
    return {"payload": base64.b64encode(payload).decode(), **key.envelope(CERTIFICATE, payload)}
