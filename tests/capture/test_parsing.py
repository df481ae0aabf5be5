"""The recorder's own reading of bytes, held against other people's: h11, OpenSSL, hpack."""

from __future__ import annotations

import gzip
import ipaddress
import ssl
import struct
from pathlib import Path

import h11
import pytest
from cryptography import x509
from hpack import Decoder
from hypothesis import given
from hypothesis import strategies as st

from audits.capture import dns, http1, http2
from audits.capture.addresses import SyntheticAddresses, is_synthetic
from audits.capture.authority import Authority, create_authority
from audits.capture.bodies import UndecodableBody, decode_body
from audits.capture.config import ConfigError, RecorderConfig, Secret
from audits.capture.hello import MalformedHello, classify, parse_client_hello
from audits.capture.masking import Masker, Substitution
from audits.capture.upstream import is_public

NAMES = st.sampled_from(
    ["Host", "X-A", "content-length", "Transfer-Encoding", "Connection", "Expect", "bad name", "X_b"]
)
VALUES = st.sampled_from(
    ["a.example", "5", "5 ", "+5", "1_0", "05", "chunked", "gzip, chunked", "close", "", "a\x00b", "x\ry", "é"]
)
HEADS = st.lists(st.tuples(NAMES, st.sampled_from([":", ": ", " :", ""]), VALUES), max_size=6)


@given(HEADS)
def test_no_head_is_taken_that_h11_refuses_and_framing_agrees(lines: list[tuple[str, str, str]]) -> None:
    block = "".join(f"{name}{colon}{value}\r\n" for name, colon, value in lines)
    raw = f"POST /x HTTP/1.1\r\nHost: one.example\r\n{block}\r\n".encode("latin-1")
    oracle = h11.Connection(h11.SERVER)
    oracle.receive_data(raw)
    try:
        head = http1.parse_request_head(raw)
    except http1.Malformed:
        return
    event = oracle.next_event()
    assert isinstance(event, h11.Request)
    fields = dict(event.headers)
    assert head.chunked == (b"transfer-encoding" in fields)
    assert head.length == (int(fields[b"content-length"]) if b"content-length" in fields else None)
    assert http1.split_fields(raw.partition(b"\r\n")[2]) == list(event.headers.raw_items())


@pytest.mark.parametrize(
    "block",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Content-Length: 0x5\r\n",
        b"X: a\r\n folded\r\n",
        b"X : a\r\n",
        b"X: a\nContent-Length: 5\r\n",
        b"Host: other.example\r\n",
    ],
)
def test_an_ambiguous_head_is_refused(block: bytes) -> None:
    with pytest.raises(http1.Malformed):
        http1.parse_request_head(b"POST / HTTP/1.1\r\nHost: one.example\r\n" + block + b"\r\n")


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(min_value=1, max_value=9))
def test_chunks_are_read_alike_however_they_are_cut(parts: list[bytes], size: int) -> None:
    wire = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\nX-T: 1\r\n\r\n"
    body = http1.Body(None, True)
    payload, used = b"", 0
    for at in range(0, len(wire), size):
        taken, piece = body.feed(wire[at : at + size])
        payload, used = payload + piece, used + taken
    assert (payload, used, body.done) == (b"".join(parts), len(wire), True)
    assert body.trailers == [(b"X-T", b"1")]
    whole = http1.Body(None, True)
    assert whole.feed(wire + b"NEXT") == (len(wire), b"".join(parts))


@pytest.mark.parametrize("wire", [b"5\nhello", b"zz\r\n", b"5\r\nhelloX\r\n", b"-1\r\n", b"0\r\nbad trailer\r\n\r\n"])
def test_broken_chunks_are_refused(wire: bytes) -> None:
    with pytest.raises(http1.Malformed):
        http1.Body(None, True).feed(wire)


def _hello(name: str, protocols: list[str]) -> bytes:
    context = ssl.create_default_context()
    if protocols:
        context.set_alpn_protocols(protocols)
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_a_hello_tells_its_name_and_protocols_at_its_last_byte_and_no_earlier() -> None:
    wire = _hello("API.teacher.example", ["h2", "http/1.1"])
    assert classify(wire) == "tls"
    for end in range(len(wire)):
        assert parse_client_hello(wire[:end]) is None
    hello = parse_client_hello(wire)
    assert hello is not None
    assert (hello.server_name, hello.protocols) == ("api.teacher.example", ("h2", "http/1.1"))


def test_a_hello_spread_over_records_is_read() -> None:
    wire = _hello("api.teacher.example", [])
    records = b"".join(
        b"\x16\x03\x01" + struct.pack("!H", len(wire[at : at + 50])) + wire[at : at + 50]
        for at in range(5, len(wire), 50)
    )
    hello = parse_client_hello(records)
    assert hello is not None
    assert hello.server_name == "api.teacher.example"


@given(st.binary(max_size=300))
def test_no_bytes_upset_the_reading_of_a_hello(data: bytes) -> None:
    for wire in (data, b"\x16\x03\x01" + struct.pack("!H", max(1, len(data))) + b"\x01\x00\x00" + data):
        try:
            parse_client_hello(wire)
        except MalformedHello:
            continue


