"""Signatures of reports: PAdES B-B, B-T and B-LT, offline, and nothing that was changed passes."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from audits.evidence.certificates import Identity, identity_from, identity_of_seal
from audits.evidence.keys import KeyProblem, load_or_make_key
from audits.evidence.stamps import StampProblem, post_query
from audits.reporting.paper.signing import Trust, check, sign
from audits.reporting.pdf import Paper, render_pdf
from tests.evidence.authority import Authority, authority
from tests.reporting import contexts
from tests.reporting.conformance import complaints
from tests.reporting.conftest import SHA
from tests.reporting.reading import page_texts


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    kind = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    with authority(tmp_path_factory.mktemp("tsa"), *kind) as made:
        yield made


@pytest.fixture
def stamp_roots(tsa: Authority) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(tsa.roots.read_bytes())


def test_the_signature_covers_the_file_and_leads_to_our_certificate(signed: bytes, own: Identity) -> None:
    found = check(signed, Trust([own.certificate]))
    assert found.good
    assert found.fingerprint == own.fingerprint
    assert found.stamped_at is None


def test_whoever_does_not_trust_our_certificate_is_told(signed: bytes) -> None:
    found = check(signed, Trust())
    assert found.holds
    assert not found.trusted


def test_a_time_stamp_and_what_its_validation_needs_are_put_in(
    final: Paper, own: Identity, tsa: Authority, stamp_roots: list[x509.Certificate]
) -> None:
    trust = Trust([own.certificate], stamp_roots)
    made = sign(final.pdf, own, trust=trust, reason="r", ask=partial(post_query, tsa.url), lasting=True)
    assert made.level == "B-LT"
    assert made.stamped_at is not None
    assert abs(made.stamped_at - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)
    assert b"/DSS" in made.pdf
    assert check(made.pdf, trust).good
    assert complaints(made.pdf) == []


def test_an_authority_that_refuses_is_told_apart(final: Paper, own: Identity, tsa: Authority) -> None:
    tsa.refuse = True
    with pytest.raises(StampProblem, match="gave no time stamp"):
        sign(final.pdf, own, trust=Trust(), reason="r", ask=partial(post_query, tsa.url))
    tsa.refuse = False


def _flip(at: float) -> Callable[[bytes], bytes]:
    def harm(pdf: bytes) -> bytes:
        place = int(len(pdf) * at)
        return pdf[:place] + bytes([pdf[place] ^ 0x10]) + pdf[place + 1 :]

    return harm


@pytest.mark.parametrize("at", [0.05, 0.3, 0.5, 0.7, 0.9])
def test_no_bit_can_be_flipped(signed: bytes, own: Identity, at: float) -> None:
    assert not check(_flip(at)(signed), Trust([own.certificate])).good


def test_nothing_can_be_added(signed: bytes, own: Identity) -> None:
    assert not check(signed + b"\n1 0 obj\n<<>>\nendobj\n", Trust([own.certificate])).good


def test_what_is_no_pdf_has_no_signature_that_holds(own: Identity) -> None:
    for content in (b"", b"%PDF-1.7\n%%EOF", b"<html>", bytes(range(256)) * 40):
        assert not check(content, Trust([own.certificate])).good


def test_the_signature_page_names_approvers_times_and_certificate(final: Paper, own: Identity) -> None:
    last = page_texts(final)[-1]
    for words in ("Signature", "Rosa Counsel", "Max Head", "Head of legal", own.subject, own.fingerprint, "Approval 2"):
        assert words in last
    assert "https://audits.example.org/verify/" in page_texts(final)[0].replace(" ", "")


def _certified(folder: Path, *, days: int = 30, password: bytes | None = b"secret") -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Acme Legal")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(now - dt.timedelta(days=60))
    certificate = made.not_valid_after(now + dt.timedelta(days=days)).sign(key, hashes.SHA256())
    path = folder / "acme.p12"
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"acme", key, certificate, None, locked))
    return path


def test_a_certificate_of_the_organisation_signs_too(final: Paper, tmp_path: Path) -> None:
    given = identity_from(_certified(tmp_path), b"secret")
    made = sign(final.pdf, given, trust=Trust([given.certificate]), reason="r")
    found = check(made.pdf, Trust([given.certificate]))
    assert found.good
    assert "Acme Legal" in found.subject


def test_a_certificate_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    path = _certified(tmp_path)
    with pytest.raises(KeyProblem, match="SIGNING_PASSWORD"):
        identity_from(path, b"wrong")
    with pytest.raises(KeyProblem, match="not in force"):
        identity_from(_certified(tmp_path, days=-1), b"secret")
    with pytest.raises(KeyProblem, match=r"can't be read"):
        identity_from(tmp_path / "none.p12", None)


def test_our_own_certificate_is_made_once_for_a_key(tmp_path: Path) -> None:
    key = load_or_make_key(tmp_path / "seal.pem")
    first, second = (identity_of_seal(key, tmp_path / "seal.crt", "here") for _ in range(2))
    assert first.fingerprint == second.fingerprint
    other = identity_of_seal(load_or_make_key(tmp_path / "other.pem"), tmp_path / "seal.crt", "here")
    assert other.fingerprint != first.fingerprint


def test_the_hash_of_the_context_stands_in_the_metadata(signed: bytes) -> None:
    assert f"urn:clausetrail:{'ab' * 32}".encode() in signed
    assert hashlib.sha256(signed).hexdigest() != "ab" * 32


def test_a_report_about_several_approved_runs_is_signed_and_names_each_approval(own: Identity) -> None:
    context = contexts.final(own.subject, own.fingerprint)
    one = context["signing"]["approvals"][0]
    context["signing"]["approvals"] = [one | {"run": f"Support triage, run {number}"} for number in range(1, 8)]
    made = sign(render_pdf(context, SHA).pdf, own, trust=Trust([own.certificate]), reason="Final report")
    assert check(made.pdf, Trust([own.certificate])).good
    page = page_texts(Paper(made.pdf, 0))[-1]
    assert all(f"Support triage, run {number}" in " ".join(page.split()) for number in range(1, 8))
    assert complaints(made.pdf) == []
