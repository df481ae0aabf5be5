"""Runs one untrusted command in isolation and says how it ended: `run(command, tree=…, network=…)`."""

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audits.sandbox import kernel, layout
from audits.sandbox.capability import probe, program
from audits.sandbox.limits import Exit, Isolation, Limits
from audits.sandbox.network import PROJECT, Network, SandboxError, helper_command, helper_environment
from audits.sandbox.output import OnOutput, OutputGate, Stream
from audits.sandbox.supervision import Supervision
from audits.sandbox.syscall_filter import syscall_filter
from audits.sandbox.watch import Watcher

# The last step inside the sandbox: say over standard input, a pipe to us, that isolation stands (r) or that the program
# is missing (n). dash knows only descriptors 0 to 9, and only the standard ones have numbers we can foretell.
STARTER = 'if command -v "$1" >/dev/null 2>&1; then printf r >&0; else printf n >&0; fi; exec 0</dev/null; exec "$@"'


@dataclass(frozen=True, slots=True)
class Mount:
    """A further folder or file of the host, seen at `inside` (the same path when None)."""

    source: Path
    inside: str | None = None
    writable: bool = False


@dataclass(frozen=True, slots=True)
class ProxyOnly:
    """Where isolation is refused: the host's own network, and a proxy the program is asked to use (http://host:port)."""

    url: str


@dataclass(frozen=True, slots=True)
class _Order:
    """What was asked for, complete."""

    command: Sequence[str]
    tree: Path
    limits: Limits
    network: Network | ProxyOnly | None
    environment: Mapping[str, str]
    mounts: Sequence[Mount]
    bundles: Sequence[str]
    bare: bool

    @property
    def isolation(self) -> Isolation:
        return "proxy_only" if isinstance(self.network, ProxyOnly) or self.bare else "enforced"

    @property
    def proxy(self) -> str | None:
        return self.network.url if isinstance(self.network, ProxyOnly) else None


class _Descriptors:
    """Descriptors made for one start: closed here when the sandbox has them, or when the run is over."""

    def __init__(self) -> None:
        self.ready, self.ready_end = os.pipe()
        self.status, self.status_end = os.pipe()
        self.given = [self.ready_end, self.status_end]

    def file(self, content: bytes) -> int:
        """A file in memory for the sandbox to read."""
        descriptor = os.memfd_create("sandbox", 0)
        self.given.append(descriptor)
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def close_given(self) -> None:
        """Close our copies of what the child has now."""
        while self.given:
            os.close(self.given.pop())

    def close(self) -> None:
        """Close everything."""
        self.close_given()
        os.close(self.ready)
        os.close(self.status)


def _rlimits(limits: Limits) -> dict[str, int]:
    bounds = {"CORE": 0, "FSIZE": limits.file_size_mb << 20, "NOFILE": limits.files, "NPROC": limits.processes}
    if limits.cpu_seconds is not None:
        bounds["CPU"] = limits.cpu_seconds
    return bounds


def _threads_of_user() -> int:
    """Tasks of the present user: without a namespace of its own RLIMIT_NPROC counts those too."""
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _isolated_plan(order: _Order, scratch: layout.Scratch, descriptors: _Descriptors) -> dict[str, Any]:
    rules = syscall_filter()
    # Inside the new user namespace, for RLIMIT_NPROC to count this run's processes and no others.
    bounds = [f"--{name.lower()}={value}" for name, value in _rlimits(order.limits).items()]
    return {
        "program": program("bwrap"),
        "command": ["/usr/bin/prlimit", *bounds, "--", "/bin/sh", "-c", STARTER, "sh", *order.command],
        "arguments": layout.bubblewrap_arguments(
            tree=order.tree,
            scratch=scratch,
            limits=order.limits,
            variables=layout.variables_for(
                order.environment, bundle=layout.BUNDLE, home=layout.HOME, proxy=order.proxy
            ),
            mounts=[(str(each.source), each.inside or str(each.source), each.writable) for each in order.mounts],
            bundles=order.bundles,
            own_network=order.network is not None,
            status=descriptors.status_end,
            filter_descriptor=None if rules is None else descriptors.file(rules),
        ),
    }


def _bare_plan(order: _Order, scratch: layout.Scratch, descriptors: _Descriptors) -> dict[str, Any]:
    bounds = _rlimits(order.limits)
    bounds["NPROC"] += _threads_of_user() if os.geteuid() != 0 else 0
    home = str(scratch.temporary / "home")
    return {
        "program": None,
        "command": ["/bin/sh", "-c", STARTER, "sh", *order.command],
        "environment": layout.variables_for(
            {"TMPDIR": str(scratch.temporary), **order.environment},
            bundle=str(scratch.bundle),
            home=home,
            proxy=order.proxy,
        ),
        "directory": str(order.tree),
        "needed": [
            str(each) for each in (order.tree, scratch.folder.resolve(), *(_source(each) for each in order.mounts))
        ],
        "rlimits": bounds,
        "status": descriptors.status_end,
    }


