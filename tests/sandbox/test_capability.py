"""What cannot be had is named with its remedy, and a run without isolation never claims to have it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.sandbox import capability, execution, network
from audits.sandbox.capability import Capability, probe
from audits.sandbox.execution import Mount, ProxyOnly, run
from audits.sandbox.launch import closed_folder
from audits.sandbox.limits import Exit, Limits
from audits.sandbox.network import SandboxError

PROXY = ProxyOnly("http://127.0.0.1:9999")
NO_NETWORK = Capability("proxy_only", True, ("nft is not installed: apt-get install nftables",))
NOTHING = Capability("proxy_only", False, ("the kernel refuses user namespaces",))
QUICK = Limits(wall_seconds=20, grace_seconds=0.2)


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    probe.cache_clear()


@pytest.fixture
def open_tree() -> Iterator[Path]:
    """Where nothing can be mounted, the tree must lie where every user may walk."""
    folder = Path(tempfile.mkdtemp(prefix="clausetrail-test-"))
    folder.chmod(0o755)
    (folder / "tree").mkdir()
    yield folder / "tree"
    shutil.rmtree(folder)


def run_shell(script: str, tree: Path, limits: Limits = QUICK) -> tuple[Exit, str]:
    """Without isolation."""
    said: list[bytes] = []
    ended = run(
        ["sh", "-c", script],
        tree=tree,
        network=PROXY,
        limits=limits,
        on_output=lambda stream, chunk: said.append(chunk),
    )
    return ended, b"".join(said).decode()


def test_this_machine_isolates() -> None:
    assert probe() == Capability("enforced", True, ())


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in (capability, network):
        monkeypatch.setattr(module, "SAFE_PATH", str(tmp_path))
    probe.cache_clear()
    found = probe()
    assert (found.isolation, found.files) == ("proxy_only", False)
    for words in ("apt-get install bubblewrap", "apt-get install nftables", "apt-get install iproute2"):
        assert any(words in reason for reason in found.reasons)


def test_a_kernel_switch_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    switch = tmp_path / "max_user_namespaces"
    switch.write_text("0\n")
    monkeypatch.setattr(capability, "SWITCHES", {str(switch): ("0", "sysctl user.max_user_namespaces=15000")})
    monkeypatch.setattr(network, "SAFE_PATH", str(tmp_path))
    probe.cache_clear()
    found = probe()
    assert found.isolation == "proxy_only"
    assert any("sysctl user.max_user_namespaces=15000" in reason for reason in found.reasons)


def test_isolation_that_cannot_be_had_is_an_error_and_nothing_runs(monkeypatch: pytest.MonkeyPatch, tree: Path) -> None:
    monkeypatch.setattr(execution, "probe", lambda: NOTHING)
    with pytest.raises(SandboxError, match="the kernel refuses user namespaces"):
        run(["touch", "ran"], tree=tree)
    assert list(tree.iterdir()) == []


def test_without_a_sealed_network_the_files_are_still_hidden_and_the_run_says_proxy_only(
    monkeypatch: pytest.MonkeyPatch, tree: Path
) -> None:
    monkeypatch.setattr(execution, "probe", lambda: NO_NETWORK)
    ended, said = run_shell("echo $HTTPS_PROXY $all_proxy $NODE_USE_ENV_PROXY; pwd; ls /root/.ssh; ls /boot", tree)
    assert said.splitlines()[:2] == ["http://127.0.0.1:9999 http://127.0.0.1:9999 1", "/audited/pipeline"]
    assert said.count("No such file or directory") == 2
    assert ended.isolation == "proxy_only"


def test_a_bare_run_has_the_proxy_a_clean_environment_and_no_root(
    monkeypatch: pytest.MonkeyPatch, open_tree: Path
) -> None:
    monkeypatch.setattr(execution, "probe", lambda: NOTHING)
    monkeypatch.setenv("DATABASE_URL", "postgres://ours")
    ended, said = run_shell(
        'echo "$http_proxy" "$DATABASE_URL"; pwd; id -u; grep NoNewPrivs /proc/self/status', open_tree
    )
    lines = said.splitlines()
    assert lines[:2] == ["http://127.0.0.1:9999 ", str(open_tree)]
    assert int(lines[2]) != 0
    assert lines[3].split() == ["NoNewPrivs:", "1"]
    assert (ended.status, ended.code, ended.isolation) == ("finished", 0, "proxy_only")


def test_a_bare_run_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch, open_tree: Path) -> None:
    monkeypatch.setattr(execution, "probe", lambda: NOTHING)
    ended, said = run_shell(
        "setsid -f sleep 3123 </dev/null >/dev/null 2>&1; sleep 0.1; pgrep -f 'sleep 3123'", open_tree
    )
    assert ended.status == "finished"
    assert not Path(f"/proc/{said.split()[0]}").exists()


def test_a_bare_run_keeps_its_limits(monkeypatch: pytest.MonkeyPatch, open_tree: Path) -> None:
    monkeypatch.setattr(execution, "probe", lambda: NOTHING)
    ended, _ = run_shell("trap '' TERM; sleep 30 & wait", open_tree, Limits(wall_seconds=0.3, grace_seconds=0.2))
    assert ended.status == "timed_out"
    ended, said = run_shell("ulimit -n", open_tree, Limits(files=77))
    assert said == "77\n"


def test_a_bare_run_reaches_its_tree_in_a_folder_closed_to_others_and_nothing_beside_it(
    monkeypatch: pytest.MonkeyPatch, open_tree: Path
) -> None:
    monkeypatch.setattr(execution, "probe", lambda: NOTHING)
    (open_tree.parent / "secret").write_text("ours")
    given = open_tree.parent / "given"
    given.write_text("for the pipeline")
    given.chmod(0o644)
    open_tree.parent.chmod(0o700)
    said: list[bytes] = []
    ended = run(
        ["sh", "-c", "echo made > file; cat ../given; ls .."],
        tree=open_tree,
        network=PROXY,
        limits=QUICK,
        mounts=[Mount(given)],
        on_output=lambda stream, chunk: said.append(chunk),
    )
    assert (ended.status, ended.code) == ("finished", 0)
    assert (open_tree / "file").read_text() == "made\n"
    assert b"".join(said).startswith(b"for the pipeline")
    # An ordinary user's run keeps that user's identity, and sees what it sees.
    assert (b"secret" in b"".join(said)) == (os.geteuid() != 0)
    assert (open_tree.parent / "secret").read_text() == "ours"


def test_what_another_user_may_not_walk_through_is_named_with_its_remedy(open_tree: Path) -> None:
    assert closed_folder(str(open_tree)) is None
    open_tree.parent.chmod(0o700)
    assert closed_folder(str(open_tree)) == str(open_tree.parent)
    assert closed_folder(str(open_tree.parent)) is None
    if os.geteuid() != 0:
        return  # nothing but root gives itself another identity
    # Root of a container that may not mount.
    asked = f"from audits.sandbox.launch import clear_the_way; clear_the_way([{str(open_tree)!r}])"
    command = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", sys.executable, "-c", asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=network.PROJECT)
    assert f"may not walk through {open_tree.parent}" in done.stderr
    assert "CLAUSETRAIL_VAR" in done.stderr
