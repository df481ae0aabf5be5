"""Every way past the recorder or out of the sandbox that we know of, tried in one run with the real recorder at the end
of the real network: each is impossible, and nothing of it arrived anywhere, or it is recorded under a name.

`docs/capture-gaps.md` holds the table these tests saw; when it differs, the failing test shows the text that is due.
"""

import contextlib
import json
import os
import re
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from audits.capture.spool import read_events
from audits.procedures.inner_servers import gaps as inner_gaps
from audits.procedures.isolation import way_out
from audits.sandbox.execution import Mount, run
from audits.sandbox.limits import Exit, Limits
from audits.sandbox.python_environment import Interpreter

SCRIPT = Path(__file__).with_name("attempts.py")
DOCS = Path(__file__).parents[2] / "docs" / "capture-gaps.md"
DOMAIN = "attempts.example"

# attempt: (what the program saw, what is on record). Where nothing is on record the attempt is impossible: no call of it
# left the kernel. A name in the second place is that of a gap, a refusal ("refused: …") or an exchange.
RULINGS = {
    "a_pinned_certificate": ("SSLCertVerificationError", "gap: tls_refused_by_client"),
    "an_encrypted_client_hello": ("answered", "gap: tls_refused_by_client"),
    "quic": ("no answer", "refused: quic"),
    "other_udp": ("no answer", "refused: udp"),
    "plain_http_to_a_bare_address": ("answered b'HTTP/1.1 403'", "refused: raw_address"),
    "tls_to_a_bare_address": ("ECONNRESET", "refused: raw_address"),
    "the_clouds_metadata_address": ("answered b'HTTP/1.1 403'", "refused: raw_address"),
    "mail": ("no answer", "gap: request_malformed"),
    "a_database_protocol": ("reset", "refused: unknown_protocol"),
    "ssh": ("reset", "refused: unknown_protocol"),
    "dns_over_tls": ("no answer", "gap: request_malformed"),
    "dns_over_https": ("answered b'HTTP/1.1 200'", "exchange, unparsed"),
    "data_in_names_looked_up": ("answered with addresses of ours", "refused: dns_only"),
    "answers_uploaded_to_an_allowed_host": ("answered b'HTTP/1.1 200'", "exchange, unparsed"),
    "another_host_in_the_host_header": ("answered b'HTTP/1.1 200'", "gap: host_header_mismatch"),
    "a_server_inside_the_pipeline": ("answered b'inside'", "gap: server_inside"),
    "a_socket_file_of_the_host": ("ENOENT", ""),
    "an_abstract_socket_of_the_host": ("ECONNREFUSED", ""),
    "inherited_descriptors": ("['/dev/null', 'pipe'] and 0 more", ""),
    "a_descriptor_passed_on_by_scm_rights": (
        "1 of our own, from ourselves: nobody outside is there to pass one in",
        "",
    ),
    "a_raw_socket": ("EPERM", ""),
    "a_packet_socket": ("EAFNOSUPPORT", ""),
    "a_socket_to_the_hypervisor": ("EAFNOSUPPORT", ""),
    "io_uring": ("ENOSYS", ""),
    "the_routing_table": ("EPERM", ""),
    "debugging_the_first_process": ("EPERM", ""),
    "reading_memory_of_others": ("EPERM", ""),
    "taking_a_descriptor_of_others": ("EPERM", ""),
    "mounting": ("EPERM", ""),
    "a_new_root": ("EPERM", ""),
    "a_new_user_namespace": ("EPERM", ""),
    "a_new_network_namespace_by_clone": ("EPERM", ""),
    "clone3": ("ENOSYS", ""),
    "entering_the_hosts_namespace": ("EPERM", ""),
    "kernel_keys": ("EPERM", ""),
    "programs_in_the_kernel": ("EPERM", ""),
    "page_faults_in_user_space": ("EPERM", ""),
    "files_by_handle": ("EPERM", ""),
    "kernel_modules": ("EPERM", ""),
    "becoming_root": ("EINVAL", ""),
    "a_program_with_the_setuid_bit": ("EPERM", ""),
    "a_device": ("EPERM", ""),
    "processes_of_the_host": ("ENOENT", ""),
    "settings_of_the_kernel": ("EACCES", ""),
    "a_file_of_the_host": ("ENOENT", ""),
    "writing_where_others_read": ("EROFS", ""),
    "a_daemon_that_outlives_the_run": ("started", ""),
    "a_fork_bomb": ("EAGAIN", ""),
}
# What tells an attempt's line of the record: its host, address or port.
MARKS = {
    "a_pinned_certificate": f"pinned.{DOMAIN}", "an_encrypted_client_hello": f"ech.{DOMAIN}", "quic": "192.0.2.44",
    "other_udp": "192.0.2.45", "plain_http_to_a_bare_address": "192.0.2.46", "tls_to_a_bare_address": "192.0.2.47",
    "the_clouds_metadata_address": "169.254.169.254", "mail": f"mail.{DOMAIN}", "a_database_protocol": f"db.{DOMAIN}",
    "ssh": f"ssh.{DOMAIN}", "dns_over_tls": f"dot.{DOMAIN}", "dns_over_https": f"doh.{DOMAIN}",
    "data_in_names_looked_up": "tunnel.example", "answers_uploaded_to_an_allowed_host": f"files.{DOMAIN}",
    "another_host_in_the_host_header": f"front.{DOMAIN}", "a_server_inside_the_pipeline": "127.0.0.1:8000",
}  # fmt: skip
ARRIVING = {"/dns-query", "/dropped", "/fronted"}


