"""Terms on their way into the library."""

import datetime as dt
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from django.core.management import call_command
from psycopg.types.range import DateRange

from compliance.actions.dates import TermsProblem, fix_dates
from compliance.actions.terms import Imported, import_archive
from compliance.models import Provider, Snapshot, TermsDocument, TrailEntry, Version
from compliance.sources.keeping import Keeper
from compliance.sources.reading import read_archive
from tests.factories import make_user
from tests.sources.terms import Repository, terms, write

pytestmark = pytest.mark.django_db

KNOWN = terms(head="Last updated: March 4, 2023")


@pytest.fixture
def document() -> TermsDocument:
    """A document of the shipped rulebook: one version, cited by the hash of a text that is not here yet."""
    provider = Provider.objects.create(slug="lampco", name="Lamp Co")
    document = TermsDocument.objects.create(
        identifier="lampco/lamp-terms", provider=provider, title="Lamp terms", kind="terms", shipped=True
    )
    Version.objects.create(
        document=document,
        label="2023-03-04",
        in_force=DateRange(dt.date(2023, 3, 4), None),
        text_sha256=hashlib.sha256(KNOWN.encode()).hexdigest(),
        shipped=True,
    )
    return document


def bring(path: Path, kept: list[bytes] | None = None) -> Imported:
    """Import what lies there, keeping bytes in a list."""

    def keep(content: bytes) -> str:
        if kept is not None:
            kept.append(content)
        return hashlib.sha256(content).hexdigest()

    with read_archive(path) as archive:
        return import_archive(archive, acting_user=None, keep=keep)


def counts(done: Imported) -> tuple[int, int, int, int, int]:
    return done.read, done.new, done.filled, done.known, len(done.rejected)


def test_a_cited_text_fills_the_version_that_is_there(document: TermsDocument, tmp_path: Path) -> None:
    write(tmp_path, "lampco/lamp-terms/2023-03-04.md", KNOWN)
    kept: list[bytes] = []
    assert counts(bring(tmp_path, kept)) == (1, 1, 1, 0, 0)
    version = document.versions.get()
    assert (version.text, version.shipped, version.in_force.lower) == (KNOWN, True, dt.date(2023, 3, 4))
    assert (kept, version.snapshot.sha256 if version.snapshot else "") == ([KNOWN.encode()], version.text_sha256)


def test_importing_twice_changes_nothing(document: TermsDocument, tmp_path: Path) -> None:
    write(tmp_path, "lampco/lamp-terms/2023-03-04.md", KNOWN)
    write(tmp_path, "lampco/lamp-terms/2024-01-01.md", terms(title="New"))
    write(tmp_path, "otherco/oil-terms/2024-01-01.md", terms(title="Oil"))
    write(tmp_path, "otherco/oil-terms/2024-02-01.md", "Access denied")
    first = bring(tmp_path)
    before = list(Version.objects.order_by("pk").values()), Snapshot.objects.count(), TrailEntry.objects.count()
    again = bring(tmp_path)
    assert (first.new, again.new, again.known, len(again.suspects)) == (3, 0, 3, 1)
    assert (
        list(Version.objects.order_by("pk").values()),
        Snapshot.objects.count(),
        TrailEntry.objects.count(),
    ) == before


def test_an_unread_text_of_a_shipped_document_waits_for_a_person(document: TermsDocument, tmp_path: Path) -> None:
    write(tmp_path, "lampco/lamp-terms/2024-01-01.md", terms(title="New"))
    write(tmp_path, "lampco/lamp-terms/2022-01-01.md", terms(title="Old"))
    bring(tmp_path)
    new, old = (document.versions.get(label=label) for label in ("2024-01-01", "2022-01-01"))
    assert (new.in_force.isempty, old.in_force.isempty) == (True, True)
    assert "a person decides" in new.basis
    assert old.definition["proposed"]["since"] == "2022-01-01"
    assert old.definition["proposed"]["until"] == "2023-03-04"
    assert document.versions.get(shipped=True).in_force == DateRange(dt.date(2023, 3, 4), None)


def test_another_text_of_a_cited_day_is_a_version_of_its_own(document: TermsDocument, tmp_path: Path) -> None:
    write(tmp_path, "lampco/lamp-terms/2023-03-04.md", terms(title="Another"))
    bring(tmp_path)
    assert sorted(document.versions.values_list("label", flat=True)) == ["2023-03-04", "2023-03-04 (2)"]
    assert document.versions.get(shipped=True).text == ""


def test_a_new_provider_and_its_versions_follow_each_other(tmp_path: Path) -> None:
    for day in ("2022-05-01", "2023-05-01", "2024-05-01"):
        write(tmp_path, f"otherco/oil-terms/{day}.md", terms(title=day))
    bring(tmp_path)
    versions = TermsDocument.objects.get(identifier="otherco/oil-terms").versions.order_by("label")
    assert [(str(one.in_force.lower), str(one.in_force.upper)) for one in versions] == [
        ("2022-05-01", "2023-05-01"), ("2023-05-01", "2024-05-01"), ("2024-05-01", "None"),
    ]  # fmt: skip


