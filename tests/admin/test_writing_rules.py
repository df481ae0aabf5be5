"""The editor of drafts: read by the engine, refused at the right place, inert against hostile words."""

import json
from typing import Any

import pytest
from django.urls import reverse

from compliance.models import Clause, RuleRevision
from compliance.text.normalise import clause_hash
from tests.admin.conftest import DEFINITION, Desk, posted
from tests.admin.test_life_of_a_rule import drafted, edit, page

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}{% now 'Y' %}\u202e"


def preview(revision: RuleRevision) -> str:
    return reverse("admin:compliance_rulerevision_preview", args=[revision.pk])


def new(desk: Desk) -> str:
    return f"{reverse('admin:compliance_rulerevision_add')}?document={desk.document.pk}"


def test_a_new_rule_is_written_from_a_document_and_pasted_wording(desk: Desk) -> None:
    version = desk.document.versions.get(label="2026-01-01")
    data = posted(desk.published, name="no-classifiers", title="No classifiers", when="")
    for other in desk.document.versions.all():
        data.pop(f"cited_{other.pk}")
    data |= {
        "clauses": [],
        f"cited_{version.pk}": "on",
        f"section_{version.pk}": "4",
        f"wording_{version.pk}": "No “classifiers”.",
    }
    answer = desk.client(desk.writer).post(new(desk), data)
    assert answer.status_code == 302, answer.context["form"].errors
    made = RuleRevision.objects.get(title="No classifiers")
    assert (made.rule.identifier, made.status) == ("openai/services-agreement:no-classifiers", "draft")
    assert made.definition["citations"] == [
        {"versions": ["2026-01-01"], "section": "4", "sha256": clause_hash('no "classifiers"')}
    ]


def test_a_name_that_is_taken_is_refused(desk: Desk) -> None:
    answer = desk.client(desk.writer).post(new(desk), posted(desk.published, name="competing-models"))
    assert "already has a rule named “competing-models”" in answer.content.decode()


def test_a_new_rule_begins_with_the_choice_of_its_document(desk: Desk) -> None:
    content = desk.client(desk.writer).get(reverse("admin:compliance_rulerevision_add")).content.decode()
    assert "Which document is it?" in content
    assert desk.document.title in content


@pytest.mark.parametrize(
    "changed, field, words",
    [
        ({"statement": "Bars output."}, "statement", "Begin with a verb in lower case and end without a full stop"),
        ({"when": {"fact": "student.kind", "op": "eq", "value": "toaster"}}, "when", "'toaster' is not known"),
        ({"when": {"fact": "student.kind", "op": "gte", "value": 3}}, "when", "does not fit student.kind"),
        ({"when": {"all": [{"fact": "", "op": "", "value": None}]}}, "when", "Choose what the condition asks about."),
        ({"when": {"fact": "student.kind", "op": "eq", "value": ""}}, "when", "Choose or write a value."),
        ({"when": '{"fact": '}, "when", "Line 1, column "),
        ({"when": "[" * 50_000}, "when", "nested too deeply"),
        ({"when": '{"fact": "student.name", "op": "eq", "value": "a\\u0000b"}'}, "when", "NUL character"),
        ({"exceptions": [{"name": "", "title": "", "when": None}]}, "exceptions", "Name the exception."),
        ({"exceptions": [{"name": "x", "title": "a letter", "when": None}]}, "exceptions", "Say when the exception holds."),
        ({"effect": "duty"}, "duty", "Say what has to be done"),
        ({"actions": []}, "actions", "This field is required."),
    ],
)  # fmt: skip
def test_what_the_engine_refuses_is_said_at_its_field(
    desk: Desk, changed: dict[str, Any], field: str, words: str
) -> None:
    draft = drafted(desk)
    answer = desk.client(desk.writer).post(edit(draft), posted(draft, **changed))
    assert answer.status_code == 200
    assert words in " ".join(answer.context["form"].errors[field])
    before = draft.content_sha256
    draft.refresh_from_db()
    assert draft.content_sha256 == before


def test_the_place_of_a_mistake_is_named_down_to_the_condition(desk: Desk) -> None:
    draft = drafted(desk)
    when = {
        "any": [
            {"fact": "student.distributed", "op": "is", "value": True},
            {"fact": "on", "op": "gte", "value": "soon"},
        ]
    }
    answer = desk.client(desk.writer).post(preview(draft), posted(draft, when=when)).json()
    assert answer["places"][0]["path"] == "when.any[1].value"
    assert "expected a day such as 2025-06-30" in answer["places"][0]["message"].lower()


