import ast
import base64
import hashlib
import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.evidence import Broken, IncompleteBundle, SigningKey, Unreadable, Verification, seal, verify_bundle
from audits.evidence.bundle import _deflate
from audits.evidence.container import DEFLATED, STORED, Packed, directory_end, directory_header, file_end, local_header
from audits.evidence.links import canonical
from audits.evidence.standalone import verifier_source
from audits.evidence.verifier import MANIFEST_TYPE
from tests.evidence.conftest import NOON, WHAT, add, make_evidence


@pytest.fixture(scope="session")
def standalone(bundle: Path) -> ModuleType:
    """The verifier that lies in the bundle, loaded from there."""
    module = ModuleType("verify")
    with zipfile.ZipFile(bundle) as archive:
        exec(compile(archive.read("verify.py"), "verify.py", "exec"), module.__dict__)
    return module


def outcome(verifier: Any, path: str) -> tuple[bool, list[str]]:
    """Whether intact, and the problems; `Unreadable` counts as not intact."""
    try:
        found = verifier.verify_bundle(path)
    except verifier.Unreadable as problem:
        return False, [str(problem)]
    return found.ok, found.problems


def test_a_bundle_is_intact_and_says_what_it_holds(evidence, bundle):
    found = verify_bundle(str(bundle))
    assert (found.ok, found.problems) == (True, [])
    assert found.root == evidence.seal.root
    assert found.entries == 3
    assert found.public_key == evidence.key.fingerprint
    assert found.statement == evidence.seal.statement
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == found.files
        assert json.loads(archive.read("run.json"))["outcome"] == "prohibited"
        assert b"What it does not prove" in archive.read("README.txt")


