"""What a run could not see is named in the run, bounds its outcome, and stands in the report's context and on its page."""

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from audits.gap_kinds import GAP_KINDS
from audits.management.commands.audit import gap_lines
from audits.matching.facts import something_unseen
from audits.models import Connection, Outcome, Run
from audits.queries.summary import summary_of
from audits.reporting.context.build import build_context
from tests.procedures.conftest import Lab

HALF_SEEN = """
import contextlib, socket, ssl, threading
answer = ask("How do I pay?")
write("out/train.jsonl", [{"text": answer}])

with contextlib.suppress(OSError):   # a pinned certificate: ours is not the one
    raw = socket.create_connection(("api.openai.com", 443), timeout=10)
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(raw, server_hostname="api.openai.com")

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quic:
    quic.sendto(b"\\xc3\\0\\0\\0\\1" + b"\\0" * 100, ("192.0.2.1", 443))

for number in range(3):
    with contextlib.suppress(OSError):
        socket.getaddrinfo(f"part-{number}.of-an-answer.example", 443)

server = socket.create_server(("127.0.0.1", 8000))
threading.Thread(target=lambda: server.accept()[0].sendall(b"an answer of a model of our own"), daemon=True).start()
print(socket.create_connection(("127.0.0.1", 8000)).recv(100))
"""


def test_what_could_not_be_seen_is_named_everywhere_and_bounds_the_outcome(
    lab: Lab, without_paper: None, client: Client
):
    run = lab.audit(HALF_SEEN)

    assert run.state == Run.State.COMPLETED, run.traceback or run.reason + lab.log(run)
    kinds = {"tls_refused_by_client", "server_inside"}
    assert set(run.gaps.values_list("kind", flat=True)) == kinds
    assert run.gaps.get(kind="server_inside").subject == "127.0.0.1:8000"
    refused = run.connections.filter(disposition=Connection.Disposition.REFUSED)
    assert {row.reason.partition(":")[0] for row in refused} == {"quic", "dns only"}
    assert refused.get(protocol="dns").count >= 3

    assert something_unseen(run)
    assert run.outcome in (Outcome.NEEDS_FACTS, Outcome.PROHIBITED)
    told = summary_of(run)["gaps"]
    assert {gap["kind"] for gap in told} == kinds
    assert all(gap["words"] and gap["remedy"] for gap in told)
    printed = list(gap_lines(told))
    assert "Gap: A server inside the pipeline answered. It spoke over loopback" in printed[0]
    assert printed[0].endswith("[server_inside]"), "the code stands beside the words"
    assert printed[1].startswith("  127.0.0.1:8000: A server inside the pipeline answered at port 8000")
    assert printed[2] == f"  To do: {GAP_KINDS['server_inside'].remedy}"
    context = build_context(run.reports.get())
    assert {gap["kind"] for gap in context["gaps"]} == kinds
    assert {entry["protocol"] for entry in context["connections"]} >= {"udp", "dns"}

    client.force_login(get_user_model().objects.create_superuser("auditor", "a@example.com", "x"))
    page = client.get(reverse("run-gaps", args=[run.pk])).content.decode()
    assert "server_inside" in page
    assert "tls_refused_by_client" in page
    assert "of-an-answer.example" in page
