"""Errors, limits and passing overloads, and how the SDKs live with them."""

import socket
from pathlib import Path

import anthropic
import openai
import pytest

from audits.examples.catalogue import Teacher, start_teacher
from audits.examples.teacher.limits import Overload, RateLimit
from tests.examples.conftest import ANTHROPIC_KEY, OPENAI_KEY

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What is sound?"}]}


def test_a_key_of_the_wrong_form_is_refused(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError) as refused:
        gpt.with_options(api_key="not-a-key").models.list()
    assert refused.value.code == "invalid_api_key"


def test_an_unknown_model_is_not_found(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        gpt.chat.completions.create(model="gpt-nonesuch", messages=[{"role": "user", "content": "Hi"}])
    assert refused.value.code == "model_not_found"


def test_an_unknown_path_is_not_found_and_logged(gpt: openai.OpenAI, teacher: Teacher) -> None:
    with pytest.raises(openai.NotFoundError):
        gpt.post("/nowhere", body={}, cast_to=object)
    assert (teacher.served()[-1]["path"], teacher.served()[-1]["status"]) == ("/v1/nowhere", 404)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "nobody", "content": "Hi"}]}, "messages[0].role"),
        ({"temperature": 3}, "temperature"),
        ({"n": 0}, "n"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"logprobs": True}, "logprobs"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0]"),
    ],
)
def test_a_bad_request_names_the_field(gpt: openai.OpenAI, change: dict[str, object], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        gpt.post("/chat/completions", body={**ASK, **change}, cast_to=object)
    assert refused.value.param == param


def test_the_openai_sdk_gets_through_an_overload_by_its_own_retry(log: Path) -> None:
    with start_teacher(log, "--overload", "1") as teacher:
        with openai.OpenAI(base_url=f"{teacher.url}/v1", api_key=OPENAI_KEY) as client:
            client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "What is sound?"}])
        assert [row["status"] for row in teacher.served()] == [503, 200]


def test_the_anthropic_sdk_gets_through_an_overload_by_its_own_retry(log: Path) -> None:
    with start_teacher(log, "--overload", "1") as teacher:
        with anthropic.Anthropic(base_url=teacher.url, api_key=ANTHROPIC_KEY) as client:
            client.messages.create(
                model="claude-haiku-4-5", max_tokens=50, messages=[{"role": "user", "content": "What is sound?"}]
            )
        assert [row["status"] for row in teacher.served()] == [529, 200]


def test_a_client_over_its_rate_limit_is_told_how_long_to_wait_and_then_served(log: Path) -> None:
    with start_teacher(log, "--rate-limit", "60:1", "--overload", "0") as teacher:
        with openai.OpenAI(base_url=f"{teacher.url}/v1", api_key=OPENAI_KEY, max_retries=0) as client:
            client.models.list()
            with pytest.raises(openai.RateLimitError) as refused:
                client.models.list()
            assert refused.value.response.headers["retry-after"] == "1"
            assert refused.value.code == "rate_limit_exceeded"
            client.with_options(max_retries=3).models.list()
        statuses = [row["status"] for row in teacher.served()]
    assert statuses[0] == statuses[-1] == 200
    assert set(statuses[1:-1]) == {429}


def test_rate_limits_count_each_key_for_itself() -> None:
    limit = RateLimit(60, burst=1, clock=lambda: 0.0)
    assert limit.take("one").allowed
    assert not limit.take("one").allowed
    assert limit.take("other").allowed


def test_a_rate_limit_fills_up_again_with_time() -> None:
    now = [0.0]
    limit = RateLimit(60, burst=1, clock=lambda: now[0])
    limit.take("one")
    assert limit.take("one").wait_seconds == pytest.approx(1)
    now[0] = 1.0
    assert limit.take("one").allowed


def test_overloads_strike_a_share_of_requests_once_each_and_depend_on_the_seed() -> None:
    bodies = [b"%d" % n for n in range(2000)]
    overload = Overload(0.1, seed=1)
    struck = {body for body in bodies if overload.strikes(body)}
    assert 150 < len(struck) < 250
    assert not any(overload.strikes(body) for body in struck)
    assert struck == {body for body in bodies if (Overload(0.1, seed=1)).strikes(body)}
    assert struck != {body for body in bodies if (Overload(0.1, seed=2)).strikes(body)}


def _exchange(teacher: Teacher, sent: bytes) -> bytes:
    """Everything the teacher sends back on one connection to which `sent` is written at once."""
    host, _, port = teacher.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_two_requests_in_a_row_are_answered_on_one_connection(teacher: Teacher) -> None:
    get = b"GET /v1/models/gpt-4o HTTP/1.1\r\nHost: api.openai.com\r\nAuthorization: Bearer %b\r\n\r\n"
    assert _exchange(teacher, get % OPENAI_KEY.encode() * 2).count(b"HTTP/1.1 200 OK") == 2


def test_the_host_header_decides_which_provider_answers(teacher: Teacher) -> None:
    get = b"GET /v1/models HTTP/1.1\r\nHost: %b\r\nAuthorization: Bearer %b\r\nConnection: close\r\n\r\n"
    answered = _exchange(teacher, get % (b"api.deepseek.com", OPENAI_KEY.encode()))
    assert b"deepseek-reasoner" in answered
    assert b"gpt-4o" not in answered


def test_a_chunked_request_body_is_read(teacher: Teacher) -> None:
    body = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "What is sound?"}]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nAuthorization: Bearer %b\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    assert b"vibration" in _exchange(teacher, head % OPENAI_KEY.encode() + chunked)


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_the_teacher_lives_on(
    teacher: Teacher, gpt: openai.OpenAI, sent: bytes
) -> None:
    assert _exchange(teacher, sent).startswith(b"HTTP/1.1 400")
    assert gpt.models.retrieve("gpt-4o").id == "gpt-4o"
