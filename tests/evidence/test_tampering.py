import functools
import io
import os
import random
import re
import sys
import zipfile
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.evidence import verify_bundle
from audits.evidence.container import STORED, Packed, local_header
from tests.evidence.forging import outcome


@pytest.fixture(scope="session")
def standalone(bundle: Path) -> ModuleType:
    """The verifier that lies in the bundle, loaded from there."""
    module = ModuleType("verify")
    with zipfile.ZipFile(bundle) as archive:
        exec(compile(archive.read("verify.py"), "verify.py", "exec"), module.__dict__)
    return module


def mutated(data: bytes, draw: Any) -> bytes:
    """One of the ways to tamper with bytes: flip, cut, drop, double, insert, swap, append, prepend."""
    spot = draw(st.integers(0, len(data) - 1))
    size = draw(st.integers(1, 64))
    piece = data[spot : spot + size]
    kind = draw(
        st.sampled_from(
            ["flip", "flip", "flip", "cut", "drop", "double", "insert", "swap", "append", "prepend", "zero"]
        )
    )
    if kind == "flip":
        return data[:spot] + bytes([data[spot] ^ 1 << draw(st.integers(0, 7))]) + data[spot + 1 :]
    if kind == "swap":
        other = data[spot + size : spot + 2 * size]
        return data[:spot] + other + piece + data[spot + size + len(other) :]
    changed = {
        "cut": data[:spot],
        "drop": data[:spot] + data[spot + size :],
        "double": data[:spot] + piece + data[spot:],
        "insert": data[:spot] + draw(st.binary(min_size=1, max_size=8)) + data[spot:],
        "append": data + piece,
        "prepend": piece + data,
        "zero": data[:spot] + bytes(len(piece)) + data[spot + size :],
    }
    return changed[kind]


