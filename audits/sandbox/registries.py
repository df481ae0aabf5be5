"""Which package registries this machine installs from: read from pip's and uv's own settings, never written down here."""

import ast
import functools
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

BUILT_IN = "from pip._internal.models.index import PyPI; print(PyPI.simple_url, PyPI.file_storage_domain)"
UV_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
UV_FILES = ("/etc/uv/uv.toml", "~/.config/uv/uv.toml")
UV_KEYS = ("index-url", "default-index", "extra-index-url", "find-links")
WHEELS_OF_PIP = ("lib/python3*/ensurepip/_bundled/pip-*.whl", "share/python-wheels/pip-*.whl")


class RegistryError(Exception):
    """No pip could be asked where packages come from."""


@dataclass(frozen=True, slots=True)
class PackageSources:
    """Where pip looks. Index addresses and find-links may be URLs, file: URLs or paths; constraints are paths."""

    index_url: str
    extra_index_urls: tuple[str, ...]
    find_links: tuple[str, ...]
    constraints: tuple[str, ...]
    file_host: str  # where the built-in index keeps the files themselves

    @property
    def local_folders(self) -> list[Path]:
        """Folders and files of this machine that set-up needs to read."""
        indexes = [_local(each) for each in (self.index_url, *self.extra_index_urls)]
        # The pages of an index refer to files beside it: mount the folder above.
        above = [each.parent if each.name == "simple" else each for each in indexes if each]
        others = [_local(each) for each in (*self.find_links, *self.constraints)]
        return sorted({each for each in (*above, *(other for other in others if other)) if each.exists()})


def _local(place: str) -> Path | None:
    parts = urlsplit(place)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(place) if place.startswith("/") else None


def _pips() -> Iterator[list[str]]:
    """Ways to start pip, best first: ours, those on PATH, the wheel an interpreter carries for making environments."""
    interpreters = [sys.executable, f"{sys.base_prefix}/bin/python3", shutil.which("python3") or "", "/usr/bin/python3"]
    for each in dict.fromkeys(interpreters):
        if each and os.path.exists(each):
            yield [each, "-m", "pip"]
    for prefix in dict.fromkeys((sys.base_prefix, "/usr")):
        for pattern in WHEELS_OF_PIP:
            for wheel in sorted(Path(prefix).glob(pattern)):
                yield [sys.executable, f"{wheel}/pip"]


def _answer(command: list[str], **variables: str) -> str | None:
    environment = {**os.environ, **variables}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/", env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _ask_pip() -> tuple[str, str]:
    """(the lines of `pip config list`, the built-in index's address and file host) from the first pip that answers."""
    for pip in _pips():
        wheel = pip[-1].removesuffix("/pip") if pip[-1].endswith("/pip") else ""
        settings = _answer([*pip, "config", "list"])
        built_in = _answer([pip[0], "-c", BUILT_IN], **({"PYTHONPATH": wheel} if wheel else {}))
        if settings is not None and built_in is not None:
            return settings, built_in
    raise RegistryError("no pip found to say where packages come from: apt-get install python3-venv")


def _parse_settings(lines: str) -> dict[str, str]:
    found = {}
    for line in lines.splitlines():
        name, separator, value = line.partition("=")
        if separator and value[:1] in "'\"":
            found[name.strip()] = str(ast.literal_eval(value))
    return found


@functools.cache
def package_sources() -> PackageSources:
    """pip's settings for this user and machine, variables over files as pip ranks them. Raises RegistryError."""
    lines, built_in = _ask_pip()
    settings = _parse_settings(lines)
    default_index, file_host = built_in.split()

    def setting(name: str) -> tuple[str, ...]:
        values = (settings.get(f"{section}.{name}") for section in (":env:", "install", "global"))
        return tuple(next((value for value in values if value), "").split())

    return PackageSources(
        index_url=(setting("index-url") or (default_index,))[0],
        extra_index_urls=setting("extra-index-url"),
        find_links=setting("find-links"),
        constraints=setting("constraint"),
        file_host=file_host,
    )


def _values(setting: object) -> Iterator[str]:
    for each in setting if isinstance(setting, list) else [setting]:
        if isinstance(each, str):
            yield each


def _uv_places() -> Iterator[str]:
    for name in UV_VARIABLES:
        for each in os.environ.get(name, "").split():
            yield each.partition("=")[2] if each.partition("=")[2].startswith("http") else each
    for name in UV_FILES:
        path = Path(name).expanduser()
        try:
            content = tomllib.loads(path.read_text())
        except (OSError, tomllib.TOMLDecodeError):
            continue  # absent, or a file uv itself will complain about
        for table in (content, content.get("pip", {})):
            for key in UV_KEYS:
                yield from _values(table.get(key))
        yield from (str(each.get("url", "")) for each in content.get("index", []))


def registry_hosts() -> list[str]:
    """Names of the hosts that set-up may install from, sorted. Raises RegistryError when no pip can be asked.

    A private index may keep its files on a host only its pages name; such a host shows up as refused in the record.
    """
    sources = package_sources()
    places = [sources.index_url, *sources.extra_index_urls, *sources.find_links, *_uv_places()]
    hosts = {urlsplit(each).hostname for each in places if each.startswith(("http://", "https://"))}
    return sorted({each for each in hosts if each} | {sources.file_host})
