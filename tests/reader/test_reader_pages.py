"""The reader, the comparison and what is in force, as pages."""

import html
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg.types.range import DateRange

from compliance.actions.anchoring import anchor_clauses
from compliance.actions.clauses import read_version
from compliance.models import Governance, RuleRevision, SourceDocument, Suggestion, TermsDocument, User, Version
from compliance.sources.keeping import Keeper
from tests.factories import NOON, make_user
from tests.reader.conftest import Accepted, ban_in
from tests.reader.texts import BAN, CHANGED, FIRST, POLICY_AFTER, POLICY_BEFORE, REWORDED, WITHOUT, make_versions

pytestmark = pytest.mark.django_db
HOSTILE = (
    "# Terms\n\n<script>alert(1)</script> [x](javascript:alert(1)) \u202eesrever\u202c <img src=x onerror=alert(2)>\n\n"
    '1. You may not use output to train a competing model"><b onmouseover=alert(3)>.\n'
)


@pytest.fixture
def lawyers_client(lawyer: User) -> Client:
    client = Client()
    client.force_login(lawyer)
    return client


def text_of(page: str) -> str:
    """The words of the reader's text put together again, names of hidden characters turned back."""
    wordings = re.findall(r'<div class="words-of[^>]*>(.*?)</div><a class="here"', page, re.DOTALL)
    named = re.sub(r'<span class="ctl">U\+([0-9A-F]+)</span>', lambda name: chr(int(name[1], 16)), "".join(wordings))
    return html.unescape(re.sub(r"</?(?:span|mark)\b[^>]*>", "", named))


@pytest.mark.parametrize("text", [FIRST, HOSTILE, "One line. " * 8_000, "| a | b |\n| c | d |\n"])
def test_the_page_holds_the_text_character_by_character(lawyers_client: Client, text: str) -> None:
    (version,) = make_versions(text)
    page = lawyers_client.get(reverse("terms-version", args=[version.pk])).content.decode()
    assert text_of(page) == text


def test_hostile_terms_stay_words(lawyers_client: Client) -> None:
    (version,) = make_versions(HOSTILE)
    pages = [lawyers_client.get(reverse("terms-version", args=[version.pk])).content.decode()]
    pages += [
        lawyers_client.get(reverse("terms-suggestion", args=[one.pk])).content.decode()
        for one in Suggestion.objects.all()
    ]
    pages.append(lawyers_client.get(reverse("terms-suggestions") + "?all=1").content.decode())
    assert len(pages) > 2
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b onmouseover" not in page
        assert 'href="javascript:' not in page


def test_a_clause_has_an_address_and_stands_apart_from_suggestions(lawyers_client: Client, accepted: Accepted) -> None:
    (version,) = make_versions(FIRST)
    accepted(version)
    page = lawyers_client.get(reverse("terms-version", args=[version.pk])).content.decode()
    assert 'id="c-competing-models"' in page
    assert "Accepted clause" in page
    assert page.count("Suggested") >= 2
    assert "Draft a rule from this clause" in page
    assert "Competing models" in page


def test_who_does_not_keep_clauses_reads_them_and_decides_nothing(accepted: Accepted) -> None:
    (version,) = make_versions(FIRST)
    place = accepted(version)
    client = Client()
    client.force_login(make_user())
    page = client.get(reverse("terms-version", args=[version.pk])).content.decode()
    assert "Accepted clause" in page
    assert "Accept or reject" not in page
    other = Suggestion.objects.filter(state="suggested")[0]
    for name, key in (
        ("terms-suggestion", other.pk), ("terms-suggestion-reject", other.pk), ("terms-mark", version.pk),
        ("terms-draft", place.pk),
    ):  # fmt: skip
        assert client.post(reverse(name, args=[key]), {"reason": "x"}).status_code == 403, name
    assert client.get(reverse("terms-review")).status_code == 403
    assert client.get(reverse("terms-suggestions")).status_code == 403
    other.refresh_from_db()
    assert other.state == "suggested"


def test_a_suggestion_becomes_a_clause_and_a_draft(lawyers_client: Client, lawyer: User) -> None:
    (version,) = make_versions(FIRST)
    read_version(version)
    found = ban_in(version)
    said = {
        "wording": BAN,
        "labels": found.labels,
        "key": "rivals",
        "section": "2.2",
        "summary": "bars rivals",
        "clause": "",
    }
    wrong = lawyers_client.post(reverse("terms-suggestion", args=[found.pk]), said | {"wording": "nowhere"})
    assert wrong.status_code == 422
    assert "word for word" in wrong.content.decode()
    done = lawyers_client.post(reverse("terms-suggestion", args=[found.pk]), said)
    assert done["Location"] == reverse("terms-version", args=[version.pk]) + "#c-rivals"
    place = version.clause_texts.get()
    drafted = lawyers_client.post(reverse("terms-draft", args=[place.pk]))
    revision = RuleRevision.objects.get()
    assert drafted["Location"] == reverse("admin:compliance_rulerevision_change", args=[revision.pk])
    assert (revision.status, revision.effect, revision.created_by) == ("draft", "prohibition", lawyer)