def remember_signatures(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checking a signature is pure and slow; the same one is not checked ten thousand times."""
    monkeypatch.setattr(module, "signature_holds", functools.lru_cache(maxsize=50_000)(module.signature_holds))


def places(bundle: Path) -> list[tuple[int, str]]:
    """Where each member of the bundle ends, its header included, and what it is called; then the directory."""
    with zipfile.ZipFile(bundle) as archive:
        infos = archive.infolist()
        ends = [*(info.header_offset for info in infos[1:]), archive.start_dir]
    return list(zip(ends, [info.filename for info in infos], strict=True))


def one_mutation(data: bytes, chance: random.Random) -> tuple[bytes, int]:
    """One of the ways to tamper with bytes, and the first byte that is not what it was."""
    spot, size = chance.randrange(len(data)), chance.randrange(1, 200)
    piece = data[spot : spot + size]
    other = data[spot + size : spot + 2 * size]
    changed = chance.choice(
        (
            lambda: data[:spot] + bytes([data[spot] ^ 1 << chance.randrange(8)]) + data[spot + 1 :],
            lambda: data[:spot] + bytes([data[spot] ^ 1 << chance.randrange(8)]) + data[spot + 1 :],
            lambda: data[:spot],
            lambda: data[:spot] + data[spot + size :],
            lambda: data[:spot] + piece + data[spot:],
            lambda: data[:spot] + chance.randbytes(size % 8 + 1) + data[spot:],
            lambda: data[:spot] + other + piece + data[spot + size + len(other) :],
            lambda: data + piece,
            lambda: piece + data,
            lambda: data[:spot] + bytes(len(piece)) + data[spot + size :],
        )
    )()
    pairs = enumerate(zip(data, changed, strict=False))
    return changed, next((at for at, (one, two) in pairs if one != two), min(len(data), len(changed)))


def test_every_mutation_is_found_located_and_told_alike_by_both_verifiers(bundle, standalone, tmp_path, monkeypatch):
    """CLAUSETRAIL_MUTATIONS=50000 for more. The first problem names the member that was hit, or the byte in the container."""
    original, ends = bundle.read_bytes(), places(bundle)
    package = sys.modules["audits.evidence.verifier"]
    remember_signatures(package, monkeypatch)
    remember_signatures(standalone, monkeypatch)
    chance, path = random.Random(20261122), tmp_path / "mutated.zip"
    for number in range(int(os.environ.get("CLAUSETRAIL_MUTATIONS", "3000"))):
        changed, first = one_mutation(original, chance)
        if changed == original:
            continue
        path.write_bytes(changed)
        here, there = outcome(package, str(path)), outcome(standalone, str(path))
        assert here == there, number
        assert not here[0], number
        struck = next((name for end, name in ends if first < end), "directory")
        assert is_located(here[1][0], struck, first), (number, first, struck, here[1][0])


def is_located(problem: str, struck: str, first: int) -> bool:
    """Whether a problem names the member that was hit, or the very byte in the headers between the members."""
    if problem.endswith("is not an evidence bundle"):
        return struck == "manifest.json"  # its very head is gone
    if problem.startswith("container: "):
        if problem.endswith(f"is not what {struck} calls for"):
            return True  # where bytes were slipped into a header, each of its sizes may be the first that is wrong
        # A cut is told where the file ends, a shift where the first header is not in its place.
        named = [int(number) for number in re.findall(r"byte (\d+)", problem)]
        return bool(named) and named[0] >= first
    return problem.startswith((struck, "signature.json" if struck == "manifest.json" else struck))


def test_each_single_bit_of_every_byte_that_is_no_packed_data_is_covered(bundle, write):
    """The container's headers, directory and end, bit by bit: where ZIP readers differ and things are hidden."""
    original = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        infos = archive.infolist()[-3:]
        start = archive.start_dir
    spots = [i.header_offset + k for i in infos for k in range(0, 30 + len(i.filename), 2)]
    spots += [*range(start, start + 60), *range(len(original) - 22, len(original))]
    for spot in spots:
        changed = bytearray(original)
        changed[spot] ^= 1 << spot % 8
        assert not verify_bundle(write(bytes(changed))).ok


def rebuilt(bundle: Path, change: Any) -> bytes:
    """The bundle written anew by an ordinary ZIP library after `change` did something to its members."""
    with zipfile.ZipFile(bundle) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in change([(info.filename, content) for info, content in members]):
            archive.writestr(name, content)
    return target.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "change",
    [
        lambda members: members,
        lambda members: members[:-1],
        lambda members: [*members, ("blobs/extra", b"x")],
        lambda members: [*members, members[-1]],
        lambda members: [*members[:2], *reversed(members[2:])],
        lambda members: [*members, ("../../etc/cron.d/evil", b"x")],
        lambda members: [(n, b"{}" if n == "run.json" else c) for n, c in members],
    ],
)
def test_a_bundle_packed_anew_by_another_program_is_broken(bundle, write, change):
    assert not verify_bundle(write(rebuilt(bundle, change))).ok


def test_a_zip_comment_and_trailing_data_are_found_with_their_place(bundle, write):
    original = bundle.read_bytes()
    comment = original[:-2] + b"\x05\x00hello"
    assert "the directory's end" in verify_bundle(write(comment)).problems[0]
    problem = verify_bundle(write(original + b"x")).problems[0]
    assert problem == f"container: something follows its end at byte {len(original)}"


def test_the_broken_file_is_named(bundle, write):
    original = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        infos = {info.filename: info for info in archive.infolist()}
    for name in ("run.json", "records/execute/record.jsonl", "README.txt"):
        changed = bytearray(original)
        changed[infos[name].header_offset + 30 + len(name) + 5] ^= 1
        assert verify_bundle(write(bytes(changed))).problems[0].startswith(f"{name}: ")


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=300), st.booleans())
def test_arbitrary_bytes_are_never_intact_and_never_a_crash(standalone, tmp_path_factory, data, headed):
    path = tmp_path_factory.getbasetemp() / "noise.zip"
    head = local_header(Packed("manifest.json", len(data), len(data), zlib.crc32(data), STORED))
    path.write_bytes(head + data if headed else data)
    assert outcome(sys.modules["audits.evidence.verifier"], str(path)) == outcome(standalone, str(path))
    assert not outcome(standalone, str(path))[0]
