"""Bundles that are signed anew by a key of the attacker, or wrong from the start."""

import hashlib
import zlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audits.evidence import SigningKey, Verification, verify_bundle
from audits.evidence.container import DEFLATED, STORED, Packed, local_header
from tests.evidence.conftest import make_evidence
from tests.evidence.forging import forged, members_of, run_command


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


def test_a_record_that_no_line_of_the_log_names_is_found_in_a_signed_bundle(evidence, bundle, write):
    members = members_of(bundle) | {"records/o.jsonl": evidence.record.read_bytes().splitlines(keepends=True)[0]}
    found = verified(write, forged(members, evidence.key, root=evidence.seal.root))
    assert found.problems == ["records/o.jsonl: no line of chain.jsonl enters this record"]


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
    row = {"path": "blobs/a", "size": 10**12, "sha256": "0" * 64, "packed": 100, "packed_sha256": "0" * 64, "crc": 0}
    assert "can't unpack to" in verified(write, forged({}, evidence.key, files=[row])).problems[0]
    lying = {"path": "blobs/a", "size": 10, "packed": 0, "packed_sha256": "", "sha256": "0" * 64, "crc": 0}
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = bomb.compress(bytes(50_000_000)) + bomb.flush()
    lying |= {"packed": len(packed), "packed_sha256": hashlib.sha256(packed).hexdigest()}
    data = forged({}, evidence.key, files=[lying])
    end = data.index(b"PK\x01\x02")
    header = local_header(Packed("blobs/a", 10, len(packed), 0, DEFLATED))
    found = verified(write, data[:end] + header + packed + data[end:])
    assert found.problems[0] == "blobs/a: it unpacks to more than 10 bytes"


@pytest.mark.parametrize(
    "manifest",
    [
        {"files": 7},
        {"files": [7]},
        {"files": [{"path": 3}]},
        {"left_out": []},
        {"format": "clausetrail-bundle/2"},
        {
            "files": [
                {"path": "blobs/a", "size": True, "packed": 1, "crc": 1, "sha256": "0" * 64, "packed_sha256": "0" * 64}
            ]
        },
        {
            "files": [
                {"path": "blobs/a", "size": 2**70, "packed": 1, "crc": 1, "sha256": "0" * 64, "packed_sha256": "0" * 64}
            ]
        },
    ],
)
def test_a_malformed_manifest_is_a_broken_link_not_a_crash(evidence, write, manifest):
    assert not verified(write, forged({}, evidence.key, **manifest)).ok


def test_manifests_and_signatures_of_absurd_json_are_broken_links(write):
    for text in (b"[" * 50_000, b'{"a": NaN}', b'{"a":' + b"9" * 5000 + b"}", b'{"a": "\\ud800"}', b"\xff", b"{}"):
        heads = [Packed(n, len(text), len(text), zlib.crc32(text), STORED) for n in ("manifest.json", "signature.json")]
        found = verify_bundle(write(b"".join(local_header(h) + text for h in heads)))
        assert found.problems[0].startswith("signature.json")


def test_a_hostile_name_in_a_problem_cannot_drive_the_terminal(evidence, write):
    row = {"path": "\x1b]0;owned\x07", "size": 0, "sha256": "0" * 64, "packed": 2, "packed_sha256": "0" * 64, "crc": 0}
    _, text, _ = run_command(write(forged({}, evidence.key, files=[row])))
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "name", ["RUN.json", "Chain.jsonl", "findings.html", "Records/execute/record.jsonl", "run.json.txt"]
)
def test_a_file_that_the_format_does_not_know_is_refused_even_when_signed(evidence, bundle, write, name):
    """On a file system that knows no case, RUN.json unpacks over run.json."""
    found = verified(write, forged(members_of(bundle) | {name: b"{}"}, evidence.key, root=evidence.seal.root))
    assert found.problems == [f"manifest.json: {name!r} is no file that a bundle has"]


def test_a_content_that_nothing_names_is_found_in_a_signed_bundle(evidence, bundle, write):
    path = f"blobs/{hashlib.sha256(b'slipped in').hexdigest()[:2]}/{hashlib.sha256(b'slipped in').hexdigest()}"
    data = forged(members_of(bundle) | {path: b"slipped in"}, evidence.key, root=evidence.seal.root)
    assert verified(write, data).problems == [f"{path}: neither chain.jsonl nor a record names this content"]


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (b'{"run": 13}', "run.json: it tells of the run 13, and seal.json of the run '12'"),
        (
            b'{"run": 12, "evidence": {"root": "sha256:0"}}',
            "run.json: it names the root 'sha256:0', and chain.jsonl has ",
        ),
        (b'{"outcome": "permitted"}', "run.json: it tells of the run None"),
        (None, "run.json: the bundle does not hold it"),
    ],
)
def test_facts_of_another_run_are_found_beside_this_runs_log(evidence, bundle, write, run, problem):
    members = {name: content for name, content in members_of(bundle).items() if name != "run.json"}
    data = forged(members | ({} if run is None else {"run.json": run}), evidence.key, root=evidence.seal.root)
    assert verified(write, data).problems[0].startswith(problem)
