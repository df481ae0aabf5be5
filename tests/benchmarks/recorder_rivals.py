"""What the recorder is held against: mitmdump with an addon that records the same, and LiteLLM's proxy with logging.

Each runs in an environment of its own below var/bench, made once from the requirement named here: their pins clash with
ours, and nobody needs them for anything else.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / "var" / "bench"
MITM = "mitmproxy==11.0.2"
LITELLM = "litellm[proxy]==1.106.2"
MODEL = "teacher-1"
Figures = dict[str, Any]
Ask = Callable[[int, Path], Figures]


def environment(requirement: str, program: str) -> Path | None:
    """A program of a requirement in an environment of its own; None when it cannot be had."""
    folder = ENVIRONMENTS / requirement.partition("=")[0].partition("[")[0]
    found = folder / "bin" / program
    if not found.exists():
        uv = [sys.executable, "-m", "uv"]
        steps = [
            [*uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)],
            [*uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), requirement],
        ]
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{requirement} cannot be installed, its column is left out: {done.stderr.strip()[-300:]}")
                return None
    return found


def through_mitmdump(program: Path, folder: Path, far_port: int, ask: Ask) -> Figures:
    """One round of calls through mitmdump."""
    out = folder / "mitm"
    out.mkdir(exist_ok=True)
    port = free_port()
    settings = {
        "mode": f"reverse:https://localhost:{far_port}",
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
        wait_for(port, out / "conf" / "mitmproxy-ca-cert.pem")
        figures = ask(port, out / "conf" / "mitmproxy-ca-cert.pem")
        figures["resident_mb"] = resident_mb(process.pid)
    finally:
        process.terminate()
        process.wait()
    return figures


def through_litellm(program: Path, folder: Path, far_port: int, ask: Ask) -> Figures:
    """One round of calls through LiteLLM's proxy, TLS on both sides as everywhere here."""
    out = folder / "litellm"
    out.mkdir(exist_ok=True)
    port = free_port()
    far = {"model": f"openai/{MODEL}", "api_base": f"https://localhost:{far_port}/v1", "api_key": "sk-far"}
    settings = {
        "model_list": [{"model_name": MODEL, "litellm_params": far}],
        "litellm_settings": {"callbacks": ["recorder_litellm.handler"], "ssl_verify": str(folder / "far.pem")},
    }
    (out / "config.yaml").write_text(json.dumps(settings))
    (out / "recorder_litellm.py").write_text((ROOT / "tests" / "benchmarks" / "recorder_litellm.py").read_text())
    command = [
        str(program),
        "--config",
        "config.yaml",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--num_workers",
        "1",
    ]
    command += ["--ssl_certfile_path", str(folder / "leaf.pem"), "--ssl_keyfile_path", str(folder / "leaf.key")]
    variables = {"BENCH_OUT": str(out), "LITELLM_MASTER_KEY": "sk-benchmark", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    variables |= {"LITELLM_TELEMETRY": "False", "PYTHONPATH": str(out)}
    with (out / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **variables}, cwd=out, stdout=log, stderr=log)
    try:
        wait_for(port, seconds=300)
        figures = ask(port, folder / "far.pem")
        figures["resident_mb"] = resident_mb(process.pid)
        figures["logged"] = _lines_after_a_while(out / "calls.jsonl", figures["calls"] + figures["warm_up"])
    finally:
        process.terminate()
        process.wait()
    return figures


def _lines_after_a_while(path: Path, due: int) -> int:
    """How many lines a log has, once it has all that are due or ten seconds are over."""
    deadline = time.monotonic() + 10
    while True:
        lines = path.read_bytes().count(b"\n") if path.exists() else 0
        if lines >= due or time.monotonic() > deadline:
            return lines
        time.sleep(0.2)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def wait_for(port: int, certificate: Path | None = None, *, seconds: float = 60) -> None:
    """Wait until something listens there, and its certificate is written. Raises RuntimeError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
            continue
        if certificate is None or certificate.exists():
            return
    raise RuntimeError(f"nothing listens on port {port}")


def resident_mb(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    return _memory(pid, "VmRSS:")


def own_memory_mb(pid: int) -> float:
    """Megabytes of a process without the ring it shares with another: that one has a fixed size."""
    return _memory(pid, "RssAnon:")


def _memory(pid: int, line: str) -> float:
    return int(Path(f"/proc/{pid}/status").read_text().split(line)[1].split()[0]) / 1024
