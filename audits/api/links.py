"""What an answer leads to: links of OpenAPI (its Link Objects) from the operation that makes a thing to those that take its key.

They stand in the document for whoever writes a program, and schemathesis follows them (tests/api/test_chains.py).
"""

from collections.abc import Mapping
from typing import Any, Final

MADE: Final = "$response.body#/id"
SAME_PROJECT: Final = "$request.path.slug"
Links = Mapping[str, Mapping[str, str]]
_IT: Final = {"pk": MADE}
_AGAIN: Final = {"pk": "$request.path.pk"}
_IN_PROJECT: Final = {"slug": SAME_PROJECT, "pk": MADE}
_IN_PROJECT_AGAIN: Final = {"slug": SAME_PROJECT, "pk": "$request.path.pk"}
_DELIVERED: Final = {"slug": SAME_PROJECT, "pk": "$request.path.pk", "delivery": MADE}


def _each(keys: Mapping[str, str], *names: str) -> Links:
    return dict.fromkeys(names, keys)


LINKS: Final[Mapping[str, Links]] = {
    "make_project": _each({"slug": "$response.body#/slug"}, "get_one_project", "list_members", "list_invitations"),
    "invite_somebody": _each(_IN_PROJECT, "withdraw_invitation"),
    "withdraw_invitation": _each(_IN_PROJECT_AGAIN, "withdraw_invitation"),
    "place_legal_hold": _each(_IN_PROJECT, "lift_legal_hold"),
    "lift_legal_hold": _each(_IN_PROJECT, "lift_legal_hold"),
    "add_one_webhook": _each(
        _IN_PROJECT, "get_one_webhook", "list_deliveries", "test_webhook", "rotate_webhook_secret", "stop_one_webhook"
    ),
    "test_webhook": _each(_DELIVERED, "send_delivery_again"),
    "rotate_webhook_secret": _each(_IN_PROJECT_AGAIN, "end_old_secret"),
    "stop_one_webhook": _each(_IN_PROJECT_AGAIN, "get_one_webhook", "test_webhook", "stop_one_webhook"),
    "ask_remedy": _each(_IT, "get_one_remedy", "change_remedy", "claim_one_remedy", "drop_one_remedy"),
    "change_remedy": _each(_IT, "get_one_remedy", "drop_one_remedy"),
    "drop_one_remedy": _each(_IT, "get_one_remedy", "change_remedy", "claim_one_remedy", "drop_one_remedy"),
    "ask_fact": _each(_IT, "get_fact_request", "reply_to_request", "withdraw_fact_request"),
    "withdraw_fact_request": _each(_IT, "get_fact_request", "reply_to_request", "withdraw_fact_request"),
    "keep_finding_view": _each(_IT, "forget_finding_view"),
    "forget_finding_view": _each(_AGAIN, "forget_finding_view"),
    "share_report": _each(_IT, "revoke_share"),
    "revoke_share": _each(_AGAIN, "revoke_share"),
    "start_audit": _each(_IT, "get_run_in_full", "get_run_summary", "list_run_findings", "cancel_run", "run_again"),
    "cancel_run": _each(_AGAIN, "get_run_in_full", "cancel_run", "run_again"),
    "ask_for_report": _each(_IT, "get_one_report", "get_report_pdf", "cancel_one_report"),
    "cancel_one_report": _each(_AGAIN, "get_one_report", "cancel_one_report"),
    "issue_one_policy": _each(_IT, "get_policy", "get_policy_file"),
}
"""By the operation that made or changed something: those that its answer leads to, with where each finds its keys."""


def add_links(document: dict[str, Any]) -> None:
    """Write the links into the answers that succeed."""
    operations = {told["operationId"]: told for item in document["paths"].values() for told in item.values()}
    for source, targets in LINKS.items():
        answers = operations[source]["responses"]
        done = next(status for status in answers if status.startswith("2"))
        links = {name: {"operationId": name, "parameters": dict(keys)} for name, keys in targets.items()}
        answers[done] = {**answers[done], "links": links}
