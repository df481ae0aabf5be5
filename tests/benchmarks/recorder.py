"""What the recorder costs: `python -m tests.benchmarks.recorder [--calls N] [--in-flight N] [--rounds N] [--json FILE]`.

Calls of 0.5 kB answered with 0.6 kB, TLS on both sides, everything on the loopback: straight to the far end, through the
recorder, through mitmdump with an addon that records the same, and through LiteLLM's proxy with a logging callback; in
HTTP/1.1 with keep-alive, and straight and through the recorder in HTTP/2 on one connection too; and eight times as many
in one go, where the writing process has to keep pace and can't put off what is due. Each round through
something has its round straight to the far end beside it, and the ratio of the two is kept: read the ratios' medians, the
figures themselves say how busy the machine was. `--long N` makes N calls through one recorder and watches its memory.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from audits.capture.authority import Authority, create_authority, write_bundle
from audits.capture.config import RecorderConfig
from audits.capture.process import RecorderProcess, RecorderSockets, read_events, start_recorder
from audits.capture.spool import verify_record
from tests.benchmarks.recorder_rivals import (
    LITELLM,
    MITM,
    Ask,
    Figures,
    environment,
    free_port,
    own_memory_mb,
    resident_mb,
    through_litellm,
    through_mitmdump,
    wait_for,
)

ROOT = Path(__file__).resolve().parents[2]
HOST = "api.teacher.example"
H1_LOAD, H2_LOAD = "tests.benchmarks.recorder_load", "tests.benchmarks.recorder_load_h2"
# With how many times the calls of a round.
OURS = {"recorder": (H1_LOAD, 1), "recorder, HTTP/2": (H2_LOAD, 1), "recorder, on and on": (H1_LOAD, 8)}
# Fewer calls for those that take long: each figure is an average over all of them anyway.
RIVALS: tuple[tuple[str, str, str, Callable[[Path, Path, int, Ask], Figures], int], ...] = (
    ("mitmdump", MITM, "mitmdump", through_mitmdump, 2000),
    ("litellm", LITELLM, "litellm", through_litellm, 300),
)


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
        self.port = free_port()
        options = ["--interface", "asgi", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        options += ["--ssl-certificate", str(certificate), "--ssl-keyfile", str(key), "--no-log", "--loop", "uvloop"]
        program = [sys.executable, "-m", "granian", *options, "tests.benchmarks.recorder_app:app"]
        self.process = subprocess.Popen(program, cwd=ROOT)
        wait_for(self.port)

    def answered(self) -> int:
        with urllib.request.urlopen(f"https://localhost:{self.port}/answered") as answer:
            return int(json.load(answer)["answered"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


FarEnd = BareFarEnd | ServerFarEnd


def ask(port: int, name: str, ca_file: Path, calls: int, in_flight: int, *, load: str = H1_LOAD) -> Figures:
    """One round of calls from a fresh client process."""
    arguments = ["ask", str(port), name, str(calls), str(in_flight), str(ca_file)]
    done = subprocess.run(
        [sys.executable, "-m", load, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise RuntimeError(f"the calls to port {port} failed: {done.stderr[-2000:]}")
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


def through_recorder(folder: Path, far_end: FarEnd, number: int, calls: int, in_flight: int, load: str) -> Figures:
    before = far_end.answered()
    with recorder(folder, far_end, number) as (port, process):
        figures = ask(port, HOST, folder / "ca.pem", calls, in_flight, load=load)
        figures["resident_mb"] = resident_mb(process.pid)
        began = time.perf_counter()
        process.stop()
        figures["stored_after_s"] = time.perf_counter() - began
    chain = verify_record(process.spool_directory)
    events, _ = read_events(process.spool_directory)
    figures["recorded"] = sum(1 for event in events if event["kind"] == "exchange" and not event["error"])
    figures["answered"] = far_end.answered() - before
    figures["chain"] = chain.problem or "intact"
    return figures


def long_run(folder: Path, far_end: FarEnd, options: argparse.Namespace) -> Figures:
    """So many calls through one recorder: the memory of its two processes after each tenth."""
    held: list[float] = []
    with recorder(folder, far_end, 10_000) as (port, process):
        pids = [process.pid, *map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())]
        for _ in range(10):
            ask(port, HOST, folder / "ca.pem", options.long // 10, options.in_flight)
            held.append(sum(map(own_memory_mb, pids)))
    with (process.spool_directory / "record.jsonl").open("rb") as record:
        recorded = sum(1 for line in record if b'"kind":"exchange"' in line)
    return {"calls": options.long, "recorded": recorded, "held_mb": held, "growth_mb": held[-1] - held[1]}


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


def against_direct(direct: Figures, through: Figures) -> Figures:
    """One round through something, beside the round straight to the far end that was made a moment before it."""
    return {
        **through,
        "direct_per_second": direct["per_second"],
        "direct_median_ms": direct["median_ms"],
        "of_direct": through["per_second"] / direct["per_second"],
        "added_median_ms": through["median_ms"] - direct["median_ms"],
    }


def summarise(measured: dict[str, list[Figures]]) -> Figures:
    """The medians of each way, and the ratios that the aims are about."""
    keys = (
        "per_second",
        "median_ms",
        "p95_ms",
        "direct_per_second",
        "direct_median_ms",
        "of_direct",
        "added_median_ms",
    )
    summary: Figures = {
        name: {key: statistics.median(figures[key] for figures in rounds) for key in keys}
        for name, rounds in measured.items()
        if rounds
    }
    ratios = {
        name: {key: summary[name][key] for key in ("of_direct", "added_median_ms")} for name in OURS if name in summary
    }
    for rival in ("mitmdump", "litellm"):
        if rival in summary:
            # By what each left of its own direct rounds: a busy moment of one is none of the other's.
            ratios[f"times {rival}"] = summary["recorder"]["of_direct"] / summary[rival]["of_direct"]
    return {**summary, "ratios": ratios}


def show(summary: Figures, measured: dict[str, list[Figures]]) -> None:
    print(f"{'way':<20}{'calls/s':>9}{'median ms':>11}{'p95 ms':>9}{'direct/s':>10}{'of direct':>11}{'added ms':>10}")
    for name in filter(summary.__contains__, measured):
        row = summary[name]
        print(
            f"{name:<20}{row['per_second']:>9.0f}{row['median_ms']:>11.2f}{row['p95_ms']:>9.2f}"
            f"{row['direct_per_second']:>10.0f}{row['of_direct']:>11.3f}{row['added_median_ms']:>10.2f}"
        )
    for name, ratio in summary["ratios"].items():
        print(f"{name}: {ratio}")
    for figures in [figures for name in OURS for figures in measured[name]]:
        told = "recorded {recorded} of {answered} answered, chain {chain}, {resident_mb:.0f} MB, "
        told += "{of_direct:.2f} of direct, {added_median_ms:.2f} ms added, all stored {stored_after_s:.1f} s later"
        print(told.format(**figures))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--bare", action="store_true", help="a far end that does nothing but answer, in HTTP/1.1 only")
    parser.add_argument("--without", action="append", default=[], choices=["mitmdump", "litellm"])
    parser.add_argument("--long", type=int, default=0, help="make so many calls through one recorder and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-recorder-") as name:
        folder = Path(name)
        far_end = prepare(folder, bare=options.bare)
        try:
            answer, complete = (watch_memory if options.long else compare)(folder, far_end, options)
        finally:
            far_end.stop()
    if options.json:
        options.json.write_text(json.dumps(answer, indent=2) + "\n")
    return 0 if complete else 1


def watch_memory(folder: Path, far_end: FarEnd, options: argparse.Namespace) -> tuple[Figures, bool]:
    answer = long_run(folder, far_end, options)
    print(json.dumps(answer))
    return answer, answer["recorded"] >= options.long


def compare(folder: Path, far_end: FarEnd, options: argparse.Namespace) -> tuple[Figures, bool]:
    measured = measure(folder, far_end, options)
    summary = summarise(measured)
    show(summary, measured)
    complete = all(figures["recorded"] == figures["answered"] for name in OURS for figures in measured[name])
    return {"summary": summary, "rounds": measured}, complete


def measure(folder: Path, far_end: FarEnd, options: argparse.Namespace) -> dict[str, list[Figures]]:
    """All rounds of all ways, one after the other, so that a busy moment hits each alike."""
    measured: dict[str, list[Figures]] = {name: [] for name in (*OURS, "mitmdump", "litellm")}

    def straight(load: str = H1_LOAD, times: int = 1) -> Figures:
        return ask(far_end.port, "localhost", folder / "far.pem", times * options.calls, options.in_flight, load=load)

    ways = {name: way for name, way in OURS.items() if way[0] == H1_LOAD or not options.bare}
    for number in range(options.rounds):
        for offset, (name, (load, times)) in enumerate(ways.items()):
            direct, calls = straight(load, times), times * options.calls
            through = through_recorder(folder, far_end, len(ways) * number + offset, calls, options.in_flight, load)
            measured[name].append(against_direct(direct, through))
    for name, requirement, program, way, calls in RIVALS:
        found = None if name in options.without else environment(requirement, program)
        if found is not None:
            direct = straight()
            asked = partial(_ask_rival, calls=min(calls, options.calls), in_flight=options.in_flight)
            measured[name].append(against_direct(direct, way(found, folder, far_end.port, asked)))
    return measured


def _ask_rival(port: int, ca_file: Path, *, calls: int, in_flight: int) -> Figures:
    return ask(port, "localhost", ca_file, calls, in_flight)


if __name__ == "__main__":
    sys.exit(main())
