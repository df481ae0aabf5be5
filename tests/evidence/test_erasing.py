"""Retention, legal holds, erasures and looks: what goes, what stays, who is told."""

import datetime as dt
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from audits.actions.erasing import UnderHold
from audits.actions.retention import lift_hold, place_hold, set_retention
from audits.evidence import open_store, verify_bundle
from audits.models import ErasedContent, Erasure, Exchange, LegalHold, LogLine, Look, ModelCall, Run, Seal
from audits.procedures.concluding import write_run_bundle
from audits.procedures.erasing import erase_expired, erase_on_request, finish_erasures
from audits.queries.erasable import preview
from compliance.models import TrailEntry, User
from tests.evidence.sealed import sealed_run
from tests.factories import make_pipeline, make_project, make_user

pytestmark = pytest.mark.django_db
LATER = dt.timedelta(days=40)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return sealed_run(tmp_path, said="the words of Ann")


def kept(run: Run) -> set[str]:
    """Contents of the run that the store has."""
    store = open_store(settings.EVIDENCE_URL)
    named = {
        sha
        for pair in Exchange.objects.filter(run=run).values_list("request_sha256", "response_sha256")
        for sha in pair
    }
    return {sha for sha in named if store.exists(sha)}


def test_a_request_erases_what_was_said_and_leaves_hashes_lengths_and_who_when_why(run: Run, tmp_path: Path):
    ann, seal = make_user(User.Role.LEGAL), Seal.objects.get(run=run).root
    before = list(Exchange.objects.filter(run=run).values_list("request_sha256", "request_size", "line_hash"))
    erasure = erase_on_request(run=run, acting_user=ann, reason="request 12 of 3 November")
    assert finish_erasures() == erasure.contents
    assert kept(run) == set()
    assert set(ModelCall.objects.filter(run=run).values_list("prompt_excerpt", "output_excerpt")) == {("", "")}
    assert set(LogLine.objects.filter(run=run).values_list("text", flat=True)) == {""}
    assert list(Exchange.objects.filter(run=run).values_list("request_sha256", "request_size", "line_hash")) == before
    assert (erasure.asked_by, erasure.reason, erasure.size > 0) == (ann, "request 12 of 3 November", True)
    assert TrailEntry.objects.filter(action="contents erased", user=ann).exists()
    bundle = write_run_bundle(run, tmp_path / "after.zip").path
    found = verify_bundle(str(bundle))
    assert (found.ok, found.root, found.problems) == (True, seal, [])
    assert list(found.reasons or {}) == [f"Erased on {timezone.now():%Y-%m-%d} (erasure {erasure.pk}, on request)"]
    assert b"the words of Ann" not in bundle.read_bytes()
    assert b"the words of Ann" not in json.dumps(list(Run.objects.filter(pk=run.pk).values("prompts"))).encode()


def test_one_exchange_can_be_erased_alone(run: Run):
    erase_on_request(run=run, acting_user=None, reason="r", seqs=[2])
    finish_erasures()
    assert len(kept(run)) == 2
    assert ModelCall.objects.get(exchange__seq=1, run=run).prompt_excerpt == "the words of Ann"
    assert ModelCall.objects.get(exchange__seq=2, run=run).prompt_excerpt == ""
    with pytest.raises(LookupError, match="no exchange 9"):
        erase_on_request(run=run, acting_user=None, reason="r", seqs=[2, 9])


def test_a_legal_hold_blocks_every_way_and_says_so(run: Run):
    project = run.pipeline.project
    hold = place_hold(project=project, acting_user=None, reason="matter 4711")
    set_retention(project=project, acting_user=None, content_days=1, metadata_days=1)
    with pytest.raises(UnderHold, match="matter 4711"):
        erase_on_request(run=run, acting_user=None, reason="r")
    assert erase_expired(timezone.now() + LATER) == []
    with pytest.raises(IntegrityError, match=f"legal hold {hold.pk} stands since"), transaction.atomic():
        Erasure.objects.create(project=project, run=run, cause="request", reason="past our code", contents=0, size=0)
    assert len(kept(run)) == 4
    assert lift_hold(hold=hold, acting_user=None, because="settled")
    assert not lift_hold(hold=hold, acting_user=None, because="again")
    with pytest.raises(IntegrityError, match="can be lifted once"), transaction.atomic():
        LegalHold.objects.filter(pk=hold.pk).update(reason="another")
    assert len(erase_expired(timezone.now() + LATER)) == 2


def test_the_door_opens_for_an_erasure_of_the_same_transaction_and_for_nothing_else(run: Run, tmp_path: Path):
    old = erase_on_request(run=run, acting_user=None, reason="r", seqs=[1])
    other = sealed_run(tmp_path)
    statement = "UPDATE audits_modelcall SET {} WHERE run_id = %s"
    for erasure, change in (
        (old, "prompt_excerpt = ''"),
        (old, "request_model = ''"),
        (old, "prompt_excerpt = 'other words'"),
    ):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('clausetrail.erasure', %s, true)", [str(erasure.pk)])
            with pytest.raises(IntegrityError, match="is refused"), transaction.atomic():
                cursor.execute(statement.format(change), [other.pk])


