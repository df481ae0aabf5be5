"""Reading dated folders and archives, and refusing what only looks like them."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from compliance.sources.captures import UnreadableTerms, readable_text
from compliance.sources.judging import quietness
from compliance.sources.names import shown, slug
from compliance.sources.reading import read_archive
from tests.sources.terms import Repository, terms, write

COLUMNS = "provider\tdocument\tversion_date\tversion_date_basis\tfirst_captured\tsource\tsha256\tfile"


def index(root: Path, *rows: str) -> None:
    write(root, "INDEX.tsv", "\n".join([COLUMNS, *rows]) + "\n")


def row(name: str, text: str, day: str = "2024-01-02", sha256: str | None = None) -> str:
    provider, document, _ = name.split("/")
    digest = hashlib.sha256(text.encode()).hexdigest() if sha256 is None else sha256
    return f"{provider}\t{document}\t{day}\tstated\t2024-01-05\tarchive:x\t{digest}\t{name}"


def test_a_folder_is_read_with_what_its_list_says(tmp_path: Path) -> None:
    name = "lampco/lamp-terms/2024-01-02.md"
    write(tmp_path, name, terms())
    index(tmp_path, row(name, terms()))
    archive = read_archive(tmp_path)
    (capture,) = archive.series["lampco/lamp-terms"].captures
    assert (capture.label, capture.basis, capture.origin, str(capture.at.date())) == (
        "2024-01-02", "stated", "archive:x", "2024-01-05",
    )  # fmt: skip
    assert not archive.rejections


def test_texts_that_the_list_leaves_out_are_read_too(tmp_path: Path) -> None:
    write(tmp_path, "lampco/lamp-terms/2024-01-02.md", terms())
    write(tmp_path, "lampco/lamp-terms/2024-03-01.md", terms(title="Newer"))
    index(tmp_path, row("lampco/lamp-terms/2024-01-02.md", terms()))
    captures = read_archive(tmp_path).series["lampco/lamp-terms"].captures
    assert [one.label for one in captures] == ["2024-01-02", "2024-03-01"]


@pytest.mark.parametrize(
    "line, reason",
    [
        (row("lampco/lamp-terms/2024-01-02.md", terms(), sha256="ab" * 32), "other bytes"),
        (row("lampco/lamp-terms/2024-09-09.md", terms(), sha256=""), "there is no file"),
        (row("../lamp-terms/2024-01-02.md", terms()), "inside the folder"),
        (row("lampco/../2024-01-02.md", terms()), "inside the folder"),
        (row("/etc/passwd", ""), "inside the folder"),
        (row("lampco/lamp-terms/2024-01-02.md", terms(), day="2024-13-02"), "is no date"),
        (row("lampco/lamp-terms/2024-01-02.md", terms()).replace("lampco\t", "other\t", 1), "another folder"),
        (row("lampco/lamp-terms/link.md", terms(), sha256=""), "a link"),
        (row("lampco/lamp-terms/2024-01-02\x00.md", terms()), "inside the folder"),
    ],
)
def test_a_broken_line_is_rejected_by_number_and_the_rest_is_read(tmp_path: Path, line: str, reason: str) -> None:
    write(tmp_path, "lampco/lamp-terms/2024-01-02.md", terms())
    (tmp_path / "lampco/lamp-terms/link.md").symlink_to("/etc/passwd")
    write(tmp_path, "lampco/more-terms/2024-01-02.md", terms())
    index(tmp_path, line, row("lampco/more-terms/2024-01-02.md", terms()))
    archive = read_archive(tmp_path)
    assert "lampco/more-terms" in archive.series
    assert any(one.where == "INDEX.tsv, line 2" and reason in one.reason for one in archive.rejections)


@pytest.mark.parametrize("content, reason", [(b"a\x00b", "NUL at byte 1"), (b"a\xff", "not UTF-8 at byte 1")])
def test_what_is_no_text_is_refused_with_its_place(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        readable_text(content)


def test_a_page_of_fifty_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    huge = write(tmp_path, "lampco/lamp-terms/2024-01-02.md", "")
    os.truncate(huge, 50 * 1024 * 1024)
    archive = read_archive(tmp_path)
    assert (archive.series, "larger than 8 MB" in archive.rejections[0].reason) == ({}, True)


def test_a_list_without_its_columns_is_named(tmp_path: Path) -> None:
    write(tmp_path, "INDEX.tsv", "provider,document,file\n")
    with pytest.raises(UnreadableTerms, match=r"INDEX\.tsv, line 1: no column provider"):
        read_archive(tmp_path)


@pytest.mark.parametrize("source", ["", "ota", "folder"])
def test_an_empty_folder_and_none_can_not_be_read(tmp_path: Path, source: str) -> None:
    with pytest.raises(UnreadableTerms, match="nothing is laid out"):
        read_archive(tmp_path, source)
    with pytest.raises(UnreadableTerms, match="no such folder"):
        read_archive(tmp_path / "absent", source)


def test_a_repository_is_read_with_its_history(tmp_path: Path) -> None:
    archive = Repository(tmp_path / "a")
    archive.record("Lamp Co/Terms of Service.md", terms(), "2024-01-01", "First record")
    archive.record("Lamp Co/Terms of Service.md", terms(title="New"), "2024-02-01")
    archive.record(
        "Lamp Co/Terms of Service.md", terms(title="Newer"), "2024-03-01", "Apply technical or declaration upgrade"
    )
    archive.record("README.md", "about", "2024-03-02")
    with read_archive(archive.root) as read:
        (series,) = read.series.values()
        days = [(str(one.at.date()), one.technical) for one in series.captures]
        assert days == [("2024-01-01", False), ("2024-02-01", False), ("2024-03-01", True)]
        assert series.captures[1].load().decode() == terms(title="New")
        assert (series.identifier, series.service, series.terms) == (
            "lamp-co/terms-of-service", "Lamp Co", "Terms of Service",
        )  # fmt: skip


def test_a_bare_repository_and_a_plain_folder_are_read_too(tmp_path: Path) -> None:
    archive = Repository(tmp_path / "a")
    archive.record("Lamp Co/Terms of Service.md", terms(), "2024-01-01")
    subprocess.run(["git", "clone", "-q", "--bare", archive.root, tmp_path / "bare"], check=True, capture_output=True)
    write(tmp_path, "plain/Lamp Co/Terms of Service.md", terms())
    for path in (tmp_path / "bare", tmp_path / "plain"):
        with read_archive(path) as read:
            assert [one.load().decode() for one in read.series["lamp-co/terms-of-service"].captures] == [terms()]


def test_a_repository_that_would_run_programs_runs_none(tmp_path: Path) -> None:
    archive = Repository(tmp_path / "a")
    archive.record("Lamp Co/Terms.md", terms(), "2024-01-01")
    trap = f"touch {tmp_path}/sprung"
    for setting in (
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "gpg.program",
        "core.sshCommand",
        "diff.x.textconv",
    ):
        archive.git("config", setting, trap)
    archive.git("config", "log.showSignature", "true")
    write(archive.root, ".git/info/attributes", "*.md diff=x\n")
    with read_archive(archive.root) as read:
        assert len(read.series["lamp-co/terms"].captures) == 1
        assert read.series["lamp-co/terms"].captures[0].load()
    assert not (tmp_path / "sprung").exists()


def test_weird_names_in_a_repository_are_only_names(tmp_path: Path) -> None:
    archive = Repository(tmp_path / "a")
    names = [
        "-rf/--help.md",
        "Ünï©ode 灯/Terms\n\x1b[31m.md",
        'Quo"te/T\\erms.md',
        "a/b/c/deep.md",
        ".hidden/Terms.md",
        "x/ .md",
    ]
    for number, name in enumerate(names):
        archive.record(name, terms(title=str(number)), "2024-01-01")
    broken = os.fsencode(archive.root) + b"/bad\xff.d"
    os.mkdir(broken)
    with open(broken + b"/Terms.md", "w") as file:
        file.write(terms())
    archive.git("add", "-A")
    archive.git("commit", "-q", "-m", "more")
    (archive.root / "Link").mkdir()
    (archive.root / "Link/Terms.md").symlink_to("/etc/passwd")
    archive.git("add", "-A")
    archive.git("commit", "-q", "-m", "more")
    with read_archive(archive.root) as read:
        assert len(read.series) == 3
        assert all(name.isascii() and name.isprintable() and name.count("/") == 1 for name in read.series)
        assert all(one.where.isprintable() for one in read.rejections)
        assert len(read.rejections) == 3


def test_a_broken_repository_is_refused_in_words(tmp_path: Path) -> None:
    Repository(tmp_path / "a")
    with pytest.raises(UnreadableTerms, match="git rev-list failed"):
        read_archive(tmp_path / "a")


def test_names_become_slugs_that_stay_apart() -> None:
    assert slug("Terms of Service") == "terms-of-service"
    assert len({slug("灯"), slug("火"), slug("Lamp 灯"), slug("lamp")}) == 4
    assert len(slug("x" * 400)) <= 60
    assert shown("a\x1b[31mb\u202e") == "a\ufffd[31mb\ufffd"


def test_the_noise_of_an_archive_makes_few_alerts(tmp_path: Path) -> None:
    """A year of captures twice a day: links that change each time, two layouts, errors; and three real changes."""
    archive = Repository(tmp_path / "a")
    texts = [
        terms(),
        terms().replace("seven", "eight"),
        terms().replace("seven", "ten"),
        terms().replace("seven", "ten") + "\n\nLamps must not leave the isle.\n",
    ]
    for number in range(60):
        page = texts[number // 15].replace("harbour court", f"[harbour court](https://example.org/?v={number})")
        page = page + "\n\nAccept all cookies\n" if number % 2 else page
        page = f"Access denied\n\nReference {number}\n" if number % 7 == 3 else page
        archive.record("Lamp Co/Terms.md", page, f"2024-{number // 5 + 1:02}-{number % 5 * 5 + 1:02}")
    with read_archive(archive.root) as read:
        found = quietness(read)
    assert (found.recorded, found.distinct_texts, found.alerts) == (60, 4, 3)
