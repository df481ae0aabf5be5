"""How long pages take with a million calls on record: each page asked by several people over HTTP, of the server that runs.

A figure is the 95th percentile of one page's answers, of 150 ms; the median of all pages is told beside it.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from math import ceil
from statistics import median
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings
from django.db import connection
from django.test import Client

from audits.models import ModelCall
from compliance.embedded.application import WEB_ARGUMENTS
from compliance.models import User
from tests.benchmarks.figures import Figure
from tests.benchmarks.full_house import fill
from tests.browser.installation import Installation, make_installation
from tests.browser.pages import ACCOUNT, HANDED_OUT, HOUSE, PLACES, RUNS, TERMS, WORK

MOST = 0.150  # seconds
ROUNDS = 7
SIGNED_IN = {**RUNS, **WORK, **PLACES, **HANDED_OUT, **HOUSE, **TERMS, **ACCOUNT}
SHOWN = 12  # of the slowest pages, each with a figure of its own


def main() -> list[Figure]:
    at = fill(make_installation())
    calls = ModelCall.objects.count()
    pages = {name: address(at) for name, address in SIGNED_IN.items()}
    with _served() as base:
        taken = {name: _times(base, address, _people(at)) for name, address in pages.items()}
    for name in (name for name, times in taken.items() if not times):
        print(f"{name} is shown to nobody: it asks for something first", file=sys.stderr)
    shown = {name: times for name, times in taken.items() if times}
    return [Figure("calls on record", calls, "calls", at_least=1_000_000), *_figures(shown)]


def _figures(taken: Mapping[str, list[float]]) -> list[Figure]:
    slowest = sorted(taken, key=lambda name: _p95(taken[name]), reverse=True)
    told = os.environ.get("ALL_PAGES") == "1"
    everything = [one for times in taken.values() for one in times]
    return [
        Figure("pages asked", len(taken), "pages"),
        Figure("answer of any page, median, of 150 ms", median(everything) / MOST, at_most=1),
        Figure("answer of any page, p95, of 150 ms", _p95(everything) / MOST, at_most=1),
        *(
            Figure(f"{name}, p95 (median {median(taken[name]) * 1000:.0f} ms), of 150 ms", _p95(taken[name]) / MOST, at_most=1)
            for name in (slowest if told else slowest[:SHOWN])
        ),
    ]  # fmt: skip


def _p95(times: list[float]) -> float:
    """The time that 95 of 100 answers keep to (nearest rank)."""
    return sorted(times)[ceil(0.95 * len(times)) - 1]


def _people(at: Installation) -> list[str]:
    """Sessions of a lawyer who sees everything, an administrator, and an engineer of two projects."""
    return [_session(person) for person in (at.keeper, at.world.administrator, at.world.engineer)]


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _times(base: str, address: str, sessions: list[str]) -> list[float]:
    """Seconds of each answer, without the first of each person, which fills caches that stay."""
    times: list[float] = []
    for session in sessions:
        with httpx.Client(base_url=base, cookies={settings.SESSION_COOKIE_NAME: session}, timeout=120) as client:
            for number in range(ROUNDS + 1):
                began = time.perf_counter()
                answer = client.get(address)
                if number and answer.status_code == 200:
                    times.append(time.perf_counter() - began)
                # 302: somebody has to sign in once more; 429: links to reports are opened thirty times a minute at most.
                assert answer.status_code in (200, 302, 403, 404, 429), f"{address}: {answer.status_code}"
    return times


@contextmanager
def _served() -> Iterator[str]:
    """The web server as an installation runs it, on this benchmark's database; its address."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = ("--host", "127.0.0.1", "--port", str(port))
    command = [sys.executable, "-m", "granian", *WEB_ARGUMENTS, *place, "compliance.wsgi:application"]
    server = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": _database(connection.settings_dict)})
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base, server)
        yield base
    finally:
        server.terminate()
        server.wait(20)


def _database(parts: Mapping[str, Any]) -> str:
    user, password = quote(str(parts["USER"]), safe=""), quote(str(parts["PASSWORD"]), safe="")
    host = quote(str(parts["HOST"]), safe="")
    return f"postgres://{user}:{password}@{host}:{parts['PORT'] or 5432}/{parts['NAME']}"


def _wait(base: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        try:
            httpx.get(f"{base}/sign-in/", timeout=5)
            return
        except httpx.TransportError:
            assert server.poll() is None, "the web server ended"
            time.sleep(0.1)
    raise TimeoutError("the web server does not answer")
