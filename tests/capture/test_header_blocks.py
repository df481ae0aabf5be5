"""Header blocks as RFC 7541 has them: what this decoder reads is what the hpack library reads, or neither reads it."""

import json

import pytest
from hpack import Decoder, Encoder, NeverIndexedHeaderTuple
from hpack.exceptions import HPACKError
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.capture.header_blocks import BlockDecoder, Undecodable, literal_block, pack_headers, unpack_headers

LIST, TABLE = 64 * 1024, 8192
NAMES = [b":path", b":authority", b"authorization", b"content-length", b"x-of-our-own", b"x-stainless-lang", b""]
TEXTS = st.one_of(st.sampled_from([b"", b"gzip", b"1234", b"/v1/chat/completions"]), st.binary(max_size=60))
FIELDS = st.lists(
    st.tuples(st.one_of(st.sampled_from(NAMES), st.binary(max_size=20)), TEXTS, st.booleans()), max_size=12
)


def theirs() -> Decoder:
    decoder = Decoder(max_header_list_size=LIST)
    decoder.max_allowed_table_size = TABLE
    return decoder


@settings(max_examples=120)
@given(st.lists(st.tuples(FIELDS, st.booleans(), st.sampled_from([None, 0, 60, 200, 4096, 8192])), max_size=8))
def test_what_an_encoder_writes_is_read_as_by_the_library_block_after_block(blocks) -> None:
    encoder, ours, library = Encoder(), BlockDecoder(largest_list=LIST, largest_table=TABLE), theirs()
    for fields, squeezed, size in blocks:
        if size is not None:
            encoder.header_table_size = size
        written = [NeverIndexedHeaderTuple(name, value) if secret else (name, value) for name, value, secret in fields]
        for _ in range(2):  # the second time most of it is known
            block = encoder.encode(written, huffman=squeezed)
            assert ours.decode(block) == [tuple(field) for field in library.decode(block, raw=True)]


@settings(max_examples=500)
@given(
    st.lists(st.one_of(st.binary(max_size=40), st.binary(max_size=6).map(lambda rest: b"\x40\x01a" + rest)), max_size=6)
)
def test_bytes_of_any_kind_are_read_as_by_the_library_or_by_neither(blocks: list[bytes]) -> None:
    ours, library = BlockDecoder(largest_list=LIST, largest_table=TABLE), theirs()
    for block in blocks:
        try:
            expected = [tuple(field) for field in library.decode(block, raw=True)]
        except (HPACKError, IndexError):
            with pytest.raises(Undecodable):
                ours.decode(block)
            return  # the connection is lost
        assert ours.decode(block) == expected


def test_a_block_seen_before_is_read_anew_when_the_table_changed() -> None:
    decoder = BlockDecoder(largest_list=LIST, largest_table=TABLE)
    assert decoder.decode(b"\x40\x01a\x01b") == [(b"a", b"b")]
    assert decoder.decode(b"\xbe") == [(b"a", b"b")]  # 62: the newest entry
    assert decoder.decode(b"\xbe") == [(b"a", b"b")]
    assert decoder.decode(b"\x40\x01c\x01d") == [(b"c", b"d")]
    assert decoder.decode(b"\xbe") == [(b"c", b"d")]


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (b"\x80", "without a number"),
        (b"\xbe", "not there"),
        (b"\x82\x20", "after the first field"),
        (b"\x3f\xff\xff\xff\x7f", "beyond measure"),
        (b"\x10\x7f\xff\xff\xff\xff\xff\x7f", "beyond measure"),
        (b"\x10\x05ab", "ends early"),
        (b"\x40", "ends early"),
    ],
)
def test_a_block_that_is_none_is_refused_with_its_reason(block: bytes, why: str) -> None:
    with pytest.raises(Undecodable, match=why):
        BlockDecoder(largest_list=LIST, largest_table=TABLE).decode(block)


def test_a_small_block_does_not_grow_beyond_the_largest_list() -> None:
    decoder = BlockDecoder(largest_list=10_000, largest_table=TABLE)
    decoder.decode(b"\x40\x01a\x7f\x81\x17" + b"x" * 3072)
    with pytest.raises(Undecodable, match="too long together"):
        decoder.decode(b"\xbe" * 10)


@given(st.lists(st.tuples(st.binary(max_size=2000), st.binary(max_size=2000)), max_size=6))
def test_fields_written_out_are_the_fields_read_back(fields: list[tuple[bytes, bytes]]) -> None:
    decoder = BlockDecoder(largest_list=LIST, largest_table=TABLE)
    assert decoder.decode(literal_block(fields)) == fields
    assert unpack_headers(pack_headers(fields)) == fields
    assert json.loads(pack_headers(fields)) == [[n.decode("latin-1"), v.decode("latin-1")] for n, v in fields]