def _source(mount: Mount) -> Path:
    return mount.source.resolve(strict=True)


def _start(order: _Order, scratch: layout.Scratch, descriptors: _Descriptors) -> subprocess.Popen[bytes]:
    plan = (_bare_plan if order.bare else _isolated_plan)(order, scratch, descriptors)
    sealed = order.network if isinstance(order.network, Network) else None
    plan["staging"] = str(scratch.staging)
    plan["user_namespace"] = sealed.user_namespace if sealed else None
    plan["network_namespace"] = sealed.network_namespace if sealed else None
    document = descriptors.file(json.dumps(plan).encode())
    namespaces = [sealed.user_namespace, sealed.network_namespace] if sealed else []
    return subprocess.Popen(
        helper_command("launch", str(document)),
        pass_fds=[*(each for each in descriptors.given if each != descriptors.ready_end), *namespaces],
        cwd=PROJECT,
        env=helper_environment(),
        stdin=descriptors.ready_end,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _carry_out(order: _Order, scratch: layout.Scratch, on_output: OnOutput, cancel: threading.Event | None) -> Exit:
    descriptors, gate = _Descriptors(), OutputGate(order.limits, on_output)
    try:
        with _start(order, scratch, descriptors) as child:
            descriptors.close_given()
            supervision = Supervision(
                child,
                ready=descriptors.ready,
                status=descriptors.status,
                limits=order.limits,
                gate=gate,
                bare=order.bare,
            )
            watcher = Watcher(child.pid, [order.tree, scratch.temporary], order.limits, supervision.stop)
            watcher.start()
            try:
                supervision.follow(cancel)
            finally:
                watcher.finish()
                supervision.kill()
    finally:
        descriptors.close()
    gate.name_gap()
    return _exit(order, supervision, watcher, gate)


def _exit(order: _Order, supervision: Supervision, watcher: Watcher, gate: OutputGate) -> Exit:
    status, reason, code, number = supervision.outcome()
    return Exit(
        status=status,
        reason=reason,
        isolation=order.isolation,
        code=code,
        signal=number,
        wall_seconds=time.monotonic() - supervision.started,
        cpu_seconds=watcher.cpu_seconds,
        max_rss=watcher.highest_memory,
        disk_bytes=watcher.disk_bytes,
        output_dropped=gate.dropped,
    )


def _unusable(command: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Why these cannot be handed to any program, or None."""
    if not command:
        return "the command is empty"
    for each in command:
        if "\0" in each:
            return f"the command holds a NUL character: {each[:80]!a}"
    for name, value in environment.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            return f"the variable {name[:80]!a} has a name or value that no environment can hold"
    return None


def _ignore(stream: Stream, chunk: bytes) -> None:
    """For callers who do not want the output."""


def run(
    command: Sequence[str],
    *,
    tree: Path,
    limits: Limits | None = None,
    network: Network | ProxyOnly | None = None,
    environment: Mapping[str, str] | None = None,
    mounts: Sequence[Mount] = (),
    ca_bundle: Path | None = None,
    replace_carried_bundles: bool = True,
    on_output: OnOutput = _ignore,
    cancel: threading.Event | None = None,
) -> Exit:
    """Run `command` in `tree` (writable, mounted at layout.INSIDE) and return how it ended, whatever it did.

    `network` is an open Network (all traffic goes to its sockets), ProxyOnly (the Exit says so), or None for no
    network at all. `environment` is added to a clean one. `ca_bundle` (PEM) is trusted beside the system's
    certificates, also by packages that carry a list of their own; turn `replace_carried_bundles` off for set-up
    commands, which must be able to replace such packages. `on_output` is called in this thread with
    ("stdout" | "stderr" | "gap", bytes). As root the tree is given to an unprivileged user first.
    Raises SandboxError when isolation is asked for and this machine refuses it.
    """
    capability = probe()
    if not capability.files and not isinstance(network, ProxyOnly):
        raise SandboxError("; ".join(capability.reasons))
    tree = tree.resolve(strict=True)
    problem = _unusable(command, environment or {})
    if problem:
        return Exit("could_not_start", problem, "proxy_only" if isinstance(network, ProxyOnly) else "enforced")
    found = layout.survey(tree, owner=kernel.UNPRIVILEGED_ID if os.geteuid() == 0 else None)
    order = _Order(
        command=command,
        tree=tree,
        limits=limits or Limits(),
        network=network,
        environment=environment or {},
        mounts=mounts,
        bundles=found.bundles if ca_bundle and replace_carried_bundles else [],
        bare=not capability.files,
    )
    with layout.open_scratch(tree, ca_bundle) as scratch:
        return _carry_out(order, scratch, on_output, cancel)
