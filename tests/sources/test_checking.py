"""Proving that rules stand on held texts."""

import datetime as dt
import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from psycopg.types.range import DateRange

from compliance.models import Clause, ClauseText, Provider, Rule, RuleRevision, TermsDocument, Version
from compliance.queries.rulebook_check import check_rulebook
from compliance.sources.captures import text_digests
from compliance.sources.cited import PassageSearch
from compliance.text.normalise import clause_hash
from tests.sources.terms import CLAUSES, terms

pytestmark = pytest.mark.django_db

TEXT = terms(*CLAUSES[:2], f"* You may not:\n  * (a) sell a lamp; or\n  * (b) {CLAUSES[2].lower()}", *CLAUSES[3:])


@pytest.fixture
def version() -> Version:
    provider = Provider.objects.create(slug="lampco", name="Lamp Co")
    document = TermsDocument.objects.create(
        identifier="lampco/lamp-terms", provider=provider, title="Lamp terms", kind="terms", shipped=True
    )
    return Version.objects.create(
        document=document, label="2023-03-04", in_force=DateRange(dt.date(2023, 3, 4), None), text=TEXT,
        text_sha256=text_digests(TEXT.encode())[0], shipped=True,
    )  # fmt: skip


def cite(version: Version, key: str, sha256: str) -> None:
    rule = Rule.objects.create(identifier=f"lampco/lamp-terms:{key}", document=version.document)
    definition = {
        "id": rule.identifier, "effect": "prohibition", "title": key, "statement": f"bars {key}", "actions": ["train_on_output"],
        "citations": [{"versions": [version.label], "section": "2", "sha256": sha256}],
    }  # fmt: skip
    revision = RuleRevision.objects.create(
        rule=rule, number=1, status="published", effect="prohibition", title=key, statement=key, section="2",
        in_force=version.in_force, definition=definition, content_sha256="0" * 64, shipped=True, published_at=timezone.now(),
    )  # fmt: skip
    clause = Clause.objects.create(document=version.document, key=key)
    ClauseText.objects.create(clause=clause, version=version, section="2", sha256=sha256)
    revision.clauses.add(clause)


@pytest.mark.parametrize(
    "passage",
    [
        CLAUSES[1],
        f"{CLAUSES[0]} {CLAUSES[1]}",
        "sell a lamp",
        "sell a lamp; or (b) " + CLAUSES[2],
        "teach another lamp to shine with the light that a lent lamp gives",
        "You may not: (a) sell a lamp",
        "lost, stolen or struck by lightning",
    ],
)
def test_a_passage_is_found_by_its_hash_alone(passage: str) -> None:
    assert PassageSearch().find(TEXT, {clause_hash(passage)}) == {clause_hash(passage)}


def test_a_reworded_passage_is_not_found() -> None:
    assert PassageSearch().find(TEXT, {clause_hash(CLAUSES[1].replace("must not", "may"))}) == set()


def test_a_rulebook_that_stands_on_its_texts_is_proved(version: Version) -> None:
    cite(version, "teaching", clause_hash(CLAUSES[1]))
    check = check_rulebook()
    assert (check.rules, check.citations, check.proved, check.problems) == (1, 1, 1, [])


def test_a_clause_that_is_not_there_is_named(version: Version) -> None:
    cite(version, "teaching", clause_hash(CLAUSES[1]))
    cite(version, "dancing", clause_hash("Lamps must dance."))
    (problem,) = check_rulebook().problems
    assert (problem.where, "dancing" in problem.reason) == ("lampco/lamp-terms 2023-03-04", True)


def test_a_text_that_is_not_held_and_one_that_is_another_are_named(version: Version) -> None:
    cite(version, "teaching", clause_hash(CLAUSES[1]))
    Version.objects.update(text=TEXT + "more")
    assert "another one" in check_rulebook().problems[0].reason
    Version.objects.update(text="")
    check = check_rulebook()
    assert (check.unheld, "not held" in check.problems[0].reason) == (1, True)


def test_days_without_a_version_are_a_gap(version: Version) -> None:
    cite(version, "teaching", clause_hash(CLAUSES[1]))
    Version.objects.create(
        document=version.document, label="2022-01-01", in_force=DateRange(dt.date(2022, 1, 1), dt.date(2023, 1, 1))
    )
    (problem,) = check_rulebook().problems
    assert problem.reason == "no version is in force from 2023-01-01 to 2023-03-04"


@pytest.mark.parametrize("words, status", [(CLAUSES[1], 0), ("Lamps must dance.", 1)])
def test_the_command_ends_with_one_when_something_is_not_proved(version: Version, words: str, status: int) -> None:
    cite(version, "teaching", clause_hash(words))
    with pytest.raises(SystemExit) as end:
        call_command("check_rulebook", stdout=io.StringIO())
    assert int(end.value.code or 0) == status


def test_the_command_ends_with_two_without_rules(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as end:
        call_command("check_rulebook", stdout=io.StringIO(), stderr=io.StringIO())
    assert end.value.code == 2
