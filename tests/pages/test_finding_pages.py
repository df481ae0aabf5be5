"""A finding: the clause, the facts and where they come from, the calls concerned, and people's decisions on it."""

from django.urls import reverse

from audits.actions.decisions import decide
from audits.models import Decision, Finding, ModelCall
from audits.queries.review import calls_of_finding, with_standing
from audits.queries.review_page import fact_words, finding_page
from tests.factories import make_call, make_completed_run, make_finding, make_pipeline, sha
from tests.pages.conftest import SignedIn, World


def page_of(world: World, signed_in: SignedIn) -> str:
    return signed_in(world.legal).get(reverse("finding", args=[world.finding.pk])).content.decode()


def test_the_page_cites_the_clause_with_document_section_and_dates(world: World, signed_in: SignedIn) -> None:
    page = page_of(world, signed_in)
    assert "Output may not be used to develop models that compete" in page
    assert "Services Agreement" in page
    assert "section 3.3(e)" in page
    assert "31 May 2025" in page
    assert "Rule revision 1" in page


def test_each_condition_says_what_met_it_and_where_that_is_known_from(world: World, signed_in: SignedIn) -> None:
    page = page_of(world, signed_in)
    assert "The activity is training a model on output" in page
    assert "Cannot tell" in page
    assert "nobody has said" in page
    assert "Declared by audit.toml" in page


def test_a_missing_fact_is_asked_as_a_question(world: World, signed_in: SignedIn) -> None:
    page = page_of(world, signed_in)
    assert "What has to be known" in page
    assert "student.distributed" in page


def test_the_calls_concerned_are_those_that_matching_grouped(world: World) -> None:
    make_call(world.run, purpose=ModelCall.Purpose.EVALUATE)
    make_call(world.run, failed=True)
    make_call(world.run, request_model="another")
    assert calls_of_finding(world.finding).count() == 3


def test_the_calls_of_a_contradiction_are_those_of_its_host(world: World) -> None:
    finding = make_finding(
        world.run, kind=Finding.Kind.CONTRADICTION, use=None, detail={"host": "api.openai.com", "observed": "train"}
    )
    make_call(world.run, host="api.anthropic.com")
    assert calls_of_finding(finding).count() == 3


def test_a_decision_needs_a_reason_and_the_form_says_so(world: World, signed_in: SignedIn) -> None:
    response = signed_in(world.legal).post(
        reverse("finding-decide", args=[world.finding.pk]), {"kind": "confirm", "reason": " "}
    )
    assert response.status_code == 422
    assert "Say why" in response.content.decode()
    assert not Decision.objects.exists()


def test_decisions_add_to_the_history_and_the_newest_stands(world: World, signed_in: SignedIn) -> None:
    client, address = signed_in(world.legal), reverse("finding-decide", args=[world.finding.pk])
    client.post(address, {"kind": "needs_facts", "reason": "Ask sales."})
    client.post(address, {"kind": "accept_risk", "reason": "It stays inside."})
    page = page_of(world, signed_in)
    assert page.index("It stays inside.") < page.index("Ask sales.")
    assert with_standing(Finding.objects.filter(pk=world.finding.pk)).get().standing == "decided"


def test_a_decision_holds_for_the_next_run_until_what_it_rests_on_changes(world: World) -> None:
    decide(finding=world.finding, kind="accept_risk", reason="It stays inside.", acting_user=world.legal)
    again = make_completed_run(world.run.pipeline).findings.get()
    Finding.objects.filter(pk=again.pk).update(key=world.finding.key, basis_sha256=world.finding.basis_sha256)
    assert with_standing(Finding.objects.filter(pk=again.pk)).get().standing == "decided"
    Finding.objects.filter(pk=again.pk).update(basis_sha256=sha("another basis"))
    assert with_standing(Finding.objects.filter(pk=again.pk)).get().standing == "reopened"


def test_a_decision_of_one_project_says_nothing_about_another(world: World) -> None:
    decide(finding=world.finding, kind="accept_risk", reason="It stays inside.", acting_user=world.legal)
    elsewhere = make_completed_run(make_pipeline()).findings.get()
    Finding.objects.filter(pk=elsewhere.pk).update(key=world.finding.key, basis_sha256=world.finding.basis_sha256)
    assert with_standing(Finding.objects.filter(pk=elsewhere.pk)).get().standing == "open"


