"""A SAML 2.0 identity provider: answers to requests with an assertion that it signs (XML Signature, RSA-SHA256)."""

import base64
import datetime as dt
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Words
from onelogin.saml2.utils import OneLogin_Saml2_Utils

ENTITY = "https://id.acme.example/saml"
MAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
GIVEN = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"
FAMILY = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"


@dataclass
class Pair:
    """A key with a certificate that it signed itself; both as PEM."""

    key: str = ""
    certificate: str = ""

    def __post_init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "id.acme.example")])
        now = dt.datetime.now(dt.UTC)
        made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=30))
        self.certificate = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        self.key = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode()


@dataclass
class Asked:
    """What our side asked: the request's id, and where the answer goes."""

    id: str
    answer_to: str
    issuer: str


def read_request(location: str) -> Asked:
    """A request by redirect: deflated and encoded in the address (SAML bindings, 3.4)."""
    told = parse_qs(urlsplit(location).query)["SAMLRequest"][0]
    root = ElementTree.fromstring(zlib.decompress(base64.b64decode(told), -15))  # our own side wrote it
    issuer = root.find("{urn:oasis:names:tc:SAML:2.0:assertion}Issuer")
    assert issuer is not None
    return Asked(root.attrib["ID"], root.attrib["AssertionConsumerServiceURL"], str(issuer.text))


@dataclass
class Provider:
    """Who it says one is. `late`: by how much its times lie back; `audience` and `destination`: "" for the right ones."""

    person: dict[str, str]
    pair: Pair = field(default_factory=Pair)
    subject: str = "ines-4711"
    late: dt.timedelta = dt.timedelta()
    audience: str = ""
    destination: str = ""
    signs: bool = True
    signature: str = Words.RSA_SHA256
    digest: str = Words.SHA256

    def answer(self, asked: Asked) -> str:
        """The response, encoded for the form that brings it (SAML bindings, 3.5)."""
        assertion = self._assertion(asked)
        if self.signs:
            signed = OneLogin_Saml2_Utils.add_sign(
                assertion,
                self.pair.key,
                self.pair.certificate,
                sign_algorithm=self.signature,
                digest_algorithm=self.digest,
            )
            assertion = signed.decode() if isinstance(signed, bytes) else signed
        return base64.b64encode(self._response(asked, assertion).encode()).decode()

    def _at(self, minutes: float) -> str:
        return (dt.datetime.now(dt.UTC) - self.late + dt.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _assertion(self, asked: Asked) -> str:
        told = "".join(
            f'<saml:Attribute Name="{name}"><saml:AttributeValue>{escape(value)}</saml:AttributeValue></saml:Attribute>'
            for name, value in self.person.items()
        )
        return (
            f'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="a{uuid4().hex}" Version="2.0" '
            f'IssueInstant="{self._at(0)}"><saml:Issuer>{ENTITY}</saml:Issuer><saml:Subject>'
            f'<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{self.subject}</saml:NameID>'
            '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData '
            f'NotOnOrAfter="{self._at(5)}" Recipient="{self.destination or asked.answer_to}" InResponseTo="{asked.id}"/>'
            f'</saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{self._at(-5)}" '
            f'NotOnOrAfter="{self._at(5)}"><saml:AudienceRestriction><saml:Audience>{self.audience or asked.issuer}'
            f'</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{self._at(0)}">'
            "<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>"
            f"{told}</saml:AttributeStatement></saml:Assertion>"
        )

    def _response(self, asked: Asked, assertion: str) -> str:
        return (
            '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
            f'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="r{uuid4().hex}" Version="2.0" '
            f'IssueInstant="{self._at(0)}" Destination="{self.destination or asked.answer_to}" InResponseTo="{asked.id}">'
            f"<saml:Issuer>{ENTITY}</saml:Issuer><samlp:Status>"
            '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
            f"{assertion}</samlp:Response>"
        )


def environment(provider: Provider, **more: Any) -> dict[str, str]:
    """What an installation is told of this provider."""
    return {
        "SAML_SSO_URL": "https://id.acme.example/sso", "SAML_ENTITY_ID": ENTITY,
        "SAML_CERTIFICATE": provider.pair.certificate, "SAML_NAME": "Acme", **more,
    }  # fmt: skip
