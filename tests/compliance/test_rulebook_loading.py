"""The shipped rulebook in the database: loaded twice, changed, and beside what people wrote."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.models import Count
from psycopg.types.range import DateRange

from compliance.actions.dates import fix_dates
from compliance.actions.rulebook import load_rulebook
from compliance.engine.assessment import assess
from compliance.engine.facts import Fact, Use
from compliance.engine.library import Agreement, Library
from compliance.engine.rulebook import load_directory
from compliance.models import Agreement as StoredAgreement
from compliance.models import Clause, Governance, Provider, Rule, RuleRevision, TermsDocument, Version
from compliance.queries.library import library_from_database
from tests.factories import NOON, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def shipped() -> Library:
    return load_directory(Path(settings.BASE_DIR) / "compliance" / "rulebook")


@pytest.fixture(scope="session")
def small(shipped: Library) -> Library:
    """OpenAI's part of it."""
    documents = {key: paper for key, paper in shipped.documents.items() if paper.provider == "openai"}
    return replace(
        shipped,
        providers={"openai": shipped.providers["openai"]},
        documents=documents,
        bindings=tuple(binding for binding in shipped.bindings if binding.document in documents),
        rules=tuple(rule for rule in shipped.rules if rule.document in documents),
        families=tuple(family for family in shipped.families if family.developer == "openai"),
    )


def everything() -> dict[str, list[str]]:
    """All that loading writes, but for when."""
    models = (Provider, TermsDocument, Version, Clause, Governance, Rule, RuleRevision)
    return {model.__name__: sorted(map(repr, model.objects.values_list())) for model in models}


def test_the_librarys_round_trip_through_the_database_loses_nothing(shipped: Library):
    load_rulebook(shipped)
    stored = library_from_database()
    assert stored.bindings == shipped.bindings
    assert stored.families == shipped.families
    assert {rule.id: rule for rule in stored.rules} == {rule.id: replace(rule, revision=1) for rule in shipped.rules}
    assert {key: stored.providers[key] for key in shipped.providers} == shipped.providers
    for key, paper in shipped.documents.items():
        ordered = replace(paper, versions=tuple(sorted(paper.versions, key=lambda version: version.label)))
        assert stored.documents[key] == ordered


def test_what_is_in_the_database_judges_as_the_shipped_files_do(shipped: Library):
    load_rulebook(shipped)
    use = Use(
        id="x",
        facts={
            "provider": Fact("openai", "declared"), "model": Fact("gpt-4", "declared"),
            "on": Fact(dt.date(2026, 3, 1), "declared"),
            "activity": Fact("train_on_output", "declared"), "access.kind": Fact("api", "declared"),
            "access.served_by": Fact("openai", "declared"), "student.competes_with_provider": Fact(True, "declared"),
        },
    )  # fmt: skip
    assert assess(use, library_from_database()).as_json() == assess(use, shipped).as_json()


def test_the_library_is_read_in_a_fixed_number_of_statements(small: Library, django_assert_max_num_queries):
    load_rulebook(small)
    with django_assert_max_num_queries(8):
        library_from_database()


def test_loading_twice_changes_nothing(small: Library):
    load_rulebook(small)
    before = everything()
    again = load_rulebook(small)
    assert (again.rules_added, again.rules_superseded, again.rules_unchanged) == (0, 0, len(small.rules))
    assert everything() == before


def changed(library: Library, **fields: Any) -> Library:
    """The library with its first rule reworded."""
    first, *rest = library.rules
    return replace(library, rules=(replace(first, **fields), *rest))


def test_a_rule_that_changed_is_superseded_and_the_old_reading_kept(small: Library):
    load_rulebook(small)
    again = load_rulebook(changed(small, title="Said otherwise"))
    assert (again.rules_added, again.rules_superseded) == (1, 1)
    revisions = RuleRevision.objects.filter(rule__identifier=small.rules[0].id).order_by("number")
    assert [(one.number, one.status, one.title) for one in revisions] == [
        (1, "superseded", small.rules[0].title),
        (2, "published", "Said otherwise"),
    ]
    assert revisions[0].superseded_at is not None
    current = next(rule for rule in library_from_database().rules if rule.id == small.rules[0].id)
    assert (current.title, current.revision) == ("Said otherwise", 2)


def test_a_rule_that_is_shipped_no_longer_decides_nothing_any_more(small: Library):
    load_rulebook(small)
    gone, *rest = small.rules
    assert load_rulebook(replace(small, rules=tuple(rest))).rules_superseded == 1
    assert gone.id not in {rule.id for rule in library_from_database().rules}
    assert RuleRevision.objects.get(rule__identifier=gone.id).status == "superseded"


def test_a_persons_own_revision_is_left_alone_and_named(small: Library):
    load_rulebook(small)
    shipped_one = RuleRevision.objects.get(rule__identifier=small.rules[0].id)
    RuleRevision.objects.filter(pk=shipped_one.pk).update(status="superseded", superseded_at=NOON)
    mine = RuleRevision.objects.create(
        rule=shipped_one.rule, number=2, status="published", effect=shipped_one.effect, title="Counsel's reading",
        statement="s", in_force=shipped_one.in_force, definition={**shipped_one.definition, "title": "Counsel's reading"},
        content_sha256="0" * 64, created_by=make_user(), published_by=make_user("legal"), published_at=NOON,
    )  # fmt: skip
    again = load_rulebook(changed(small, title="Shipped anew"))
    assert again.kept == [small.rules[0].id]
    mine.refresh_from_db()
    assert mine.status == "published"
    assert "Counsel's reading" in {rule.title for rule in library_from_database().rules}


