"""Every labelled clause of a held text has a rule, or a recorded reason why not. The terms are invented."""

import datetime as dt

import pytest
from django.utils import timezone

from compliance.actions.clauses import read_version
from compliance.engine.reasons import Reason
from compliance.engine.rulebook import RulebookError, join, parse_rulebook
from compliance.models import Clause, ClauseText, RuleRevision, Suggestion, TermsDocument, Version
from compliance.queries.clauses_ruled import same_passage
from compliance.queries.rulebook_check import Check, check_rulebook
from compliance.text.normalise import clause_hash
from tests.admin.conftest import Desk

RIVALS = "You must not use output to train a model that competes with our services."
ROBOTS = "You must not scrape or harvest output with robots or other automated means."
TEXT = f"# Terms\n\nWelcome to the service.\n\n- {RIVALS}\n- {ROBOTS}\n"


@pytest.fixture
def version(desk: Desk) -> Version:
    """The newer version holds a text with two clauses, one of which the published rule cites; the older says nothing."""
    newer = desk.document.versions.get(label="2026-01-01")
    older = desk.document.versions.get(label="2025-05-31")
    for one, text in ((newer, TEXT), (older, f"# Terms\n\n- {RIVALS}\n")):
        one.text = text
        one.shipped = False
        one.save()
    ClauseText.objects.update(sha256=clause_hash(RIVALS))
    read_version(newer)
    return newer


def unsaid(check: Check) -> list[str]:
    return [problem.where for problem in check.problems if "no rule and no reason" in problem.reason]


def test_a_clause_that_no_rule_reads_is_named_with_its_labels_and_words(version: Version) -> None:
    check = check_rulebook()
    (problem,) = check.problems
    assert (check.clauses, check.ruled, check.explained) == (3, 2, 0)
    assert problem.where == "openai/services-agreement 2026-01-01"
    assert "automated_extraction" in problem.reason
    assert clause_hash(ROBOTS) in problem.reason
    assert "“You must not scrape" in problem.reason


def test_a_recorded_reason_answers_for_it(version: Version) -> None:
    check = check_rulebook([Reason("openai/services-agreement", "Says nothing new.", clauses=(clause_hash(ROBOTS),))])
    assert (check.explained, check.problems) == (1, [])


def test_a_reason_of_another_document_does_not(version: Version) -> None:
    assert unsaid(check_rulebook([Reason("openai/other", "Says nothing new.", clauses=(clause_hash(ROBOTS),))]))


def test_a_person_who_rejected_it_with_a_reason_answers_for_it(version: Version, desk: Desk) -> None:
    Suggestion.objects.filter(sha256=clause_hash(ROBOTS)).update(
        state="rejected", reason="Not about models.", decided_by=desk.writer, decided_at=timezone.now()
    )
    assert check_rulebook().problems == []


def test_the_rules_of_the_whole_read_its_extract_too(version: Version, desk: Desk) -> None:
    extract = TermsDocument.objects.create(
        identifier="openai/extract", provider=desk.document.provider, title="Section 3", kind="terms",
        definition={"extract_of": "openai/services-agreement"},
    )  # fmt: skip
    Version.objects.create(
        document=extract, label="2026-01-01", in_force=version.in_force, basis="stated", text=f"# 3\n\n- {RIVALS}\n"
    )
    assert unsaid(check_rulebook()) == ["openai/services-agreement 2026-01-01"]


def test_days_and_texts_that_a_reason_explains_are_no_problem(version: Version, desk: Desk) -> None:
    Version.objects.filter(label="2025-05-31").update(in_force=(dt.date(2025, 5, 31), dt.date(2025, 12, 1)), text="")
    robots = Reason("openai/services-agreement", "Nothing new.", clauses=(clause_hash(ROBOTS),))
    gap = Reason(
        "openai/services-agreement", "Another paper stood in.", since=dt.date(2025, 12, 1), until=dt.date(2026, 1, 1)
    )
    unheld = Reason("openai/services-agreement", "Standard text.", unheld=("2025-05-31",))
    assert len(check_rulebook([robots]).problems) == 2
    check = check_rulebook([robots, gap, unheld])
    assert (check.excused, check.problems) == (2, [])


def test_a_reason_that_explains_fewer_days_than_are_missing_does_not_do() -> None:
    reason = Reason("a/b", "x", since=dt.date(2025, 12, 1), until=dt.date(2025, 12, 20))
    assert reason.covers_days(dt.date(2025, 12, 1), dt.date(2025, 12, 20))
    assert not reason.covers_days(dt.date(2025, 12, 1), dt.date(2025, 12, 21))


@pytest.mark.parametrize(
    ("clause", "passage", "same"),
    [
        ("(a) do not train a rival", "do not train a rival", True),
        ("do not train a rival with what we send, nor sell it", "train a rival with what we send", True),
        ("do not train a rival", "do not scrape our pages", False),
    ],
)
def test_two_cuts_of_one_provision_are_the_same_passage(clause: str, passage: str, same: bool) -> None:
    assert same_passage(clause, passage) is same


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('document = "a/b"\nreason = "x"', "say for which clauses"),
        ('document = "a/b"\nreason = "x"\nclauses = [1]', "expected a list of text"),
        ('document = "a/c"\nreason = "x"\nclauses = ["0"]', "document 'a/c' is not defined"),
        ('document = "a/b"\nwhy = "x"', "reason: expected text, but it is missing"),
    ],
)
def test_a_malformed_reason_is_refused_with_its_place(table: str, message: str) -> None:
    document = '[[document]]\nid = "a/b"\ntitle = "T"\nkind = "terms"\n'
    with pytest.raises(RulebookError, match=r"x\.toml") as refused:
        join([parse_rulebook(f"{document}[[reason]]\n{table}", "x.toml")])
    assert message in str(refused.value)


def test_a_published_rule_that_names_no_clause_is_a_problem(version: Version) -> None:
    revision = RuleRevision.objects.get()
    revision.clauses.clear()
    Clause.objects.all().delete()
    assert "names no clause" in " ".join(problem.reason for problem in check_rulebook().problems)
