"""Facts that rules need become questions; a named person's answer counts, is kept, and settles every finding it concerns."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audits.actions.questions import answer_question
from audits.matching.questions import COMPETES, Consequences, Topic, open_questions
from audits.models import FactAnswer, Finding, Run
from audits.procedures.rejudging import rejudge_after_changes
from compliance.models import TrailEntry, User
from compliance.queries.library import agreements_by_project, library_from_database
from tests.factories import make_project, make_user
from tests.verdicts.conftest import COMPETING, World, finding

FEBRUARY = dt.date(2024, 2, 1)
GENERATIVE = {"kind": "generative"}


def topic(world: World, fact: str = COMPETES, provider: str = "acme") -> Topic:
    return Topic(world.project.pk, "tutor", fact, provider)


def answer(world: World, value: Any = True, since: dt.date = FEBRUARY, **fields: Any) -> FactAnswer:
    said = {"reason": "It is sold to schools.", "acting_user": world.counsel, "topic": topic(world), **fields}
    made = answer_question(project=world.project, value=value, valid_from=since, **said)
    rejudge_after_changes()
    return made


def test_what_a_rule_needs_and_nobody_said_is_asked_once_however_many_runs_wait(world: World):
    world.run("2024-06-01", student=GENERATIVE)
    world.run("2024-06-02", student=GENERATIVE)
    (asked,) = open_questions(Finding.objects.all())
    assert (asked.topic, len(asked.findings), asked.calls) == (topic(world), 2, 2)


def test_each_possible_answer_says_what_it_would_decide(world: World):
    run = world.run("2024-06-01", "2024-06-02", student=GENERATIVE)
    supposed = Consequences(library_from_database(), [run], agreements_by_project()).of(topic(world))
    assert [(one.words, one.outcomes) for one in supposed] == [
        ("the student competes with the provider", (("prohibited", 1, 2),)),
        ("the student does not compete with the provider", (("not_addressed", 1, 2),)),
    ]
    assert not FactAnswer.objects.exists()


def test_an_answer_settles_recorded_and_later_runs_and_is_shown_with_name_day_and_reason(world: World):
    run = world.run("2024-06-01", student=GENERATIVE)
    made = answer(world)
    run.refresh_from_db()
    assert run.outcome == "prohibited"
    fact = run.uses.get().facts[COMPETES]
    assert (fact["value"], fact["source"], fact["by"]) == (True, "declared", "counsel")
    assert fact["note"].endswith("It is sold to schools.")
    assert "(declared by counsel)" in finding(run, COMPETING).sentence
    assert TrailEntry.objects.get(action="question answered").object_id == str(made.pk)
    assert world.run("2024-07-01", student=GENERATIVE).outcome == "prohibited"
    assert not open_questions(Finding.objects.all())


def test_an_answer_says_nothing_of_the_days_before_it_was_valid(world: World):
    run = world.run("2024-06-01", "2024-07-01", student=GENERATIVE)
    answer(world, False, since=dt.date(2024, 7, 1))
    assert list(run.uses.order_by("first_on").values_list("outcome", flat=True)) == ["needs_facts", "not_addressed"]


def test_a_later_answer_adds_to_the_history_and_counts(world: World):
    run = world.run("2024-06-01", student=GENERATIVE)
    first, _ = answer(world, True), answer(world, False)
    assert Run.objects.get(pk=run.pk).outcome == "not_addressed"
    assert FactAnswer.objects.count() == 2
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        FactAnswer.objects.filter(pk=first.pk).update(value=False)


def test_other_students_projects_and_providers_learn_nothing_from_an_answer(world: World):
    run = world.run("2024-06-01", student=GENERATIVE | {"name": "other"})
    answer(world)
    answer(world, topic=topic(world, provider="orion"))
    assert Run.objects.get(pk=run.pk).outcome == "needs_facts"


def test_audit_toml_against_an_answer_is_a_contradiction_and_the_person_counts(world: World):
    run = world.run("2024-06-01", student=GENERATIVE | {"competes_with": []})
    answer(world, True)
    found = run.findings.get(kind="contradiction")
    assert (
        "audit.toml declares that the student does not compete with the provider; counsel says that" in found.sentence
    )
    assert Run.objects.get(pk=run.pk).outcome == "prohibited"
    assert (
        world.run("2024-06-03", student=GENERATIVE | {"competes_with": []})
        .findings.filter(kind="contradiction")
        .exists()
    )
    answer(world, False)
    assert not run.findings.filter(kind="contradiction").exists()


@pytest.mark.parametrize(
    "change",
    [{"value": "perhaps"}, {"reason": " "}, {"topic": Topic(1, "tutor", COMPETES)}, {"topic": Topic(1, "tutor", "on")}],
    ids=["no yes or no", "no reason", "no provider", "never asked"],
)
def test_an_answer_that_says_nothing_is_refused(world: World, change: dict[str, Any]):
    with pytest.raises(ValidationError):
        answer(world, **change)
    assert not FactAnswer.objects.exists()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(world: World) -> str:
    return reverse("questions-student", args=[world.project.slug]) + "?student=tutor"


def posted(world: World, user: User, fact: str = COMPETES, **fields: str) -> int:
    address = reverse("questions-student-answer", args=[world.project.slug]) + "?student=tutor"
    said = {"fact": fact, "provider": "acme", "value": "true", "reason": "Known.", "valid_from": "2024-01-01", **fields}
    return signed_in(user).post(address, said).status_code


def test_the_questionnaire_shows_consequences_and_records_an_answer(world: World):
    world.run("2024-06-01", student=GENERATIVE)
    shown = signed_in(world.counsel).get(page(world)).content.decode()
    assert "Does the student compete with" in shown
    assert "The student competes with the provider" in shown
    assert "tutor" in signed_in(world.counsel).get(reverse("questions")).content.decode()
    assert posted(world, world.counsel, reason="") == 422
    assert posted(world, world.counsel) == 302
    rejudge_after_changes()
    assert "Answered by counsel" in signed_in(world.counsel).get(page(world)).content.decode()


def test_engineers_answer_what_they_know_and_legal_what_is_a_judgement(world: World):
    world.run("2024-06-01", student=GENERATIVE)
    assert posted(world, world.engineer) == 403
    assert posted(world, world.engineer, "student.distributed", provider="") == 302
    assert posted(world, world.engineer, "organisation.region", provider="", value="DE") == 403
    assert posted(world, world.counsel, "organisation.region", provider="", value="DE") == 302
    assert FactAnswer.objects.get(fact="organisation.region").project is None


def test_a_stranger_finds_neither_questions_nor_page(world: World):
    world.run("2024-06-01", student=GENERATIVE)
    stranger = make_user()
    make_project(engineers=(stranger,))
    assert "tutor" not in signed_in(stranger).get(reverse("questions")).content.decode()
    assert signed_in(stranger).get(page(world)).status_code == 404
    assert posted(world, stranger) == 404


def test_the_list_takes_as_many_queries_for_many_students_as_for_one(world: World):
    client = signed_in(world.counsel)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("questions"))
        return len(seen)

    world.run("2024-06-01", student=GENERATIVE)
    one = queries()
    for name in ("second", "third"):
        world.run("2024-06-01", student=GENERATIVE | {"name": name})
    assert queries() == one