def test_the_list_holds_what_is_open_of_each_pipelines_newest_run(world: World, signed_in: SignedIn) -> None:
    newer = make_completed_run(world.run.pipeline).findings.get()
    client, address = signed_in(world.legal), reverse("findings")

    def listed(**asked: str) -> list[int]:
        return [finding.pk for finding in client.get(address, asked).context["page"]]

    assert listed() == [newer.pk]
    assert listed(runs="all") == [world.finding.pk, newer.pk], "what is open longest comes first"
    assert listed(outcome="prohibited") == []
    assert listed(provider="openai", project=world.project.slug) == [newer.pk]
    decide(finding=newer, kind="confirm", reason="Right.", acting_user=world.legal)
    assert listed() == []
    assert listed(standing="decided") == [newer.pk]
    assert listed(standing="any", runs="all") == [world.finding.pk, newer.pk]


def test_the_gravest_finding_comes_first(world: World, signed_in: SignedIn) -> None:
    prohibited = make_finding(world.run, outcome="prohibited", level="error")
    silent = make_finding(world.run, outcome="not_addressed", level="note")
    page = signed_in(world.legal).get(reverse("findings")).context["page"]
    assert [finding.pk for finding in page] == [prohibited.pk, world.finding.pk, silent.pk]
    overview = signed_in(world.legal).get(reverse("overview")).context["counts"]
    assert {counted.outcome: counted.findings for counted in overview} == {
        "prohibited": 1, "needs_facts": 1, "permitted_with_duties": 0, "permitted": 0, "not_addressed": 1,
    }  # fmt: skip


def test_lists_call_documents_by_title_and_versions_by_day(world: World, signed_in: SignedIn) -> None:
    client = signed_in(world.legal)
    for address in (reverse("findings"), reverse("overview"), reverse("run-findings", args=[world.run.pk])):
        page = client.get(address).content.decode()
        assert "Openai, Services Agreement" in page, address
        assert "openai/services-agreement" not in page, address
    assert "version of 31 May 2025" in page


def test_facts_of_the_use_stand_in_groups_and_name_the_provider(world: World) -> None:
    groups = finding_page(world.finding, {"openai": "OpenAI"}).facts
    assert [(group.title, [fact.value for fact in group.facts]) for group in groups] == [
        ("The use", ["the model’s developer is OpenAI"]),
        ("The student", ["the student is a classifier"]),
    ]


def test_the_key_and_the_hash_of_a_finding_stand_under_a_disclosure(world: World, signed_in: SignedIn) -> None:
    page = page_of(world, signed_in)
    disclosed = page[page.index("<summary>Key and hash") :]
    assert world.finding.key in disclosed
    assert world.finding.basis_sha256 in disclosed
    assert world.finding.key not in page[: page.index("<summary>Key and hash")]


def test_who_may_not_decide_reads_who_does(world: World, signed_in: SignedIn) -> None:
    page = signed_in(world.engineer).get(reverse("finding", args=[world.finding.pk])).content.decode()
    assert "Findings of Acme assistants are decided by legal." in page


def test_a_decision_reads_as_made(world: World, signed_in: SignedIn) -> None:
    decide(finding=world.finding, kind="accept_risk", reason="It stays inside.", acting_user=world.legal)
    page = page_of(world, signed_in)
    assert page.count("Risk accepted") == 2, "once in the head, once in the history"


def test_a_permission_that_nobody_recorded_reads_as_none_on_record() -> None:
    assert fact_words("authorisation", None, {}) == "no written authorisation is on record"


def test_a_decision_made_on_another_pipeline_of_the_project_names_it(world: World, signed_in: SignedIn) -> None:
    elsewhere = make_completed_run(make_pipeline(world.project, name="Night triage")).findings.get()
    Finding.objects.filter(pk=elsewhere.pk).update(key=world.finding.key)
    elsewhere.refresh_from_db()
    decide(finding=elsewhere, kind="confirm", reason="Right.", acting_user=world.legal)
    assert "Night triage, run&nbsp;1" in page_of(world, signed_in)
