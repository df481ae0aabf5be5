"""Ways out of the sandbox that a hostile pipeline would try; each must fail, and leave the recorder's network whole."""

import os
import socket
from pathlib import Path

import pytest

from audits.sandbox import launch
from audits.sandbox.execution import Mount
from audits.sandbox.network import Network
from audits.sandbox.syscall_filter import syscall_filter
from tests.sandbox.conftest import Inside, Seen

CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
result = libc.syscall(*{arguments})
print(result, os.strerror(ctypes.get_errno()))
"""
NOT_PERMITTED = "-1 Operation not permitted\n"


FOR_ADMINISTRATORS = [
    ["nft", "flush", "ruleset"],
    ["nft", "add", "table", "inet", "mine"],
    ["ip", "route", "flush", "table", "all"],
    ["ip", "link", "add", "veth0", "type", "veth"],
    ["ip", "link", "set", "lo", "down"],
    ["ip", "netns", "add", "mine"],
    ["nsenter", "--target", "1", "--net", "true"],
    ["nsenter", "--net=/proc/1/ns/net", "true"],
    ["unshare", "--user", "true"],
    ["unshare", "--user", "--map-root-user", "--net", "true"],
    ["unshare", "--mount", "true"],
    ["mount", "-t", "tmpfs", "none", "/tmp"],
    ["mount", "--bind", "/usr", "/tmp"],
    ["umount", "/etc/ssl/certs"],
    ["mount", "-o", "remount,rw", "/usr"],
    ["chroot", "/usr", "/bin/true"],
    ["bwrap", "--ro-bind", "/", "/", "true"],
    ["setpriv", "--reuid", "0", "true"],
    ["su", "-c", "true"],
    ["mknod", "/tmp/disk", "b", "8", "0"],
    ["ping", "-c", "1", "-W", "1", "192.0.2.1"],
    ["sysctl", "-w", "net.ipv4.ip_forward=1"],
    ["hostname", "other"],
]


def test_programs_for_administrators_change_nothing(inside: Inside, network: Network, seen: Seen) -> None:
    ran = inside(
        f"""
import shutil, subprocess
commands = [each for each in {FOR_ADMINISTRATORS!r} if shutil.which(each[0])]
for command in commands:
    if subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0:
        print("succeeded:", command)
print(len(commands), "tried")
""",
        network=network,
    )
    assert "succeeded" not in ran.out
    assert int(ran.out.split()[0]) > 10, ran.err
    still = inside("import socket; socket.create_connection(('192.0.2.9', 80), timeout=5)", network=network)
    assert still.exit.code == 0, still.err
    assert ("192.0.2.9", 80) in seen.tcp


@pytest.mark.parametrize(
    "arguments",
    [
        (101, 16, 1, 0, 0),  # ptrace: attach to the first process
        (310, 1, 0, 0, 0, 0, 0),  # process_vm_readv
        (165, 0, 0, 0, 0, 0),  # mount
        (155, 0, 0),  # pivot_root
        (308, 3, 0),  # setns
        (272, 0x10000000),  # unshare into a user namespace
        (56, 0x10000011, 0, 0, 0, 0),  # clone into a user namespace
        (250, 0, 0, 0),  # keyctl
        (321, 0, 0, 0),  # bpf
        (298, 0, 0, 0, 0, 0),  # perf_event_open
        (323, 0),  # userfaultfd
        (29, 0, 4096, 0o1600),  # shmget: memory that no watcher sees
    ],
    ids=lambda arguments: f"call {arguments[0]}",
)
def test_a_system_call_of_break_outs_is_not_permitted(inside: Inside, arguments: tuple[int, ...]) -> None:
    if os.uname().machine != "x86_64":
        assert syscall_filter("aarch64")
        return
    assert inside(CALL.format(arguments=arguments)).out == NOT_PERMITTED


@pytest.mark.parametrize("number", [435, 425])
def test_calls_the_filter_cannot_look_into_are_unknown(inside: Inside, number: int) -> None:
    assert inside(CALL.format(arguments=(number, 0, 0))).out == "-1 Function not implemented\n"


def test_the_filter_speaks_both_processors_and_no_third() -> None:
    x86, arm = syscall_filter("x86_64"), syscall_filter("aarch64")
    assert x86
    assert arm
    assert x86 != arm
    assert len(x86) % 8 == 0
    assert syscall_filter("riscv64") is None


def test_threads_and_processes_still_work_under_the_filter(inside: Inside) -> None:
    ran = inside(
        """