def test_the_bytes_are_given_as_a_file_and_never_shown(lawyers_client: Client) -> None:
    (version,) = make_versions(FIRST)
    content = b"<html><script>alert(1)</script></html>"
    sha256 = Keeper(settings.EVIDENCE_URL)(content)
    source = SourceDocument.objects.create(document=version.document, url="https://harp.example/terms")
    version.snapshot = source.snapshots.create(
        fetched_at=NOON, media_type="text/html", sha256=sha256, size=len(content)
    )
    version.save()
    given = lawyers_client.get(reverse("terms-version-bytes", args=[version.pk]))
    assert given.content == content
    assert given["Content-Type"] == "application/octet-stream"
    assert given["Content-Disposition"] == 'attachment; filename="harpco-terms-2020-01-01.html"'
    place = Path(settings.EVIDENCE_URL.removeprefix("file://")) / sha256[:2] / f"{sha256}.zst"
    place.chmod(0o600)
    place.write_bytes(b"spoilt")
    spoilt = lawyers_client.get(reverse("terms-version-bytes", args=[version.pk]))
    assert spoilt.status_code == 500
    assert "is damaged" in spoilt.content.decode()
    place.unlink()


def test_changes_are_counted_and_the_words_marked(lawyers_client: Client) -> None:
    old, new = make_versions(FIRST, CHANGED.replace("Be kind", "Be very kind"))
    address = reverse("terms-compare") + f"?old={old.pk}&new={new.pk}"
    whole = lawyers_client.get(address)
    assert whole.context["comparison"].counts["reworded"] == 2
    page = whole.content.decode()
    assert re.search(r"<ins>\s*any\s*</ins>", page)
    assert "unchanged" in page
    narrowed = lawyers_client.get(address + "&only=building")
    (row,) = narrowed.context["comparison"].changes
    assert row.new.endswith(REWORDED)
    assert row.section == "2.2"


def test_a_ban_that_moved_to_another_paper_is_no_relaxation(lawyers_client: Client) -> None:
    old, new = make_versions(FIRST, WITHOUT)
    _policy, after = make_versions(POLICY_BEFORE, POLICY_AFTER, identifier="harpco/policy", title="Harp Policy")
    for version in Version.objects.all():
        read_version(version)
    page = lawyers_client.get(reverse("terms-compare") + f"?old={old.pk}&new={new.pk}&only=building")
    (row,) = page.context["comparison"].changes
    assert (row.kind, row.elsewhere.version, row.elsewhere.moved) == ("gone", after, True)
    assert "Moved to another document" in page.content.decode()
    across = lawyers_client.get(reverse("terms-compare") + f"?old={old.pk}&new={after.pk}")
    assert across.status_code == 200


def test_a_vanished_clause_is_reviewed_with_the_paper_it_moved_to(lawyers_client: Client, accepted: Accepted) -> None:
    versions = make_versions(FIRST, CHANGED, WITHOUT)
    _policy, after = make_versions(
        POLICY_BEFORE, POLICY_BEFORE, POLICY_AFTER, identifier="harpco/policy", title="Harp Policy"
    )[1:]
    read_version(after)
    place = accepted(versions[0])
    anchor_clauses(place.clause.document)
    page = lawyers_client.get(reverse("terms-review"))
    rows = {one.anchoring.fate: one for one in page.context["waiting"]}
    assert set(rows) == {"reworded", "gone"}
    assert rows["gone"].elsewhere.version == after
    assert re.search(r"<ins>\s*any\s*</ins>", page.content.decode())
    row = rows["reworded"].anchoring
    settled = lawyers_client.post(reverse("terms-settle", args=[row.pk]), {"decision": "kept", "reason": "same"})
    assert settled["Location"] == reverse("terms-review")
    row.refresh_from_db()
    assert (row.state, row.reason) == ("kept", "same")


def test_lists_and_the_reader_ask_the_database_as_often_for_many_as_for_few(
    lawyers_client: Client, accepted: Accepted
) -> None:
    place = accepted(make_versions(FIRST, CHANGED, WITHOUT)[0])
    anchor_clauses(place.clause.document)
    addresses = [reverse("terms-version", args=[place.version_id]), reverse("terms-suggestions") + "?all=1"]
    few = [_queries(lawyers_client, address) for address in addresses]
    bans = "".join(f"\n3.{number} {BAN.replace('harp', f'lute number {number}')}\n" for number in range(1, 40))
    Version.objects.filter(pk=place.version_id).update(text=FIRST + bans)
    read_version(place.version)
    assert [_queries(lawyers_client, address) for address in addresses] == few


