"""The recorder: `python -m audits.capture.recorder CONFIG.json`.

A process of its own without Django. It reads its configuration and deletes the file, starts its writing process,
serves the sockets it inherited, prints one line of JSON on standard output when it is ready, and ends on SIGTERM, or
when its standard input ends with the process that started it: exchanges under way get their grace time, then the
record is closed with a `stopped` line. Exit status: 0 stopped,
2 the configuration cannot be used, 3 the record can no longer be written (nothing is forwarded unrecorded).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import uvloop

from audits.capture.config import ConfigError, RecorderConfig, take_config
from audits.capture.datagrams import Resolver, Sink
from audits.capture.gateway import Gateway, Listener
from audits.capture.gating import gated_session
from audits.capture.journal import Kind, Ring
from audits.capture.replaying import Unplayable
from audits.capture.session import Session
from audits.capture.writer import Commission

EXIT_STOPPED, EXIT_BAD_CONFIG, EXIT_NO_WRITER = 0, 2, 3
_SWEEP_SECONDS = 1.0
_WRITER_SECONDS = 30.0
_SMALLEST_BACKLOG = 4 * 1024 * 1024


class WriterFailed(RuntimeError):
    """The writing process did not start, or ended early."""


class Writer:
    """The writing process, from this side."""

    def __init__(self, config: RecorderConfig, ring: Ring, commission: Commission) -> None:
        """Start it and wait until its record is open. Raises WriterFailed."""
        reading, self.notify = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        ready, readying = os.pipe2(os.O_CLOEXEC)
        self.ring, self.commission = ring, commission
        self.process = subprocess.Popen(
            [sys.executable, "-m", "audits.capture.writer", str(ring.descriptor), str(reading), str(readying)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(ring.descriptor, reading, readying),
            start_new_session=True,
        )
        os.close(reading)
        os.close(readying)
        with contextlib.suppress(BrokenPipeError):
            self._configure(f"{commission.to_json()}\n{config.to_json()}")
        with os.fdopen(ready, "rb") as file:
            if file.read() != b"ready\n":
                raise WriterFailed(f"the writing process ended with status {self.process.wait(_WRITER_SECONDS)}")

    def _configure(self, told: str) -> None:
        assert self.process.stdin is not None
        with self.process.stdin as pipe:
            pipe.write(told.encode())


def first_writer(config: RecorderConfig) -> Writer:
    """A writing process with a ring of its own. Raises WriterFailed."""
    ring = Ring.create(max(config.limits.backlog_bytes, _SMALLEST_BACKLOG))
    return Writer(config, ring, Commission(secrets.token_hex(4), config.mask_salt or secrets.token_hex(16)))


def _succeed(config: RecorderConfig, session: Session, killed: Writer) -> None:
    """Have another process write what one that was killed had not: nothing that was passed on may be lost with it."""
    commission = replace(killed.commission, connections=session.connections)
    try:
        writer = Writer(config, killed.ring, commission)
        session.journal.hand_over_rest(_WRITER_SECONDS)
        os.close(writer.notify)
        writer.process.wait()
    except (WriterFailed, OSError) as error:
        print(f"what the killed writing process had not written is lost: {error}", file=sys.stderr)


async def serve(config: RecorderConfig, writer: Writer) -> tuple[int, Session]:
    """Serve until told to stop; returns the exit status, and what was served."""
    session = gated_session(config, writer.ring, writer.notify)
    journal = session.journal
    resolver, sink = Resolver(session), Sink(session)
    gateway = Gateway(session, resolver)
    listeners = [Listener(socket.socket(fileno=fd), gateway, proxy=False) for fd in config.listeners.transparent]
    listeners += [Listener(socket.socket(fileno=fd), gateway, proxy=True) for fd in config.listeners.proxy]
    for descriptor in config.listeners.dns:
        resolver.listen(socket.socket(fileno=descriptor))
    for descriptor in config.listeners.udp_sink:
        sink.listen(socket.socket(fileno=descriptor))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    _listen_to_starter(session, stop)
    journal.on_broken = lambda: _end_unrecorded(session, stop)
    print(json.dumps({"ready": True, "pid": os.getpid(), "run_id": config.run_id, "phase": config.phase}), flush=True)
    status = await _until_stopped(session, writer, stop)
    for listener in listeners:
        listener.close()
    resolver.flush()
    sink.flush()
    await _finish(session, listeners)
    return status, session


def _listen_to_starter(session: Session, stop: asyncio.Event) -> None:
    """Whoever started the recorder holds the other end of its standard input: a killed worker leaves none behind.

    What comes there before its end are lines for the gate.
    """
    loop, standard_input = asyncio.get_running_loop(), sys.stdin.fileno()
    rest = b""

    def heard() -> None:
        nonlocal rest
        data = os.read(standard_input, 65536)
        if not data:
            loop.remove_reader(standard_input)
            stop.set()
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if session.gate is not None:
                session.gate.hear(line)

    loop.add_reader(standard_input, heard)


async def _until_stopped(session: Session, writer: Writer, stop: asyncio.Event) -> int:
    """Sweep out silent connections, and watch the writer, until the end."""
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _SWEEP_SECONDS)
        now = time.monotonic()
        for relay in [relay for relay in session.live if relay.expired(now)]:
            relay.abort("timeout")
        session.upstreams.close_stale()
        if session.journal.broken or writer.process.poll() is not None:
            _end_unrecorded(session, stop)
            return EXIT_NO_WRITER
    return EXIT_STOPPED


def _end_unrecorded(session: Session, stop: asyncio.Event) -> None:
    """The writer is gone: what cannot be recorded is not passed on."""
    session.stopping = True
    for relay in list(session.live):
        relay.abort("record_failed")
    stop.set()


async def _finish(session: Session, listeners: list[Listener]) -> None:
    """Let exchanges end within the grace time, then end them."""
    session.stopping = True
    deadline = time.monotonic() + session.config.limits.grace_seconds
    while any(relay.busy for relay in session.live) and time.monotonic() < deadline:
        for relay in [relay for relay in session.live if not relay.busy]:
            relay.abort("recorder_stopped")
        await asyncio.sleep(0.02)
    for relay in list(session.live):
        relay.abort("recorder_stopped")
    for listener in listeners:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listener.ended(), 5.0)
    if session.gate is not None:
        session.gate.finish()
    await session.journal.room()
    session.journal.put(Kind.STOP, payload=json.dumps({"exchanges": session.exchanges}).encode())
    await session.journal.room()
    session.journal.close()


def main() -> int:
    """Entry point; returns the exit status."""
    if len(sys.argv) != 2:
        print("usage: python -m audits.capture.recorder CONFIG.json", file=sys.stderr)
        return EXIT_BAD_CONFIG
    try:
        config = take_config(Path(sys.argv[1]))
    except (ConfigError, OSError) as error:
        print(f"the recorder cannot start: {error}", file=sys.stderr)
        return EXIT_BAD_CONFIG
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        writer = first_writer(config)
    except WriterFailed as error:
        print(f"the recorder cannot start: {error}", file=sys.stderr)
        return EXIT_NO_WRITER
    try:
        status, session = uvloop.run(serve(config, writer))
    except Unplayable as error:
        print(f"the recorder cannot start: {error}", file=sys.stderr)
        return EXIT_BAD_CONFIG
    # What comes now is short, and nobody who asks twice may interrupt it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if writer.process.wait() == 0:
        return status
    _succeed(config, session, writer)
    return EXIT_NO_WRITER


if __name__ == "__main__":
    sys.exit(main())