import multiprocessing, subprocess, threading
if __name__ == "__main__":
    threading.Thread(target=print, args=("thread",)).start()
    print(multiprocessing.get_context("fork").Pool(2).map(abs, [-1, -2]))
    print(subprocess.run(["echo", "child"], capture_output=True, text=True).stdout.strip())
"""
    )
    assert ran.out.splitlines() == ["thread", "[1, 2]", "child"], ran.err


@pytest.mark.parametrize("family, kind", [(17, 3), (40, 1), (2, 3), (10, 3), (38, 5), (31, 3)])
def test_raw_packet_vsock_and_other_rare_sockets_are_refused(
    inside: Inside, network: Network, family: int, kind: int
) -> None:
    ran = inside(f"import socket; socket.socket({family}, {kind})", network=network)
    assert "PermissionError" in ran.err or "Address family not supported" in ran.err or "OSError" in ran.err
    assert ran.exit.code == 1


def test_files_of_the_host_are_not_there(inside: Inside, tmp_path: Path, project_directory: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("ours")
    places = [
        str(secret), str(project_directory / "manage.py"), str(project_directory / "var"), "/etc/shadow", "/root/.ssh",
        os.path.expanduser("~/.bashrc"), "/var/lib", "/var/log", "/sys", "/boot", "/mnt", "/srv", "/run/user",
        f"/proc/{os.getpid()}/environ", "/etc/ssl/private", "/etc/pip.conf", "/opt/audit",
    ]  # fmt: skip
    ran = inside(f"import os; print([place for place in {places!r} if os.path.exists(place)])")
    assert ran.out == "[]\n"


def test_a_socket_file_of_the_host_cannot_be_reached(inside: Inside, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as database:
        database.bind(str(tmp_path / ".s.PGSQL.5432"))
        database.listen()
        ran = inside(f"import socket; socket.socket(socket.AF_UNIX).connect({str(tmp_path / '.s.PGSQL.5432')!r})")
    assert "No such file or directory" in ran.err


def test_a_link_out_of_the_tree_leads_nowhere(inside: Inside, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("ours")
    (tree / "link").symlink_to(tmp_path / "secret")
    (tree / "up").symlink_to("../secret")
    ran = inside("import os; print(os.path.exists('link'), os.path.exists('up'))")
    assert ran.out == "False False\n"


@pytest.mark.parametrize(
    "place", ["/x", "/etc/passwd", "/usr/x", "/dev/x", "/home/x", "/audited/x", "/proc/sys/kernel/core_pattern"]
)
def test_only_the_tree_and_tmp_can_be_written(inside: Inside, place: str) -> None:
    ran = inside(f"open({place!r}, 'w')")
    assert "Read-only file system" in ran.err or "Permission denied" in ran.err


def test_what_is_written_to_the_tree_stays_and_what_is_written_to_tmp_goes(
    inside: Inside, tree: Path, tmp_path: Path
) -> None:
    before = sorted(each.name for each in tmp_path.iterdir())
    ran = inside("open('kept', 'w').write('1'); open('/tmp/gone', 'w').write('2'); import os; os.mkdir('/tmp/d', 0)")
    assert ran.exit.code == 0, ran.err
    assert (tree / "kept").read_text() == "1"
    assert sorted(each.name for each in tmp_path.iterdir()) == before


def test_nothing_of_our_environment_or_descriptors_is_inherited(
    inside: Inside, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://ours")
    ran = inside(
        "import os; print('DATABASE_URL' in os.environ, sorted(os.listdir('/proc/self/fd'))[:-1], "
        "os.readlink('/proc/self/fd/0'))",
        network=network,
    )
    assert ran.out == "False ['0', '1', '2'] /dev/null\n"


def test_the_pipelines_own_variables_never_touch_our_helpers(inside: Inside) -> None:
    # A preloaded library named by the pipeline must be looked for inside the sandbox only.
    ran = inside(
        ["env"], environment={"LD_PRELOAD": "/audited/pipeline/evil.so", "PYTHONSTARTUP": "x", "KEY": "väl\nue"}
    )
    assert "LD_PRELOAD=/audited/pipeline/evil.so" in ran.out
    assert "KEY=väl\nue" in ran.out
    assert "ERROR: ld.so: object '/audited/pipeline/evil.so'" in ran.err


@pytest.mark.parametrize(
    "environment",
    [{"A": "x\0--bind\0/\0/host"}, {"A\0--bind\0/\0/host": "x"}, {"": "x"}, {"A=B": "x"}],
)
def test_a_variable_cannot_smuggle_options_to_the_sandbox(inside: Inside, environment: dict[str, str]) -> None:
    ran = inside(["ls", "/host"], environment=environment)
    assert ran.exit.status == "could_not_start"
    assert "that no environment can hold" in ran.exit.reason


def test_the_launcher_refuses_such_arguments_by_itself() -> None:
    with pytest.raises(OSError, match="NUL"):
        launch.become_bubblewrap({"arguments": ["--setenv", "A", "x\0--bind"]})


@pytest.mark.parametrize("command", [[], ["echo", "a\0b"]])
def test_a_command_that_is_none_could_not_start(inside: Inside, command: list[str]) -> None:
    assert inside(command).exit.status == "could_not_start"


def test_variables_do_not_show_in_the_hosts_process_list(inside: Inside, tree: Path) -> None:
    lines: list[bool] = []

    def look(stream: str, chunk: bytes) -> None:
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                lines.append(b"top-secret-value" in Path(f"/proc/{name}/cmdline").read_bytes())
            except OSError:
                continue

    ran = inside(["sh", "-c", "echo here; sleep 0.3"], environment={"TOKEN": "top-secret-value"}, on_output=look)
    assert ran.exit.code == 0
    assert lines
    assert not any(lines)


def test_the_program_is_an_ordinary_user_without_capabilities_in_its_own_namespaces(inside: Inside) -> None:
    ran = inside(
        """
import os, socket
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print(os.getuid(), os.getgid(), socket.gethostname(), status["CapEff"].strip(), status["CapBnd"].strip(),
      status["NoNewPrivs"].strip(), status["Seccomp"].strip())
print(*(os.readlink("/proc/self/ns/" + kind) for kind in ("user", "mnt", "pid", "ipc", "uts", "net")))
print(len([name for name in os.listdir("/proc") if name.isdigit()]) < 6)
"""
    )
    first, second, third = ran.out.splitlines()
    assert first == "1000 1000 audit 0000000000000000 0000000000000000 1 2"
    ours = [os.readlink(f"/proc/self/ns/{kind}") for kind in ("user", "mnt", "pid", "ipc", "uts", "net")]
    assert not set(ours) & set(second.split())
    assert third == "True"


def test_a_mounted_folder_of_the_host_cannot_be_changed(inside: Inside, tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    shown.mkdir()
    (shown / "file").write_text("as it was")
    (shown / "file").chmod(0o666)
    ran = inside(f"open({str(shown / 'file')!r}, 'a').write('!')", mounts=[Mount(shown)])
    assert "Read-only file system" in ran.err
    assert (shown / "file").read_text() == "as it was"
