"""The live page of a run: it asks again while the run goes on, and stops when it has ended."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audits.gap_kinds import GAP_KINDS, SET_UP
from audits.models import Connection, Finding, Gap, LogLine, Run
from audits.queries.run_view import other_traffic, run_figures, waiting_words
from compliance.models import Provider
from tests.factories import NOON, make_call, make_exchange, make_run
from tests.pages.conftest import SignedIn, World


@pytest.mark.parametrize(("state", "asks_again"), [(s, s in Run.ACTIVE) for s in Run.State.values])
def test_the_live_part_asks_again_only_while_the_run_goes_on(
    world: World, signed_in: SignedIn, state: str, asks_again: bool
) -> None:
    Run.objects.filter(pk=world.run.pk).update(state=state)
    page = signed_in(world.engineer).get(reverse("run-live", args=[world.run.pk])).content.decode()
    assert ("hx-trigger" in page) is asks_again
    assert "<html" not in page


def test_new_log_lines_follow_the_last_one_shown(world: World, signed_in: SignedIn) -> None:
    client, address = signed_in(world.engineer), reverse("run-log-after", args=[world.run.pk, 0])
    page = client.get(address).content.decode()
    assert "asking 3 questions" not in page
    assert page.index("kept 2 of 3 answers") < page.index("trained acme-triage")
    assert "hx-get" not in page, "the run has ended: nobody asks again"
    Run.objects.filter(pk=world.run.pk).update(state=Run.State.RUNNING)
    assert reverse("run-log-after", args=[world.run.pk, 2]) in client.get(address).content.decode()


def test_more_lines_than_one_answer_holds_are_fetched_by_the_next(world: World, signed_in: SignedIn) -> None:
    LogLine.objects.bulk_create(
        LogLine(run=world.run, seq=seq, at=NOON, step="execute", stream="stdout", text=f"line {seq}")
        for seq in range(3, 700)
    )
    page = signed_in(world.engineer).get(reverse("run-log-after", args=[world.run.pk, 2])).content.decode()
    assert page.count('class="line') == 500
    assert reverse("run-log-after", args=[world.run.pk, 502]) in page


def test_a_simulated_run_says_so_on_each_of_its_pages(world: World, signed_in: SignedIn) -> None:
    client = signed_in(world.engineer)
    for name in ("run", "run-calls", "run-lineage", "run-findings", "run-gaps", "run-evidence", "run-report"):
        assert "Simulated upstream" in client.get(reverse(name, args=[world.run.pk])).content.decode(), name
    assert "Simulated upstream" in client.get(reverse("finding", args=[world.finding.pk])).content.decode()
    assert "Simulated upstream" in client.get(reverse("overview")).content.decode()


def test_a_run_without_enforced_isolation_says_so(world: World, signed_in: SignedIn) -> None:
    Run.objects.filter(pk=world.run.pk).update(isolation="proxy_only", isolation_reasons=["no user namespaces"])
    client = signed_in(world.engineer)
    page = client.get(reverse("run-calls", args=[world.run.pk])).content.decode()
    assert "Isolation: proxy only" in page
    assert "no user namespaces" in page
    assert "Isolation: proxy only" in client.get(reverse("finding", args=[world.finding.pk])).content.decode()


def test_calls_are_narrowed_by_kind_status_provider_and_model(world: World, signed_in: SignedIn) -> None:
    make_exchange(world.run, unparsed="no parser knows it", host="odd.example", status=None)
    make_call(world.run, make_exchange(world.run, status=500), provider="anthropic", request_model="claude-x")
    world.run.signatures.create(
        day=NOON.date(), provider="anthropic", model="claude-x", operation="chat", calls=1, first_at=NOON, last_at=NOON
    )
    client, address = signed_in(world.engineer), reverse("run-calls", args=[world.run.pk])

    def count(**asked: str) -> int:
        return client.get(address, asked).context["page"].paginator.count

    assert count() == 5
    assert count(kind="calls") == 4
    assert count(kind="unparsed") == 1
    assert count(status="5") == 1
    assert count(status="none") == 1
    assert count(provider="anthropic") == 1
    assert count(model="claude-x") == 1
    assert count(provider="no such provider") == 5, "what is not offered narrows nothing"
    assert count(sort="-time", page="99") == 5


def test_a_repeated_run_keeps_the_upstreams_and_names_its_origin(world: World, signed_in: SignedIn) -> None:
    signed_in(world.engineer).post(reverse("run-again", args=[world.run.pk]))
    repeated = Run.objects.get(rerun_of=world.run)
    assert repeated.upstreams == world.run.upstreams
    assert repeated.requested_by == world.engineer


def test_cancelling_a_run_that_has_ended_says_that_it_had(world: World, signed_in: SignedIn) -> None:
    page = signed_in(world.engineer).post(reverse("run-cancel", args=[world.run.pk]), follow=True).content.decode()
    assert "The run had ended" in page


@pytest.mark.parametrize("words", ["Support", "gpt-4.1", "api.openai.com", "competing"])
def test_the_search_box_finds_runs_models_hosts_and_findings(world: World, signed_in: SignedIn, words: str) -> None:
    page = signed_in(world.engineer).get(reverse("search"), {"q": words}).content.decode()
    assert "Nothing fits" not in page
    assert "Support triage, run 1" in page


@pytest.mark.parametrize("words", ["zzzz", "99999999", "%", "_", "'; drop table", "\x00", "a" * 5000])
def test_the_search_box_bears_whatever_is_typed(world: World, signed_in: SignedIn, words: str) -> None:
    assert signed_in(world.engineer).get(reverse("search"), {"q": words}).status_code == 200


def test_a_run_is_found_by_its_number(world: World, signed_in: SignedIn) -> None:
    page = signed_in(world.engineer).get(reverse("search"), {"q": str(world.run.pk)}).content.decode()
    assert reverse("run", args=[world.run.pk]) in page


def tried(run: Run, disposition: str, count: int, **fields: Any) -> None:
    Connection.objects.create(
        run=run, at=NOON, disposition=disposition, count=count, **{"step": "execute", "protocol": "tls", **fields}
    )


def test_only_what_was_refused_counts_as_refused_and_what_was_passed_on_is_told_apart(
    world: World, signed_in: SignedIn
) -> None:
    world.run.connections.all().delete()
    tried(world.run, "refused", 3, host="telemetry.example.org")
    tried(world.run, "failed", 1, host="gone.example.org")
    for count in (17, 1):
        tried(world.run, "spliced", count, step="prepare", host="registry.example.org")
    figures = run_figures(world.run)
    assert (figures.refused, figures.broken, figures.passed_on) == (3, 1, 18)
    assert figures.not_seen == 4 + figures.gaps + figures.unparsed
    response = signed_in(world.engineer).get(reverse("run-gaps", args=[world.run.pk]))
    assert [link.host for link in response.context["page"]] == ["telemetry.example.org", "gone.example.org"]
    assert "18 connections to package registries were passed on unread during set-up" in _words(
        response.content.decode()
    )


def test_a_gap_is_told_in_words_with_what_it_means_and_what_to_do_wherever_a_person_looks(
    world: World, signed_in: SignedIn
) -> None:
    world.run.gaps.all().delete()
    for step, kind in (("execute", "tls_refused_by_client"), ("prepare", "recorder"), ("execute", "of_tomorrow")):
        for subject in ("a.example.org", "b.example.org"):
            Gap.objects.create(run=world.run, at=NOON, step=step, kind=kind, subject=subject, detail="why <b>")
    client, told = signed_in(world.engineer), GAP_KINDS["tls_refused_by_client"]
    page = _words(client.get(reverse("run-gaps", args=[world.run.pk])).content.decode())
    for words in (told.name, told.words, told.means, told.remedy):
        assert page.count(words) >= 1, words
    assert page.count(told.words) == 1, "once for all gaps of the kind"
    assert "tls_refused_by_client, 2 times" in page
    assert page.count("a.example.orgwhy &lt;b&gt;") == 3
    assert SET_UP in page
    assert "of tomorrow of_tomorrow, 2 times" in page
    live = _words(client.get(reverse("run-live", args=[world.run.pk])).content.decode())
    assert f"Not everything could be seen. {told.name} (tls_refused_by_client × 2)" in live
    assert "The outcome is at best “needs facts”." in live
    world.run.gaps.exclude(step="prepare").delete()
    live = _words(client.get(reverse("run-live", args=[world.run.pk])).content.decode())
    assert "Not everything could be seen." in live
    assert "at best" not in live, "set-up bears on no verdict"


def test_a_finding_that_waits_for_what_a_gap_hides_names_the_gap(world: World, signed_in: SignedIn) -> None:
    world.run.gaps.update(kind="server_inside", step="execute")
    Finding.objects.filter(pk=world.finding.pk).update(missing_facts=["student.kind"])
    client, address = signed_in(world.engineer), reverse("finding", args=[world.finding.pk])
    assert "that proves nothing" not in client.get(address).content.decode(), "the gap hides no such fact"
    Finding.objects.filter(pk=world.finding.pk).update(missing_facts=["student.trained_at_provider"])
    page = _words(client.get(address).content.decode())
    assert "that proves nothing: A server inside the pipeline answered" in page


def test_uploads_to_hosts_that_serve_no_model_stand_by_host_and_volume(world: World, signed_in: SignedIn) -> None:
    for size in (5_000_000, 1_000_000):
        make_exchange(world.run, host="files.example.org", not_a_model_call="file storage", request_size=size)
    make_exchange(world.run, host="odd.example.org", unparsed="no parser knows it", request_size=7)
    first, second = (row for row in other_traffic(world.run) if row.host.endswith(".example.org"))
    assert (first.host, first.exchanges, first.unparsed, first.bytes_out) == ("files.example.org", 2, 0, 6_000_000)
    assert (second.host, second.unparsed) == ("odd.example.org", 1)
    page = signed_in(world.engineer).get(reverse("run-gaps", args=[world.run.pk])).content.decode()
    assert "files.example.org205.7 MB0 bytes" in _words(page)


def _words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


def test_a_queued_run_says_what_it_waits_for(world: World, signed_in: SignedIn) -> None:
    queued = make_run(world.run.pipeline)
    now = queued.requested_at
    assert waiting_words(queued, now + dt.timedelta(seconds=5)) == "", "it has only just been asked for"
    later = now + dt.timedelta(seconds=11)
    assert "No worker has taken it yet" in waiting_words(queued, later)
    make_run(world.run.pipeline, Run.State.RUNNING)
    assert "another audit is at work" in waiting_words(queued, later)
    assert waiting_words(world.run, later) == ""
    Run.objects.filter(pk=queued.pk).update(requested_at=now - dt.timedelta(minutes=1))
    page = signed_in(world.engineer).get(reverse("run-live", args=[queued.pk])).content.decode()
    assert "It waits for a worker" in page


def test_what_is_known_of_the_run_as_a_whole_comes_with_the_live_part(world: World, signed_in: SignedIn) -> None:
    page = signed_in(world.engineer).get(reverse("run-live", args=[world.run.pk])).content.decode()
    assert 'id="about" hx-swap-oob="true"' in page
    assert "Enforced: the recorder is the only way out" in page
    whole = signed_in(world.engineer).get(reverse("run", args=[world.run.pk])).content.decode()
    assert whole.count('id="about"') == 1
    assert "hx-swap-oob" not in whole


def test_a_page_that_polls_after_its_session_ended_loads_anew_and_never_shows_the_form_inside_itself(
    world: World, client: Client
) -> None:
    address = reverse("run-live", args=[world.run.pk])
    response = client.get(address, headers={"HX-Request": "true"}, follow=True)
    assert response.headers["HX-Refresh"] == "true"
    assert response.content == b""


def test_models_are_listed_under_their_providers_name(world: World, signed_in: SignedIn) -> None:
    Provider.objects.filter(slug="openai").update(name="Open Models Ltd")
    world.run.signatures.create(
        day=NOON.date(), provider="openai", served_by="openai", model="m", operation="chat", calls=1, first_at=NOON,
        last_at=NOON,
    )  # fmt: skip
    client = signed_in(world.engineer)
    for name in ("run", "run-calls", "run-findings", "run-lineage"):
        page = client.get(reverse(name, args=[world.run.pk])).content.decode()
        assert "Open Models Ltd" in page, name
        assert ">openai<" not in page, name
