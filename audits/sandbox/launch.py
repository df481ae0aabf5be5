"""Enters the sealed network and becomes the sandbox: `python -m audits.sandbox.launch PLAN_FD`.

The plan is one JSON object (see `layout.Plan`). As root it first binds the sources of all mounts under a staging
folder of its own mount namespace, since the unprivileged identity it then takes may not walk to them, and gives root
up for good. It replaces itself by bubblewrap; where bubblewrap cannot work (plan without mounts) it stays as the
parent that collects what the command leaves behind, and as root first clears the way to what the command needs.
"""

import contextlib
import json
import os
import resource
import signal
import stat
import sys
from collections.abc import Iterable
from typing import Any

from audits.sandbox import kernel

STAGE = "/tmp"  # noqa: S108 - covered by a mount of our own before it is used
BINDS = {"--bind", "--ro-bind"}


def stage(arguments: list[str], folder: str) -> list[str]:
    """Bind every mount source under `folder` and return the arguments with the sources replaced.

    In the end all of it is shown at /tmp of this mount namespace: everyone may walk there, whatever lies above
    `folder`.
    """
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,nr_inodes=4096,mode=755")
    staged = list(arguments)
    for index, argument in enumerate(arguments):
        if argument in BINDS:
            source, target = arguments[index + 1], f"{folder}/{index}"
            if os.path.isdir(source):
                os.mkdir(target)
            else:
                os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
            kernel.mount(source, target, "", kernel.MS_BIND | kernel.MS_REC)
            staged[index + 1] = f"{STAGE}/{index}"
    kernel.mount(folder, STAGE, "", kernel.MS_BIND | kernel.MS_REC)
    return staged


def enter(plan: dict[str, Any]) -> None:
    """Take the unprivileged identity and the namespaces of the sealed network."""
    if os.geteuid() == 0:
        kernel.become(kernel.UNPRIVILEGED_ID)
    for name, kind in (("user_namespace", kernel.CLONE_NEWUSER), ("network_namespace", kernel.CLONE_NEWNET)):
        if plan[name] is not None:
            kernel.setns(plan[name], kind)
            os.close(plan[name])


def become_bubblewrap(plan: dict[str, Any]) -> None:
    """Hand the arguments over in memory: variables of the pipeline must not show in the host's process list."""
    arguments = plan["arguments"]
    if any("\0" in each for each in arguments):
        raise OSError("an argument holds a NUL character")  # it would end there, and the rest be an option of its own
    if os.geteuid() == 0:
        arguments = stage(arguments, plan["staging"])
    enter(plan)
    memory = os.memfd_create("arguments", 0)
    os.write(memory, b"\0".join(each.encode(errors="surrogateescape") for each in arguments) + b"\0")
    os.lseek(memory, 0, os.SEEK_SET)
    os.chdir("/")
    command = [plan["program"], "--args", str(memory), "--", *plan["command"]]
    os.execve(plan["program"], command, {})  # noqa: S606


def kill_what_is_left() -> None:
    """Every orphan of the command was handed to us (subreaper): end them all."""
    while True:
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                children = [int(each) for each in file.read().split()]
            for child in children:
                os.kill(child, signal.SIGKILL)
            os.wait()
        except (ChildProcessError, ProcessLookupError):
            return


def closed_folder(path: str) -> str | None:
    """The highest folder above `path` that other users may not walk through, or None; `path` is absolute, without links."""
    parts = path.split("/")[1:-1]
    for length in range(1, len(parts) + 1):
        folder = "/" + "/".join(parts[:length])
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            return folder
    return None


def clear_the_way(paths: Iterable[str]) -> None:
    """Let the unprivileged identity walk to `paths`: what lies above them closed is replaced, for this process and its
    children only, by empty folders that hold nothing but these paths. Raises OSError with the remedy.
    """
    closed: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        folder = closed_folder(path)
        if folder is not None:
            closed.setdefault(folder, []).append(path)
    try:
        if closed:
            kernel.unshare(kernel.CLONE_NEWNS)
            kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
        for folder, wanted in closed.items():
            show_only(folder, wanted)
    except OSError as error:
        names = ", ".join(closed)
        raise OSError(
            f"the audited program does not run as root, and another user may not walk through {names}. Install Python where "
            f"everyone may read it, keep data where everyone may walk (CLAUSETRAIL_VAR), or run as an ordinary user ({error})"
        ) from error


def show_only(folder: str, paths: list[str]) -> None:
    """Cover `folder` by an empty one in which `paths`, all below it, are bound to where they were."""
    # A path that lies inside another comes with it.
    outer = [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]
    held = {path: os.open(path, os.O_PATH) for path in outer}
    kernel.mount("none", folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,nr_inodes=4096,mode=755")
    for path, descriptor in held.items():
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.makedirs(path, mode=0o755)
        else:
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        kernel.mount(f"/proc/self/fd/{descriptor}", path, "", kernel.MS_BIND | kernel.MS_REC)
        os.close(descriptor)


def run_bare(plan: dict[str, Any]) -> int:
    """No isolation but limits and another identity; the caller says proxy_only wherever the result shows."""
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    if os.geteuid() == 0:
        clear_the_way(plan["needed"])
    enter(plan)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.set_inheritable(plan["status"], False)
    child = os.fork()
    if child == 0:
        os.setsid()
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        for name, value in plan["rlimits"].items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
        os.chdir(plan["directory"])
        os.execvpe(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _, ended = os.waitpid(child, 0)
    kill_what_is_left()
    code = os.waitstatus_to_exitcode(ended)
    return code if code >= 0 else 128 - code


def main() -> int:
    """Read the plan and act on it; 125 with a message when the sandbox cannot be entered."""
    with open(int(sys.argv[1]), encoding="utf-8", errors="surrogateescape") as file:
        plan = json.load(file)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # when the whole machine runs out of memory, this goes first
    try:
        if plan["program"] is None:
            return run_bare(plan)
        become_bubblewrap(plan)
    except OSError as error:
        print(f"could not enter the sandbox: {error}", file=sys.stderr)
    return 125


if __name__ == "__main__":
    sys.exit(main())
