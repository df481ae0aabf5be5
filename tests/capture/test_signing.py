"""Requests signed with a placeholder leave with the signature of the real key."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from audits.capture.config import Secret, is_named
from audits.capture.sigv4 import KEY_ID, SECRET_KEY, Signer, canonical_request
from tests.capture.conftest import HOST, StartRig, of_kind, read_answer, request
from tests.capture.far_end import FarEnd

ID, KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # of the published example
PLACE_ID, PLACE_KEY = "AKIAPLACE2345ABCDEFG", "placeholder" + "0" * 29
PAIR = (Secret(KEY_ID, PLACE_ID, ID, ("*.amazonaws.com",)), Secret(SECRET_KEY, PLACE_KEY, KEY, ("*.amazonaws.com",)))


def head(identifier: str, signature: str, target: str = "/?Action=ListUsers&Version=2010-05-08") -> bytes:
    lines = [
        f"GET {target} HTTP/1.1",
        "Host: iam.amazonaws.com",
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
        "X-Amz-Date: 20150830T123600Z",
        f"Authorization: AWS4-HMAC-SHA256 Credential={identifier}/20150830/us-east-1/iam/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date, Signature={signature}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def test_the_published_example_gets_its_published_signature() -> None:
    signer = Signer(PAIR)
    assert signer.signs(head(PLACE_ID, "0" * 64), "iam.amazonaws.com")
    signed = signer.sign(head(ID, "0" * 64), b"")
    assert signed == head(ID, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")


def test_a_path_is_encoded_once_more_and_a_query_is_sorted() -> None:
    raw = head(ID, "0" * 64, "/model/anthropic.claude-v1%3A0/invoke?b=2&a=x%20y")
    request_text = canonical_request(raw, ["host"], b"body").split("\n")
    assert request_text[1:3] == ["/model/anthropic.claude-v1%253A0/invoke", "a=x%20y&b=2"]
    assert request_text[-1] == hashlib.sha256(b"body").hexdigest()


def test_nothing_is_signed_for_another_host_or_another_key() -> None:
    signer = Signer(PAIR)
    assert not signer.signs(head(PLACE_ID, "0" * 64), "amazonaws.com.evil.example")
    assert not signer.signs(head("AKIASOMEBODYELSES000", "0" * 64), "iam.amazonaws.com")
    assert not Signer(PAIR[:1])


@pytest.mark.parametrize(
    ("pattern", "host", "meant"),
    [
        ("bedrock-runtime.*.amazonaws.com", "bedrock-runtime.us-east-1.amazonaws.com", True),
        ("bedrock-runtime.*.amazonaws.com", "bedrock-runtime.evil.s3.amazonaws.com", False),
        ("*-aiplatform.googleapis.com", "us-central1-aiplatform.googleapis.com", True),
        ("*.openai.azure.com", "mine.eu.openai.azure.com", True),
        ("*.openai.azure.com", "openai.azure.com", False),
        ("api.openai.com", "API.openai.com.", True),
        ("api.openai.com", "api.openai.com.evil.example", False),
    ],
)
def test_a_star_reaches_over_no_dot_into_somebody_elses_name(pattern: str, host: str, meant: bool) -> None:
    assert is_named([pattern], host) is meant


def test_the_far_end_gets_a_request_that_the_real_key_signed(start_rig: StartRig, far_end: FarEnd) -> None:
    secrets = tuple(Secret(one.name, one.placeholder, one.value, (HOST,)) for one in PAIR)
    rig = start_rig(secrets=secrets, mask_salt="salt")
    scope = "20261122/us-east-1/bedrock/aws4_request"
    extra = (
        f"X-Amz-Date: 20261122T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential={PLACE_ID}/{scope}, "
        f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}\r\n"
    )
    with rig.connect() as connection:
        connection.sendall(request("POST", "/echo", b'{"a": 1}', extra=extra))
        assert read_answer(connection)[0] == 200
    [seen] = far_end.seen
    lines = ["POST", "/echo", "", f"host:{HOST}", "x-amz-date:20261122T000000Z", "", "host;x-amz-date"]
    text = "\n".join([*lines, hashlib.sha256(seen.body).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", "20261122T000000Z", scope, hashlib.sha256(text.encode()).hexdigest()])
    key = b"AWS4" + KEY.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    assert seen.headers["authorization"].endswith(f"Signature={expected}")
    assert f"Credential={ID}/" in seen.headers["authorization"]
    [line] = of_kind(rig.stop(), "exchange")
    assert line["secrets_used"] == [KEY_ID]
    assert ID not in str(line)
