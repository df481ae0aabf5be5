"""What somebody tries who may not, over HTTP and as a person reads the answer: each is refused, says why, and what to do."""

import datetime as dt
import io
import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits.actions.decisions import decide
from audits.actions.sharing import revoke_link, share
from audits.evidence.store import open_store
from audits.models import Report, Signature
from audits.procedures.approving import ask_for_approval
from audits.procedures.concluding import Piece, seal_run
from audits.procedures.telling import body_of, signed
from compliance.actions.tokens import make_api_token, revoke_api_token
from compliance.models import ApiToken, Membership, Project
from tests.factories import sha
from tests.pages.conftest import SignedIn, World, signed_in, world
from tests.review.receiver import sample_verifier

__all__ = ["signed_in", "world"]
pytestmark = pytest.mark.django_db
NOW = timezone.now()
SECRET = "whsec_" + "A" * 43 + "="
VERIFIER = sample_verifier()


@pytest.fixture(autouse=True)
def _uncounted() -> None:
    cache.clear()


def as_read(answer: Any) -> str:
    """The words of a page or of a problem, as a person reads them."""
    text = answer.content.decode()
    if answer["Content-Type"].startswith("text/html"):
        text = re.sub(r"(?s)<(script|style|head)\b.*?</\1>", " ", text)
        text = unescape(re.sub(r"<[^>]+>", " ", text))
    else:
        text = json.dumps(json.loads(text), ensure_ascii=False)
    return re.sub(r"\s+", " ", text)


# A tampered PDF


@pytest.fixture
def report(world: World) -> Report:
    """A report that was made; its file is the least that bears the mark of one."""
    made = io.BytesIO()
    with pikepdf.new() as file:
        file.add_blank_page()
        file.save(made)
    context = sha("context")
    content = made.getvalue() + f"\n% urn:clausetrail:{context}\n".encode()
    held = open_store(settings.EVIDENCE_URL).put(content)
    return Report.objects.create(
        run=world.run, number=1, state=Report.State.READY, finished_at=NOW, pdf_sha256=held, context_sha256=context
    )


def pdf_of(report: Report) -> bytes:
    with open_store(settings.EVIDENCE_URL).open(report.pdf_sha256) as stored:
        return stored.read()


@pytest.mark.parametrize(
    ("harm", "how"),
    [
        (lambda pdf: pdf.replace(b"/Page", b"/Pgae", 1), "differs from byte"),
        (lambda pdf: pdf + b"\n1 0 obj\nnull\nendobj\n", "bytes were added at its end"),
    ],
    ids=["changed", "added to"],
)
def test_a_tampered_pdf_is_refused_by_the_page_and_the_interface_and_the_change_is_named(
    report: Report, harm: Callable[[bytes], bytes], how: str
):
    case, content = f"CT-{report.run_id}-{report.number}", harm(pdf_of(report))
    for address in (reverse("verify-report"), "/api/v1/verification"):
        answer = Client().post(address, {"file": SimpleUploadedFile("report.pdf", content)})
        assert answer.status_code == 200
        told = as_read(answer)
        assert "do not rely on it" in told
        assert how in told
        assert case in told, "which report it pretends to be"
    told = answer.json()
    assert (told["made"], told["unchanged"], told["stands"], told["signature"]) == (True, False, False, None)


def test_the_file_as_it_was_made_is_told_so_and_a_strange_one_is_not_known(report: Report):
    ask = "/api/v1/verification"
    whole = Client().post(ask, {"file": SimpleUploadedFile("report.pdf", pdf_of(report))}).json()
    assert (whole["made"], whole["unchanged"], whole["stands"], whole["case"]) == (
        True, True, True, f"CT-{report.run_id}-{report.number}",
    )  # fmt: skip
    by_hash = Client().get(ask, {"sha256": f"sha256:{report.pdf_sha256.upper()}"}).json()
    assert (by_hash["made"], by_hash["unchanged"], by_hash["final"], by_hash["of_context"]) == (True, None, None, False)
    assert Client().get(ask, {"sha256": report.context_sha256}).json()["of_context"] is True
    strange = Client().post(ask, {"file": SimpleUploadedFile("other.pdf", b"%PDF-1.7 other")}).json()
    assert (strange["made"], strange["case"], strange["words"][:14]) == (False, None, "Not known here")