def test_an_archive_joins_the_catalogue_by_the_texts_that_it_shares(document: TermsDocument, tmp_path: Path) -> None:
    archive = Repository(tmp_path)
    archive.record("Lanterns/Conditions.md", KNOWN, "2023-03-10")
    archive.record("Lanterns/Conditions.md", "Access denied\n", "2023-04-10")
    changed = KNOWN.replace("seven", "eight").replace("March 4, 2023", "May 2, 2023")
    archive.record("Lanterns/Conditions.md", changed, "2023-05-10")
    archive.record("Lanterns/Conditions.md", changed.replace("harbour", "[harbour](/h?sid=1)"), "2023-06-10")
    done = bring(tmp_path)
    assert (counts(done), len(done.changes), len(done.suspects)) == ((4, 2, 1, 1, 0), 1, 1)
    assert sorted(document.versions.values_list("label", flat=True)) == ["2023-03-04", "2023-05-02"]
    assert TrailEntry.objects.filter(action="terms.held_back", detail__reason__icontains="error").count() == 1
    assert not Provider.objects.filter(slug="lanterns").exists()


def test_a_person_sets_the_dates_and_the_version_before_ends_there(document: TermsDocument, tmp_path: Path) -> None:
    write(tmp_path, "lampco/lamp-terms/2024-01-01.md", terms(title="New"))
    bring(tmp_path)
    version, counsel = document.versions.get(label="2024-01-01"), make_user()
    fix_dates(acting_user=counsel, version=version, since=dt.date(2024, 2, 1), until=None, reason="the notice says so")
    assert document.versions.get(shipped=True).in_force == DateRange(dt.date(2023, 3, 4), dt.date(2024, 2, 1))
    assert set(TrailEntry.objects.filter(user=counsel).values_list("action", flat=True)) == {
        "terms.dates_fixed", "terms.dates_shortened",
    }  # fmt: skip
    bring(tmp_path)
    assert document.versions.get(label="2024-01-01").in_force == DateRange(dt.date(2024, 2, 1), None)
    with pytest.raises(TermsProblem, match="begins on 2024-02-01"):
        fix_dates(
            acting_user=counsel, version=document.versions.get(shipped=True), since=dt.date(2024, 1, 1), until=None,
            reason="a mistake",
        )  # fmt: skip
    with pytest.raises(TermsProblem, match="say why"):
        fix_dates(acting_user=counsel, version=version, since=dt.date(2024, 2, 1), until=None, reason=" ")


def test_one_hostile_file_among_good_ones_is_named_and_loses_nothing(tmp_path: Path) -> None:
    write(tmp_path, "otherco/oil-terms/2024-01-01.md", terms())
    for name, content in (("2024-02-01.md", b"a\x00b"), ("2024-03-01.md", b"\xff\xfe"), ("2024-04-31.md", b"x")):
        (tmp_path / "otherco/oil-terms" / name).write_bytes(content)
    done = bring(tmp_path)
    assert (done.new, sorted(one.where for one in done.rejected)) == (
        1, [f"otherco/oil-terms/2024-0{month}.md" for month in ("2-01", "3-01", "4-31")],
    )  # fmt: skip


def command(*arguments: str) -> tuple[int, Any]:
    out = io.StringIO()
    try:
        call_command("import_terms", *arguments, "--format", "json", stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        return int(end.code or 0), json.loads(out.getvalue() or "null")
    return 0, json.loads(out.getvalue())


def test_the_command_counts_and_names_and_keeps_the_bytes(tmp_path: Path, settings: Any) -> None:
    settings.EVIDENCE_URL = (tmp_path / "evidence").as_uri()
    write(tmp_path, "in/otherco/oil-terms/2024-01-01.md", terms())
    write(tmp_path, "in/otherco/oil-terms/someday.md", terms())
    status, answer = command(str(tmp_path / "in"))
    assert (status, answer["read"], answer["new"], answer["known"]) == (0, 1, 1, 0)
    assert [one["where"] for one in answer["rejected"]] == ["otherco/oil-terms/someday.md"]
    (blob,) = (tmp_path / "evidence").glob("??/*.zst")
    assert zstandard.ZstdDecompressor().decompress(blob.read_bytes()) == terms().encode()


def test_the_command_ends_with_two_when_nothing_can_be_read(tmp_path: Path) -> None:
    write(tmp_path, "otherco/oil-terms/someday.md", terms())
    assert command(str(tmp_path), "--source", "folder")[0] == 2
    assert command(str(tmp_path / "absent"))[0] == 2


def test_bytes_are_kept_once_and_in_the_layout_of_the_evidence_store(tmp_path: Path) -> None:
    keep = Keeper(tmp_path.as_uri())
    digest = keep(b"lamp")
    place = tmp_path / digest[:2] / f"{digest}.zst"
    written = place.stat().st_mtime_ns
    assert (keep(b"lamp"), place.stat().st_mtime_ns) == (digest, written)
    assert list(tmp_path.glob(".writing-*")) == []
