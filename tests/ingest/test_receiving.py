"""Rulings on the receiver of traces: what it takes over real HTTP, from whom, and what it refuses in words."""

import datetime as dt
import gzip
import json
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from audits.actions.receiving import make_token, revoke_token
from audits.evidence.store import open_store
from audits.models import Import, ReceiverToken, Run, UsageDay, UsageEntry
from audits.procedures.receiving import judge_received
from compliance.models import Project
from tests.factories import make_user
from tests.ingest.shapes import OTLP

pytestmark = pytest.mark.django_db(transaction=True)
SOON = dt.timedelta(days=30)


@pytest.fixture
def token(project: Project) -> tuple[ReceiverToken, str]:
    return make_token(project=project, name="gateway", expires_at=timezone.now() + SOON, acting_user=None)


def post(live_server: Any, text: str, content: bytes, **headers: str) -> httpx.Response:
    given = {"Authorization": f"Bearer {text}", "Content-Type": "application/json", **headers}
    return httpx.post(f"{live_server.url}/v1/traces", content=content, headers=given, timeout=30)


def protobuf() -> bytes:
    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    span.start_time_unix_nano = 1795176001250000000
    span.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
    span.attributes.add(key="gen_ai.request.model").value.string_value = "acme-large"
    span.attributes.add(key="gen_ai.provider.name").value.string_value = "acme"
    return message.SerializeToString()


def test_traces_are_taken_as_json_and_protobuf_and_each_call_once(
    live_server: Any, token: tuple[ReceiverToken, str]
) -> None:
    text = token[1]
    for _ in range(2):
        assert post(live_server, text, json.dumps(OTLP).encode()).json() == {}
        packed = gzip.compress(protobuf())
        taken = post(
            live_server, text, packed, **{"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
        )
        assert (taken.status_code, taken.headers["Content-Type"]) == (200, "application/x-protobuf")
    assert UsageEntry.objects.count() == 2
    imported = Import.objects.get()
    assert (imported.read, imported.new, imported.known, len(imported.parts)) == (4, 2, 2, 4)
    assert UsageDay.objects.filter(model="acme-large").get().calls == 1


def test_what_was_received_is_judged_later_and_at_most_once_an_hour(
    live_server: Any, token: tuple[ReceiverToken, str]
) -> None:
    post(live_server, token[1], protobuf(), **{"Content-Type": "application/x-protobuf"})
    assert not Run.objects.exists()
    assert (judge_received(), judge_received()) == (1, 0)
    assert Run.objects.get().uses.get().model == "acme-large"
    post(live_server, token[1], json.dumps(OTLP).encode())
    assert judge_received() == 0
    assert judge_received(timezone.now() + dt.timedelta(hours=2)) == 1


def test_a_span_that_cannot_be_read_is_told_and_kept(live_server: Any, token: tuple[ReceiverToken, str]) -> None:
    sample = json.dumps(OTLP).replace('"intValue": "120"', '"stringValue": "many"')
    answer = post(live_server, token[1], sample.encode()).json()["partialSuccess"]
    assert answer["rejectedSpans"] == "1"
    assert "gen_ai.usage.input_tokens: 'many' is no count" in answer["errorMessage"]
    assert Import.objects.get().rejected_lines.count() == 1


def test_keys_in_spans_are_masked_before_they_are_kept(
    live_server: Any, token: tuple[ReceiverToken, str], settings: Any
) -> None:
    key = "sk-proj-" + "a1B2" * 10
    post(live_server, token[1], json.dumps(OTLP).replace("Name three rivers.", f"use {key}").encode())
    [part] = Import.objects.get().parts
    assert key.encode() not in open_store(settings.EVIDENCE_URL).get(part["sha256"])
    assert "[masked]" in UsageEntry.objects.get().prompt_excerpt


def test_nobody_is_let_in_without_a_valid_token(live_server: Any, token: tuple[ReceiverToken, str]) -> None:
    made, text = token
    assert post(live_server, "ctr_wrong", b"{}").status_code == 401
    assert post(live_server, "another", b"{}").json()["message"].startswith("no valid token")
    revoke_token(token=made, acting_user=None)
    assert post(live_server, text, b"{}").status_code == 401
    ReceiverToken.objects.update(revoked_at=None, expires_at=timezone.now())
    assert post(live_server, text, b"{}").status_code == 401
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[1]", {}, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"not gzip", {"Content-Encoding": "gzip"}, 400),
        (b"{}", {"Content-Encoding": "br"}, 415),
        (b" " * (4 * 1024 * 1024 + 1), {}, 413),
        (gzip.compress(b" " * (33 * 1024 * 1024)), {"Content-Encoding": "gzip"}, 413),
        (b"\xff\xff", {"Content-Type": "application/x-protobuf"}, 400),
    ],
)
def test_what_is_no_export_is_refused_in_words(
    live_server: Any, token: tuple[ReceiverToken, str], content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = post(live_server, token[1], content, **headers)
    assert answer.status_code == status
    assert answer.content
    assert not Import.objects.exists()


def test_a_token_is_shown_once_and_only_its_hash_is_kept(project: Project) -> None:
    client = Client()
    client.force_login(make_user("administrator", is_staff=True))
    address = reverse("admin:audits_receivertoken_add")
    expires = timezone.now() + SOON
    given = {
        "project": project.pk,
        "name": "gateway",
        "expires_at_0": f"{expires:%Y-%m-%d}",
        "expires_at_1": "12:00:00",
    }
    page = client.post(address, given).content.decode()
    made = ReceiverToken.objects.get()
    text = page.split('<code id="token">')[1].split("<")[0]
    assert text.startswith("ctr_")
    assert text not in str(made.__dict__)
    for shown in ("admin:audits_receivertoken_changelist", "admin:audits_receivertoken_change"):
        args = [made.pk] if shown.endswith("_change") else []
        assert text not in client.get(reverse(shown, args=args)).content.decode()


def test_legal_makes_no_tokens(project: Project) -> None:
    client = Client()
    client.force_login(make_user("legal", is_staff=True))
    assert client.get(reverse("admin:audits_receivertoken_add")).status_code == 403
