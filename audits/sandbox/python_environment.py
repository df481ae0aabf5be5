"""The pipeline's own Python environment: made inside the sandbox, in its tree, with pip and uv set up to be used there."""

import functools
import json
import os
import re
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from audits.sandbox import kernel, layout
from audits.sandbox.capability import probe
from audits.sandbox.execution import Mount, ProxyOnly, run
from audits.sandbox.limits import Limits
from audits.sandbox.output import OnOutput, Stream
from audits.sandbox.registries import package_sources

NAME = ".audit-env"
TOOLS = "/opt/audit/bin"
CACHE = "/var/cache/audit"
ABOUT = "import json, os, sys; print(json.dumps([list(sys.version_info[:2]), sys.base_prefix, sys._base_executable]))"
MAKER = Path(__file__).with_name("make_environment.py").read_text(encoding="utf-8")
MAKING = Limits(memory_mb=2048, wall_seconds=300)
# Where tools that manage interpreters keep them, for versions that are not on PATH.
KEPT = (
    "{pyenv}/versions/{version}.*/bin/python{version}",
    "{home}/.local/share/uv/python/cpython-{version}.*/bin/python{version}",
)


class EnvironmentFailed(Exception):
    """The pipeline's Python environment could not be made; the text says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python of this machine, outside any environment."""

    version: str
    prefix: Path
    executable: Path


@dataclass(frozen=True, slots=True)
class PythonEnvironment:
    """What `run` needs so that `python` and `pip` are the pipeline's own: for its command, and for its set-up.

    Set-up also gets the package cache (writable), local indexes, and uv where this machine has it.
    """

    interpreter: Interpreter
    variables: Mapping[str, str]
    mounts: tuple[Mount, ...]
    setup_variables: Mapping[str, str]
    setup_mounts: tuple[Mount, ...]


def _describe(executable: str) -> Interpreter | None:
    try:
        done = subprocess.run([executable, "-I", "-c", ABOUT], capture_output=True, text=True, timeout=30, cwd="/")
        version, prefix, base = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return Interpreter(".".join(map(str, version)), Path(prefix), Path(base))


def _candidates(version: str) -> Iterator[str]:
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        yield sys.executable
    for folder in [*os.environ.get("PATH", "").split(os.pathsep), "/usr/local/bin", "/usr/bin"]:
        for name in (f"python{version}", "python3"):
            if os.access(os.path.join(folder, name), os.X_OK):
                yield os.path.join(folder, name)
    home = os.path.expanduser("~")
    for pattern in KEPT:
        place = pattern.format(version=version, home=home, pyenv=os.environ.get("PYENV_ROOT", f"{home}/.pyenv"))
        yield from map(str, sorted(Path("/").glob(place.lstrip("/"))))


@functools.cache
def find_python(version: str) -> Interpreter:
    """An interpreter of that version ("3.11"). Raises EnvironmentFailed when this machine has none."""
    if not re.fullmatch(r"3\.\d{1,2}", version):
        raise EnvironmentFailed(f'python = {version[:40]!a} is not a version such as "3.11"')
    for each in dict.fromkeys(_candidates(version)):
        found = _describe(each)
        if found is not None and found.version == version:
            return found
    raise EnvironmentFailed(f"Python {version} is not installed here: apt-get install python{version}-venv")


def find_uv() -> Path | None:
    """The uv program itself (a start script that picks a version would not work inside), or None."""
    folders = [sysconfig.get_path("scripts"), f"{sys.base_prefix}/bin", *os.environ.get("PATH", "").split(os.pathsep)]
    for folder in [*folders, os.path.expanduser("~/.local/bin"), os.path.expanduser("~/.cargo/bin")]:
        path = Path(folder) / "uv"
        if os.access(path, os.X_OK) and path.is_file():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    return path.resolve()
    return None


def _setup_variables(cache: str) -> dict[str, str]:
    """pip's settings of this machine, spelled out: its files are not there inside."""
    sources = package_sources()
    variables = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_CACHE_DIR": f"{cache}/pip",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_NO_COMPILE": "1",  # what is imported is compiled then; all of it takes longer than the download
        "PIP_INDEX_URL": sources.index_url,
        "PIP_EXTRA_INDEX_URL": " ".join(sources.extra_index_urls),
        "PIP_FIND_LINKS": " ".join(sources.find_links),
        "PIP_CONSTRAINT": " ".join(sources.constraints),
        "UV_CACHE_DIR": f"{cache}/uv",
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_LINK_MODE": "copy",  # cache and tree are different mounts
        "UV_DEFAULT_INDEX": sources.index_url,
        "UV_INDEX": " ".join(sources.extra_index_urls),
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # choose among indexes as pip does
        "UV_FIND_LINKS": ",".join(sources.find_links),
        "UV_CONSTRAINT": " ".join(sources.constraints),
    }
    return {name: value for name, value in variables.items() if value}


def _prepare_cache(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0 and folder.stat().st_uid != kernel.UNPRIVILEGED_ID:
        layout.survey(folder, owner=kernel.UNPRIVILEGED_ID)


def _interpreter_mounts(interpreter: Interpreter) -> tuple[Mount, ...]:
    inside_usr = interpreter.prefix.is_relative_to("/usr")
    return () if inside_usr else (Mount(interpreter.prefix),)


def python_environment(
    tree: Path,
    *,
    version: str = "3.11",
    cache_folder: Path,
    on_output: OnOutput | None = None,
    cancel: threading.Event | None = None,
) -> PythonEnvironment:
    """Make the environment `.audit-env` in `tree`, without any network. Raises EnvironmentFailed with the reason.

    `cache_folder` keeps downloaded packages between runs of one pipeline; give each pipeline its own, since what runs
    in set-up can write to it.
    """
    interpreter, bare = find_python(version), not probe().files
    home = f"{tree.resolve() if bare else layout.INSIDE}/{NAME}"
    variables = {"VIRTUAL_ENV": home, "PATH": f"{home}/bin:{layout.SEARCH_PATH}"}
    mounts = _interpreter_mounts(interpreter)
    said: list[bytes] = []

    def listen(stream: Stream, chunk: bytes) -> None:
        said.append(chunk[:2000])
        if on_output is not None:
            on_output(stream, chunk)

    made = run(
        [str(interpreter.executable), "-I", "-c", MAKER, home],
        tree=tree,
        limits=MAKING,
        network=ProxyOnly("http://127.0.0.1:9") if bare else None,
        environment=variables,
        mounts=mounts,
        on_output=listen,
        cancel=cancel,
    )
    if made.status != "finished" or made.code != 0:
        words = b"".join(said).decode(errors="replace").strip()[-2000:]
        raise EnvironmentFailed(f"the Python {version} environment could not be made: {made.reason}. {words}")
    return _with_setup(interpreter, variables, mounts, cache_folder, bare=bare)


def _with_setup(
    interpreter: Interpreter, variables: dict[str, str], mounts: tuple[Mount, ...], cache_folder: Path, *, bare: bool
) -> PythonEnvironment:
    _prepare_cache(cache_folder)
    setup = {**variables, **_setup_variables(str(cache_folder) if bare else CACHE)}
    extra = [Mount(cache_folder.resolve(), CACHE, writable=True)]
    extra += [Mount(each) for each in package_sources().local_folders if not each.is_relative_to("/usr")]
    uv = find_uv()
    if uv is not None:
        extra.append(Mount(uv, f"{TOOLS}/uv"))
        setup["PATH"] += f":{uv.parent if bare else TOOLS}"
    return PythonEnvironment(interpreter, variables, mounts, setup, (*mounts, *extra))
