"""What the audited program finds around it: an allow-list of folders, a stub of /etc, its tree, and nothing of ours."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from audits.sandbox import kernel
from audits.sandbox.java_trust import java_trust_store
from audits.sandbox.limits import Limits

INSIDE = "/audited/pipeline"  # where the tree is mounted
HOME = "/tmp/home"  # noqa: S108 - a folder inside the sandbox's own /tmp
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
CA_VARIABLES = (
    "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "GIT_SSL_CAINFO", "PIP_CERT", "HTTPLIB2_CA_CERTS", "CARGO_HTTP_CAINFO",
)  # fmt: skip
SYSTEM_BUNDLES = (BUNDLE, "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
# Certificate lists that packages carry along and prefer to the system's: (last folder, file)
CARRIED_BUNDLES = {
    ("certifi", "cacert.pem"), ("botocore", "cacert.pem"), ("_credentials", "roots.pem"), ("httplib2", "cacerts.txt"),
    ("vendored", "cacert.pem"),
}  # fmt: skip
FROM_ETC = (
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "timezone", "mime.types", "protocols",
    "services", "gai.conf", "magic", "fonts", "java-17-openjdk", "java-21-openjdk",
)  # fmt: skip
ETC = {
    "passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\naudit:x:1000:1000:audit:{HOME}:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\naudit:x:1000:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost audit\n::1 localhost\n",
    "hostname": "audit\n",
    "resolv.conf": "nameserver 127.0.0.1\noptions timeout:5 attempts:2\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nnetworks: files\nprotocols: files\nservices: files\n",
}


@dataclass(slots=True)
class Survey:
    """One walk over a tree: its size, its entries, and the certificate lists its packages carry."""

    disk_bytes: int = 0
    entries: int = 0
    unreadable: int = 0
    bundles: list[str] = field(default_factory=list)


def survey(folder: Path, *, owner: int | None = None, most: int = 10_000_000) -> Survey:
    """Walk without following links; with `owner`, give every entry to that user (root only). Stops after `most`."""
    found = Survey()
    if owner is not None:
        os.chown(folder, owner, owner, follow_symlinks=False)

    def pass_over(error: OSError) -> None:
        found.unreadable += not isinstance(error, FileNotFoundError)

    for parent, folders, files in os.walk(folder, onerror=pass_over):
        last = os.path.basename(parent)
        for name in (*folders, *files):
            path = os.path.join(parent, name)
            try:
                seen = os.lstat(path)
                if owner is not None:
                    os.chown(path, owner, owner, follow_symlinks=False)
            except FileNotFoundError:
                continue  # the program is at work
            found.entries += 1
            found.disk_bytes += seen.st_blocks * 512
            if (last, name) in CARRIED_BUNDLES and stat.S_ISREG(seen.st_mode):
                found.bundles.append(os.path.relpath(path, folder))
        if found.entries > most:
            break
    return found


def _system_certificates() -> bytes:
    for name in SYSTEM_BUNDLES:
        path = Path(name)
        if path.is_file():
            return path.read_bytes().rstrip() + b"\n"
    return b""


def write_certificates(folder: Path, ours: Path | None) -> Path:
    """Make what stands at /etc/ssl/certs inside, and return the bundle in it: the system's authorities and `ours` (PEM).

    The system's stay, for hosts that are passed through untouched. By name of hash, which OpenSSL looks up where no
    bundle is configured, only ours is found: all that is not passed through shows certificates of ours.
    """
    folder.mkdir(mode=0o755)
    (folder / "java").mkdir(mode=0o755)
    bundle = folder / "ca-certificates.crt"
    bundle.write_bytes(_system_certificates() + (ours.read_bytes() if ours else b""))
    (folder / "java" / "cacerts").write_bytes(java_trust_store(bundle.read_bytes()))
    openssl = shutil.which("openssl", path=SEARCH_PATH)
    if ours and openssl:
        shown = [openssl, "x509", "-noout", "-subject_hash", "-in", str(ours)]
        done = subprocess.run(shown, capture_output=True, text=True, timeout=10)
        if done.returncode == 0:
            (folder / f"{done.stdout.strip()}.0").write_bytes(ours.read_bytes())
    return bundle


def _certificates(folder: Path, ours: Path | None) -> tuple[Path, Path]:
    """(what to show at /etc/ssl/certs, the bundle in it): the system's own folder where nothing is added."""
    if ours is None and os.path.isfile(BUNDLE):
        return Path(BUNDLE).parent, Path(BUNDLE)
    return folder, write_certificates(folder, ours)


