"""The page of a run's lineage: what became of the answers, teachers behind teachers, and the student beside its teacher."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audits.models import AnswerComparison, AnswerInPrompt, ChainShare, Dataset, RowMatch
from audits.reporting.context.lineage import lineage as reported_lineage
from compliance.models import TrailEntry
from tests.factories import make_call
from tests.lineage.test_agreement import Said, answers, taught
from tests.pages.conftest import SignedIn, World


def chained(world: World) -> None:
    """A drafter whose answers went to the editor, candidates that were left out, and an answer nobody kept."""
    run, data = world.run, world.run.datasets.get()
    run.manifest["purpose_per_host"] = {"drafter.test": "evaluate"}
    run.save()
    edited = data.matches.earliest("row").call
    draft = make_call(run, host="drafter.test", provider="", request_model="drafter<b>", purpose_source="inferred")
    AnswerInPrompt.objects.create(call=edited, source=draft, kind="contained", similarity=1.0, words=40)
    ChainShare.objects.create(dataset=data, model="drafter<b>", rows=1, only_rows=1, calls=1, output_tokens=80)
    left = Dataset.objects.create(run=run, path="out/candidates.jsonl", role="intermediate", rows=9)
    for place in range(2):
        call = make_call(run, purpose="unused", request_model="gpt-4.1")
        if not place:
            RowMatch.objects.create(dataset=left, row=0, call=call, kind="exact", similarity=1.0)
    data.chains = [{"models": ["drafter<b>", "gpt-4.1-mini"], "rows": 1}]
    data.save()


def test_the_page_tells_what_became_of_the_answers_and_who_stands_behind_them(
    world: World, signed_in: SignedIn
) -> None:
    chained(world)
    page = signed_in(world.engineer).get(reverse("run-lineage", args=[world.run.pk]))
    by_model = {one.model: one for one, _ in page.context["became"]}
    assert {name: count for name, count in by_model["gpt-4.1"].counts.items() if count} == {"filtered": 1, "unused": 1}
    assert by_model["drafter<b>"].counts["behind"] == 1
    assert by_model["drafter<b>"].contradicts
    assert not by_model["gpt-4.1"].contradicts
    assert all(one.calls == sum(one.counts.values()) for one in by_model.values())
    text = page.content.decode()
    assert "Filtered out" in text
    assert "through a chain" in text
    assert "drafter<b>" not in text, "names of others are never markup"
    dataset = world.run.datasets.get(role="training")
    rows = signed_in(world.engineer).get(reverse("run-lineage-rows", args=[world.run.pk, dataset.pk]))
    assert "shown to it" in rows.content.decode()


def lines(said: Said) -> bytes:
    return "".join(
        json.dumps({"prompt": p, "answer": one}) + "\n" for p, given in said.items() for one in given
    ).encode()


def form(student: bytes, name: str = "student.jsonl") -> dict[str, object]:
    teacher = answers(2)
    files = {"teacher_file": lines(teacher), "baseline_file": lines(answers(3))}
    uploads: dict[str, object] = {side: SimpleUploadedFile(f"{side}.jsonl", content) for side, content in files.items()}
    return uploads | {
        "student_file": SimpleUploadedFile(name, student),
        "teacher": "gpt-4.1",
        "baseline": "the base model",
    }


def test_three_files_of_answers_become_an_indicator_on_the_students_page(world: World, signed_in: SignedIn) -> None:
    client, address = signed_in(world.engineer), reverse("student-answers", args=[world.run.pk])
    assert client.post(address, form(lines(taught(answers(2), 1, 0.8)))).status_code == 302
    kept = AnswerComparison.objects.get()
    assert (kept.reading, kept.prompts, kept.made_by) == ("closer", 120, world.engineer)
    assert kept.low > 0
    assert kept.files["student"]["name"] == "student.jsonl"
    assert len(kept.files["student"]["sha256"]) == 64
    assert TrailEntry.objects.filter(action="answers compared").exists()
    for name in ("student-answers", "run-lineage"):
        assert (
            "more like the teacher than the baseline" in client.get(reverse(name, args=[world.run.pk])).content.decode()
        )


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b'{"colour": "red"}\n', "s.jsonl", "s.jsonl: no row holds a prompt and an answer"),
        (b"\xff\xfe\x00{", "s.json", "no row holds a prompt and an answer"),
        (b"PAR1", "s.parquet", "Give .jsonl, .json, .csv or .tsv"),
        (b"", "s.jsonl", "The file is empty."),
    ],
)
def test_a_file_without_answers_is_refused_in_words(
    world: World, signed_in: SignedIn, content: bytes, name: str, said: str
) -> None:
    page = signed_in(world.engineer).post(reverse("student-answers", args=[world.run.pk]), form(content, name))
    assert page.status_code == 422
    assert said in page.content.decode()
    assert not AnswerComparison.objects.exists()


def test_only_people_of_the_project_compare_and_a_run_without_student_has_no_such_page(
    world: World, signed_in: SignedIn
) -> None:
    address = reverse("student-answers", args=[world.run.pk])
    assert signed_in(world.outsider).get(address).status_code == 404
    world.run.student.delete()
    assert signed_in(world.engineer).get(address).status_code == 404


def test_the_report_says_who_stands_behind_the_answers_and_what_a_comparison_came_to(
    world: World, signed_in: SignedIn
) -> None:
    chained(world)
    address = reverse("student-answers", args=[world.run.pk])
    signed_in(world.engineer).post(address, form(lines(taught(answers(2), 1, 0.8))))
    found = reported_lineage(world.run)
    dataset = next(one for one in found["datasets"] if one["role"] == "training")
    assert [(one["model"], one["only_rows"]) for one in dataset["behind"]] == [("drafter<b>", 1)]
    assert found["comparisons"][0]["teacher"] == "gpt-4.1"
    assert "more like the teacher" in found["comparisons"][0]["words"]