def test_the_same_evidence_gives_the_same_bytes(evidence, bundle, tmp_path):
    assert evidence.bundle(tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_an_outside_expert_needs_only_python_and_the_bundle(bundle, tmp_path):
    with zipfile.ZipFile(bundle) as archive:
        archive.extract("verify.py", tmp_path)
    command = [sys.executable, "-I", "-S", str(tmp_path / "verify.py")]
    good = subprocess.run([*command, str(bundle), "--format", "json"], capture_output=True, text=True, check=False)
    assert (good.returncode, json.loads(good.stdout)["intact"]) == (0, True)
    bad = tmp_path / "bad.zip"
    bad.write_bytes(bundle.read_bytes()[:-1])
    cut = subprocess.run([*command, str(bad)], capture_output=True, text=True, check=False)
    assert (cut.returncode, cut.stdout.splitlines()[0]) == (1, f"BROKEN {bad}")
    none = subprocess.run([*command, str(tmp_path / "none.zip")], capture_output=True, text=True, check=False)
    assert none.returncode == 2
    assert "No such file" in none.stderr


def test_the_verifier_in_the_bundle_is_one_file_of_old_python_and_imports_the_standard_library_alone():
    tree = ast.parse(verifier_source(), feature_version=(3, 8))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in imports if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)
    calls = {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
    assert not calls & {"removeprefix", "removesuffix", "bit_count"}
    assert not [k for n in ast.walk(tree) if isinstance(n, ast.Call) for k in n.keywords if k.arg == "strict"]


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


@settings(max_examples=1500, deadline=None, database=None)
@given(st.data())
def test_every_mutation_is_found_and_both_verifiers_say_the_same(bundle, standalone, tmp_path_factory, data):
    original = bundle.read_bytes()
    changed = mutated(original, data.draw)
    path = tmp_path_factory.getbasetemp() / "mutated.zip"
    path.write_bytes(changed)
    package = sys.modules["audits.evidence.verifier"]
    here, there = outcome(package, str(path)), outcome(standalone, str(path))
    assert here == there
    assert here[0] == (changed == original)
    assert here[0] or here[1][0]


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


# --- bundles that are signed anew by a key of the attacker, or wrong from the start ---------------------------------


def forged(members: dict[str, bytes], key: SigningKey, **manifest: Any) -> bytes:
    """A well-formed, signed container with any content."""
    body, rows, files = io.BytesIO(), [], []
    for path, content in members.items():
        packed_body = io.BytesIO()
        packed, sha256, packed_sha256 = _deflate(path, io.BytesIO(content), packed_body)
        body.write(local_header(packed) + packed_body.getvalue())
        files.append(packed)
        row = {"path": path, "size": packed.size, "sha256": sha256, "packed": packed.packed}
        rows.append(row | {"packed_sha256": packed_sha256, "crc": packed.crc})
    listed = {"format": "clausetrail-bundle/1", "root": "", "files": rows, "left_out": {}} | manifest
    data = canonical(listed)
    fronts = {"manifest.json": data, "signature.json": canonical(key.envelope(MANIFEST_TYPE, data))}
    heads = [Packed(name, len(c), len(c), zlib.crc32(c), STORED) for name, c in fronts.items()]
    out = io.BytesIO()
    for head, content in zip(heads, fronts.values(), strict=True):
        out.write(local_header(head) + content)
    out.write(body.getvalue())
    begin, start = out.tell(), 0
    for packed in [*heads, *files]:
        out.write(directory_header(packed, start))
        start = file_end(packed, start)
    out.write(directory_end(len(heads) + len(files), out.tell() - begin, begin))
    return out.getvalue()


def members_of(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {n: archive.read(n) for n in archive.namelist() if n not in ("manifest.json", "signature.json")}


def verified(write: Any, data: bytes, key: str | None = None) -> Verification:
    return verify_bundle(write(data), key)


def test_a_forgery_of_everything_needs_another_key_and_is_found_by_its_fingerprint(evidence, bundle, write, tmp_path):
    other = make_evidence(tmp_path / "other")
    forgery = other.bundle(tmp_path / "forged.zip").read_bytes()
    assert verified(write, forgery).ok
    found = verified(write, forgery, evidence.key.fingerprint)
    assert not found.ok
    assert found.problems[0].startswith(f"signature.json: the key {other.key.fingerprint} signed it")


def test_a_foreign_seal_in_a_signed_bundle_is_found(evidence, bundle, write):
    members = members_of(bundle)
    root = evidence.seal.root
    stranger = SigningKey(Ed25519PrivateKey.generate())
    assert verified(write, forged(members, evidence.key, root=root)).ok
    assert "another key made it" in verified(write, forged(members, stranger, root=root)).problems[0]
    assert "names another root" in verified(write, forged(members, evidence.key, root="sha256:0")).problems[0]


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        (
            "chain.jsonl",
            lambda d: d.replace(b"audit.toml", b"audit.tomI"),
            "chain.jsonl line 1: its hash does not match",
        ),
        ("chain.jsonl", lambda d: b"\n".join(d.split(b"\n")[1:]), "chain.jsonl line 1: sequence number 1"),
        ("chain.jsonl", lambda d: d[: d.rfind(b"\n", 0, -1) + 1], "seal.json: it seals another log"),
        (
            "chain.jsonl",
            lambda d: d.replace(b'"kind"', b' "kind"', 1),
            "chain.jsonl line 1: it is not written in its one",
        ),
        ("records/execute/record.jsonl", lambda d: d.replace(b'"seq":1,', b'"seq":7,'), "line 2: sequence number 7"),
        ("seal.json", lambda d: b"{}", "seal.json payload: not base64"),
        ("seal.json", lambda d: b"[]", "seal.json: not a JSON object"),
    ],
)
def test_a_signed_bundle_whose_parts_do_not_fit_each_other_is_broken(evidence, bundle, write, name, change, problem):
    members = members_of(bundle)
    assert change(members[name]) != members[name]
    data = forged(members | {name: change(members[name])}, evidence.key, root=evidence.seal.root)
    assert any(problem in p for p in verified(write, data).problems)


def test_a_content_that_is_missing_or_misnamed_is_found_in_a_signed_bundle(evidence, bundle, write):
    members = members_of(bundle)
    blob = next(name for name in members if name.startswith("blobs/"))
    without = {name: content for name, content in members.items() if name != blob}
    found = verified(write, forged(without, evidence.key, root=evidence.seal.root))
    assert any(f"the bundle lacks {blob.rpartition('/')[2]}" in p for p in found.problems)
    swapped = verified(write, forged(members | {blob: b"other"}, evidence.key, root=evidence.seal.root))
    assert swapped.problems[0] == f"{blob}: its content has another hash than its name"


@pytest.mark.parametrize(
    "path", ["../up", "/etc/passwd", "a//b", "a/../b", ".hidden", "a\\b", "a\nb", "é", "", "a/", "x" * 301]
)
def test_a_path_that_leaves_the_bundle_is_refused_even_when_signed(evidence, write, path):
    row = {"path": path, "size": 0, "sha256": "0" * 64, "packed": 2, "packed_sha256": "0" * 64, "crc": 0}
    found = verified(write, forged({}, evidence.key, files=[row]))
    assert found.problems[0] == f"manifest.json: {path!r} is no path that may stand in a bundle"