def remove(folder: Path) -> None:
    """Delete a folder the audited program could write to, whatever modes it left there."""
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            path = os.path.join(parent, name)
            if not os.path.islink(path) and stat.S_IMODE(os.lstat(path).st_mode) & 0o700 != 0o700:
                os.chmod(path, 0o700)
    shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class Scratch:
    """The run's own files outside the tree: /etc stub, certificates, /tmp, the staging point of mounts."""

    folder: Path
    temporary: Path
    staging: Path
    certificates: Path
    bundle: Path


@contextmanager
def open_scratch(tree: Path, ca_bundle: Path | None) -> Iterator[Scratch]:
    """Beside the tree, so that both count on one file system; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f".{tree.name}-", dir=tree.parent))
    try:
        folder.chmod(0o755)
        for name, text in ETC.items():
            (folder / name).write_text(text)
        temporary, staging = folder / "tmp", folder / "staging"
        for each in (temporary, staging, temporary / "home"):
            each.mkdir(mode=0o755)
        if os.geteuid() == 0:
            survey(temporary, owner=kernel.UNPRIVILEGED_ID)
        certificates, bundle = _certificates(folder / "certs", ca_bundle)
        yield Scratch(folder, temporary, staging, certificates, bundle)
    finally:
        remove(folder)


def _system_folders() -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        if os.path.islink(name):
            arguments += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            arguments += ["--ro-bind", name, name]
    return arguments


def _etc(scratch: Scratch) -> list[str]:
    arguments = []
    for name in FROM_ETC:
        if os.path.exists(f"/etc/{name}"):
            arguments += ["--ro-bind", os.path.realpath(f"/etc/{name}"), f"/etc/{name}"]
    for name in ETC:
        arguments += ["--ro-bind", str(scratch.folder / name), f"/etc/{name}"]
    if os.path.exists("/etc/ssl/openssl.cnf"):
        arguments += ["--ro-bind", "/etc/ssl/openssl.cnf", "/etc/ssl/openssl.cnf"]
    arguments += ["--ro-bind", str(scratch.certificates), "/etc/ssl/certs"]
    if os.path.isdir("/etc/ssl/certs/java") and not (scratch.certificates / "java" / "cacerts").is_file():
        arguments += ["--ro-bind", "/etc/ssl/certs/java", "/etc/ssl/certs/java"]
    return [*arguments, "--symlink", "/proc/self/mounts", "/etc/mtab"]


def bubblewrap_arguments(
    *,
    tree: Path,
    scratch: Scratch,
    limits: Limits,
    variables: Mapping[str, str],
    mounts: Iterable[tuple[str, str, bool]],
    bundles: Iterable[str],
    own_network: bool,
    status: int,
    filter_descriptor: int | None,
) -> list[str]:
    """All options of bubblewrap; `mounts` are (path on the host, path inside, writable)."""
    arguments = [
        "--unshare-user", "--uid", "1000", "--gid", "1000", "--disable-userns", "--unshare-pid", "--unshare-ipc",
        "--unshare-uts", "--unshare-cgroup-try", "--hostname", "audit", "--die-with-parent", "--new-session",
        "--cap-drop", "ALL", *([] if own_network else ["--unshare-net"]),
        *_system_folders(), *_etc(scratch), "--proc", "/proc", "--dev", "/dev",
        "--size", str(max(64, limits.memory_mb // 2) << 20), "--tmpfs", "/dev/shm",  # noqa: S108
        "--bind", str(scratch.temporary), "/tmp",  # noqa: S108
        "--dir", "/home", "--dir", "/run", "--symlink", "/tmp", "/var/tmp",  # noqa: S108
    ]  # fmt: skip
    arguments += ["--bind", str(tree), INSIDE]
    for source, target, writable in mounts:
        arguments += ["--bind" if writable else "--ro-bind", source, target]
    for name in bundles:
        arguments += ["--ro-bind", str(scratch.bundle), f"{INSIDE}/{name}"]
    arguments += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", INSIDE, "--clearenv"]
    for name, value in variables.items():
        arguments += ["--setenv", name, value]
    arguments += ["--json-status-fd", str(status)]
    return [*arguments, *(["--seccomp", str(filter_descriptor)] if filter_descriptor is not None else [])]


def variables_for(given: Mapping[str, str], *, bundle: str, home: str, proxy: str | None) -> dict[str, str]:
    """The whole environment of the audited program: nothing of ours, then what was given."""
    variables = {
        "PATH": SEARCH_PATH,
        "HOME": home,
        "USER": "audit",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "PYTHONUNBUFFERED": "1",
        **dict.fromkeys(CA_VARIABLES, bundle),
    }
    if proxy:
        names = ("http_proxy", "https_proxy", "all_proxy")
        variables |= {name: proxy for each in names for name in (each, each.upper())} | {"NODE_USE_ENV_PROXY": "1"}
    return variables | dict(given)