def test_a_boundary_that_moves_between_releases_never_overlaps_on_the_way(small: Library):
    load_rulebook(small)
    key, paper = next(
        (key, paper) for key, paper in small.documents.items() if len([v for v in paper.versions if v.since]) > 2
    )
    dated = sorted(((version.since, version) for version in paper.versions if version.since), key=lambda pair: pair[0])
    shift = dt.timedelta(days=1)
    moved = [replace(v, since=since + shift, until=v.until + shift if v.until else None) for since, v in dated]
    versions = tuple(moved + [version for version in paper.versions if not version.since])
    load_rulebook(replace(small, documents={**small.documents, key: replace(paper, versions=versions)}))
    stored = Version.objects.get(document__identifier=key, label=dated[0][1].label)
    assert stored.in_force.lower == dated[0][0] + shift


def test_a_release_whose_days_overlap_dates_that_people_set_loads_all_the_same_and_says_so(small: Library):
    load_rulebook(small)
    latest = Version.objects.filter(shipped=True, in_force__endswith=None, in_force__isempty=False).earliest("pk")
    key = latest.document.identifier
    Version.objects.filter(pk=latest.pk).update(shipped=False)
    paper = small.documents[key]
    newer = replace(paper.versions[0], label="2027-01-01", since=dt.date(2027, 1, 1), until=None)
    release = replace(paper, versions=(*paper.versions, newer))
    loaded = load_rulebook(replace(small, documents={**small.documents, key: release}))
    assert loaded.out_of_force == [f"{key} of 2027-01-01"]
    assert Version.objects.get(document__identifier=key, label="2027-01-01").in_force.isempty
    latest.refresh_from_db()
    assert latest.in_force == DateRange(latest.in_force.lower, None)


def test_a_project_has_its_own_agreements_beside_the_general_ones(small: Library):
    load_rulebook(small)
    mine, other = make_project(), make_project()
    openai = Provider.objects.get(slug="openai")
    for reference, project in (("all", None), ("mine", mine), ("theirs", other)):
        StoredAgreement.objects.create(
            provider=openai, project=project, reference=reference, grants=["train_on_output"], starts_on=NOON.date()
        )
    assert [one.reference for one in library_from_database().agreements] == ["all"]
    found = library_from_database(mine.pk).agreements
    assert sorted(one.reference for one in found) == ["all", "mine"]
    assert found[0] == Agreement(
        reference="all", provider="openai", grants=("train_on_output",), documents=(), since=NOON.date(), until=None
    )


def test_each_rule_has_one_published_revision_with_its_clause(small: Library):
    load_rulebook(small)
    published = RuleRevision.objects.filter(status="published").annotate(clauses_read=Count("clauses"))
    assert published.count() == len(small.rules)
    assert set(published.values_list("clauses_read", flat=True)) == {1}


def two_versions(library: Library) -> tuple[Version, Version]:
    """A stored version with an end, and the one that follows it."""
    for version in Version.objects.filter(shipped=True, in_force__isempty=False).order_by("in_force"):
        following = version.document.versions.filter(in_force__startswith=version.in_force.upper).first()
        if version.in_force.upper and following is not None and following.in_force.upper is None:
            return version, following
    raise AssertionError("the small library has no document of two versions")


def test_dates_that_a_person_fixed_outlive_the_next_release_which_says_so(small: Library):
    load_rulebook(small)
    before, after = two_versions(small)
    later = after.in_force.lower + dt.timedelta(days=20)
    earlier = after.in_force.lower - dt.timedelta(days=20)
    fix_dates(acting_user=make_user("legal"), version=after, since=earlier, until=None, reason="the notice says so")
    loaded = load_rulebook(small)
    for version in (before, after):
        version.refresh_from_db()
    assert (before.in_force.upper, after.in_force.lower, after.shipped) == (earlier, earlier, True)
    assert (loaded.fixed, len(loaded.shortened)) == ([f"{after.document.identifier} of {after.label}"], 1)
    Version.objects.filter(pk=after.pk).update(in_force=DateRange(later, None))
    assert load_rulebook(small).out_of_force == []
    before.refresh_from_db()
    assert before.in_force.upper == later - dt.timedelta(days=20)


def test_what_an_import_proposed_gives_way_to_a_release_that_ships_the_same_text(small: Library):
    load_rulebook(small)
    _, latest = two_versions(small)
    label, sha256 = latest.label, latest.text_sha256
    days = {"since": "2020-01-01", "effective": None, "updated": None, "basis": "states no date"}
    definition = {"captured_on": "2020-01-01", "dates": days}
    Version.objects.filter(pk=latest.pk).update(shipped=False, definition=definition, text="held here")
    other = Version.objects.create(
        document=latest.document, label="2027-02-02", in_force=DateRange(empty=True), definition=definition, text="else",
        text_sha256="0" * 64,
    )  # fmt: skip
    key = latest.document.identifier
    paper = small.documents[key]
    added = replace(paper.versions[-1], label="2027-02-02", since=None, until=None, text_sha256="1" * 64)
    load_rulebook(replace(small, documents={**small.documents, key: replace(paper, versions=(*paper.versions, added))}))
    adopted = latest.document.versions.get(label=label)
    other.refresh_from_db()
    assert (adopted.shipped, adopted.text, adopted.text_sha256) == (True, "held here", sha256)
    assert (other.label, other.in_force.isempty) == ("2027-02-02 (2)", True)
