"""Recorded WebSocket sessions in the far end's place: the same messages get the recorded ones, in order; new ones are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Event, Request, TextMessage

from audits.capture.config import Recording
from audits.capture.conversing import Conversation, Script, script_of
from audits.capture.sameness import Keys
from audits.capture.spool import RECORD
from tests.browser.conftest import chromium_path
from tests.capture.conftest import HOST, StartRig, of_kind
from tests.capture.far_end import FarEnd
from tests.capture.test_websocket import Client

LINE: dict[str, Any] = {"id": "s-1", "seq": 1, "started": "2026-11-20T12:00:00Z", "response_headers": []}


def message(sender: str, text: str, kind: str = "text") -> bytes:
    return json.dumps({"at": "2026-11-20T12:00:00Z", "from": sender, "type": kind, "text": text}).encode()


def script(*said: tuple[str, str], close: str = "", identity: str = "s-1") -> Script:
    lines = [message(*one) for one in said] + ([message(close, "1000", "close")] if close else [])
    found = script_of({**LINE, "id": identity}, b"\n".join(lines), persons=False)
    assert found is not None
    return found


class Talk:
    """A client in conversation with a script, both in memory; and the stage that it takes place on."""

    def __init__(self, played: Script, *waiting: Script) -> None:
        self.waiting = list(waiting)
        self.refused: list[str] = []
        self.state = WSConnection(ConnectionType.CLIENT)
        request = self.state.send(Request(host=HOST, target="/v1/realtime"))
        self.conversation = Conversation(played, self, request, persons=False)
        assert isinstance(self.take(self.conversation.head)[0], AcceptConnection)
        self.first = self.words(self.conversation.begin())

    def another(self, conversation: Conversation, keys: Keys) -> Script | None:
        return next((one for one in self.waiting if one.find(keys)), None)

    def diverged(self, conversation: Conversation, excerpt: str, why: str) -> None:
        self.refused.append(excerpt)

    def left(self, conversation: Conversation) -> None:
        """Nobody keeps account here."""

    def take(self, data: bytes) -> list[Event]:
        self.state.receive_data(data)
        return list(self.state.events())

    def words(self, data: bytes) -> list[str]:
        """What is said, as text; a close as its code."""
        found = self.take(data) if data else []
        return [str(one.data) if isinstance(one, TextMessage) else str(int(one.code)) for one in found]  # type: ignore[attr-defined]

    def say(self, text: str) -> list[str]:
        return self.words(self.conversation.hear(self.state.send(TextMessage(text))))


def test_the_server_says_nothing_before_what_the_client_had_said_first() -> None:
    both = (("upstream", "hello"), ("client", "a"), ("client", "b"), ("upstream", "to both"))
    talk = Talk(script(*both, ("client", "c"), ("upstream", "to c"), close="upstream"))
    assert talk.first == ["hello"]
    assert talk.say("a") == []
    assert talk.say("b") == ["to both"]
    assert talk.say("c") == ["to c", "1000"]


def test_messages_may_overtake_each_other_and_differ_in_ids_and_times() -> None:
    one, other = '{"event_id":"event_0001abcd","n":1}', '{"n":2,"at":"2026-11-20T12:00:00Z"}'
    talk = Talk(script(("client", one), ("client", other), ("upstream", "both")))
    assert talk.say('{"at": "2027-01-02T03:04:05Z", "n": 2}') == []
    assert talk.say('{"event_id":"event_0009wxyz","n":1}') == ["both"]
    assert talk.conversation.ending["replayed"]["match"] == "alike"


def test_a_new_message_is_refused_and_ends_the_session() -> None:
    talk = Talk(script(("client", "a"), ("upstream", "to a"), ("client", "b"), ("upstream", "to b")))
    assert talk.say("a") == ["to a"]
    assert talk.say("something else") == ["1008"]
    assert talk.refused == ["something else"]
    assert talk.conversation.over, "and nothing is answered after that"


def test_a_message_is_answered_as_often_as_it_was_recorded() -> None:
    talk = Talk(script(("client", "a"), ("upstream", "first"), ("client", "a"), ("upstream", "second")))
    assert [talk.say("a") for _ in range(3)] == [["first"], ["second"], ["1008"]]


def test_what_the_client_says_first_tells_which_session_is_meant() -> None:
    mine = script(("upstream", "hello"), ("client", "a"), ("upstream", "to a"))
    other = script(("upstream", "hello"), ("client", "b"), ("upstream", "to b"), identity="s-2")
    talk = Talk(mine, other)
    assert talk.first == ["hello"]
    assert talk.say("b") == ["to b"], "and hello is not said twice"
    assert talk.conversation.ending["replayed"]["id"] == "s-2"


def test_a_client_that_leaves_something_out_is_not_waited_for_for_ever() -> None:
    talk = Talk(script(("client", "a"), ("client", "b"), ("upstream", "both")))
    assert talk.say("b") == []
    assert talk.conversation.waits_in_vain
    assert talk.words(talk.conversation.give_up()) == ["1008"]
    assert talk.refused == ["a"]


def test_messages_that_were_not_decoded_are_not_replayed() -> None:
    assert script_of(LINE, message("client", "00", "raw"), persons=False) is None


@pytest.fixture
def recorded(start_rig: StartRig, far_end: FarEnd, tmp_path: Path) -> Recording:
    """Three sessions with one address, the first compressed."""
    rig = start_rig(mask_salt="salt", spool_directory=tmp_path / "recorded")
    for name in ("one", "two", "three"):
        with rig.connect() as connection:
            client = Client(connection, compressed=name == "one")
            for text in (f"I am {name}", "and more"):
                client.send(TextMessage(data=text))
                client.next()
            client.send(BytesMessage(data=b"\x00\x01" * 9))
            client.next()
            client.send(CloseConnection(code=1000))
            client.next()
    assert rig.process.stop() == 0
    far_end.seen.clear()
    return Recording(tmp_path / "recorded" / RECORD, rig.config.blob_directory, "a record of the tests")


ASK = """([host, words]) => new Promise((done) => {
  const heard = [], socket = new WebSocket(`wss://${host}/v1/realtime`);
  socket.onopen = () => socket.send(words.shift());
  socket.onmessage = (event) => { heard.push(event.data); words.length ? socket.send(words.shift()) : socket.close(1000); };
  socket.onclose = (event) => done([heard, event.code, event.reason]);
})"""


def test_a_browser_holds_the_recorded_sessions_again_and_the_far_end_sees_nothing(
    recorded: Recording, start_rig: StartRig, far_end: FarEnd
) -> None:
    before = far_end.connections
    rig = start_rig(recording=recorded, upstreams={})
    place = f"--host-resolver-rules=MAP {HOST}:443 127.0.0.1:{rig.ports['transparent']}"
    arguments = ["--no-sandbox", "--ignore-certificate-errors", place]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        page = browser.new_page()
        two = page.evaluate(ASK, [HOST, ["I am two", "and more"]])
        one = page.evaluate(ASK, [HOST, ["I am one", "and more"]])
        new = page.evaluate(ASK, [HOST, ["I am three", "and what else?"]])
        browser.close()
    assert two == [["heard: I am two", "heard: and more"], 1000, ""]
    assert one == [["heard: I am one", "heard: and more"], 1000, ""]
    assert (new[0], new[1]) == (["heard: I am three"], 1008)
    assert "not recorded" in new[2]
    events = rig.stop()
    assert (far_end.seen, far_end.connections) == ([], before)
    assert [line["excerpt"] for line in of_kind(events, "divergence")] == ["and what else?"]
    assert [line["messages"] for line in of_kind(events, "not_asked")] == [1, 1, 2]
    [end] = of_kind(events, "replay_finished")
    assert (end["same"], end["diverged"], end["not_asked"]) == (3, 1, 3)
    lines = of_kind(events, "exchange")
    assert [line["websocket"] for line in lines] == [{"from_client": 2, "from_upstream": 2}] * 2 + [
        {"from_client": 2, "from_upstream": 1}
    ]
    assert {line["answered_by"] for line in lines} == {"recording"}
