"""Watched sources: fetched when due, quiet while nothing changes, and honest about what went wrong."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from compliance.actions.arrivals import accept, discard
from compliance.actions.dates import TermsProblem
from compliance.actions.watching import Place, due_watches, fetch_watch, stop_watching, watch
from compliance.models import Arrival, Provider, SourceDocument, TermsChange, TermsDocument, Version, Watch, WatchedHost
from compliance.sources.extraction import page_text
from compliance.sources.keeping import Keeper
from tests.factories import make_user
from tests.sources.site import Site, serving
from tests.sources.terms import CLAUSES

pytestmark = pytest.mark.django_db

MORE = tuple(
    f"Lamp number {number} hangs above the {number}th step of the western stair at night." for number in range(20)
)
DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)


def page(*clauses: str, head: str = "Last updated: 1 February 2026", extra: str = "") -> str:
    body = "".join(f"<li>{clause}</li>" for clause in clauses or (*CLAUSES, *MORE))
    return (
        f"<html><body><nav>Home</nav><main><h1>Lamp terms</h1><p>{head}</p><ol>{body}</ol>{extra}</main></body></html>"
    )


@dataclass
class World:
    """One watched source on a real server, and a clock that goes on by a day with each visit."""

    site: Site
    source: SourceDocument
    place: Place
    watch_id: int
    now: dt.datetime = START

    def visit(self, days: int = 1) -> Watch:
        """Fetch, some days after the last time."""
        self.now += days * DAY
        found = fetch_watch(self.watch_id, place=self.place, now=self.now)
        assert found is not None
        return found

    def versions(self) -> list[Version]:
        return list(self.source.document.versions.order_by("pk"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serving() as site:
        site.page("/terms", page(), ETag='"1"')
        provider = Provider.objects.create(slug="lampco", name="Lamp Co")
        document = TermsDocument.objects.create(
            identifier="lampco/lamp-terms", provider=provider, title="Lamp terms", kind="terms"
        )
        source = SourceDocument.objects.create(document=document, url=site.url())
        url = tmp_path.as_uri()
        place = Place(url, Keeper(url), (site.place,))
        begun = watch(acting_user=make_user("legal"), source=source, allowed=place.allowed)
        Watch.objects.filter(pk=begun.pk).update(due_at=START)
        yield World(site, source, place, begun.pk)


def test_the_first_page_becomes_a_version_and_its_bytes_are_kept(world: World, tmp_path: Path) -> None:
    found = world.visit()
    (version,) = world.versions()
    assert version.snapshot is not None
    assert (found.state, found.failures, found.problem) == ("changed", 0, "")
    assert version.text == page_text(page().encode(), "text/html")
    assert (version.in_force.lower, version.snapshot.source) == (dt.date(2026, 2, 1), world.source)
    assert version.definition["dates"]["words"] == "Last updated: 1 February 2026"
    assert (tmp_path / version.snapshot.sha256[:2] / f"{version.snapshot.sha256}.zst").exists()
    assert not TermsChange.objects.exists()


def test_a_page_that_stays_is_asked_conditionally_and_nothing_is_written(world: World) -> None:
    world.visit()
    found = world.visit()
    assert (found.state, found.status, len(world.versions())) == ("unchanged", 304, 1)
    assert world.site.asked[-1][1]["if-none-match"] == '"1"'


def test_other_bytes_with_the_same_words_are_no_change(world: World) -> None:
    world.visit()
    for number in range(2):
        world.site.page(
            "/terms", page(extra=f"<p><a href='/x?sid={number}'>Back to top</a></p>").replace("<li>", "<li >")
        )
        assert world.visit().state == "unchanged"
    assert (len(world.versions()), world.source.snapshots.count(), TermsChange.objects.count()) == (1, 3, 0)


def test_a_reworded_clause_is_a_version_told_once_however_often_the_page_flips(world: World) -> None:
    world.visit()
    reworded = page().replace("must not teach", "may teach")
    for visit in range(4):
        world.site.page("/terms", page() if visit % 2 else reworded)
        world.visit()
    (told,) = TermsChange.objects.all()
    assert (len(world.versions()), told.judgement, told.version) == (2, "changed", world.versions()[1])
    assert ("may teach" in told.added[0], "must not teach" in told.gone[0]) == (True, True)


def test_an_old_text_that_is_back_after_months_is_told_once(world: World) -> None:
    world.visit()
    world.site.page("/terms", page().replace("seven shells", "eight shells"))
    world.visit(100)
    world.site.page("/terms", page())
    assert world.visit(100).state == "changed"
    for extra in ("a", "b"):
        world.site.page("/terms", page(extra=f"<a href='{extra}'>Home</a>"))
        assert world.visit(60).state == "unchanged"
    assert sorted(TermsChange.objects.values_list("judgement", flat=True)) == ["changed", "returned"]


@pytest.mark.parametrize(
    "shown",
    [
        page(*CLAUSES[:2]),
        "<body><h1>Access denied</h1></body>",
        "<body><p>Please enable JavaScript to continue.</p></body>",
    ],
)
def test_an_error_or_a_part_instead_of_the_page_is_held_back(world: World, shown: str) -> None:
    world.visit()
    world.site.page("/terms", shown)
    found = world.visit()
    assert (found.state, bool(found.problem), len(world.versions())) == ("held", True, 1)
    arrival = Arrival.objects.get()
    assert (arrival.state, arrival.doubt) == ("waiting", found.problem)
    world.visit()
    world.site.page("/terms", page())
    assert (world.visit().state, Arrival.objects.count(), TermsChange.objects.count()) == ("unchanged", 1, 0)


def test_a_short_page_that_stays_two_weeks_is_believed(world: World) -> None:
    world.visit()
    world.site.page("/terms", page(*CLAUSES[:2], head="Effective: 9 March 2026"))
    assert [world.visit(days).state for days in (1, 13, 1)] == ["held", "held", "changed"]
    arrival = Arrival.objects.get()
    assert (arrival.state, arrival.version, arrival.decided_by) == ("accepted", world.versions()[1], None)


def test_a_text_that_a_person_discarded_is_not_believed_however_long_it_stays(world: World) -> None:
    world.visit()
    world.site.page("/terms", page(*CLAUSES[:2]))
    world.visit()
    discard(acting_user=make_user("legal"), arrival=Arrival.objects.get(), reason="a preview of theirs")
    assert [world.visit(days).state for days in (13, 2)] == ["held", "held"]
    assert (len(world.versions()), Arrival.objects.count()) == (1, 1)


def test_a_person_takes_a_held_text_for_the_providers_and_the_page_is_known_from_then_on(world: World) -> None:
    world.visit()
    world.site.page("/terms", page(*CLAUSES[:2], head="Effective: 9 March 2026"))
    world.visit()
    counsel, arrival = make_user("legal"), Arrival.objects.get()
    version, _ = accept(acting_user=counsel, arrival=arrival, reason="they cut their terms; the notice says so")
    assert (version.in_force.lower, TermsChange.objects.get().version) == (dt.date(2026, 3, 9), version)
    assert world.visit().state == "unchanged"
    with pytest.raises(TermsProblem, match="decided this already"):
        discard(acting_user=counsel, arrival=arrival, reason="after all")


def test_a_failure_is_a_state_beside_the_last_success_and_is_tried_again_later_and_later(world: World) -> None:
    success = world.visit().succeeded_at
    world.site.page("/terms", "gone", 503)
    waits = []
    for _ in range(3):
        found = world.visit()
        waits.append((found.due_at - world.now).total_seconds() / 3600)
    assert (found.state, found.failures, found.status, waits) == ("failed", 3, 503, [1, 2, 4])
    assert (found.succeeded_at, "503" in found.problem, len(world.versions())) == (success, True, 1)
    world.site.page("/terms", page())
    assert (world.visit().state, Watch.objects.get().failures) == ("unchanged", 0)


def test_robots_and_redirects_are_heeded_and_shown(world: World) -> None:
    world.site.page("/terms", "", 301, Location="/new")
    world.site.page("/new", page())
    assert world.visit().way == [[world.site.url(), 301], [world.site.url("/new"), 200]]
    world.site.page("/robots.txt", "User-agent: *\nDisallow: /new\n")
    found = world.visit(2)
    assert (found.state, "robots.txt" in found.problem) == ("failed", True)


def test_one_host_is_asked_once_in_a_while_and_one_source_by_one_worker(world: World) -> None:
    second = SourceDocument.objects.create(document=world.source.document, url=world.site.url("/b"), watched=True)
    assert due_watches(START + DAY) == [world.watch_id]
    world.visit()
    assert fetch_watch(world.watch_id, place=world.place, now=world.now) is None
    other = Watch.objects.get(source=second)
    assert fetch_watch(other.pk, place=world.place, now=world.now) is None
    other.refresh_from_db()
    assert other.due_at == WatchedHost.objects.get().free_at
    stop_watching(acting_user=None, source=second)
    assert fetch_watch(other.pk, place=world.place, now=world.now + DAY) is None


def test_a_page_that_cant_be_read_is_kept_and_named(world: World) -> None:
    world.visit()
    world.site.page("/terms", b"%PDF-1.7 broken", Content_Type="application/pdf")
    found = world.visit()
    assert (found.state, "can't be read" in found.problem) == ("failed", True)
    assert (world.source.snapshots.filter(media_type="application/pdf").count(), len(world.versions())) == (1, 1)


def test_an_address_inside_the_network_can_not_be_watched(world: World) -> None:
    inner = SourceDocument.objects.create(document=world.source.document, url="ftp://10.0.0.1/terms")
    with pytest.raises(TermsProblem, match="only http"):
        watch(acting_user=None, source=inner)
    strict = Place(world.place.evidence_url, world.place.keep)
    found = fetch_watch(world.watch_id, place=strict, now=START)
    assert found is not None
    assert (found.state, world.site.asked) == ("failed", [])