@given(st.binary(max_size=100))
def test_no_datagram_upsets_the_resolver(data: bytes) -> None:
    try:
        question = dns.parse_query(data)
    except dns.MalformedQuery:
        return
    assert dns.answer(question, ())[:2] == data[:2]


def test_each_name_keeps_its_address() -> None:
    addresses = SyntheticAddresses()
    first, second = addresses.for_name("a.example"), addresses.for_name("b.example")
    assert addresses.for_name("A.example.") == first
    assert first is not None
    assert second is not None
    assert first != second
    assert addresses.name_of(str(second[1])) == "b.example"
    assert all(is_synthetic(str(address)) for address in first)


FIELD = st.tuples(st.binary(min_size=1, max_size=300).map(bytes.lower), st.binary(max_size=20_000))


@given(st.lists(FIELD, min_size=1, max_size=8), st.booleans())
def test_written_header_blocks_are_read_by_hpack(fields: list[tuple[bytes, bytes]], end: bool) -> None:
    frames, used = http2.take_frames(wire := http2.header_frames(7, fields, end_stream=end))
    assert used == len(wire)
    block = b"".join(item.content() for item in frames)
    decoder = Decoder(max_header_list_size=1 << 24)
    assert [(bytes(name), bytes(value)) for name, value in decoder.decode(block, raw=True)] == fields
    assert frames[0].ends_stream is end
    assert all(len(item.payload) <= http2.SAFE_FRAME for item in frames)


SECRET = Secret("K", "placeholder-k", "value-of-the-secret", ("api.example", "*.trusted.example"))


@given(st.lists(st.binary(max_size=30), max_size=6), st.integers(min_value=1, max_value=40))
def test_a_value_is_masked_wherever_the_pieces_are_cut(around: list[bytes], size: int) -> None:
    masker = Masker((SECRET,), "salt")
    wire = SECRET.value.encode().join(around) + SECRET.value.encode()
    feed = masker.stream()
    out = b"".join(feed(wire[at : at + size], False) for at in range(0, len(wire), size)) + feed(b"", True)
    assert SECRET.value.encode() not in out
    assert out == masker.data(wire)


def test_a_key_has_one_fingerprint_however_it_is_sent() -> None:
    masker = Masker((), "salt")
    fields = [(b"Authorization", b"Bearer abc"), (b"X-Api-Key", b"abc"), (b"Cookie", b"abcd"), (b"Accept", b"abc")]
    marks = dict(masker.fields(fields, "api.example"))
    assert marks["Authorization"] == marks["X-Api-Key"] != marks["Cookie"]
    assert masker.target(b"/v1?key=abc&q=abc", "api.example") == f"/v1?key={marks['X-Api-Key']}&q=abc"
    assert marks["Accept"] == "abc"


def test_values_go_to_their_hosts_alone_and_never_into_paths_or_names() -> None:
    substitution = Substitution((SECRET,))
    head = b"GET /placeholder-k?key=placeholder-k HTTP/1.1\r\nX-placeholder-k: a placeholder-k b\r\n\r\n"
    assert substitution.fill_head(head, "evil.example") is head
    assert substitution.withheld(head, "evil.example") == ["K"]
    assert substitution.fill_head(head, "deep.trusted.example") == (
        b"GET /placeholder-k?key=value-of-the-secret HTTP/1.1\r\nX-placeholder-k: a value-of-the-secret b\r\n\r\n"
    )


INSIDE = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fe80::1%eth0"]
WRAPPED = ["::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]


@pytest.mark.parametrize("address", INSIDE + WRAPPED)
def test_addresses_that_lead_back_inside_are_not_public(address: str) -> None:
    assert not is_public(address)
    assert is_public("1.1.1.1")


def test_a_leaf_for_an_address_names_it_as_one(tmp_path: Path) -> None:
    create_authority(tmp_path / "ca.pem", tmp_path / "ca.key")
    assert (tmp_path / "ca.key").stat().st_mode & 0o777 == 0o600
    leaf = Authority(tmp_path / "ca.pem", tmp_path / "ca.key").leaf("2001:db8::1")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == [ipaddress.ip_address("2001:db8::1")]


def test_a_configuration_survives_its_journey() -> None:
    here = Path("x")
    config = RecorderConfig("r", "setup", here, here, here, here, policies={"a": "splice"}, secrets=(SECRET,))
    again = RecorderConfig.from_json(config.to_json())
    assert again == config
    assert SECRET.value not in repr(again)
    assert (again.policy_for("a"), again.policy_for("b")) == ("splice", "refuse")
    with pytest.raises(ConfigError, match="'extra' is not known"):
        RecorderConfig.from_json(config.to_json().replace('"run_id"', '"extra": 1, "run_id"'))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_bodies_are_read_under_every_encoding_and_bombs_end(encoding: str) -> None:
    with pytest.raises(UndecodableBody):
        decode_body(b"\xff\x00 certainly not compressed", encoding)
    bomb = gzip.compress(b"\0" * 10_000_000)
    with pytest.raises(UndecodableBody, match="more than 1000 bytes"):
        decode_body(bomb, "gzip", most=1000)
