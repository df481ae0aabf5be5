import ast
import base64
import io
import json
import struct
import subprocess
import sys
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audits.evidence import Broken, IncompleteBundle, SigningKey, Unreadable, seal, verify_bundle
from audits.evidence.container import DEFLATED, STORED, Packed, directory_end, directory_header, local_header
from audits.evidence.standalone import verifier_source
from audits.evidence.verifier import MANIFEST_TYPE
from tests.evidence.conftest import NOON, WHAT, add, make_evidence
from tests.evidence.forging import members_of, run_command


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


def test_a_record_that_no_entry_of_the_log_names_is_not_bundled(evidence, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_bytes(evidence.record.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(Broken, match=r"records/o.jsonl: no entry of the evidence log names this record"):
        evidence.bundle(tmp_path / "b.zip", records={"execute/record.jsonl": evidence.record, "o.jsonl": other})


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
