"""Bounds that hold before a call leaves: what the far end counted decides."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from audits.capture.allowance import Allowance, Ban, Family, Prices, Terms
from audits.capture.asking import Asked
from audits.capture.config import RecorderConfig
from audits.capture.process import read_events
from audits.capture.refusals import refusal
from tests.capture.conftest import HOST, Rig, StartRig, of_kind, read_answer, request
from tests.capture.far_end import FarEnd

PRICES = Prices(
    "a price list of the tests",
    (
        {
            "id": "teacher",
            "api": r"https://api\.teacher\.example",
            "models": [{"id": "m", "match": {"starts_with": "teach"}, "input": 1000.0, "output": 2000.0}],
        },
    ),
)
TERMS = Terms(
    on="2026-11-22",
    hosts=((HOST, "teacher", "teacher"),),
    families=(Family("teacher/large", "teacher", ("teach-large*",)), Family("teacher/small", "teacher", ("teach-*",))),
    bans=(Ban("teacher", "teacher", "teacher/large", "train_on_output", True, 0),),
    purposes={"": "train_on_output"},
    reasons=("The terms of Teacher, section 3(b), bar training on output.",),
)


def question(words: str = "What is a limit?", model: str = "teach-small", **more: Any) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": words}], **more}).encode()


def ask(
    rig: Rig, body: bytes, *, host: str = HOST, path: str = "/v1/chat/completions", extra: str = ""
) -> tuple[int, bytes]:
    with rig.connect(host) as connection:
        connection.settimeout(30)
        connection.sendall(request("POST", path, body, host=host, extra=extra))
        return read_answer(connection)


def wait_for(rig: Rig, kind: str, **facts: Any) -> dict[str, Any]:
    """The first line of this kind and these facts, once it is in the record."""
    for _ in range(600):
        lines = of_kind(read_events(rig.config.spool_directory)[0], kind)
        found = next((line for line in lines if facts.items() <= line.items()), None)
        if found is not None:
            return found
        time.sleep(0.02)
    raise AssertionError(f"no line {kind} {facts}")


def test_no_more_calls_leave_than_are_allowed_with_sixteen_in_flight(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(allowance=Allowance(calls=20, actions={"calls": "refuse"}))
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: ask(rig, question(f"Question {n}"))[0], range(64)))
    assert (answers.count(200), answers.count(403)) == (20, 44)
    assert far_end.count("/v1/chat/completions") == 20
    events = rig.stop()
    assert len(of_kind(events, "exchange")) == 64
    [told] = of_kind(events, "limit")
    assert (told["limit"], told["what"], told["model"]) == ("calls", "refused", "teach-small")
    [used] = of_kind(events, "allowance_used")
    assert (used["calls"], used["refused"]) == (20, 44)
    refused = [line for line in of_kind(events, "exchange") if line["answered_by"] == "recorder"]
    assert {line["error"] for line in refused} == {"limit_calls"}
    assert len(refused) == 44


def test_tokens_under_way_count_before_their_answers_are_known(start_rig: StartRig, far_end: FarEnd) -> None:
    # 16 characters are about 4 tokens; 46 more may come back. Of 500, ten calls fit.
    rig = start_rig(allowance=Allowance(tokens=500, actions={"tokens": "refuse"}))
    body = question("sixteen letters.", max_tokens=46)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ask(rig, body)[0], range(32)))
    assert answers.count(200) == far_end.count("/v1/chat/completions") == 10


def test_money_is_bounded_by_the_stated_price_list_and_an_unknown_price_is_told(
    start_rig: StartRig, far_end: FarEnd
) -> None:
    allowance = Allowance(money_usd=0.3, prices=PRICES, unpriced="refuse", actions={"money": "refuse"})
    rig = start_rig(allowance=allowance)
    body = question("sixteen letters.", max_tokens=48)  # 4 in, 48 out: 0.004 + 0.096 dollars
    assert [ask(rig, body)[0] for _ in range(4)] == [200, 200, 200, 403]
    status, answer = ask(rig, question(model="nobody-knows"))
    assert status == 403
    assert "Nobody knows the price of nobody-knows" in json.loads(answer)["error"]["message"]
    assert far_end.count("/v1/chat/completions") == 3
    [used] = of_kind(rig.stop(), "allowance_used")
    assert used["prices"] == PRICES.source


def test_a_host_outside_the_list_is_not_even_connected_to(start_rig: StartRig, far_end: FarEnd) -> None:
    upstreams = {"*.example": f"https://localhost:{far_end.https_port}"}
    rig = start_rig(allowance=Allowance(hosts=("api.teacher.*",), actions={"hosts": "refuse"}), upstreams=upstreams)
    assert ask(rig, b"{}", host="files.elsewhere.example", path="/echo")[0] == 403
    assert far_end.connections == 0
    assert ask(rig, b"{}", path="/echo")[0] == 200
    assert [line["host"] for line in of_kind(rig.stop(), "limit")] == ["files.elsewhere.example"]


def test_the_run_stops_at_the_first_call_that_the_terms_prohibit(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(allowance=Allowance(terms=TERMS))
    assert ask(rig, question())[0] == 200
    status, answer = ask(rig, question(model="teach-large-2"))
    assert status == 403
    assert "section 3(b)" in json.loads(answer)["error"]["message"]
    assert ask(rig, question())[0] == 403, "after the stop nothing leaves any more"
    assert far_end.count("/v1/chat/completions") == 1
    events = rig.stop()
    assert [line["what"] for line in of_kind(events, "limit")] == ["stopped"]
    assert of_kind(events, "allowance_used")[0]["stopped"] == "prohibited"


def test_a_call_of_unknown_purpose_leaves_and_is_told(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(allowance=Allowance(terms=Terms(**{**vars(TERMS), "purposes": {}})))
    assert ask(rig, question(model="teach-large-2"))[0] == 200
    assert ask(rig, question(model="teach-large-2"))[0] == 200
    [line] = of_kind(rig.stop(), "limit")
    assert line["what"] == "not_told"
    assert "No purpose is declared" in line["why"]


def test_an_embedding_passes_a_ban_on_training_on_text(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(allowance=Allowance(terms=TERMS))
    body = json.dumps({"model": "teach-large-2", "input": "a text"}).encode()
    assert ask(rig, body, path="/v1/embeddings")[0] == 200


def test_warning_lets_the_call_out_and_says_so_once(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(allowance=Allowance(calls=1, actions={"calls": "warn"}))
    assert [ask(rig, question())[0] for _ in range(3)] == [200, 200, 200]
    events = rig.stop()
    assert [line["what"] for line in of_kind(events, "limit")] == ["warned"]
    assert of_kind(events, "allowance_used")[0]["met"] == [
        {"limit": "calls", "what": "warned", "host": HOST, "times": 2}
    ]


@pytest.mark.parametrize(
    ("answer", "status", "reached"), [("pass", 200, 1), ("refuse", 403, 0), ("stop", 403, 0), ("pass_all", 200, 1)]
)
def test_a_held_call_waits_for_a_person(
    start_rig: StartRig, far_end: FarEnd, answer: str, status: int, reached: int
) -> None:
    rig = start_rig(allowance=Allowance(calls=0, actions={"calls": "hold"}))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, rig, question("May I?"))
        held = wait_for(rig, "limit", what="held")
        assert (held["host"], held["model"], held["excerpt"]) == (HOST, "teach-small", "May I?")
        assert far_end.seen == []
        rig.process.tell({"hold": held["hold"], "answer": answer, "by": "Ada"})
        assert waiting.result()[0] == status
    assert len(far_end.seen) == reached
    if answer == "pass_all":
        assert ask(rig, question())[0] == 200
    if answer == "stop":
        assert ask(rig, question())[0] == 403
    [said] = of_kind(rig.stop(), "hold_answered")
    assert (said["answer"], said["by"]) == (answer, "Ada")


def test_a_held_call_that_nobody_answers_is_refused(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(allowance=Allowance(calls=0, actions={"calls": "hold"}, hold_seconds=0.3))
    status, answer = ask(rig, question())
    assert (status, far_end.seen) == (403, [])
    assert b"Nobody answered in time" in answer
    assert of_kind(rig.stop(), "hold_answered")[0]["answer"] == "expired"


def test_a_program_that_gives_up_waiting_frees_the_hold(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(allowance=Allowance(calls=0, actions={"calls": "hold"}))
    with rig.connect() as connection:
        connection.sendall(request("POST", "/v1/chat/completions", question()))
        wait_for(rig, "limit", what="held")
    assert wait_for(rig, "hold_answered")["answer"] == "gone"
    assert far_end.seen == []
    rig.stop()


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/v1/messages", question(max_tokens=5), lambda a: a["error"]["type"] == "permission_error" and a["type"] == "error"),
        ("/v1beta/models/gemini-2.5:generateContent", b'{"contents": []}', lambda a: a["error"]["status"] == "PERMISSION_DENIED"),
        ("/model/anthropic.claude-3/converse", b'{"messages": []}', lambda a: a["message"].startswith("Clausetrail")),
        ("/v1/chat/completions", question(), lambda a: a["error"]["code"] == "limit_calls"),
        ("/api/chat", question(), lambda a: a["error"].startswith("Clausetrail")),
    ],
)  # fmt: skip
def test_a_refusal_has_the_shape_of_the_api_that_was_asked(
    path: str, body: bytes, error: Callable[[dict[str, Any]], bool]
) -> None:
    asked = Asked(1, HOST, 443, "https", "POST", path, [], body, len(body), lambda: False)
    reply = refusal(asked, "limit_calls", "This call was not let out.")
    assert (reply.status, reply.ending["answered_by"]) == (403, "recorder")
    assert error(json.loads(b"".join(reply.pieces)))


def test_a_refusal_of_a_grpc_call_is_a_grpc_error() -> None:
    grpc = [(b"content-type", b"application/grpc")]
    reply = refusal(Asked(1, HOST, 443, "https", "POST", "/a.B/C", grpc, b"", 0, lambda: False), "limit_calls", "No.")
    assert (reply.status, dict(reply.fields)[b"grpc-status"], list(reply.pieces)) == (200, b"7", [])


def test_a_refused_call_leaves_its_connection_usable(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(allowance=Allowance(calls=0, actions={"calls": "refuse"}))
    with rig.connect() as connection:
        connection.sendall(request("POST", "/v1/chat/completions", question()))
        assert read_answer(connection)[0] == 403
        connection.sendall(request("GET", "/v1/models"))
        assert read_answer(connection)[0] == 200
    assert [seen.target for seen in far_end.seen] == ["/v1/models"]


def test_a_chunked_request_and_one_that_waits_for_100_are_read_before_they_leave(
    start_rig: StartRig, far_end: FarEnd
) -> None:
    rig = start_rig(allowance=Allowance(calls=1, actions={"calls": "refuse"}))
    body = question()
    chunked = b"%x\r\n%s\r\n" % (20, body[:20]) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body) - 20, body[20:])
    with rig.connect() as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(chunked[:30])
        threading.Event().wait(0.05)
        connection.sendall(chunked[30:])
        answer = b""
        while b"200 OK" not in answer and b"HTTP/1.1 200" not in answer:
            answer += connection.recv(1000)
    assert far_end.seen[0].body == body
    rig.stop()


def test_an_allowance_survives_its_way_to_the_recorder() -> None:
    paths = dict.fromkeys(("spool_directory", "blob_directory", "ca_certificate", "ca_key"), "x")
    allowance = Allowance(hosts=("a.example",), money_usd=1.5, prices=PRICES, terms=TERMS, actions={"calls": "hold"})
    sent = RecorderConfig(run_id="1", phase="execute", allowance=allowance, **paths)  # type: ignore[arg-type]
    assert RecorderConfig.from_json(sent.to_json()).allowance == allowance
