"""Every operation of the interface, and what each asks of whoever calls it: the table that the matrix is made of.

An operation that stands in no table fails. `where`: the keys of its address; `needs`: the deed that it asks for beyond seeing the
project, or who else may (see WHO); `body`: the least that gets past the look at permissions, mostly something that can't be done.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from compliance.roles import Deed

EVERYBODY, LAWYERS, ADMINISTRATORS = "whoever is signed in", "legal and administrators", "administrators"
ITS_OWN = "the one person whose it is, who is none of those that are asked here"
ANYBODY = "anybody, without an account"
Where = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """One operation: its keys, what it needs, what is sent."""

    needs: Deed | tuple[Deed, ...] | str | None
    where: Where = lambda at: {}
    body: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    query: str = ""
    empty: bool = False
    """Whether even whoever may finds nothing there."""


def of_run(at: Any) -> dict[str, Any]:
    return {"pk": at.world.run.pk}


def of_finding(at: Any) -> dict[str, Any]:
    return {"pk": at.world.finding.pk}


def of_project(at: Any) -> dict[str, Any]:
    return {"slug": at.world.project.slug}


def of_pipeline(at: Any) -> dict[str, Any]:
    return {"pk": at.world.run.pipeline_id}


def of_call(at: Any) -> dict[str, Any]:
    return {"pk": at.call()[0]}


def of_import(at: Any) -> dict[str, Any]:
    return {"pk": at.imported.pk}


def of_approval(at: Any) -> dict[str, Any]:
    return {"pk": at.approval}


def of_report(at: Any) -> dict[str, Any]:
    return {"pk": at.report.pk}


def of_webhook(at: Any) -> dict[str, Any]:
    return {**of_project(at), "pk": at.webhook}


def of_use(at: Any) -> dict[str, Any]:
    assert at.world.finding.use_id
    return {"pk": at.world.finding.use_id}


SEE = None
DECIDES_OR_RUNS = (Deed.DECIDE, Deed.RUN)
DAY = "2026-11-20"
REASON = {"reason": "So it is."}
WORDING = {"name": "Monthly", "scope": {"kind": "organisation"}, "every": "month", "window": "all"}
PROJECT = {"project": "{slug}"}
CASES: dict[str, Case] = {
    # one's own things, and what is narrowed to what one sees
    "who_am_i": Case(EVERYBODY),
    "list_tokens": Case(EVERYBODY),
    "revoke_token": Case("nobody", lambda at: {"pk": 999_999}),
    "revoke_current_token": Case(EVERYBODY),
    "list_projects": Case(EVERYBODY),
    "make_project": Case(ADMINISTRATORS, body={"name": "…"}),
    "list_pipelines": Case(EVERYBODY),
    "list_runs": Case(EVERYBODY),
    "list_findings": Case(EVERYBODY),
    "list_reports": Case(EVERYBODY),
    "list_imports": Case(EVERYBODY),
    "list_questions": Case(EVERYBODY),
    "get_organisation_questionnaire": Case(EVERYBODY),
    "list_unknown_models": Case(EVERYBODY),
    "list_names": Case(EVERYBODY, query="name=gpt-4"),
    "list_coming_changes": Case(EVERYBODY),
    "list_notices": Case(EVERYBODY),
    "mark_notices_read": Case(EVERYBODY),
    "get_mailing": Case(EVERYBODY),
    "choose_mailing": Case(EVERYBODY, body={"mail": "daily"}),
    "search_everything": Case(EVERYBODY, query="q=gpt"),
    "get_overview": Case(EVERYBODY),
    "list_finding_views": Case(EVERYBODY),
    "keep_finding_view": Case(EVERYBODY, body={"name": "mine"}),
    "forget_finding_view": Case("nobody", lambda at: {"pk": 999_999}),
    "get_graph": Case(EVERYBODY),
    "get_node": Case(SEE, query="id={node}"),
    "export_graph": Case(EVERYBODY, lambda at: {"form": "prov"}),
    "get_reconciliation": Case(EVERYBODY),
    "get_reconciliation_csv": Case(EVERYBODY),
    "get_snippet": Case(EVERYBODY),
    # projects
    "get_one_project": Case(SEE, of_project),
    "list_members": Case(SEE, of_project),
    "change_member": Case(Deed.ADMINISTER, lambda at: {**of_project(at), "pk": at.member}, {"role": "viewer"}),
    "end_member": Case(Deed.ADMINISTER, lambda at: {**of_project(at), "pk": at.member}),
    "list_invitations": Case(SEE, of_project),
    "invite_somebody": Case(Deed.ADMINISTER, of_project, {"email": "b@firm.example", "role": "viewer"}),
    "withdraw_invitation": Case(Deed.ADMINISTER, lambda at: {**of_project(at), "pk": at.invitation}),
    "list_trail": Case(Deed.READ_TRAIL, of_project),
    "get_trail_csv": Case(Deed.READ_TRAIL, of_project),
    "get_retention": Case(SEE, of_project),
    "put_retention": Case(Deed.KEEP, of_project, {"content_days": 30}),
    "preview_retention": Case(Deed.KEEP, of_project, {"content_days": 30}),
    "list_holds": Case(SEE, of_project),
    "place_legal_hold": Case(Deed.KEEP, of_project, REASON),
    "lift_legal_hold": Case(Deed.KEEP, lambda at: {**of_project(at), "pk": at.hold}, {"because": "Settled."}),
    "list_erasures": Case(SEE, of_project),
    "erase_contents": Case(Deed.KEEP, of_project, {"run": "{run}", **REASON}),
    "preview_import_erasure": Case(Deed.KEEP, of_import),
    "erase_import": Case(Deed.KEEP, of_import, {**REASON, "sure": True}),
    "list_looks": Case(Deed.READ_TRAIL, of_project),
    # pipelines and runs
    "get_pipeline_in_full": Case(SEE, of_pipeline),
    "add_pipeline_from_archive": Case(Deed.RUN, body={**PROJECT, "name": "…"}, files=("archive",)),
    "replace_pipeline_archive": Case(Deed.RUN, of_pipeline, files=("archive",)),
    "add_pipeline_from_folder": Case(Deed.RUN, body={**PROJECT, "name": "…", "path": "nowhere"}),
    "start_audit": Case(Deed.RUN, of_pipeline),
    "get_run_in_full": Case(SEE, of_run),
    "get_run_summary": Case(SEE, of_run),
    "get_run_log": Case(Deed.READ_CONTENTS, of_run),
    "get_run_gaps": Case(SEE, of_run),
    "list_run_connections": Case(SEE, of_run),
    "get_run_code": Case(SEE, of_run),
    "cancel_run": Case(Deed.RUN, of_run),
    "run_again": Case(Deed.RUN, of_run),
    "replay_run": Case(Deed.RUN, of_run),
    "answer_run_hold": Case(Deed.RUN, of_run, {"event": "{event}", "answer": "refuse"}),
    "check_source": Case("who runs audits", files=("archive",)),
    # what was recorded
    "list_exchanges": Case(SEE, of_run),
    "get_exchange_in_full": Case(Deed.READ_CONTENTS, of_call),
    "get_exchange_body": Case(Deed.READ_CONTENTS, lambda at: {**of_call(at), "side": "request"}, empty=True),
    "get_lineage": Case(SEE, of_run),
    "list_rows": Case(Deed.READ_CONTENTS, lambda at: {**of_run(at), "dataset": at.world.run.datasets.get().pk}),
    "list_comparisons": Case(SEE, of_run),
    "compare_answers": Case(
        Deed.REPORT, of_run, {"teacher": "t", "baseline": "b"}, ("student_file", "teacher_file", "baseline_file")
    ),
    "list_evidence": Case(SEE, of_run),
    "get_seal": Case(SEE, of_run),
    "get_bundle": Case(Deed.READ_CONTENTS, of_run),
    "clean_dataset": Case(Deed.READ_CONTENTS, body={"dataset": "{dataset}", "without": ["x"]}),
    # findings
    "list_run_findings": Case(SEE, of_run),
    "get_finding_in_full": Case(SEE, of_finding),
    "decide_finding": Case(Deed.DECIDE, of_finding, {"kind": "confirm", **REASON}),
    "decide_findings_together": Case(Deed.DECIDE, body={"findings": ["{finding}"], "kind": "confirm", **REASON}),
    "assign_finding": Case(DECIDES_OR_RUNS, of_finding),
    "assign_findings_together": Case(DECIDES_OR_RUNS, body={"findings": ["{finding}"]}),
    "list_remarks": Case(SEE, of_finding),
    "add_remark": Case(Deed.COMMENT, of_finding, {"body": "Hello."}),
    "add_remark_with_files": Case(Deed.COMMENT, of_finding, {"body": "Hello."}, ("enclosures",)),
    "get_enclosure_file": Case(SEE, lambda at: {"pk": at.enclosure}),
    "list_finding_calls": Case(SEE, of_finding),
    "list_finding_entries": Case(Deed.READ_CONTENTS, of_finding),
    # approval and reports
    "get_readiness": Case(SEE, of_run),
    "list_approvals": Case(SEE, of_run),
    "ask_approval": Case(DECIDES_OR_RUNS, of_run, {"steps": [{"name": "Legal", "quorum": 1}]}),
    "get_approval_in_full": Case(SEE, of_approval),
    "sign_approval": Case(Deed.APPROVE, of_approval, {"word": "approved", "context_sha256": "0" * 64}),
    "withdraw_one_approval": Case(DECIDES_OR_RUNS, of_approval, REASON),
    "get_certificate": Case(SEE, of_approval),
    "ask_for_report": Case(Deed.REPORT, of_run),
    "get_one_report": Case(SEE, of_report),
    "get_report_pdf": Case(SEE, of_report),
    "verify_one_hash": Case(ANYBODY, query=f"sha256={'0' * 64}"),
    "verify_one_file": Case(ANYBODY, files=("file",)),
    # questions, and what was judged anew
    "get_questionnaire": Case(SEE, of_project),
    "answer_about_student": Case(
        (Deed.DECIDE, Deed.RUN), of_project, {"fact": "student.distributed", "value": True, "valid_from": DAY, **REASON}
    ),
    "answer_about_organisation": Case(
        LAWYERS, body={"fact": "organisation.region", "value": "DE", "valid_from": DAY, **REASON}
    ),
    "name_model": Case(LAWYERS, body={"name": "gpt-4", **REASON}),
    "list_rejudgings": Case(LAWYERS),
    "get_rejudging": Case(LAWYERS, lambda at: {"pk": at.rejudging}),
    "list_rejudging_changes": Case(LAWYERS, lambda at: {"pk": at.rejudging}),
    "get_rule_impact": Case(LAWYERS, lambda at: {"pk": at.revision}),
    "list_rule_uses": Case(EVERYBODY, lambda at: {"pk": at.rule}),
    "list_agreement_uses": Case(SEE, lambda at: {"pk": at.agreement}),
    "get_why": Case(SEE, of_use),
    # imports
    "add_import": Case(Deed.RUN, body={**PROJECT, "source": "litellm"}, files=("file",)),
    "get_import_in_full": Case(SEE, of_import),
    "get_columns": Case(Deed.RUN, of_import),
    "put_columns": Case(Deed.RUN, of_import, {"columns": {}}),
    "list_entries": Case(Deed.READ_CONTENTS, of_import),
    "get_entry": Case(Deed.READ_CONTENTS, lambda at: {"pk": at.entry}),
    "list_rejected": Case(Deed.READ_CONTENTS, of_import),
    "read_again": Case(Deed.RUN, of_import),
    "list_senders": Case(SEE, of_project),
    "list_owners": Case(SEE, of_project),
    "say_whose": Case(Deed.RUN, of_project, {"senders": ["key:k"], "team": "Search"}),
    "take_back_owner": Case(Deed.RUN, lambda at: {"pk": at.owner}),
    "list_pattern_readings": Case(SEE, of_project),
    "look_at_patterns": Case(Deed.RUN, of_project, {"since": DAY, "until": DAY}),
    "get_pattern_reading": Case(SEE, lambda at: {"pk": at.reading}),
    # terms
    "list_providers": Case(EVERYBODY),
    "get_provider": Case(EVERYBODY, lambda at: {"slug": "openai"}),
    "list_agreements": Case(EVERYBODY, lambda at: {"slug": "openai"}),
    "list_documents": Case(EVERYBODY),
    "get_document": Case(EVERYBODY, lambda at: {"pk": at.document}),
    "list_versions": Case(EVERYBODY, lambda at: {"pk": at.document}),
    "get_version": Case(EVERYBODY, lambda at: {"pk": at.version}),
    "get_version_bytes": Case("nobody", lambda at: {"pk": at.version}),
    "compare_two_versions": Case(EVERYBODY, query="old={version}&new={version}"),
    "get_terms_in_force": Case(EVERYBODY, query="provider=openai"),
    "list_rules": Case(EVERYBODY),
    "get_rule_revision": Case(EVERYBODY, lambda at: {"pk": at.revision}),
    "list_rule_revisions": Case(EVERYBODY, lambda at: {"pk": at.rule}),
    "list_suggestions": Case(LAWYERS),
    "get_suggestion": Case(LAWYERS, lambda at: {"pk": at.suggestion}),
    "accept_one_suggestion": Case(LAWYERS, lambda at: {"pk": at.suggestion}, {"wording": "w", "labels": ["x"]}),
    "reject_one_suggestion": Case(LAWYERS, lambda at: {"pk": at.suggestion}, REASON),
    "mark_clause": Case(LAWYERS, lambda at: {"pk": at.version}, {"wording": "w", "labels": ["x"]}),
    "list_waiting_clauses": Case(LAWYERS),
    "settle_clause": Case(LAWYERS, lambda at: {"pk": at.anchoring}, {"decision": "kept"}),
    "draft_rule": Case(LAWYERS, lambda at: {"pk": at.clause_text}),
    "list_terms_changes": Case(EVERYBODY),
    "list_arrivals": Case(LAWYERS),
    "get_arrival": Case(LAWYERS, lambda at: {"pk": at.arrival}),
    "get_arrival_bytes": Case("no lawyer either", lambda at: {"pk": 999_999}),
    "decide_arrival": Case(LAWYERS, lambda at: {"pk": at.arrival}, {"decision": "discard", **REASON}),
    "list_proposed_dates": Case(LAWYERS),
    "set_version_dates": Case(LAWYERS, lambda at: {"pk": at.version}, {"since": DAY, **REASON}),
    # work, and facts that people are asked for
    "list_remedies": Case(EVERYBODY),
    "get_one_remedy": Case(SEE, lambda at: {"pk": at.remedy}),
    "get_advice": Case(SEE, of_finding),
    "ask_remedy": Case(DECIDES_OR_RUNS, of_finding, {"what": "w", "owner": 1, "due_on": DAY}),
    "change_remedy": Case(DECIDES_OR_RUNS, lambda at: {"pk": at.remedy}, {"what": "w", "owner": 1, "due_on": DAY}),
    "claim_one_remedy": Case(ITS_OWN, lambda at: {"pk": at.remedy}),
    "drop_one_remedy": Case(DECIDES_OR_RUNS, lambda at: {"pk": at.remedy}, REASON),
    "list_fact_requests": Case(EVERYBODY),
    "get_fact_request": Case(SEE, lambda at: {"pk": at.asked}),
    "ask_fact": Case(Deed.DECIDE, of_finding, {"asked_of": 1, "question": "Why?"}),
    "reply_to_request": Case(ITS_OWN, lambda at: {"pk": at.asked}, {"reply": "So."}),
    "reply_with_document": Case(ITS_OWN, lambda at: {"pk": at.asked}, files=("document",)),
    "withdraw_fact_request": Case(Deed.DECIDE, lambda at: {"pk": at.asked}, {"words": "Known."}),
    "get_request_document": Case(Deed.READ_CONTENTS, lambda at: {"pk": at.asked}),
    # what goes out
    "list_webhooks": Case(Deed.ADMINISTER, of_project),
    "add_one_webhook": Case(Deed.ADMINISTER, of_project, {"name": "n", "url": "ftp://x"}),
    "get_one_webhook": Case(Deed.ADMINISTER, of_webhook),
    "list_deliveries": Case(Deed.ADMINISTER, of_webhook),
    "send_delivery_again": Case(Deed.ADMINISTER, lambda at: {**of_webhook(at), "delivery": at.delivery}),
    "test_webhook": Case(Deed.ADMINISTER, of_webhook),
    "rotate_webhook_secret": Case(Deed.ADMINISTER, of_webhook),
    "end_old_secret": Case(Deed.ADMINISTER, of_webhook),
    "stop_one_webhook": Case(Deed.ADMINISTER, of_webhook),
    "list_links": Case(Deed.SHARE, of_report),
    "share_report": Case(Deed.SHARE, of_report, {"recipient": "A firm", "expires_on": DAY}),
    "list_looks_outside": Case(Deed.SHARE, of_report),
    "revoke_share": Case(Deed.SHARE, lambda at: {"pk": at.link}),
    "list_schedules": Case(EVERYBODY),
    "get_schedule": Case("nobody", lambda at: {"pk": 999_999}),
    "list_schedule_times": Case("nobody", lambda at: {"pk": 999_999}),
    "add_schedule": Case(EVERYBODY, body={"scope": {"kind": "nothing"}}),
    "change_schedule": Case("nobody", lambda at: {"pk": 999_999}, WORDING),
    "do_with_schedule": Case("nobody", lambda at: {"pk": 999_999, "deed": "pause"}),
    "build_report": Case(EVERYBODY, body={"scope": {"kind": "nothing"}}),
    "cancel_one_report": Case(Deed.REPORT, of_report),
    "get_report_form": Case(SEE, lambda at: {**of_report(at), "form": "schema"}),
    "get_report_changes": Case(SEE, of_report, query="since={report}"),
    "get_portfolio": Case(EVERYBODY),
    "list_policies": Case(EVERYBODY),
    "issue_one_policy": Case(
        "who decides or runs audits, or administers", body={"form": "litellm", "purposes": ["evaluate"]}
    ),
    "get_policy": Case("nobody", lambda at: {"pk": 999_999}),
    "get_policy_file": Case("nobody", lambda at: {"pk": 999_999}),
}