def test_suggestions_are_narrowed_to_a_provider_and_to_what_bears_on_building(lawyers_client: Client) -> None:
    (version,) = make_versions(FIRST)
    read_version(version)
    address = reverse("terms-suggestions")
    building = lawyers_client.get(address, {"provider": "harpco"})
    assert '<option value="harpco" selected>' in building.content.decode()
    assert {label for one, _words in building.context["rows"] for label in one.labels} == {
        "train_competing", "automated_extraction",
    }  # fmt: skip
    anything = lawyers_client.get(address, {"provider": "harpco", "all": "1"})
    assert len(anything.context["rows"]) > len(building.context["rows"])
    assert not lawyers_client.get(address, {"provider": "nobody"}).context["rows"]


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.fixture
def governed(db: None) -> TermsDocument:
    """The terms govern the API; a policy that they incorporate is not held; the region decides for the app."""
    versions = make_versions(FIRST, CHANGED)
    document = versions[0].document
    document.definition = {"incorporates": ["harpco/listed-policy"]}
    document.save()
    TermsDocument.objects.create(
        identifier="harpco/listed-policy", provider=document.provider, title="Harp Policy", kind="usage policy"
    )
    eea = TermsDocument.objects.create(
        identifier="harpco/app-eea", provider=document.provider, title="App Terms", kind="terms", region="EEA"
    )
    for position, (paper, access, when) in enumerate(
        [
            (document, "api", None),
            (document, "consumer_app", {"not": {"fact": "organisation.region", "op": "within", "value": "EEA"}}),
            (eea, "consumer_app", {"fact": "organisation.region", "op": "within", "value": "EEA"}),
        ]
    ):
        Governance.objects.create(
            key=f"{position}",
            definition={
                "document": paper.identifier, "role": "principal", "why": "these cover it", "developers": ["harpco"],
                "access": [access], "served_by": ["developer"], "when": when, "by_default": paper == document,
            },
        )  # fmt: skip
    return document


def test_in_force_is_one_answer_with_its_reasons_and_with_what_is_missing(
    lawyers_client: Client, governed: TermsDocument
) -> None:
    asked = {"provider": "harpco", "on": "2020-06-01"}
    answer = lawyers_client.get(reverse("terms-in-force-json"), asked).json()
    first, second = answer["governing_documents"]
    assert (first["document"], first["version"], first["effective_on"], first["last_day"]) == (
        "harpco/terms", "2020-01-01", "2020-01-01", "2020-12-31",
    )  # fmt: skip
    assert first["why"] == "these cover it"
    assert first["text_held"] is True
    assert second["version"] is None
    assert answer["missing"] == ["harpco/listed-policy"]
    page = lawyers_client.get(reverse("terms-in-force"), asked).content.decode()
    assert "1 paper of that day is missing" in page
    later = lawyers_client.get(reverse("terms-in-force-json"), asked | {"on": "2021-01-01"}).json()
    assert later["governing_documents"][0]["version"] == "2021-01-01"


@pytest.mark.parametrize(("region", "paper"), [("EU", "harpco/app-eea"), ("US", "harpco/terms"), ("", "harpco/terms")])
def test_the_region_decides_which_paper_governs_and_its_absence_is_said(
    lawyers_client: Client, governed: TermsDocument, region: str, paper: str
) -> None:
    asked = {"provider": "harpco", "access": "consumer_app", "on": "2020-06-01", "region": region}
    answer = lawyers_client.get(reverse("terms-in-force-json"), asked).json()
    assert answer["governing_documents"][0]["document"] == paper
    assert answer["depends_on_region"] is (not region)


@pytest.mark.parametrize("asked", [{}, {"provider": "nobody"}, {"provider": "harpco", "on": "soon"},
                                   {"provider": "harpco", "channel": "x"}])  # fmt: skip
def test_a_question_that_cannot_be_understood_is_refused_by_field(
    lawyers_client: Client, governed: TermsDocument, asked: dict[str, str]
) -> None:
    refused = lawyers_client.get(reverse("terms-in-force-json"), asked)
    assert refused.status_code == 400
    assert refused.json()["errors"]


def test_a_version_never_in_force_says_so(lawyers_client: Client) -> None:
    (version,) = make_versions(FIRST)
    Version.objects.filter(pk=version.pk).update(in_force=DateRange(empty=True))
    page = lawyers_client.get(reverse("terms-version", args=[version.pk])).content.decode()
    assert "Not known to be in force on any day" in page