def test_a_zip_bomb_is_refused_by_its_numbers_and_never_unpacked(evidence, write):
    row = {"path": "a", "size": 10**12, "sha256": "0" * 64, "packed": 100, "packed_sha256": "0" * 64, "crc": 0}
    assert "can't unpack to" in verified(write, forged({}, evidence.key, files=[row])).problems[0]
    lying = {"path": "a", "size": 10, "packed": 0, "packed_sha256": "", "sha256": "0" * 64, "crc": 0}
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = bomb.compress(bytes(50_000_000)) + bomb.flush()
    lying |= {"packed": len(packed), "packed_sha256": hashlib.sha256(packed).hexdigest()}
    data = forged({}, evidence.key, files=[lying])
    end = data.index(b"PK\x01\x02")
    header = local_header(Packed("a", 10, len(packed), 0, DEFLATED))
    found = verified(write, data[:end] + header + packed + data[end:])
    assert found.problems[0] == "a: it unpacks to more than 10 bytes"


@pytest.mark.parametrize(
    "manifest",
    [
        {"files": 7},
        {"files": [7]},
        {"files": [{"path": 3}]},
        {"left_out": []},
        {"format": "clausetrail-bundle/2"},
        {"files": [{"path": "a", "size": True, "packed": 1, "crc": 1, "sha256": "0" * 64, "packed_sha256": "0" * 64}]},
        {"files": [{"path": "a", "size": 2**70, "packed": 1, "crc": 1, "sha256": "0" * 64, "packed_sha256": "0" * 64}]},
    ],
)
def test_a_malformed_manifest_is_a_broken_link_not_a_crash(evidence, write, manifest):
    assert not verified(write, forged({}, evidence.key, **manifest)).ok


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=300), st.booleans())
def test_arbitrary_bytes_are_never_intact_and_never_a_crash(standalone, tmp_path_factory, data, headed):
    path = tmp_path_factory.getbasetemp() / "noise.zip"
    head = local_header(Packed("manifest.json", len(data), len(data), zlib.crc32(data), STORED))
    path.write_bytes(head + data if headed else data)
    assert outcome(sys.modules["audits.evidence.verifier"], str(path)) == outcome(standalone, str(path))
    assert not outcome(standalone, str(path))[0]


def test_manifests_and_signatures_of_absurd_json_are_broken_links(write):
    for text in (b"[" * 50_000, b'{"a": NaN}', b'{"a":' + b"9" * 5000 + b"}", b'{"a": "\\ud800"}', b"\xff", b"{}"):
        heads = [Packed(n, len(text), len(text), zlib.crc32(text), STORED) for n in ("manifest.json", "signature.json")]
        found = verify_bundle(write(b"".join(local_header(h) + text for h in heads)))
        assert found.problems[0].startswith("signature.json")


# --- writing -------------------------------------------------------------------------------------------------------


def test_evidence_that_lacks_a_content_is_not_bundled_unless_it_is_listed_as_left_out(tmp_path):
    evidence = make_evidence(tmp_path)
    lost = evidence.entries[-1].sha256
    (tmp_path / "store" / lost[:2] / f"{lost}.zst").unlink()
    with pytest.raises(IncompleteBundle, match=lost):
        evidence.bundle(tmp_path / "b.zip")
    assert not list(tmp_path.glob("*.zip"))
    path = evidence.bundle(tmp_path / "b.zip", left_out={lost: "erased on request"})
    found = verify_bundle(str(path))
    assert (found.ok, found.left_out) == (True, 1)


def test_a_seal_of_another_log_or_key_is_refused_when_writing(evidence, tmp_path):
    with pytest.raises(Broken, match="not one over this evidence log"):
        evidence.bundle(tmp_path / "b.zip", entries=evidence.entries[:-1])
    with pytest.raises(Broken, match="the seal was made with the key"):
        evidence.bundle(tmp_path / "b.zip", key=SigningKey(Ed25519PrivateKey.generate()))
    with pytest.raises(ValueError, match="no path that may stand in a bundle"):
        evidence.bundle(tmp_path / "b.zip", records={"../x": evidence.record})
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_bundled_beside_the_evidence(evidence, tmp_path):
    report = tmp_path / "r.pdf"
    report.write_bytes(b"%PDF-1.7")
    path = evidence.bundle(tmp_path / "b.zip", report=report)
    assert members_of(path)["report.pdf"] == b"%PDF-1.7"
    assert verify_bundle(str(path)).ok