def test_retention_erases_contents_first_and_metadata_later_and_previews_both(run: Run, tmp_path: Path):
    project = run.pipeline.project
    Run.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    young = sealed_run(tmp_path, said="young", pipeline=make_pipeline(project))
    Run.objects.filter(pk=young.pk).update(finished_at=timezone.now() + LATER)
    contents, metadata = preview(project, 30, 60, timezone.now() + LATER)
    assert [one.pk for one in contents.runs] == [run.pk]
    assert (metadata.runs, Erasure.objects.count()) == ([], 0)
    set_retention(project=project, acting_user=None, content_days=30, metadata_days=60)
    (erasure,) = erase_expired(timezone.now() + LATER)
    assert (erasure.contents, erasure.asked_by, erasure.run_id) == (len(contents.sizes), None, run.pk)
    assert erase_expired(timezone.now() + LATER) == [], "once"
    assert Exchange.objects.filter(run=run).exclude(request_headers=[]).exists()
    erase_expired(timezone.now() + dt.timedelta(days=61))
    finish_erasures()
    assert set(Exchange.objects.filter(run=run).values_list("target", "address")) == {("", "")}
    assert len(kept(young)) == 4
    assert verify_bundle(str(write_run_bundle(run, tmp_path / "a.zip").path)).ok
    assert verify_bundle(str(write_run_bundle(young, tmp_path / "b.zip").path)).ok


def test_what_another_run_needs_stays_until_that_expires_too(tmp_path: Path):
    pipeline = make_pipeline()
    first = sealed_run(tmp_path, said="same", pipeline=pipeline)
    second = sealed_run(tmp_path, said="same", pipeline=pipeline)
    set_retention(project=pipeline.project, acting_user=None, content_days=1, metadata_days=None)
    Run.objects.filter(pk=first.pk).update(finished_at=timezone.now())
    Run.objects.filter(pk=second.pk).update(finished_at=timezone.now() + LATER)
    erase_expired(timezone.now() + dt.timedelta(days=2))
    finish_erasures()
    assert len(kept(second)) == 4
    assert verify_bundle(str(write_run_bundle(second, tmp_path / "second.zip").path)).ok


def test_contents_stay_in_the_store_while_an_audit_is_at_work(run: Run):
    erase_on_request(run=run, acting_user=None, reason="r")
    other = Run.objects.create(pipeline=run.pipeline, number=99, state=Run.State.RUNNING)
    assert finish_erasures() == 0
    Run.objects.filter(pk=other.pk).update(state=Run.State.COMPLETED)
    assert finish_erasures() > 0
    assert not ErasedContent.objects.filter(removed_at=None).exists()


def test_every_look_leaves_a_line_that_nobody_alters(run: Run, client: Client):
    lawyer = make_user(User.Role.LEGAL, username="ann")
    client.force_login(lawyer)
    exchange = Exchange.objects.filter(run=run).order_by("seq")[0]
    run_page = f"/runs/{run.pk}"
    call_page = f"/calls/{exchange.pk}/"
    for address in (call_page, f"{call_page}request/", f"{run_page}/log/", f"{run_page}/evidence/bundle/"):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert b"".join(answer)
    looks = list(Look.objects.order_by("id").values_list("user__username", "what", "run", "address"))
    assert looks == [("ann", what, run.pk, "127.0.0.1") for what in ("call", "body", "log", "bundle")]
    page = client.get(f"/projects/{run.pipeline.project.slug}/looks/").content.decode()
    assert "Took the evidence bundle away" in page
    assert exchange.request_sha256 in page
    for change in (lambda: Look.objects.all().delete(), lambda: Look.objects.update(what="log")):
        with pytest.raises(IntegrityError, match="is refused"), transaction.atomic():
            change()


def test_the_page_of_a_project_previews_sets_holds_and_erases(run: Run, client: Client):
    project, lawyer = run.pipeline.project, make_user(User.Role.LEGAL)
    client.force_login(lawyer)
    place = f"/projects/{project.slug}/evidence/"
    assert "kept for good" in client.get(place).content.decode()
    days = {"content_days": "1", "metadata_days": "400"}
    assert "Nothing was changed" in client.post(f"{place}retention/", days | {"preview": "1"}).content.decode()
    assert client.post(f"{place}retention/", {"content_days": "9", "metadata_days": "3"}).status_code == 422
    assert client.post(f"{place}retention/", days).status_code == 302
    assert client.post(f"{place}hold/", {"reason": "matter 1"}).status_code == 302
    assert "Nothing is erased" in client.get(place).content.decode()
    refused = client.post(f"{place}erase/", {"run": run.pk, "exchanges": "", "reason": "r"})
    assert (refused.status_code, "matter 1" in refused.content.decode()) == (422, True)
    assert client.post(f"{place}hold/{project.legal_holds.get().pk}/lift/", {"because": "over"}).status_code == 302
    assert client.post(f"{place}erase/", {"run": run.pk, "exchanges": "1-2", "reason": "request 5"}).status_code == 302
    assert "request 5" in client.get(place).content.decode()


def test_who_may_not_keep_may_not_erase(run: Run, client: Client):
    engineer = make_user()
    project = make_project(engineers=(engineer,))
    Run.objects.filter(pk=run.pk)
    client.force_login(engineer)
    assert client.get(f"/projects/{project.slug}/evidence/").status_code == 200
    assert client.post(f"/projects/{project.slug}/evidence/hold/", {"reason": "r"}).status_code == 403
    assert client.get(f"/projects/{project.slug}/looks/").status_code == 403
    assert client.get(f"/projects/{run.pipeline.project.slug}/evidence/").status_code == 404
