"""What the recorder costs: `python -m tests.benchmarks.recorder [--calls N] [--in-flight N] [--rounds N] [--json FILE]`.

Calls of 0.5 kB answered with 0.6 kB, HTTP/1.1 with keep-alive, TLS on both sides, everything on the loopback: straight
to the far end, through the recorder, and through mitmdump with an addon that records the same. Read the ratios, which
were made in one run on one machine; the figures themselves say how busy that machine was.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization

from audits.capture.authority import Authority, create_authority, write_bundle
from audits.capture.config import RecorderConfig
from audits.capture.process import RecorderProcess, RecorderSockets, read_events, start_recorder
from audits.capture.spool import verify_record

ROOT = Path(__file__).resolve().parents[2]
MITM_ENVIRONMENT = ROOT / "var" / "bench" / "mitmproxy"
MITM_VERSION = "mitmproxy==11.0.2"
HOST = "api.teacher.example"
Figures = dict[str, Any]


class BareFarEnd:
    """A far end that does next to nothing per call, to see the recorder against the fastest thing there is."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.recorder_load", "serve", str(certificate), str(key)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        self.port = int(self._read()["port"])

    def answered(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return int(self._read()["answered"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def _read(self) -> Figures:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))


class ServerFarEnd:
    """A far end on granian, a fast production server: what stands in for a provider's."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.port = _free_port()
        options = ["--interface", "asgi", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        options += ["--ssl-certificate", str(certificate), "--ssl-keyfile", str(key), "--no-log", "--loop", "uvloop"]
        program = [sys.executable, "-m", "granian", *options, "tests.benchmarks.recorder_app:app"]
        self.process = subprocess.Popen(program, cwd=ROOT)
        _wait_for(self.port)

    def answered(self) -> int:
        with urllib.request.urlopen(f"https://localhost:{self.port}/answered") as answer:
            return int(json.load(answer)["answered"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


FarEnd = BareFarEnd | ServerFarEnd


def ask(port: int, name: str, ca_file: Path, options: argparse.Namespace) -> Figures:
    """One round of calls from a fresh client process."""
    arguments = [str(port), name, str(options.calls), str(options.in_flight), str(ca_file)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.recorder_load", "ask", *arguments],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    return dict(json.loads(done.stdout))


@contextmanager
def recorder(folder: Path, far_end: FarEnd, round_number: int) -> Iterator[tuple[int, RecorderProcess]]:
    config = RecorderConfig(
        run_id="benchmark",
        phase="execute",
        spool_directory=folder / f"spool-{round_number}",
        blob_directory=folder / f"blobs-{round_number}",
        ca_certificate=folder / "ca.pem",
        ca_key=folder / "ca.key",
        upstreams={HOST: f"https://localhost:{far_end.port}"},
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = start_recorder(config, RecorderSockets(transparent=[listening]))
        try:
            yield listening.getsockname()[1], process
        finally:
            process.stop()


def through_recorder(folder: Path, far_end: FarEnd, number: int, options: argparse.Namespace) -> Figures:
    before = far_end.answered()
    with recorder(folder, far_end, number) as (port, process):
        figures = ask(port, HOST, folder / "ca.pem", options)
        figures["resident_mb"] = _resident_mb(process.pid)
        began = time.perf_counter()
        process.stop()
        figures["stored_after_s"] = time.perf_counter() - began
    chain = verify_record(process.spool_directory)
    events, _ = read_events(process.spool_directory)
    figures["recorded"] = sum(1 for event in events if event["kind"] == "exchange" and not event["error"])
    figures["answered"] = far_end.answered() - before
    figures["chain"] = chain.problem or "intact"
    return figures


def mitm_environment() -> Path | None:
    """mitmdump in an environment of its own (its pins clash with ours), made once; None when it cannot be had."""
    program = MITM_ENVIRONMENT / "bin" / "mitmdump"
    if not program.exists():
        uv = [sys.executable, "-m", "uv"]
        steps = [
            [*uv, "venv", "--quiet", "--python", sys.executable, str(MITM_ENVIRONMENT)],
            [*uv, "pip", "install", "--quiet", "--python", str(MITM_ENVIRONMENT / "bin" / "python"), MITM_VERSION],
        ]
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"mitmproxy cannot be installed, its column is left out: {done.stderr.strip()[-300:]}")
                return None
    return program


def through_mitmdump(program: Path, folder: Path, far_end: FarEnd, options: argparse.Namespace) -> Figures:
    out = folder / "mitm"
    out.mkdir(exist_ok=True)
    port = _free_port()
    settings = {
        "mode": f"reverse:https://localhost:{far_end.port}",
        "listen_host": "127.0.0.1",
        "listen_port": str(port),
        "ssl_verify_upstream_trusted_ca": str(folder / "far.pem"),
        "confdir": str(out / "conf"),
        "flow_detail": "0",
        "termlog_verbosity": "error",
        "keep_host_header": "true",
    }
    chosen = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    addon = ROOT / "tests" / "benchmarks" / "recorder_mitm.py"
    process = subprocess.Popen(
        [str(program), "-q", *chosen, "-s", str(addon)], env={**os.environ, "BENCH_OUT": str(out)}, cwd=out
    )
    try:
        _wait_for(port, out / "conf" / "mitmproxy-ca-cert.pem")
        figures = ask(port, "localhost", out / "conf" / "mitmproxy-ca-cert.pem", options)
        figures["resident_mb"] = _resident_mb(process.pid)
    finally:
        process.terminate()
        process.wait()
    return figures


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait_for(port: int, certificate: Path | None = None) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
            continue
        if certificate is None or certificate.exists():
            return
    raise RuntimeError(f"nothing listens on port {port}")


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def prepare(folder: Path, *, bare: bool = False) -> FarEnd:
    """Authorities for both ends, and the far end itself."""
    create_authority(folder / "far.pem", folder / "far.key", name="far end")
    create_authority(folder / "ca.pem", folder / "ca.key")
    authority = Authority(folder / "far.pem", folder / "far.key")
    certificate, key = authority.leaf("localhost"), authority.leaf_key_pem()
    (folder / "leaf.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "leaf.key").write_bytes(key)
    write_bundle(folder / "far.pem", folder / "trusted.pem")
    os.environ["SSL_CERT_FILE"] = str(folder / "trusted.pem")
    kind = BareFarEnd if bare else ServerFarEnd
    return kind(folder / "leaf.pem", folder / "leaf.key")


def median(rounds: list[Figures], key: str) -> float:
    return statistics.median(figures[key] for figures in rounds)


def summarise(measured: dict[str, list[Figures]]) -> Figures:
    """Ratios to the direct rounds, and the medians they come from."""
    keys = ("per_second", "median_ms", "p95_ms")
    summary: Figures = {name: {key: median(rounds, key) for key in keys} for name, rounds in measured.items() if rounds}
    direct, ours = summary["direct"], summary["recorder"]
    summary["ratios"] = {
        "throughput_of_direct": ours["per_second"] / direct["per_second"],
        "added_median_ms": ours["median_ms"] - direct["median_ms"],
    }
    if "mitmdump" in summary:
        summary["ratios"]["times_mitmdump"] = ours["per_second"] / summary["mitmdump"]["per_second"]
    return summary


def show(summary: Figures, measured: dict[str, list[Figures]]) -> None:
    print(f"{'path':<12}{'calls/s':>10}{'median ms':>12}{'p95 ms':>10}")
    for name in ("direct", "recorder", "mitmdump"):
        if name in summary:
            row = summary[name]
            print(f"{name:<12}{row['per_second']:>10.0f}{row['median_ms']:>12.2f}{row['p95_ms']:>10.2f}")
    ratios = summary["ratios"]
    print(
        f"throughput of direct: {ratios['throughput_of_direct']:.2f}; added median: {ratios['added_median_ms']:.2f} ms"
    )
    if "times_mitmdump" in ratios:
        print(f"times mitmdump: {ratios['times_mitmdump']:.1f}")
    for figures in measured["recorder"]:
        told = "recorded {recorded} of {answered} answered, chain {chain}, {resident_mb:.0f} MB"
        print((told + ", all stored {stored_after_s:.2f} s after the last answer").format(**figures))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mitmdump-rounds", type=int, default=1, help="it takes long; rounds beyond the first refine")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--bare", action="store_true", help="a far end that does nothing but answer")
    parser.add_argument("--without-mitmdump", action="store_true")
    options = parser.parse_args()
    measured = measure(options)
    summary = summarise(measured)
    show(summary, measured)
    if options.json:
        options.json.write_text(json.dumps({"summary": summary, "rounds": measured}, indent=2) + "\n")
    complete = all(figures["recorded"] == figures["answered"] for figures in measured["recorder"])
    return 0 if complete else 1


def measure(options: argparse.Namespace) -> dict[str, list[Figures]]:
    """All rounds of all paths, one after the other, so that a busy moment hits each alike."""
    program = None if options.without_mitmdump else mitm_environment()
    measured: dict[str, list[Figures]] = {"direct": [], "recorder": [], "mitmdump": []}
    with tempfile.TemporaryDirectory(prefix="bench-recorder-") as name:
        folder = Path(name)
        far_end = prepare(folder, bare=options.bare)
        try:
            for number in range(options.rounds):
                measured["direct"].append(ask(far_end.port, "localhost", folder / "far.pem", options))
                measured["recorder"].append(through_recorder(folder, far_end, number, options))
                if program is not None and number < options.mitmdump_rounds:
                    measured["mitmdump"].append(through_mitmdump(program, folder, far_end, options))
        finally:
            far_end.stop()
    return measured


if __name__ == "__main__":
    sys.exit(main())
