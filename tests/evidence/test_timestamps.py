"""Time stamps over seals: from a real authority (openssl), checked by the one-file verifier as far as a standard library can."""

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from audits.evidence import Broken, verify_bundle
from audits.evidence.seal import Seal
from audits.evidence.stamps import StampProblem, ask_for_stamp, stamped_bytes
from audits.evidence.timestamps import read_stamp
from audits.evidence.verifier import as_json, as_text
from tests.evidence.authority import Authority, authority
from tests.evidence.conftest import Evidence

KINDS = {
    "RSA": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "P-256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "P-384": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
}


@pytest.fixture(scope="module", params=KINDS, ids=str)
def tsa(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("tsa"), *KINDS[request.param]) as made:
        yield made


@pytest.fixture(scope="module")
def stamp(tsa: Authority, evidence: Evidence) -> bytes:
    return ask_for_stamp(evidence.seal, tsa.url, tsa.roots)[0]


def stamped(evidence: Evidence, response: bytes, authority: str = "tsa") -> Seal:
    row = {"authority": authority, "response": base64.b64encode(response).decode()}
    return replace(evidence.seal, definition={**evidence.seal.definition, "timestamps": [row]})


def test_a_stamped_bundle_tells_the_time_and_what_of_it_was_not_checked(evidence, tsa, stamp, tmp_path):
    bundle = evidence.bundle(tmp_path / "stamped.zip", seal=stamped(evidence, stamp, tsa.url))
    found = verify_bundle(str(bundle))
    assert found.ok, found.problems
    assert found.stamps[0].time.startswith("20")
    assert found.stamps[0].certificate.startswith("sha256:")
    answer = as_json("b", found)
    assert answer["timestamps"][0]["authority"] == tsa.url
    assert any("authority you trust" in line for line in answer["not_proved"])
    assert f"by {tsa.url}" in as_text("b", found)
    assert verify_bundle(str(bundle), tsa=found.stamps[0].certificate).ok
    assert "made it, not sha256:0" in verify_bundle(str(bundle), tsa="sha256:0").problems[0]


def test_openssl_accepts_what_is_kept(evidence, tsa, stamp, tmp_path):
    (tmp_path / "data").write_bytes(stamped_bytes(evidence.seal))
    (tmp_path / "answer").write_bytes(stamp)
    command = ["openssl", "ts", "-verify", "-data", tmp_path / "data", "-in", tmp_path / "answer", "-CAfile", tsa.roots]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_stamp_over_another_seal_is_found(evidence, tsa, stamp):
    with pytest.raises(Broken, match="over something else than this seal's signature"):
        read_stamp(stamp, b"another signature", "tsa")


def test_no_bit_of_what_a_stamp_says_can_be_flipped(evidence, tsa, stamp):
    """Bits of the certificate beside its key and name are the certificate's own matter: the pinned fingerprint covers them."""
    data = stamped_bytes(evidence.seal)
    good = read_stamp(stamp, data, "tsa")
    for position in range(0, len(stamp), 7):
        flipped = bytearray(stamp)
        flipped[position] ^= 1 << position % 8
        try:
            found = read_stamp(bytes(flipped), data, "tsa")
        except Broken:
            continue
        assert (found.time, found.serial) == (good.time, good.serial)
        if found.certificate == good.certificate:
            assert found == good


def test_a_bundle_without_a_stamp_says_that_its_time_is_not_proved(bundle):
    found = verify_bundle(str(bundle))
    assert (found.ok, found.stamps) == (True, ())
    assert any("when it was made" in line for line in as_json("b", found)["not_proved"])
    assert verify_bundle(str(bundle), tsa="sha256:1").problems == ["seal.json: it holds no time stamp"]


@pytest.fixture(scope="module")
def any_tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("any"), *KINDS["P-256"]) as made:
        yield made


def test_an_authority_that_fails_lies_or_leads_to_other_roots_gives_no_stamp(evidence, any_tsa, tmp_path):
    any_tsa.refuse = True
    with pytest.raises(StampProblem, match="gave no time stamp"):
        ask_for_stamp(evidence.seal, any_tsa.url)
    any_tsa.refuse = False
    good, _ = ask_for_stamp(evidence.seal, any_tsa.url)
    any_tsa.answer = good
    with pytest.raises(StampProblem, match="answered another request"):
        ask_for_stamp(evidence.seal, any_tsa.url)
    any_tsa.answer = b"<html>hello</html>"
    with pytest.raises(StampProblem, match="does not hold"):
        ask_for_stamp(evidence.seal, any_tsa.url)
    any_tsa.answer = b""
    other = tmp_path / "other"
    other.mkdir()
    with authority(other, *KINDS["P-256"]) as stranger, pytest.raises(StampProblem, match="does not hold"):
        ask_for_stamp(evidence.seal, any_tsa.url, stranger.roots)
    with pytest.raises(StampProblem, match="gave no time stamp"):
        ask_for_stamp(evidence.seal, "http://127.0.0.1:9/")


def test_noise_in_place_of_a_stamp_is_a_broken_link_not_a_crash(evidence, tmp_path):
    for noise in (
        b"",
        b"\x30",
        b"\x30\x80\x00\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x1f" * 40,
        json.dumps({}).encode(),
    ):
        with pytest.raises(Broken, match=r"time stamp of tsa"):
            read_stamp(noise, b"x", "tsa")
