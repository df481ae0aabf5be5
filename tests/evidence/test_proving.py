"""What others add to a seal, asked for until it comes; and the statement, held against in-toto's own models."""

import base64
import datetime as dt
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

from audits.evidence import verify_bundle
from audits.models import Run, Seal, SealProof
from audits.procedures.concluding import write_run_bundle
from audits.procedures.proving import get_proofs
from compliance.models import User
from tests.evidence.authority import Authority, authority
from tests.evidence.sealed import sealed_run
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("tsa"), "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256") as made:
        yield made


def test_an_authority_that_is_away_costs_no_seal_and_is_asked_again_until_it_answers(
    tsa, settings, tmp_path, client: Client
):
    settings.TIMESTAMP_URLS, settings.TIMESTAMP_ROOTS = [tsa.url], str(tsa.roots)
    tsa.refuse = True
    run = sealed_run(tmp_path)
    assert get_proofs() == 0
    waiting = SealProof.objects.get(seal__run=run)
    assert (waiting.state, waiting.attempts) == ("waiting", 1)
    assert "503" in waiting.error
    client.force_login(make_user(User.Role.LEGAL))
    assert "not yet there" in client.get(f"/runs/{run.pk}/evidence/").content.decode()
    assert get_proofs() == 0, "not before its time"
    tsa.refuse = False
    assert get_proofs(timezone.now() + dt.timedelta(minutes=2)) == 1
    found = verify_bundle(str(write_run_bundle(run, tmp_path / "b.zip").path))
    assert (found.ok, [stamp.authority for stamp in found.stamps]) == (True, [tsa.url])
    assert found.stamps[0].time[:16].replace("T", " ")[:10] in client.get(f"/runs/{run.pk}/evidence/").content.decode()
    with pytest.raises(IntegrityError, match="is there and stays as it is"), transaction.atomic():
        SealProof.objects.update(proof="another")


def test_roots_are_written_down_at_the_end_of_a_file_and_posted(settings, tmp_path):
    taken: list[bytes] = []

    class Notary(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Notary)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    roots = tmp_path / "roots.jsonl"
    settings.ANCHOR_URLS = [roots.as_uri(), f"http://127.0.0.1:{server.server_port}/", (tmp_path / "no" / "x").as_uri()]
    runs = [sealed_run(tmp_path), sealed_run(tmp_path)]
    assert get_proofs() == 4
    server.shutdown()
    server.server_close()
    lines = [json.loads(line) for line in roots.read_text().splitlines()]
    assert [line["root"] for line in lines] == [run.evidence_root for run in runs]
    assert [json.loads(one)["root"] for one in taken] == [line["root"] for line in lines]
    assert "No such file" in SealProof.objects.filter(state="waiting")[0].error


def test_the_statement_is_one_of_in_totos_with_slsas_provenance_in_it(tmp_path: Path):
    run = sealed_run(tmp_path)
    Run.objects.filter(pk=run.pk).update(state="completed")
    payload = json.loads(base64.b64decode(Seal.objects.get(run=run).definition["payload"]))
    Statement.copy_from_pb(json_format.ParseDict(payload, statement_pb2.Statement())).validate()
    assert payload["_type"] == "https://in-toto.io/Statement/v1"
    told = json_format.ParseDict(payload["predicate"], provenance_pb2.Provenance(), ignore_unknown_fields=True)
    assert told.run_details.builder.id == "urn:clausetrail:worker"
    assert told.run_details.metadata.invocation_id == str(run.pk)
    assert told.run_details.metadata.started_on.seconds <= told.run_details.metadata.finished_on.seconds
    assert told.build_definition.build_type
    assert [one.name for one in told.build_definition.resolved_dependencies] == ["audit.toml"]
    assert {one.name for one in told.run_details.byproducts} >= {
        "dataset: out/train.jsonl",
        "record: recorder's log of execute",
    }