def test_a_rule_cites_at_least_one_version(desk: Desk) -> None:
    draft = drafted(desk)
    data = posted(draft)
    for version in desk.document.versions.all():
        data.pop(f"cited_{version.pk}")
    answer = desk.client(desk.writer).post(edit(draft), data)
    assert "Cite at least one version of the document" in answer.content.decode()


def test_every_part_that_the_editor_offers_is_kept(desk: Desk) -> None:
    draft = drafted(desk)
    parts = {
        "effect": "duty", "duty": "show the name", "severity": "low", "target": "weights",
        "actions": ["use_output", "evaluate"], "labels": ["attribution_naming"], "guidance": "Look at the website.",
        "remedy": "Add the name.", "met": {"fact": "student.name", "op": "starts_with", "value": ["Llama"]},
        "exceptions": [
            {"name": "", "title": "A written permission", "when": {"fact": "authorisation", "op": "grants", "value": "*"}},
        ],
        "when": {"not": {"any": [{"fact": "student.base_model", "op": "derived_from", "value": ["llama-3"]},
                                 {"fact": "organisation.region", "op": "within", "value": "EU"}]}},
    }  # fmt: skip
    answer = desk.client(desk.writer).post(edit(draft), posted(draft, **parts))
    assert answer.status_code == 302, answer.context["form"].errors
    draft.refresh_from_db()
    for key in ("effect", "duty", "severity", "target", "actions", "labels", "guidance", "remedy", "met", "when"):
        assert draft.definition[key] == parts[key]
    assert draft.definition["exceptions"][0]["name"] == "a-written-permission"


def test_the_sentence_is_shown_while_the_rest_is_not_written_yet(desk: Desk) -> None:
    draft = drafted(desk)
    data = posted(
        draft, title="", statement="", when={"fact": "student.kind", "op": "in", "value": ["classifier", "reward"]}
    )
    answer = desk.client(desk.writer).post(preview(draft), data).json()
    assert answer["sentence"] == "On training a model on output, if the student is a classifier or a reward model."
    assert set(answer["errors"]) == {"title", "statement"}


def test_a_definition_is_written_as_data_and_read_by_the_engine(desk: Desk) -> None:
    draft = drafted(desk)
    at = reverse("admin:compliance_rulerevision_definition", args=[draft.pk])
    client = desk.client(desk.writer)
    wrong = client.post(at, {"based_on": draft.content_sha256, "definition": '{"effect": "ban"}'})
    assert "rule &#x27;openai/services-agreement:competing-models&#x27;.effect" in wrong.content.decode()
    text = json.dumps({**DEFINITION, "id": "meta/stolen:name", "title": "Shorter"})
    assert client.post(at, {"based_on": draft.content_sha256, "definition": text}).status_code == 302
    draft.refresh_from_db()
    assert (draft.title, draft.definition["id"]) == ("Shorter", draft.rule.identifier)


def test_hostile_words_are_shown_and_never_run(desk: Desk) -> None:
    draft = drafted(desk)
    Clause.objects.create(document=desk.document, key="hostile", summary=HOSTILE)
    client = desk.client(desk.writer)
    when = {"fact": "student.name", "op": "eq", "value": HOSTILE}
    answer = client.post(edit(draft), posted(draft, title=HOSTILE, guidance=HOSTILE, when=when))
    assert answer.status_code == 302, answer.context["form"].errors
    lists = [reverse(f"admin:compliance_{model}_changelist") for model in ("rulerevision", "clause")]
    for at in (page(draft), edit(draft), *lists):
        content = client.get(at).content.decode()
        assert "<script>alert(1)" not in content
        assert "<img src=x" not in content
        assert "alert(1)" in content
        assert "{{ 7*7 }}" in content


def test_an_engineer_reaches_no_page_of_the_editor(desk: Desk) -> None:
    draft = drafted(desk)
    client = desk.client(desk.engineer)
    for at in (page(draft), edit(draft), preview(draft), new(desk)):
        assert client.get(at, follow=True).status_code == 403
    step = reverse("admin:compliance_rulerevision_step", args=[draft.pk, "submit"])
    client.post(step, follow=True)
    draft.refresh_from_db()
    assert draft.status == "draft"
