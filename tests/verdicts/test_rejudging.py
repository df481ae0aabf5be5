"""What was recorded is judged anew when the library changes; what people decided, and what was found before, is kept."""

import datetime as dt
from dataclasses import replace
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.actions.decisions import decide
from audits.actions.rejudging import rejudge
from audits.matching.rejudging import impact_of
from audits.models import AssessedUse, Finding, FindingChange, ModelCall, Rejudging, Run, RunStep
from audits.procedures.rejudging import rejudge_after_changes
from audits.queries.review import with_standing
from compliance.actions.dates import fix_dates
from compliance.actions.rulebook import load_rulebook
from compliance.actions.trail import record
from compliance.celery import app
from compliance.engine.library import Library
from compliance.models import Agreement, LibraryChange, Provider, TrailEntry, Version
from compliance.queries.library import library_from_database
from tests.engine.acme import acme
from tests.verdicts.conftest import COMPETING, World, finding

ANY_STUDENT: dict[str, Any] = {"when": {"fact": "student.kind", "op": "eq", "value": "generative"}, "exceptions": []}
GENERATIVE: dict[str, Any] = {"kind": "generative", "competes_with": []}


def followed_up() -> Rejudging:
    done = rejudge_after_changes()
    assert done is not None
    return done


def stood(run: Run) -> list[tuple[str, str, str]]:
    return list(run.findings.order_by("number").values_list("key", "outcome", "basis_sha256"))


def test_what_a_new_revision_prohibits_becomes_a_finding_and_says_who_caused_it(world: World):
    run = world.run("2024-06-01", "2024-06-02", student=GENERATIVE)
    assert run.outcome == "not_addressed"
    world.publish(**ANY_STUDENT)
    done = followed_up()
    run.refresh_from_db()
    assert (run.outcome, done.changed_calls, done.calls, done.caused_by) == ("prohibited", 2, 2, world.second)
    found = finding(run, COMPETING)
    assert (found.outcome, found.calls, found.rule_revision and found.rule_revision.number) == ("prohibited", 2, 2)
    silence = finding(run, "silence")
    assert silence.gone_at
    assert silence.changes.get().what == "gone"
    line = TrailEntry.objects.get(action="findings re-judged")
    assert (line.user, line.project, line.object_id) == (world.second, world.project, str(run.pk))
    assert "Rule published" in line.detail["cause"]
    assert rejudge_after_changes() is None


def test_the_older_version_keeps_clean_what_was_clean(world: World):
    """The rule reads the version of February 2024; calls of 2023 fall under the version before."""
    before, after = world.run("2023-06-01", student=GENERATIVE), world.run("2024-06-01", student=GENERATIVE)
    untouched = stood(before)
    world.publish(**ANY_STUDENT)
    rejudge_after_changes()
    assert [stood(before) == untouched, Run.objects.get(pk=after.pk).outcome] == [True, "prohibited"]


def test_days_that_come_under_one_version_become_one_use_and_the_former_ones_are_kept(world: World):
    run = world.run("2024-01-31", "2024-02-01", "2024-02-01", student=GENERATIVE)
    version = Version.objects.get(document__identifier="acme/terms", label="2023-01-01")
    assert [use.calls for use in run.uses.all()] == [1, 2]
    newer = Version.objects.get(document__identifier="acme/terms", label="2024-02-01")
    march = dt.date(2024, 3, 1)
    fix_dates(acting_user=world.counsel, version=newer, since=march, until=None, reason="Moved")
    fix_dates(acting_user=world.counsel, version=version, since=dt.date(2023, 1, 1), until=march, reason="Moved")
    rejudge_after_changes()
    assert [(use.calls, use.first_on, use.last_on) for use in run.uses.all()] == [
        (3, dt.date(2024, 1, 31), dt.date(2024, 2, 1))
    ]
    assert AssessedUse.every.filter(run=run).count() == 3, "what was judged before is kept"


def test_a_decision_stays_while_its_basis_does_and_reopens_with_the_reason_when_that_changes(world: World):
    run = world.run("2024-06-01", student={"kind": "generative", "competes_with": ["acme"]})
    found = finding(run, COMPETING)
    decide(finding=found, kind="accept_risk", reason="Stays inside.", acting_user=world.counsel)
    world.publish(guidance="Ask who the student is offered to.")
    rejudge_after_changes()
    standing = with_standing(run.findings.filter(pk=found.pk))
    assert standing.get().standing == "decided"
    world.publish(**ANY_STUDENT)
    rejudge_after_changes()
    assert standing.get().standing == "reopened"
    change = FindingChange.objects.get(finding=found)
    assert (change.what, change.reopened, change.rejudging.caused_by) == ("changed", True, world.second)
    assert change.before["basis_sha256"] != change.after["basis_sha256"]
    assert found.decisions.count() == 1
    assert TrailEntry.objects.get(action="findings re-judged").detail["reopened"] == [found.key]


