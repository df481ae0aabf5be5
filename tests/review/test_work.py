"""The engineers' queue: what has to change, where, how; and which change the engine says would help."""

import csv
import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audits.actions.decisions import decide
from audits.actions.remarks import remark
from audits.actions.remedies import ask_for_remedy
from audits.models import Run, SavedView
from audits.queries.code_places import places_of
from audits.queries.work import steps_for
from tests.factories import make_completed_run, make_finding, make_pipeline
from tests.pages.conftest import SignedIn, World, signed_in, world

__all__ = ["signed_in", "world"]
pytestmark = pytest.mark.django_db
SOON = timezone.localdate() + dt.timedelta(days=5)
SCAN = {
    "uses": [
        {
            "provider": "openai", "served_by": "openai", "models": ["gpt-4.1-mini"], "purpose": "generate",
            "evidence": [{"file": "make_rows.py", "line": 41, "snippet": 'client.chat(model="gpt-4.1-mini")'}],
        },
        {
            "provider": "", "served_by": "openai", "models": [], "purpose": "unknown",
            "evidence": [{"file": "settings.py", "line": 7, "snippet": "OpenAI()"}],
        },
        {
            "provider": "anthropic", "served_by": "anthropic", "models": ["claude-3"], "purpose": "judge",
            "evidence": [{"file": "judge.py", "line": 3, "snippet": "Anthropic()"}],
        },
    ]
}  # fmt: skip


def listed(world: World, signed_in: SignedIn, **asked: str) -> str:
    return signed_in(world.engineer).get(reverse("work"), asked).content.decode()


def about(model: str) -> dict[str, object]:
    return {"models": [model], "served_by": "openai", "activity": "train_on_output", "uses": []}


def test_the_line_that_names_the_model_comes_before_the_line_that_names_whoever_answers(world: World):
    finding = make_finding(world.run, provider="openai", detail=about("openai/gpt-4.1-mini"))
    found = places_of(finding, SCAN)
    assert [(str(one), one.exact) for one in found] == [("make_rows.py:41", True), ("settings.py:7", False)]
    assert places_of(finding, {}) == ()


def test_the_queue_shows_line_and_step_and_the_gravest_pipeline_first(world: World, signed_in: SignedIn):
    Run.objects.filter(pk=world.run.pk).update(scan=SCAN)
    other = make_completed_run(make_pipeline(world.project, name="Aardvark"))
    other.findings.update(outcome="needs_facts", missing_facts=["student.distributed"])
    world.run.findings.update(outcome="permitted")
    make_finding(
        world.run, outcome="prohibited", title="Grave", provider="openai", rows=12, detail=about("gpt-4.1-mini")
    )
    page = listed(world, signed_in)
    assert "make_rows.py:41" in page
    assert "Leave out the 12 training rows" in page
    table = page.partition("<table")[2]
    assert table.index("Support triage") < table.index("Aardvark")
    assert "whether the student is made available" in page


def test_what_was_accepted_is_nobodys_work_unless_work_on_it_is_open(world: World, signed_in: SignedIn):
    world.run.findings.update(outcome="prohibited")
    world.finding.refresh_from_db()
    assert world.finding.title in listed(world, signed_in)
    decide(finding=world.finding, kind="accept_risk", reason="Known to the board.", acting_user=world.legal)
    page = listed(world, signed_in)
    assert "Nothing has to change" in page
    assert "Known to the board" not in page
    ask_for_remedy(finding=world.finding, what="Change it.", owner=world.engineer, due_on=SOON, acting_user=world.legal)
    assert world.finding.title in listed(world, signed_in, who="me")
    assert world.finding.title not in listed(world, signed_in, state="none")


def test_the_queue_and_its_export_never_hold_privileged_notes(world: World, signed_in: SignedIn):
    world.run.findings.update(outcome="prohibited")
    remark(finding=world.finding, body="Privileged: we will lose.", privileged=True, acting_user=world.legal)
    client = signed_in(world.legal)
    for name in ("work", "work-export"):
        answer = client.get(reverse(name))
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        assert b"we will lose" not in body
    assert b"we will lose" not in client.get(reverse("work-finding", args=[world.finding.pk])).content


def test_the_export_is_a_table_in_which_no_cell_is_a_formula(world: World, signed_in: SignedIn):
    world.run.findings.update(outcome="prohibited", title="=HYPERLINK(evil)")
    answer = signed_in(world.engineer).get(reverse("work-export"))
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    assert rows[0]["title"] == "'=HYPERLINK(evil)"
    assert rows[0]["address"].endswith(reverse("work-finding", args=[world.finding.pk]))


def test_an_outsider_sees_no_work_of_others(world: World, signed_in: SignedIn):
    world.run.findings.update(outcome="prohibited")
    client = signed_in(world.outsider)
    assert world.finding.title not in client.get(reverse("work")).content.decode()
    assert client.get(reverse("work-finding", args=[world.finding.pk])).status_code == 404


def test_the_queue_asks_as_many_queries_for_many_findings_as_for_one(world: World, signed_in: SignedIn):
    client = signed_in(world.engineer)
    make_finding(world.run, outcome="prohibited")
    client.get(reverse("work"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("work"))
    for _ in range(12):
        made = make_finding(world.run, outcome="prohibited")
        ask_for_remedy(finding=made, what="Change.", owner=world.engineer, due_on=SOON, acting_user=world.legal)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("work"))
    assert len(many) <= len(few) + 1, "the remedies of a page are read at once"


def test_a_view_of_work_is_kept_apart_from_views_of_findings(world: World, signed_in: SignedIn):
    client = signed_in(world.engineer)
    client.post(reverse("work-view-keep"), {"name": "Mine", "query": "who=me"})
    client.post(reverse("findings-view-keep"), {"name": "Mine", "query": "assignee=me"})
    assert SavedView.objects.filter(user=world.engineer).count() == 2
    assert "?who=me" in client.get(reverse("work")).content.decode()
    assert "who=me" not in client.get(reverse("findings")).content.decode()


def test_steps_follow_from_what_the_finding_is(world: World):
    missing = make_finding(world.run, kind="terms_missing", outcome="needs_facts")
    contrary = make_finding(world.run, kind="contradiction", outcome="prohibited")
    asks = make_finding(
        world.run,
        outcome="needs_facts",
        provider="openai",
        missing_facts=["student.competes_with_provider", "output_modality"],
    )
    said = [[step.words for step in steps_for(one)] for one in (missing, contrary, asks)]
    assert "Legal imports it" in said[0][0]
    assert "audit.toml" in said[1][0]
    assert said[2] == [
        "Legal judges: whether the student competes with the provider (openai)",
        "Make it observable or declare it in audit.toml: the kind of output",
    ]
