"""A published rule broken past every check: it is named, and what it bears on is unknown, nowhere an error or a permission."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from audits.matching.coming import coming_changes
from audits.models import Finding, RunStep
from audits.procedures.rejudging import rejudge_after_changes
from compliance.actions.importing_rules import import_rules
from compliance.actions.rulebook import load_rulebook
from compliance.actions.rules import draft_revision
from compliance.engine.assessment import assess
from compliance.engine.broken import read_or_stand_in
from compliance.engine.facts import parse_use
from compliance.engine.rules import rule_from_dict, rule_to_dict
from compliance.models import RuleRevision, User
from compliance.queries.library import library_from_database
from tests.engine.acme import acme
from tests.factories import break_rule
from tests.verdicts.conftest import COMPETING, World, finding
from tests.verdicts.test_coming import SOON, TODAY, announced

__all__ = ["announced"]
PERMISSION = "acme/terms:classifiers"
GENERATIVE = {"kind": "generative", "competes_with": []}
CLASSIFIER = {"kind": "classifier", "competes_with": [], "distributed": False}
WRONG: dict[str, Any] = {
    "a test of a fact that does not exist": {"when": {"fact": "student.colour", "op": "eq", "value": "red"}},
    "a key that nobody knows": {"colour": "red"},
    "a statement that is none": {"statement": 7},
    "citations that are none": {"citations": [{"versions": "2024-02-01"}]},
    "activities that are none": {"actions": "all"},
}


def broken(identifier: str = COMPETING, **changes: Any) -> RuleRevision:
    stored = RuleRevision.objects.get(rule__identifier=identifier, status="published").definition
    return break_rule(identifier, {**stored, **(changes or {"colour": "red"})})


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_whatever_is_wrong_with_it_the_library_is_read_and_the_use_is_unknown(world: World):
    whole = RuleRevision.objects.get(rule__identifier=COMPETING).definition
    use = {
        "id": "u", "provider": "acme", "model": "acme-large", "access": {"kind": "api", "served_by": "acme"},
        "on": "2024-06-01", "activity": "train_on_output", "student": {"kind": "classifier", "distributed": False},
    }  # fmt: skip
    assert assess(parse_use(use), library_from_database()).outcome == "permitted"
    shapes = [{**whole, **change} for change in WRONG.values()]
    definition: Any
    for definition in [*shapes, {}, [], None, "text", 7, {**whole, "id": "acme/terms:another"}]:
        if definition is not None:  # the column takes no null
            break_rule(COMPETING, definition)
            answer = assess(parse_use(use), library_from_database())
        (verdict,) = [one for one in answer.verdicts if one.rule.id == COMPETING]
        assert (answer.outcome, verdict.applies) == ("needs_facts", None), definition
        assert f"rule:{COMPETING}" in answer.missing_facts
        assert "revision 1 of “acme/terms:competing-models” can’t be read" in verdict.explanation
        assert "have a second person publish it" in verdict.explanation
        assert verdict.as_json()["broken"] == verdict.rule.broken


def test_a_broken_rule_narrows_to_what_can_still_be_read_of_it_and_bars_nothing_else(world: World):
    """Its activity and its version can be read: other activities, and days before that version, are judged as ever."""
    broken()
    use = {
        "id": "u", "provider": "acme", "model": "acme-large", "access": {"kind": "api", "served_by": "acme"},
        "on": "2023-06-01", "activity": "train_on_output", "student": {"kind": "classifier"},
    }  # fmt: skip
    library = library_from_database()
    assert assess(parse_use(use), library).outcome == "permitted"
    assert (
        assess(parse_use({**use, "on": "2024-06-01", "activity": "reverse_engineer"}), library).outcome == "prohibited"
    )


def test_another_prohibition_that_certainly_applies_still_decides(world: World):
    broken(PERMISSION)
    use = {
        "id": "u", "provider": "acme", "model": "acme-large", "access": {"kind": "api", "served_by": "acme"},
        "on": "2024-06-01", "activity": "train_on_output",
        "student": {"kind": "generative", "competes_with_provider": True},
    }  # fmt: skip
    answer = assess(parse_use(use), library_from_database())
    assert (answer.outcome, f"rule:{PERMISSION}" in answer.missing_facts) == ("prohibited", True)


def test_a_long_complaint_is_cut():
    made = read_or_stand_in(
        {"id": "a/b:c", "x" * 5_000: 1},
        identifier="a/b:c",
        revision=1,
        versions=("1",),
        title="",
        effect="",
        section="",
    )
    assert len(made.broken) < 500
    assert (made.title, made.effect, [one.version for one in made.citations]) == ("a/b:c", "prohibition", ["1"])


def test_a_run_says_which_rule_is_broken_and_its_pages_and_questions_stand(world: World):
    revision = broken()
    run = world.run("2024-06-01", student=CLASSIFIER)
    assert run.outcome == "needs_facts"
    assert not RunStep.objects.filter(run=run, state="failed").exists()
    found = finding(run, COMPETING)
    assert (found.outcome, found.rule_revision, found.missing_facts) == ("needs_facts", revision, [f"rule:{COMPETING}"])
    client = signed_in(world.counsel)
    page = client.get(reverse("finding", args=[found.pk]))
    assert (page.status_code, "can’t be read" in page.content.decode()) == (200, True)
    for name, arguments in (
        ("run", [run.pk]), ("run-findings", [run.pk]), ("overview", []), ("findings", []), ("work", []), ("coming", []),
        ("questions-student", [world.project.slug]), ("work-finding", [found.pk]), ("rule-uses", [revision.rule_id]),
    ):  # fmt: skip
        assert client.get(reverse(name, args=arguments)).status_code == 200, name


def test_mending_it_in_the_terms_library_judges_the_run_anew(world: World):
    broken()
    run = world.run("2024-06-01", student=GENERATIVE)
    load_rulebook(acme())  # the shipped rulebook still says what the broken one said: loading it mends it
    assert RuleRevision.objects.get(rule__identifier=COMPETING, status="published").number == 2
    rejudge_after_changes()
    run.refresh_from_db()
    assert run.outcome == "not_addressed"
    assert finding(run, COMPETING).gone_at
    assert Finding.objects.filter(run=run, key__startswith="silence").exists()


def test_in_the_terms_library_it_is_named_with_its_place_and_mended_from_the_newest_that_can_be_read(world: World):
    world.publish(guidance="Ask who it is for.")
    broken()
    client = signed_in(world.counsel)
    shown = client.get(reverse("admin:index")).content.decode()
    assert "Rules that can’t be read" in shown
    assert "Acme, Acme Terms (2024-02-01), section 2(e), rule acme/terms:competing-models, revision 2" in shown
    page = client.get(reverse("admin:compliance_rulerevision_change", args=[_published().pk])).content.decode()
    assert "This revision can’t be read" in page
    assert client.get(reverse("admin:compliance_rulerevision_changelist")).status_code == 200
    revised = client.post(reverse("admin:compliance_rulerevision_step", args=[_published().pk, "revise"]))
    draft = RuleRevision.objects.get(status="draft")
    assert revised["Location"] == reverse("admin:compliance_rulerevision_edit", args=[draft.pk])
    assert (draft.number, "colour" in draft.definition, "guidance" in draft.definition) == (3, False, False)
    assert client.get(revised["Location"]).status_code == 200


def test_where_no_revision_can_be_read_a_file_mends_it(world: World):
    whole = rule_from_dict(dict(_published().definition))
    broken()
    client = signed_in(world.counsel)
    refused = client.post(reverse("admin:compliance_rulerevision_step", args=[_published().pk, "revise"]), follow=True)
    assert "Take it up from a file of rules." in refused.content.decode()
    done = import_rules(acting_user=world.counsel, rules=[whole], filename="rules.toml")
    assert [draft.number for draft in done.drafts] == [2]
    assert done.drafts[0].definition == {**rule_to_dict(whole), "revision": 2}


def test_a_draft_that_was_broken_is_written_as_data(world: World):
    rule = _published().rule
    draft = draft_revision(acting_user=world.counsel, rule=rule)
    RuleRevision.objects.filter(pk=draft.pk).update(definition=["no", "object"])
    client = signed_in(world.counsel)
    sent = client.get(reverse("admin:compliance_rulerevision_edit", args=[draft.pk]), follow=True)
    assert sent.redirect_chain[-1][0] == reverse("admin:compliance_rulerevision_definition", args=[draft.pk])
    assert "Write it as data" in sent.content.decode()


def _published() -> RuleRevision:
    return RuleRevision.objects.get(rule__identifier=COMPETING, status="published")


def test_terms_pages_and_the_interface_show_it_as_broken_and_read_everything_else(world: World):
    revision = broken(citations=[{"versions": 7}])
    version = revision.rule.document.versions.get(label="2023-01-01")
    client = signed_in(world.engineer)
    pages = {
        "provider": reverse("terms-provider", args=["acme"]) + "?on=2024-06-01",
        "document": reverse("terms-document", args=[revision.rule.document_id]),
        "version": reverse("terms-version", args=[version.pk]),
        "rule": reverse("terms-rule", args=[revision.pk]),
    }
    for name, address in pages.items():
        shown = client.get(address)
        assert (shown.status_code, "Broken" in shown.content.decode()) == (200, True), name
        assert "citations[0]" in shown.content.decode(), name
    listed = client.get("/api/v1/rules?provider=acme").json()["items"]
    assert {one["rule"]: bool(one["broken"]) for one in listed} == {
        COMPETING: True, PERMISSION: False, "acme/policy:extraction": False, "acme/licence:name": False,
        "acme/licence:own-family": False,
    }  # fmt: skip
    assert "second person publish it" in next(one["broken"] for one in listed if one["broken"])
    read = client.get(f"/api/v1/versions/{version.pk}").json()
    assert {one["rule"] for one in read["rules"]} == {COMPETING, PERMISSION}, "that it does not cite it nobody can tell"
    for address in (
        f"/api/v1/rule-revisions/{revision.pk}", f"/api/v1/rules/{revision.rule_id}/revisions", "/api/v1/providers/acme",
        "/api/v1/terms/in-force?provider=acme&on=2024-06-01", "/api/v1/coming", f"/api/v1/rules/{revision.rule_id}/uses",
    ):  # fmt: skip
        assert client.get(address).status_code == 200, address
    break_rule(COMPETING, ["no", "object"])
    assert client.get(f"/api/v1/rule-revisions/{revision.pk}").json()["definition"] == {"broken": ["no", "object"]}


def test_a_cell_of_the_portfolio_is_unknown_for_it_and_says_so(world: World):
    broken()
    client = signed_in(world.counsel)
    asked = {"on": "2024-06-01", "provider": "acme", "competes": "no", "kind": "classifier"}
    told = client.get(reverse("portfolio-export", args=["json"]), asked).json()["cells"]
    (cell,) = [one for one in told if (one["provider"], one["purpose"]) == ("acme", "train_on_output")]
    assert (cell["state"], cell["broken_rules"]) == ("unknown", [COMPETING])
    page = client.get(reverse("portfolio-cell", args=["train_on_output", "acme/api/acme"]), asked).content.decode()
    assert "A published rule that bears on it can’t be read" in page
    matrix = client.get(reverse("portfolio"), asked).content.decode()
    assert "a rule is broken" in matrix


def test_what_is_coming_is_told_of_a_version_that_a_broken_rule_reads(announced: World):
    broken()
    run = announced.run(str(TODAY), student=CLASSIFIER)
    (change,) = coming_changes(library_from_database(), [run], TODAY)
    assert (change.on, change.before, change.after) == (SOON, "permitted", "needs_facts")


def test_the_gate_names_it_with_what_to_do_and_lets_nothing_pass_as_permitted(world: World):
    broken()
    source = (
        "from openai import OpenAI\n"
        'client = OpenAI(base_url="https://api.acme.example/v1")\n'
        'client.chat.completions.create(model="acme-large", messages=[])\n'
    )
    manifest = (
        '[pipeline]\nname = "p"\ncommand = ["python", "ask.py"]\n[student]\nname = "t"\nkind = "classifier"\n'
        'competes_with = []\ndistributed = false\n[purpose]\ndeclared = "train"\n'
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("ask.py", source)
        archive.writestr("audit.toml", manifest)
    packed.seek(0)
    packed.name = "tree.zip"
    told = signed_in(world.engineer).post("/api/v1/gate", {"archive": packed}).json()
    told = told["result"]
    (found,) = [one for one in told["findings"] if one["rule"] == COMPETING]
    assert (found["outcome"], told["outcome"]) == ("needs_facts", "needs_facts")
    assert "can’t be read" in found["explanation"]
    assert "second person" in found["fix"]


def test_files_of_rules_are_not_made_without_it_and_say_which(world: World, capsys: pytest.CaptureFixture[str]):
    revision = broken()
    with pytest.raises(SystemExit) as left:
        call_command("export_rules")
    assert left.value.code == 2
    assert "revision 1 of acme/terms:competing-models" in capsys.readouterr().err
    client = signed_in(world.counsel)
    refused = client.get(reverse("admin:compliance_rulerevision_as", args=[revision.pk, "toml"]), follow=True)
    assert "No file was made" in refused.content.decode()
    with pytest.raises(SystemExit):
        call_command("check_rulebook", "--format", "json")
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert any("can't be read" in one["reason"] and COMPETING in one["where"] for one in problems)