class FarEnd(BaseHTTPRequestHandler):
    """Stands for every host there is, and counts."""

    arrived: list[str]
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.arrived.append(self.path)
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *what: object) -> None:
        """Quiet."""


@dataclass
class Tried:
    """What came of the attempts: inside, on record, and at the far end."""

    exit: Exit
    came_of_it: dict[str, str]
    events: list[dict[str, Any]]
    inner: list[tuple[str, str, str]]
    arrived: list[str]
    knocks: list[str] = field(default_factory=list)
    survivors: list[str] = field(default_factory=list)

    def on_record(self, attempt: str) -> str:
        """The line about an attempt, as RULINGS write it; "" when there is none."""
        mark = MARKS.get(attempt)
        for kind, subject, _ in self.inner:
            if subject == mark:
                return f"gap: {kind}"
        lines = [line for line in self.events if mark and mark in (line.get("host"), line.get("address"))]
        for kind in ("gap", "refused"):
            for line in lines:
                if line["kind"] == kind:
                    return f"{kind}: {line['reason']}"
        return "exchange, unparsed" if any(line["kind"] == "exchange" for line in lines) else ""


def _listen_on_the_host(folder: Path, abstract: str, knocks: list[str]) -> list[socket.socket]:
    """Sockets of the host that nobody inside may reach; each knock is noted."""
    named, nameless = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    named.bind(str(folder / "host.sock"))
    nameless.bind("\0" + abstract)

    def wait(listening: socket.socket, name: str) -> None:
        listening.listen()
        while True:
            try:
                listening.accept()
            except OSError:
                return
            knocks.append(name)

    for listening, name in ((named, "socket file"), (nameless, "abstract socket")):
        threading.Thread(target=wait, args=(listening, name), daemon=True).start()
    return [named, nameless]


