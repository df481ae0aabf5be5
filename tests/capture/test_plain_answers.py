"""Answers that pass in one step are those, and only those, that the strict reading of heads finds plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.capture import http1
from audits.capture.plain_answers import MOST_KEPT, PlainAnswers

HEAD = b"HTTP/1.1 200 OK\r\nServer: far\r\nContent-Length: 4\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n\r\n"
STARTS = st.sampled_from(
    b"HTTP/1.1 200 OK|HTTP/1.1 429 Too Many|HTTP/1.1 500|HTTP/1.1 204 None|HTTP/1.1 304 Same|HTTP/1.0 200 OK"
    b"|HTTP/1.1 100 Continue|HTTP/1.1 101 Other|HTTP/1.1  200 OK|Server: far|HTTP/1.1 200 O\nK".split(b"|")
)
LINES = st.sampled_from(
    b"Server: far|X-Id: 1|X-Id: 2|content-length: 4|Content-Length:4 |Content-Length: 5|Content-Length: +4|Content-Length : 4"
    b"|Transfer-Encoding: chunked|Connection: close|Connection: keep-alive|connection:x|Host: x|Expect: 100-continue"
    b"|Folded| folded: 1|a b: 1|X: 1\n2|X: 1\r2|X: \x00|HTTP/1.1 200 OK".split(b"|")
)


@given(st.lists(st.tuples(STARTS, st.lists(LINES, max_size=4), st.sampled_from([b"", b"four", b"five5"])), max_size=6))
def test_what_is_found_plain_is_one_whole_message_by_the_strict_reading(
    answers: list[tuple[bytes, list[bytes], bytes]],
) -> None:
    plain = PlainAnswers()
    for start, lines, body in answers:
        data = b"\r\n".join([start, *lines, b"", b""]) + body
        size = plain.size(data)
        if not size:
            continue
        head = http1.parse_response_head(data[:size])
        assert head.start[0] == b"1.1"
        assert head.start[1] not in (b"100", b"101", b"204", b"304")
        assert not head.chunked
        assert http1.stays_open(head, head.start[0])
        assert head.length == len(data) - size == len(body)


@pytest.mark.parametrize("times", [1, 2, MOST_KEPT * 3])
def test_a_common_answer_is_found_plain_however_many_came_before(times: int) -> None:
    plain = PlainAnswers()
    for number in range(times):
        data = HEAD.replace(b"far", b"far-%d" % number) + b"four"
        assert plain.size(data) == len(data) - 4
    assert plain.size(HEAD + b"fou") == 0
    assert plain.size(HEAD + b"fours") == 0
    assert plain.size(HEAD[:-2]) == 0


def test_a_line_seen_before_does_not_make_a_head_begin_with_it() -> None:
    plain = PlainAnswers()
    assert plain.size(HEAD + b"four")
    assert plain.size(b"Server: far\r\nContent-Length: 4\r\n\r\nfour") == 0
