"""The pipeline's own Python: made in its tree, used inside, and set up from this machine's package sources."""

import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from audits.sandbox import python_environment as made
from audits.sandbox.execution import run
from audits.sandbox.python_environment import (
    EnvironmentFailed,
    PythonEnvironment,
    find_python,
    find_uv,
    python_environment,
)
from audits.sandbox.registries import PackageSources

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def sources(tmp_path: Path) -> PackageSources:
    """A folder with one wheel, and an index that must not be needed."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_thing-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_thing.py", "ANSWER = 42\n")
        wheel.writestr("tiny_thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n")
        wheel.writestr(
            "tiny_thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny_thing-1.0.dist-info/RECORD", "")
    return PackageSources("file:///nowhere/simple", (), (str(folder),), (), "files.example.test")


@pytest.fixture
def environment(
    tree: Path, tmp_path: Path, sources: PackageSources, monkeypatch: pytest.MonkeyPatch
) -> PythonEnvironment:
    monkeypatch.setattr(made, "package_sources", lambda: sources)
    return python_environment(tree, version=VERSION, cache_folder=tmp_path / "cache")


def in_setup(environment: PythonEnvironment, tree: Path, *command: str) -> str:
    said: list[bytes] = []
    ended = run(
        command,
        tree=tree,
        environment=environment.setup_variables,
        mounts=environment.setup_mounts,
        on_output=lambda stream, chunk: said.append(chunk),
    )
    words = b"".join(said).decode()
    assert ended.code == 0, (ended, words)
    return words


def test_python_is_the_pipelines_own(environment: PythonEnvironment, tree: Path) -> None:
    said: list[bytes] = []
    run(
        ["python", "-c", "import sys; print(sys.prefix, sys.version_info[:2])"],
        tree=tree,
        environment=environment.variables,
        mounts=environment.mounts,
        on_output=lambda stream, chunk: said.append(chunk),
    )
    assert b"".join(said).decode() == f"/audited/pipeline/.audit-env {tuple(sys.version_info[:2])}\n"


def test_pip_installs_into_it_from_this_machines_folders(environment: PythonEnvironment, tree: Path) -> None:
    in_setup(environment, tree, "pip", "install", "--no-index", "tiny-thing")
    assert in_setup(environment, tree, "python", "-c", "import tiny_thing; print(tiny_thing.ANSWER)") == "42\n"
    assert "tiny_thing" in in_setup(environment, tree, "pip", "list", "--format", "freeze").replace("-", "_")


def test_uv_installs_into_it_where_this_machine_has_it(environment: PythonEnvironment, tree: Path) -> None:
    if find_uv() is None:
        assert not any(each.inside == f"{made.TOOLS}/uv" for each in environment.setup_mounts)
        return
    in_setup(environment, tree, "uv", "pip", "install", "--no-index", "tiny-thing")
    assert in_setup(environment, tree, "python", "-c", "import tiny_thing; print(tiny_thing.ANSWER)") == "42\n"


def test_the_cache_is_writable_in_set_up_and_absent_afterwards(
    environment: PythonEnvironment, tree: Path, tmp_path: Path
) -> None:
    in_setup(environment, tree, "touch", f"{made.CACHE}/kept")
    assert (tmp_path / "cache" / "kept").exists()
    assert not any(each.writable for each in environment.mounts)


def test_a_version_that_is_not_here_is_named_with_its_remedy() -> None:
    with pytest.raises(
        EnvironmentFailed, match=r"Python 3\.98 is not installed here: apt-get install python3\.98-venv"
    ):
        find_python("3.98")


@pytest.mark.parametrize("version", ["3", "3.11; rm", "../3.11", "", "4.0", "3.111"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(EnvironmentFailed, match="is not a version"):
        find_python(version)


def test_an_interpreter_that_cannot_make_an_environment_says_why(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(find_python(VERSION), executable=Path("/bin/false"))
    monkeypatch.setattr(made, "find_python", lambda version: broken)
    with pytest.raises(EnvironmentFailed, match="could not be made: it ended with exit code 1"):
        python_environment(tree, version=VERSION, cache_folder=tmp_path / "cache")
