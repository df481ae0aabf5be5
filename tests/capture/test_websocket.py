"""WebSockets through the recorder: bytes pass as they are, messages are recorded."""

from __future__ import annotations

import base64
import json
import ssl

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate

from tests.capture.conftest import HOST, Rig, of_kind, some


class Client:
    def __init__(self, connection: ssl.SSLSocket, *, compressed: bool) -> None:
        self.socket = connection
        self.state = WSConnection(ConnectionType.CLIENT)
        extensions = [PerMessageDeflate()] if compressed else []
        self.send(Request(host=HOST, target="/v1/realtime", extensions=extensions))
        assert isinstance(self.next(), AcceptConnection)

    def send(self, event: Event) -> None:
        self.socket.sendall(self.state.send(event))

    def next(self) -> Event:
        while True:
            for event in self.state.events():
                if isinstance(event, Ping):
                    self.send(event.response())
                else:
                    return event
            self.state.receive_data(some(self.socket, 65536))


@pytest.mark.parametrize("compressed", [False, True])
def test_messages_of_both_sides_are_recorded_in_order(rig: Rig, compressed: bool) -> None:
    with rig.connect() as connection:
        client = Client(connection, compressed=compressed)
        client.send(TextMessage(data='{"type":"response.create"}'))
        text = client.next()
        client.send(BytesMessage(data=b"\x00\x01\x02" * 500))
        binary = client.next()
        client.send(CloseConnection(code=1000))
        client.next()
    [line] = of_kind(rig.stop(), "exchange")
    messages = [json.loads(text) for text in rig.body(line["response_body"]).splitlines()]
    spoken = [(message["from"], message["type"]) for message in messages if message["type"] in ("text", "binary")]
    assert isinstance(text, TextMessage)
    assert isinstance(binary, BytesMessage)
    assert spoken == [("client", "text"), ("upstream", "text"), ("client", "binary"), ("upstream", "binary")]
    assert '{"type":"response.create"}' in [message.get("text") for message in messages]
    assert base64.b64encode(b"\x02\x01\x00" * 500).decode() in [message.get("base64") for message in messages]
    assert line["websocket"] == {"from_client": 2, "from_upstream": 2}
    assert line["status"] == 101
    assert line["error"] is None