def test_a_record_torn_by_a_kill_is_entered_and_bundled_as_it_is(tmp_path):
    evidence = make_evidence(tmp_path)
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(evidence.record.read_bytes() + b'{"at":"20')
    entries = list(evidence.entries)
    add(entries, evidence.store, "record", "setup/record.jsonl", torn.read_bytes())
    path = evidence.bundle(
        tmp_path / "b.zip",
        entries=entries,
        seal=seal(entries, evidence.key, WHAT, NOON),
        records={"execute/record.jsonl": evidence.record, "setup/record.jsonl": torn},
    )
    assert verify_bundle(str(path)).ok


def test_a_record_that_no_entry_of_the_log_names_is_found(evidence, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_bytes(evidence.record.read_bytes().splitlines(keepends=True)[0])
    path = evidence.bundle(tmp_path / "b.zip", records={"execute/record.jsonl": evidence.record, "o.jsonl": other})
    assert verify_bundle(str(path)).problems == ["records/o.jsonl: no line of chain.jsonl enters this record"]


def test_containers_beyond_4_gib_and_65535_files_have_the_fields_that_zip_readers_expect():
    big = Packed("a", 5 * 2**30, 5 * 2**30 + 9, 1, DEFLATED)
    assert local_header(big).endswith(struct.pack("<HHQQ", 1, 16, big.size, big.packed))
    far = directory_header(big, 2**33)
    assert far.endswith(struct.pack("<HHQQQ", 1, 24, big.size, big.packed, 2**33))
    end = directory_end(70_000, 100, 2**33)
    assert end.startswith(b"PK\x06\x06")
    assert end[56:60] == b"PK\x06\x07"
    many = io.BytesIO()
    files = [Packed(f"f{n}", 0, 0, 0, STORED) for n in range(66_000)]
    starts = []
    for file in files:
        starts.append(many.tell())
        many.write(local_header(file))
    begin = many.tell()
    for file, start in zip(files, starts, strict=True):
        many.write(directory_header(file, start))
    many.write(directory_end(len(files), many.tell() - begin, begin))
    with zipfile.ZipFile(many) as archive:
        assert len(archive.namelist()) == 66_000
        assert archive.read("f65999") == b""


# --- the command -------------------------------------------------------------------------------------------------------


def run_command(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_the_command_answers_0_intact_1_broken_2_unreadable(evidence, bundle, write, tmp_path):
    code, text, _ = run_command(str(bundle), "--key", evidence.key.fingerprint)
    assert (code, text.splitlines()[0]) == (0, f"INTACT {bundle}")
    broken = write(bundle.read_bytes() + b"x")
    code, text, _ = run_command(broken)
    trailing = f"  container: something follows its end at byte {bundle.stat().st_size}"
    assert (code, text.splitlines()[:2]) == (1, [f"BROKEN {broken}", trailing])
    code, _, problem = run_command(str(tmp_path))
    assert code == 2
    assert "can't be read" in problem
    (tmp_path / "notes.txt").write_text("hello")
    assert run_command(str(tmp_path / "notes.txt"))[0] == 2


def test_the_command_prints_one_json_document(bundle):
    code, text, _ = run_command(str(bundle), "--format", "json")
    found = json.loads(text)
    assert (code, found["intact"], found["problems"]) == (0, True, [])
    assert found["root"].startswith("sha256:")


def test_a_hostile_name_in_a_problem_cannot_drive_the_terminal(evidence, write):
    row = {"path": "\x1b]0;owned\x07", "size": 0, "sha256": "0" * 64, "packed": 2, "packed_sha256": "0" * 64, "crc": 0}
    _, text, _ = run_command(write(forged({}, evidence.key, files=[row])))
    assert "\x1b" not in text


def test_what_is_no_bundle_at_all_is_unreadable(tmp_path):
    empty = tmp_path / "empty.zip"
    empty.write_bytes(b"")
    with pytest.raises(Unreadable, match="not an evidence bundle"):
        verify_bundle(str(empty))


def test_the_signature_covers_the_manifest_as_dsse_defines(evidence, bundle):
    with zipfile.ZipFile(bundle) as archive:
        manifest, signature = archive.read("manifest.json"), json.loads(archive.read("signature.json"))
    text = b"DSSEv1 %d %s %d %s" % (len(MANIFEST_TYPE), MANIFEST_TYPE.encode(), len(manifest), manifest)
    evidence.key.private.public_key().verify(base64.b64decode(signature["signatures"][0]["sig"]), text)