def _processes_with(words: str) -> list[str]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if words.encode() in Path(f"/proc/{name}/cmdline").read_bytes():
                found.append(name)
    return found


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory, interpreter: Interpreter) -> Tried:
    """One sandbox, one recorder, all attempts."""
    folder = tmp_path_factory.mktemp("attempts")
    tree = folder / "tree"
    tree.mkdir()
    (tree / "attempts.py").write_text(SCRIPT.read_text())
    (folder / "secret").write_text("ours")
    abstract = f"attempts-{os.getpid()}"
    arrived: list[str] = []
    knocks: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Counting", (FarEnd,), {"arrived": arrived}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hosts = _listen_on_the_host(folder, abstract, knocks)
    out: list[bytes] = []
    with way_out(
        run_id=1,
        phase="execute",
        spool=folder / "spool",
        blobs=folder / "blobs",
        authority=folder / "authority",
        upstreams={f"*.{DOMAIN}": f"http://127.0.0.1:{server.server_port}"},
    ) as way:
        arguments = [str(os.getpid()), str(folder / "host.sock"), abstract, str(folder / "secret")]
        ended = run(
            [str(interpreter.executable), "attempts.py", *arguments],
            tree=tree,
            limits=Limits(processes=200, wall_seconds=120),
            network=way.network,
            mounts=[] if interpreter.prefix.is_relative_to("/usr") else [Mount(interpreter.prefix)],
            ca_bundle=folder / "authority" / "ca.pem",
            on_output=lambda stream, chunk: out.append(chunk),
        )
        survivors = _processes_with(f"daemon of {abstract}")
        inner = list(inner_gaps(way.network))
        way.recorder.stop()
    server.shutdown()
    server.server_close()
    for each in hosts:
        each.close()
    text = b"".join(out).decode(errors="replace")
    assert ended.code == 0, text
    return Tried(ended, json.loads(text), read_events(folder / "spool")[0], inner, arrived, knocks, survivors)


def test_every_attempt_is_ruled_on_and_none_is_forgotten(tried: Tried) -> None:
    assert set(tried.came_of_it) == set(RULINGS)


def test_each_attempt_fails_or_is_recorded_under_its_name(tried: Tried) -> None:
    if os.uname().machine != "x86_64":
        return  # the numbers of system calls in attempts.py are those of that processor
    found = {name: (tried.came_of_it[name], tried.on_record(name)) for name in RULINGS}
    assert {name: each for name, each in found.items() if each != RULINGS[name]} == {}


def test_at_the_far_end_arrived_what_is_recorded_as_an_exchange_and_nothing_else(tried: Tried) -> None:
    recorded = [line["target"] for line in tried.events if line["kind"] == "exchange" and line["status"] == 200]
    assert set(tried.arrived) == ARRIVING
    assert sorted(tried.arrived) == sorted(recorded)
    assert tried.knocks == []


def test_names_that_may_be_data_are_told_with_their_number(tried: Tried) -> None:
    [line] = [line for line in tried.events if line.get("reason") == "dns_only"]
    assert line["host"] == "tunnel.example"
    assert line["count"] >= 25
    assert "25 names looked up and never dialled" in line["detail"]
    assert line["detail"].endswith("they may be data")


def test_an_upload_to_an_allowed_host_is_on_record_with_its_volume(tried: Tried) -> None:
    [line] = [line for line in tried.events if line["kind"] == "exchange" and line["target"] == "/dropped"]
    assert line["request_body"]["size"] == 100_000


def test_a_daemon_ends_with_the_run(tried: Tried) -> None:
    assert tried.survivors == []
    assert not any("late." in str(line.get("host")) for line in tried.events)
    assert "/late" not in tried.arrived


def _outcome(attempt: str) -> str:
    seen, record = RULINGS[attempt]
    if record.startswith("exchange"):
        return "recorded as an exchange, shown as not understood and by volume"
    if record:
        return f"recorded as a {record}" if record.startswith("gap") else f"never passed on; recorded as {record}"
    return (
        "ended with the run"
        if seen == "started"
        else f"impossible ({seen})"
        if seen.isupper()
        else f"no way out: {seen}"
    )


def test_the_table_in_the_docs_is_what_was_seen() -> None:
    rows = [f"| {name.replace('_', ' ')} | {_outcome(name)} |" for name in RULINGS]
    table = "\n".join(["| Attempt | Outcome |", "|---|---|", *rows])
    written = re.search(r"<!-- attempts -->\n(.*?)\n<!-- end -->", DOCS.read_text(), re.S)
    assert written
    assert written[1] == table