def test_a_finding_that_goes_and_comes_back_is_one_finding_with_its_history(world: World):
    run = world.run("2024-06-01", student={"kind": "generative", "competes_with": ["acme"]})
    found = finding(run, COMPETING)
    decide(finding=found, kind="confirm", reason="It does.", acting_user=world.counsel)
    deal = Agreement.objects.create(
        provider=Provider.objects.get(slug="acme"), project=world.project, reference="Order 7",
        grants=["train_on_output"], starts_on=dt.date(2024, 1, 1),
    )  # fmt: skip
    record(acting_user=world.counsel, action="agreement added", subject=deal)
    assert LibraryChange.objects.get(done_at=None, kind="agreement").project == world.project
    rejudge_after_changes()
    assert not run.findings.filter(pk=found.pk).exists()
    Agreement.objects.filter(pk=deal.pk).update(ends_on=dt.date(2024, 2, 1))
    record(acting_user=world.counsel, action="agreement changed", subject=deal)
    rejudge_after_changes()
    assert [change.what for change in found.changes.order_by("pk")] == ["gone", "returned"]
    assert run.findings.get(pk=found.pk).number == found.number
    assert with_standing(run.findings.filter(pk=found.pk)).get().standing == "decided"


def test_judging_anew_what_did_not_change_writes_nothing_but_that_it_was_done(world: World):
    runs = [world.run("2024-06-01", student=GENERATIVE) for _ in range(2)]
    before = [stood(run) for run in runs]
    done = rejudge(cause="Nothing", caused_by=None)
    assert [stood(run) for run in runs] == before
    assert (done.runs, done.changed_runs, done.changed_findings) == (2, 0, 0)
    assert not AssessedUse.every.exclude(superseded_at=None).exists()


def test_rows_are_carried_over_where_the_days_stay_the_same(world: World):
    run = world.run("2024-06-01", student=GENERATIVE)
    run.uses.update(rows=7)
    world.publish(**ANY_STUDENT)
    rejudge_after_changes()
    assert finding(run, COMPETING).rows == 7


def test_the_impact_names_who_is_concerned_and_writes_nothing(world: World):
    run = world.run("2024-06-01", "2024-06-02", student=GENERATIVE)
    world.run("2023-06-01", student=GENERATIVE)
    impact = impact_of(stricter(library_from_database()))
    (change,) = impact.changes
    assert (change.run, change.student, change.model, change.calls) == (run.pk, "tutor", "acme-large", 2)
    assert (change.before, change.after, change.gained, change.lost, change.stricter) == (
        "not_addressed", "prohibited", (COMPETING,), (), True,
    )  # fmt: skip
    assert (change.first_on, change.last_on) == (dt.date(2024, 6, 1), dt.date(2024, 6, 2))
    assert (impact.runs, impact.calls, impact.changed_calls, impact.findings) == (2, 3, 2, 2)
    assert impact.students == ("Acme assistants: tutor",)
    assert run.findings.get().outcome == "not_addressed"
    assert not Rejudging.objects.exclude(changed_runs=0).exists()


def stricter(library: Library) -> Library:
    """The library with the rule against competing models read as one against any."""
    rules = tuple(
        replace(rule, when=next(r for r in library.rules if r.id == "acme/policy:extraction").when, exceptions=())
        if rule.id == COMPETING
        else rule
        for rule in library.rules
    )
    return replace(library, rules=rules)


def test_an_impact_takes_as_many_queries_for_many_runs_as_for_one(world: World):
    candidate = stricter(library_from_database())

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            impact_of(candidate)
        return len(seen)

    world.run("2024-06-01", student=GENERATIVE)
    one = queries()
    for _ in range(3):
        world.run("2024-06-01", "2024-06-03", student=GENERATIVE)
    assert queries() == one


def test_a_run_that_is_being_judged_holds_changes_back_until_it_is_over(world: World):
    world.run("2024-06-01", student=GENERATIVE)
    busy = world.run("2024-06-01", student=GENERATIVE)
    Run.objects.filter(pk=busy.pk).update(state=Run.State.ANALYSING)
    RunStep.objects.filter(run=busy, name="match").update(state=RunStep.State.RUNNING)
    world.publish(**ANY_STUDENT)
    assert rejudge_after_changes() is None
    Run.objects.filter(pk=busy.pk).update(state=Run.State.COMPLETED)
    assert followed_up().changed_runs == 2


def test_a_loaded_release_is_followed_up_once(world: World):
    assert list(LibraryChange.objects.values_list("kind", flat=True)) == ["release"]
    load_rulebook(acme())
    assert LibraryChange.objects.count() == 1


def test_uses_judged_before_days_were_kept_are_judged_day_by_day_all_the_same(world: World):
    run = world.run("2024-01-31", "2024-02-01", student=GENERATIVE)
    from_signatures = ModelCall.objects.filter(run=run).count()
    run.uses.update(days={}, law_sha256="")
    done = rejudge(cause="An older database", caused_by=None)
    assert sum(use.calls for use in run.uses.all()) == from_signatures == done.calls
    assert Finding.every.filter(run=run, gone_at=None).exists()


def test_what_beat_asks_for_is_a_task_that_judges_anew(world: World):
    world.run("2024-06-01", student=GENERATIVE)
    world.publish(**ANY_STUDENT)
    entry = app.conf.beat_schedule["judge anew"]
    app.loader.import_default_modules()
    app.tasks[entry["task"]].apply(throw=True)
    assert not LibraryChange.objects.filter(done_at=None).exists()
    assert Rejudging.objects.filter(changed_runs=1).count() == 1
