import dataclasses
import hashlib
import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.evidence import (
    Broken,
    Entry,
    KeyProblem,
    inclusion_proof,
    is_included,
    link,
    load_or_make_key,
    root_of,
    seal,
)
from audits.evidence.chain import check, from_dict, log_text, read_log
from audits.evidence.ed25519 import signature_holds
from audits.evidence.links import merkle_root
from tests.evidence.conftest import NOON, WHAT


def log_of(size: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(size):
        last = entries[-1] if entries else None
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        entries.append(link(last, kind="content", at=NOON, ref=f"ö {number}", sha256=sha256, size=number))
    return entries


def test_the_log_is_read_back_as_it_was_written_and_its_entries_hold_their_kept_lines():
    entries = log_of(5)
    assert read_log(log_text(entries)) == entries
    assert [from_dict(json.loads(json.dumps(e.as_dict()))) for e in entries] == entries
    check(entries)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda log: [*log[:2], dataclasses.replace(log[2], ref="x"), *log[3:]], "line 3: its hash does not match"),
        (lambda log: log[1:], "line 1: sequence number 1 stands where 0 is due"),
        (lambda log: [log[1], log[0], *log[2:]], "line 1: sequence number 1"),
        (lambda log: [log[0], dataclasses.replace(log[2], seq=1)], "line 2: it is not chained"),
    ],
)
def test_a_changed_dropped_or_moved_entry_is_named(change, message):
    with pytest.raises(Broken, match=message):
        check(change(log_of(5)))


def test_the_roots_are_those_of_rfc_6962():
    # The tree of 0, 1, 2, 3 and 7 leaves, computed by the definition in section 2.1 of the RFC.
    def by_definition(leaves: list[bytes]) -> bytes:
        if len(leaves) < 2:
            return hashlib.sha256(b"\x00" + leaves[0]).digest() if leaves else hashlib.sha256(b"").digest()
        split = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()

    for size in (0, 1, 2, 3, 7, 8, 13, 100):
        leaves = [bytes([i]) for i in range(size)]
        assert merkle_root(leaves) == "sha256:" + by_definition(leaves).hex()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_every_entry_is_proven_to_be_among_those_sealed_and_no_other(size):
    entries = log_of(size)
    root = root_of(entries)
    stranger = dataclasses.replace(entries[0], ref="stranger")
    for entry in entries:
        proof = inclusion_proof(entries, entry.seq)
        assert is_included(entry, proof, size, root)
        assert not is_included(dataclasses.replace(stranger, seq=entry.seq), proof, size, root)
        assert not is_included(entry, [*proof, "0" * 64], size, root)
        assert not is_included(entry, proof[:-1], size + 1, root)


def test_a_seal_names_root_run_and_key_and_holds(evidence):
    found = evidence.seal
    predicate = found.statement["predicate"]
    assert found.holds()
    assert found.root == root_of(evidence.entries)
    assert found.statement["_type"] == "https://in-toto.io/Statement/v1"
    assert (predicate["run"], predicate["entries"], predicate["head"]) == ("12", 3, evidence.entries[-1].hash)
    assert predicate["outputs"] == {"out/train.jsonl": "c" * 64}
    assert found.key_fingerprint == evidence.key.fingerprint


def test_a_seal_does_not_hold_for_another_root_and_nothing_broken_gets_one(evidence):
    assert not dataclasses.replace(evidence.seal, root="sha256:" + "0" * 64).holds()
    with pytest.raises(Broken, match="line 1"):
        seal(evidence.entries[1:], evidence.key, WHAT, NOON)
    with pytest.raises(Broken, match="empty"):
        seal([], evidence.key, WHAT, NOON)


def test_the_key_is_made_once_for_its_owner_alone_however_many_ask_at_once(tmp_path):
    path = tmp_path / "keys" / "seal.pem"
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: load_or_make_key(path).fingerprint, range(8)))
    assert len(names) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["seal.pem"]


def test_a_key_that_others_can_read_or_that_is_none_is_refused(tmp_path):
    path = tmp_path / "seal.pem"
    load_or_make_key(path)
    path.chmod(0o644)
    with pytest.raises(KeyProblem, match="chmod 600"):
        load_or_make_key(path)
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(KeyProblem, match="no readable PEM key"):
        load_or_make_key(path)


def accepted_by_cryptography(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 767), st.sampled_from([0, 1, 2, 3]))
def test_the_plain_python_signature_check_agrees_with_the_library(seed, message, bit, what):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    parts = [private.public_key().public_bytes_raw(), message, private.sign(message)]
    if what < 3 and parts[what]:
        changed = bytearray(parts[what])
        changed[bit // 8 % len(changed)] ^= 1 << bit % 8
        parts[what] = bytes(changed)
    assert signature_holds(*parts) == accepted_by_cryptography(*parts)


def test_the_first_test_vectors_of_rfc_8032_hold():
    vectors = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ]
    for key, message, signature in vectors:
        assert signature_holds(bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature))


def test_a_scalar_beyond_the_order_and_a_key_of_small_order_are_refused():
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = private.sign(b"x")
    order = 2**252 + 27742317777372353535851937790883648493
    malleable = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not signature_holds(private.public_key().public_bytes_raw(), b"x", malleable)
    identity = (1).to_bytes(32, "little")
    assert not signature_holds(identity, b"anything", identity + bytes(32))
