"""The far end of the recorder's benchmark on a real server: an ASGI program that answers every POST the same and counts.

`GET /answered` tells how many.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tests.benchmarks.recorder_load import ANSWER_BODY

Message = MutableMapping[str, Any]
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER_BODY)).encode())]
answered = 0


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer one request."""
    global answered
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    if scope["method"] == "GET":
        body = json.dumps({"answered": answered}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
        return
    answered += 1
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER_BODY})
