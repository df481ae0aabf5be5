"""What tries to leave a bounded run uncounted: batches, WebSockets, and requests that pretend to open one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from audits.capture.allowance import Allowance
from audits.capture.asking import Asked
from audits.capture.gate import LimitGate
from tests.capture.conftest import HOST, StartRig, read_answer, request
from tests.capture.far_end import FarEnd
from tests.capture.test_limits import TERMS, question

UPGRADE = [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]


def asked(path: str, body: bytes = b"", method: str = "POST", host: str = HOST, **more: Any) -> Asked:
    fields = more.pop("fields", [(b"content-type", b"application/json")])
    return Asked(1, host, 443, "https", method, path, fields, body, more.pop("size", len(body)), lambda: False)


def refused(allowance: Allowance, one: Asked) -> str | None:
    """The bound at which a request is turned back; None: it leaves."""
    reply = asyncio.run(LimitGate(allowance, lambda *_, **__: None).admit(one))
    return None if reply is None else str(reply.ending["error"])


def batch(lines: int, model: str = "teach-small") -> bytes:
    params = {"model": model, "max_tokens": 5, "messages": [{"role": "user", "content": "Why?"}]}
    return json.dumps({"requests": [{"custom_id": str(n), "params": params} for n in range(lines)]}).encode()


def uploaded(lines: int, model: str = "teach-small") -> bytes:
    line = {"url": "/v1/chat/completions", "body": {"model": model, "messages": [{"role": "user", "content": "Why?"}]}}
    content = "".join(json.dumps({"custom_id": str(n), **line}) + "\n" for n in range(lines))
    form = f'--B\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n{content}\r\n--B--\r\n'
    return form.encode()


FORM = [(b"content-type", b"multipart/form-data; boundary=B")]


@pytest.mark.parametrize(
    "one",
    [asked("/v1/messages/batches", batch(11)), asked("/v1/files", uploaded(11), host="api.openai.com", fields=FORM)],
    ids=["in the job", "in a file"],
)
def test_each_question_of_a_batch_counts_as_a_call_before_it_leaves(one: Asked) -> None:
    assert one.calls == 11
    assert refused(Allowance(calls=10), one) == "limit_calls"
    assert refused(Allowance(calls=11), one) is None


PURPOSE = b'--B\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'


@pytest.mark.parametrize(
    "one",
    [
        asked("/v1/messages/batches", batch(2, "teach-large-2")),
        asked("/v1/files", PURPOSE + uploaded(2, "teach-large-2"), fields=FORM),
    ],
    ids=["in the job", "in a file"],
)
def test_a_model_that_the_terms_prohibit_is_found_in_the_lines_of_a_batch(one: Asked) -> None:
    assert refused(Allowance(terms=TERMS), one) == "limit_prohibited"


def test_a_file_too_large_to_be_read_before_it_leaves_counts_as_a_call_that_could_not_be_read() -> None:
    one = asked("/v1/files", size=40_000_000, host="api.openai.com")
    one.body = None
    assert one.calls == 1
    assert refused(Allowance(terms=TERMS), one) == "limit_prohibited"


@pytest.mark.parametrize("path", ["/v1/responses/resp_1", "/v1/threads/t/runs/r", "/v1/threads/t/messages"])
def test_reading_an_answer_that_was_asked_for_before_is_no_further_call(path: str) -> None:
    assert asked(path, method="GET", host="api.openai.com", fields=[]).calls == 0


@pytest.mark.parametrize(
    ("allowance", "bound"),
    [
        (Allowance(calls=0), "limit_calls"),
        (Allowance(tokens=1_000_000), "limit_tokens"),
        (Allowance(terms=TERMS), "limit_prohibited"),
        (Allowance(calls=1), None),
    ],
)
def test_a_websocket_counts_as_a_call_and_is_not_opened_where_what_is_said_on_it_is_bounded(
    allowance: Allowance, bound: str | None
) -> None:
    one = asked("/v1/realtime?model=teach-small", method="GET", host="api.openai.com", fields=UPGRADE)
    assert refused(allowance, one) == bound


def test_a_websocket_to_a_host_that_is_known_to_serve_something_else_is_no_call() -> None:
    assert asked("/ws", method="GET", host="api.wandb.ai", fields=UPGRADE).calls == 0


def test_a_call_that_pretends_to_open_a_websocket_is_counted_and_bounded_all_the_same(
    start_rig: StartRig, far_end: FarEnd
) -> None:
    rig = start_rig(allowance=Allowance(calls=0, actions={"calls": "refuse"}))
    extra = "Upgrade: websocket\r\n"
    with rig.connect() as connection:
        connection.sendall(request("POST", "/v1/chat/completions", question(), extra=extra))
        assert read_answer(connection)[0] == 403
    assert far_end.seen == []