@pytest.mark.parametrize(
    ("send", "status", "why"),
    [
        (lambda ask: Client().get(ask, {"sha256": "x"}), 422, "64 digits of 0–9 and a–f"),
        (lambda ask: Client().get(ask), 422, "sha256"),
        (lambda ask: Client().post(ask, {"file": SimpleUploadedFile("a.pdf", b"")}), 422, "The file is empty"),
        (
            lambda ask: Client().post(
                ask, data=b"x", content_type="multipart/form-data; boundary=x", headers={"Content-Length": "70000000"}
            ),
            413, "64 MB",
        ),
    ],
    ids=["no hash", "nothing", "empty", "too large"],
)  # fmt: skip
def test_what_can_not_be_checked_is_refused_with_what_is_wanted(send: Callable[[str], Any], status: int, why: str):
    answer = send("/api/v1/verification")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert why in as_read(answer)


def test_anybody_may_ask_only_so_often(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("compliance.rates.time.time", lambda: 600.0)
    ask = "/api/v1/verification"
    statuses = [Client().post(ask, {"file": SimpleUploadedFile("a.pdf", b"x")}).status_code for _ in range(7)]
    assert statuses == [200] * 6 + [429]
    cache.clear()
    answers = [Client().get(ask, {"sha256": "0" * 64}) for _ in range(31)]
    assert [one.status_code for one in answers] == [200] * 30 + [429]
    assert int(answers[-1]["Retry-After"]) <= 60
    assert "Ask again in" in as_read(answers[-1])


# An expired link


@pytest.mark.parametrize("how", ["expired", "revoked", "made up"])
def test_a_link_that_ended_says_so_and_whom_to_ask_and_nothing_else(world: World, report: Report, how: str):
    link, secret = share(
        report=report, acting_user=world.member_legal, recipient="A firm", reach="view", forms=["pdf"],
        expires_at=NOW + dt.timedelta(days=1),
    )  # fmt: skip
    if how == "expired":
        type(link).objects.update(expires_at=timezone.now())
    elif how == "revoked":
        revoke_link(link=link, acting_user=world.member_legal)
    secret = "made-up" if how == "made up" else secret
    for address in (reverse("shared", args=[secret]), reverse("shared-file", args=[secret, "pdf"])):
        answer = Client().get(address)
        told = as_read(answer)
        assert answer.status_code == 410
        assert "This link opens nothing, or nothing any more" in told
        assert "Ask whoever gave it to you for a new one" in told
        assert world.project.name not in told


# A stolen token


def stolen(world: World, *scopes: str) -> tuple[ApiToken, Client]:
    token, text = make_api_token(
        name="ci", scopes=scopes or ApiToken.Scope.values, expires_at=NOW + dt.timedelta(days=1),
        acting_user=world.engineer,
    )  # fmt: skip
    return token, Client(headers={"Authorization": f"Bearer {text}"})


@pytest.mark.parametrize("how", ["revoked", "expired", "its maker's account is closed"])
def test_a_stolen_token_that_ended_opens_nothing_and_says_where_another_is_made(world: World, how: str):
    token, thief = stolen(world)
    assert thief.get(f"/api/v1/runs/{world.run.pk}").status_code == 200
    if how == "revoked":
        revoke_api_token(token=token, acting_user=world.engineer)
    elif how == "expired":
        ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    else:
        type(world.engineer).objects.filter(pk=world.engineer.pk).update(is_active=False)
    for address in (f"/api/v1/runs/{world.run.pk}", "/api/v1/projects", reverse("graph-data")):
        answer = thief.get(address)
        assert answer.status_code == 401
        assert "unknown, revoked or expired. Make another under Your account, Tokens." in as_read(answer)


def test_a_stolen_token_does_no_more_than_its_scopes_and_never_what_takes_a_person(world: World):
    _, thief = stolen(world, "read")
    answer = thief.post(f"/api/v1/pipelines/{world.run.pipeline_id}/runs", {}, content_type="application/json")
    assert (answer.status_code, "lacks the scope “run”. It has: read." in as_read(answer)) == (403, True)
    decision = {"kind": "waive", "reason": "Mine.", "until": "2030-01-01"}
    answer = thief.post(
        f"/api/v1/findings/{world.finding.pk}/decisions", json.dumps(decision), content_type="application/json"
    )
    assert (answer.status_code, "This takes a person who is signed in" in as_read(answer)) == (403, True)
    page = thief.get(reverse("overview"))
    assert (page.status_code, "not open to tokens" in as_read(page)) == (403, True)
    assert not world.project.decisions.exists()


def test_a_stolen_token_loses_the_project_with_its_maker(world: World):
    _, thief = stolen(world)
    Membership.objects.filter(user=world.engineer).delete()
    answer = thief.get(f"/api/v1/runs/{world.run.pk}")
    assert (answer.status_code, "not yours to see" in as_read(answer)) == (404, True)
    assert thief.get("/api/v1/projects").json()["items"] == []


# A forged webhook: what docs/webhooks.md gives a receiver, run as it stands there


def test_a_forged_webhook_is_refused_by_the_check_that_the_documents_show():
    at, verifier = 1_763_805_600, VERIFIER["Verifier"](SECRET)
    body = body_of({"type": "run.ended", "data": {"outcome": "prohibited"}})
    headers = {name.lower(): value for name, value in signed(body, "msg_1", at, [SECRET]).items()}
    other = {name.lower(): value for name, value in signed(body, "msg_1", at, ["whsec_" + "B" * 43 + "="]).items()}
    forged: list[tuple[dict[str, str], bytes, int, str]] = [
        (headers, body.replace(b"prohibited", b"permitted"), at, "no signature fits: forged, altered on the way"),
        (other, body, at, "no signature fits: forged"),
        ({**headers, "webhook-id": "msg_2"}, body, at, "no signature fits"),
        ({**headers, "webhook-timestamp": str(at + 1)}, body, at, "no signature fits"),
        (headers, body, at + 301, "301 seconds from now: too old"),
        ({**headers, "webhook-timestamp": "soon"}, body, at, "no number of seconds"),
        ({name: value for name, value in headers.items() if name != "webhook-signature"}, body, at, "is missing"),
    ]
    for told, content, now, why in forged:
        with pytest.raises(VERIFIER["Refused"], match=re.escape(why)):
            verifier.verify(told, content, now=now)
    assert verifier.verify(headers, body, now=at) == "msg_1", "what was sent is believed"
    with pytest.raises(VERIFIER["Refused"], match="was here before: a replay"):
        verifier.verify(headers, body, now=at)


# A name that is a template


INJECTIONS = ["{{ 7*7 }}", "{% debug %}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "Acme {{ settings.SECRET_KEY }}"]


@pytest.mark.parametrize("name", INJECTIONS)
def test_a_name_that_is_a_template_is_refused_wherever_names_are_given(
    world: World, signed_in: SignedIn, tmp_path: Path, name: str
):
    administrator = signed_in(world.administrator)
    hooks = reverse("project-webhooks", args=[world.project.slug])
    answers = [
        administrator.post(reverse("projects"), {"name": name}),
        administrator.post("/api/v1/projects", json.dumps({"name": name}), content_type="application/json"),
        administrator.post(hooks, {"name": name, "url": "https://hooks.example/", "form": "signed"}),
        signed_in(world.engineer).post(
            reverse("account-tokens"), {"name": name, "scopes": ["read"], "expires_on": "2030-01-01"}
        ),
        signed_in(world.engineer).post(
            reverse("pipeline-add"), {"name": name, "project": world.project.pk, "path": str(tmp_path)}
        ),
    ]
    for answer in answers:
        assert "could take it for a template. Leave these signs out." in as_read(answer)
    assert not Project.objects.filter(name=name).exists()
    assert not ApiToken.objects.filter(name=name).exists()


def test_a_name_with_a_character_that_nobody_sees_is_refused_and_names_in_any_script_are_taken(
    world: World, signed_in: SignedIn
):
    client = signed_in(world.administrator)
    refused = client.post(reverse("projects"), {"name": "Acme \u202egnp"})
    assert "can’t hold the character U+202E, which nobody sees" in as_read(refused)
    for name in ("Überprüfung {2026} #3 (70 % done), $5", "پروژه\u200cها project", "監査 project", "C# <3 templates"):
        client.post(reverse("projects"), {"name": name})
        assert Project.objects.filter(name=name).exists(), name


# A reviewer who approves his own waiver


def test_a_reviewer_does_not_approve_his_own_waiver_neither_in_the_page_nor_by_the_interface(
    world: World, signed_in: SignedIn, tmp_path: Path
):
    seal_run(world.run, [Piece("manifest", "audit.toml", sha("manifest"), 8)], tmp_path)
    until = timezone.localdate() + dt.timedelta(days=30)
    decide(finding=world.finding, kind="waive", reason="It is fine.", until=until, acting_user=world.legal)
    approval = ask_for_approval(world.run, [{"name": "Legal", "quorum": 1}], world.engineer)
    word = {"word": "approved", "context_sha256": approval.context_sha256}
    client = signed_in(world.legal)
    page = client.post(reverse("approval-sign", args=[approval.pk]), word, follow=True)
    asked = client.post(
        f"/api/v1/approvals/{approval.pk}/signatures", json.dumps(word), content_type="application/json"
    )
    assert asked.status_code in (403, 409, 422)
    for answer in (page, asked):
        assert "You decided findings of this audit. Somebody else approves what you decided." in as_read(answer)
    assert not Signature.objects.exists()
    approval.refresh_from_db()
    assert approval.completed_at is None
