"""Where packages come from is asked of pip and uv, so that a mirror is honoured and no host is written down here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.sandbox import registries
from audits.sandbox.registries import RegistryError, package_sources, registry_hosts

BUILT_IN = "https://index.example.test/simple files.example.test\n"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in registries.UV_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(registries, "UV_FILES", ())
    package_sources.cache_clear()
    yield
    package_sources.cache_clear()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lines that `pip config list` shall print."""
    lines: list[str] = []
    monkeypatch.setattr(registries, "_ask_pip", lambda: ("\n".join(lines), BUILT_IN))
    return lines


def test_pips_built_in_index_and_its_file_host_are_the_default(settings: list[str]) -> None:
    assert registry_hosts() == ["files.example.test", "index.example.test"]


def test_a_mirror_in_pips_settings_takes_the_indexs_place(settings: list[str]) -> None:
    settings += ["global.index-url='https://user:pass@mirror.example.test:8443/simple'", "global.timeout='60'"]
    assert registry_hosts() == ["files.example.test", "mirror.example.test"]


def test_a_variable_outranks_a_file(settings: list[str]) -> None:
    settings += ["global.index-url='https://file.example.test/'", ":env:.index-url='https://variable.example.test/'"]
    assert package_sources().index_url == "https://variable.example.test/"


def test_local_folders_are_found_so_that_they_can_be_mounted(settings: list[str], tmp_path: Path) -> None:
    for name in ("index/simple", "wheels"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "constraints.txt").touch()
    settings += [
        f"global.extra-index-url='file://{tmp_path}/index/simple https://extra.example.test/simple'",
        f"global.find-links='{tmp_path}/wheels {tmp_path}/absent'",
        f"install.constraint='{tmp_path}/constraints.txt'",
    ]
    assert package_sources().local_folders == [tmp_path / "constraints.txt", tmp_path / "index", tmp_path / "wheels"]
    assert "extra.example.test" in registry_hosts()


def test_uvs_variables_and_files_count_too(
    settings: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "uv.toml"
    file.write_text('extra-index-url = ["https://b.example.test/"]\n[[index]]\nurl = "https://c.example.test/"\n')
    broken = tmp_path / "broken.toml"
    broken.write_text("[[")
    monkeypatch.setattr(registries, "UV_FILES", (str(file), str(broken)))
    monkeypatch.setenv("UV_INDEX", "named=https://a.example.test/simple")
    assert {"a.example.test", "b.example.test", "c.example.test"} <= set(registry_hosts())


def test_the_pip_of_this_machine_answers() -> None:
    sources = package_sources()
    assert sources.index_url
    assert sources.file_host
    assert all(host == host.lower() and "/" not in host for host in registry_hosts())


def test_without_any_pip_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "_pips", lambda: iter([]))
    with pytest.raises(RegistryError, match="apt-get install python3-venv"):
        package_sources()
