"""Programs inside trust the recorder's authority, wherever they look for authorities."""

import contextlib
import datetime as dt
import hashlib
import shutil
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from audits.sandbox import layout
from audits.sandbox.network import Network
from tests.sandbox.conftest import Inside

HOST = "192.0.2.44"
ASK = """
import socket, ssl
with socket.create_connection(("192.0.2.44", 443), timeout=5) as plain:
    with ssl.create_default_context().wrap_socket(plain, server_hostname="recorded.test") as secure:
        print(secure.recv(20).decode())
"""


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate that is its own authority, with its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "recorder of this test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("recorded.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "authority.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def recorder(network: Network, authority: Path) -> Iterator[Network]:
    """Answers TLS with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, authority.with_suffix(".key"))

    def serve() -> None:
        while True:
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                plain, _ = network.tcp_socket.accept()
                with plain, context.wrap_socket(plain, server_side=True) as secure:
                    secure.sendall(b"trusted")

    def guarded() -> None:
        with contextlib.suppress(OSError):
            serve()

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    yield network
    network.tcp_socket.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_the_authority_is_trusted(inside: Inside, recorder: Network, authority: Path) -> None:
    assert inside(ASK, network=recorder, ca_bundle=authority).out == "trusted\n"


def test_it_is_trusted_even_when_the_program_drops_its_environment(
    inside: Inside, recorder: Network, authority: Path
) -> None:
    script = f"import os, sys; os.execve(sys.executable, [sys.executable, '-c', {ASK!r}], {{}})"
    assert inside(script, network=recorder, ca_bundle=authority).out == "trusted\n"


def test_another_authority_is_not_trusted(inside: Inside, recorder: Network) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in inside(ASK, network=recorder).err


def test_every_variable_names_the_bundle(inside: Inside, authority: Path) -> None:
    ran = inside(
        f"import os; print([n for n in {layout.CA_VARIABLES!r} if 'CERTIFICATE' not in open(os.environ[n]).read()])",
        ca_bundle=authority,
    )
    assert ran.out == "[]\n"


def test_the_systems_own_authorities_stay_trusted(inside: Inside, authority: Path) -> None:
    count = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    assert int(inside(count, ca_bundle=authority).out) == int(inside(count).out) + 1


@pytest.mark.parametrize("name", ["certifi/cacert.pem", "botocore/cacert.pem", "httplib2/cacerts.txt"])
def test_a_list_that_a_package_carries_is_replaced_for_the_run_only(
    inside: Inside, tree: Path, authority: Path, name: str
) -> None:
    carried = tree / ".audit-env/lib/python3.11/site-packages" / name
    carried.parent.mkdir(parents=True)
    carried.write_text("its own list")
    read = f"print(open({str(carried.relative_to(tree))!r}).read())"
    assert authority.read_text() in inside(read, ca_bundle=authority).out
    assert inside(read, ca_bundle=authority, replace_carried_bundles=False).out == "its own list\n"
    assert carried.read_text() == "its own list"


def test_a_list_that_is_a_link_is_left_alone(inside: Inside, tree: Path, authority: Path) -> None:
    (tree / "certifi").mkdir()
    (tree / "certifi" / "cacert.pem").symlink_to("/etc/passwd")
    assert inside("print(open('/etc/passwd').read()[:5])", ca_bundle=authority).out == "root:\n"


def test_openssl_finds_the_authority_by_its_hash(authority: Path, tmp_path: Path) -> None:
    if shutil.which("openssl", path=layout.SEARCH_PATH) is None:
        return  # then there is no folder of hashes to look in either
    layout.write_certificates(tmp_path / "certs", authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found = [each for each in (tmp_path / "certs").iterdir() if not each.is_symlink() and each.suffix == ".0"]
    assert [each.read_bytes() for each in found] == [authority.read_bytes()]
    context.load_verify_locations(capath=str(tmp_path / "certs"))


def test_java_trusts_it_beside_the_systems_authorities(authority: Path, tmp_path: Path) -> None:
    bundle = layout.write_certificates(tmp_path / "certs", authority)
    store = (tmp_path / "certs" / "java" / "cacerts").read_bytes()
    count = bundle.read_text().count("BEGIN CERTIFICATE")
    ours = ssl.PEM_cert_to_DER_cert(authority.read_text())
    assert struct.unpack_from(">III", store) == (0xFEEDFEED, 2, count)
    assert ours in store
    assert store[-20:] == hashlib.sha1("changeit".encode("utf-16-be") + b"Mighty Aphrodite" + store[:-20]).digest()


def test_java_is_shown_that_list_inside(inside: Inside, authority: Path) -> None:
    ours = ssl.PEM_cert_to_DER_cert(authority.read_text()).hex()
    read = f"print(bytes.fromhex({ours!r}) in open('/etc/ssl/certs/java/cacerts', 'rb').read())"
    assert inside(read, ca_bundle=authority).out == "True\n"
