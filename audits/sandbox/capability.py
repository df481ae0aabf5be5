"""What isolation this kernel, these programs and this user allow: tried, not guessed."""

import functools
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from audits.sandbox.limits import Isolation
from audits.sandbox.network import SAFE_PATH, SandboxError, open_network

PACKAGES = {"bwrap": "bubblewrap", "nft": "nftables", "ip": "iproute2", "prlimit": "util-linux"}
SWITCHES = {
    "/proc/sys/user/max_user_namespaces": ("0", "sysctl user.max_user_namespaces=15000"),
    "/proc/sys/kernel/unprivileged_userns_clone": ("0", "sysctl kernel.unprivileged_userns_clone=1"),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
}
TRIAL = [
    "--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net",
    "--cap-drop", "ALL", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--new-session", "--", "/bin/true",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Capability:
    """`isolation` is what a run gets here; `files` whether bubblewrap can hide the host's files even without a
    sealed network; `reasons` name each missing piece and how to mend it."""

    isolation: Isolation
    files: bool
    reasons: tuple[str, ...]


def program(name: str) -> str | None:
    """Where a system program lies; the caller's PATH is not asked, it may lead to somebody's own folder."""
    return shutil.which(name, path=SAFE_PATH)


def _missing_programs() -> list[str]:
    return [
        f"{name} is not installed: apt-get install {package}"
        for name, package in PACKAGES.items()
        if program(name) is None
    ]


def _switched_off() -> list[str]:
    found = []
    for name, (bad, remedy) in SWITCHES.items():
        path = Path(name)
        if path.is_file() and path.read_text().strip() == bad:
            found.append(f"the kernel refuses user namespaces to ordinary users; to allow them: {remedy}")
    return found


def _files_problem() -> str | None:
    """Try bubblewrap as the run would use it."""
    bubblewrap = program("bwrap")
    if bubblewrap is None or program("prlimit") is None:
        return "the host's files cannot be hidden without bubblewrap"
    try:
        done = subprocess.run([bubblewrap, *TRIAL], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not run here: {error}"
    return f"bubblewrap does not work here: {done.stderr.strip()}" if done.returncode else None


def _network_problem() -> str | None:
    """Try the whole set-up of the sealed network."""
    try:
        with open_network():
            return None
    except (OSError, SandboxError) as error:
        return str(error)


@functools.cache
def probe() -> Capability:
    """Try everything once per process and user; later calls get the kept answer (`probe.cache_clear()` forgets it)."""
    files, network = _files_problem(), _network_problem()
    problems = [each for each in (files, network) if each]
    if not problems:
        return Capability("enforced", True, ())
    reasons = [*_missing_programs(), *_switched_off(), *problems]
    return Capability("proxy_only", files is None, tuple(dict.fromkeys(reasons)))
