"""Answers that are one document: what is described of them is what they hold, and describing them leaves nothing out."""

from pathlib import Path
from typing import Any

import pytest
from ninja.operation import Operation
from pydantic_core import to_jsonable_python

from audits.api.told import Certificate, ChangesTold
from audits.evidence.keys import load_or_make_key
from audits.reporting.changes import compare
from tests.api.conftest import signed_in
from tests.api.operations import CASES
from tests.api.places import Everything, everything, places, rule, world
from tests.api.test_matrix import OPERATIONS, _filled
from tests.factories import make_user
from tests.reporting import full_contexts

__all__ = ["everything", "places", "rule", "world"]
pytestmark = pytest.mark.django_db
TOLD = (
    "get_graph", "get_node", "get_portfolio", "get_report_changes", "get_rule_impact", "get_run_code", "get_run_summary",
    "get_terms_in_force", "get_why", "compare_two_versions", "get_certificate",
)  # fmt: skip


def test_what_is_described_of_an_answer_leaves_nothing_of_it_out(
    everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    whole = Operation._result_to_response

    def keep(self: Operation, request: Any, result: Any, response: Any) -> Any:
        given.append(result)
        return whole(self, request, result, response)

    monkeypatch.setattr(Operation, "_result_to_response", keep)
    client = signed_in(make_user("administrator"))
    for name in TOLD:
        _, path, told = OPERATIONS[name]
        assert told["responses"]["200"]["content"]["application/json"]["schema"].get("$ref"), f"{name} is not described"
        address = f"{path.format(**CASES[name].where(everything))}?{_filled(CASES[name].query, everything)}"
        answer = client.get(address)
        if name in ("get_certificate", "get_report_changes") and answer.status_code == 409:
            continue  # that world has none that is complete: see below
        assert answer.status_code == 200, (name, answer.content)
        assert answer.json() == to_jsonable_python(given[-1]), name


def test_what_changed_between_reports_and_a_certificate_are_told_as_they_are(tmp_path: Path) -> None:
    earlier, later = full_contexts.full(findings=2), full_contexts.full(findings=4)
    for one in (*earlier["findings"], *later["findings"]):
        one["section"] = f"3.{one['number']}"
    earlier["findings"][0]["decisions"] = []
    later["findings"][0] |= {"outcome": "permitted" if later["findings"][0]["outcome"] != "permitted" else "prohibited"}
    told = compare(earlier, later)
    assert told["new"]
    assert told["changed"]
    assert told["decisions"]
    assert ChangesTold.model_validate(told).model_dump(mode="json") == told
    signed = {"payload": "e30=", **load_or_make_key(tmp_path / "seal.pem").envelope("text/plain", b"{}")}
    assert Certificate.model_validate(signed).model_dump(by_alias=True) == signed
