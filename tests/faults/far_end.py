"""The far end of a faulted audit: a model's API that knows which of its answers arrived at the pipeline.

The pipeline names the last answer it received in each further request; only such an answer counts as acknowledged.
"""

import contextlib
import json
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAUSE_SECONDS = 0.04


class FarEnd:
    """Serves on a free port of 127.0.0.1. `acknowledged`: run's key → SHA-256 of each answer that arrived, and when."""

    def __init__(self) -> None:
        self.down = threading.Event()
        self.asked: defaultdict[str, int] = defaultdict(int)
        self.acknowledged: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, key: str, received: str) -> bytes:
        """The body of the next answer; what the pipeline says it received is acknowledged by that."""
        if received:
            self.acknowledged[key].setdefault(received, time.monotonic())
        self.asked[key] += 1
        number = self.asked[key]
        answer: dict[str, Any] = {
            "id": f"chatcmpl-{key}-{number}",
            "object": "chat.completion",
            "created": 1_780_000_000 + number,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": f"Answer {number} to {key}: press the button twice, then wait.",
                    },
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 12, "completion_tokens": 14, "total_tokens": 26},
        }
        return json.dumps(answer).encode()


def _handler(far_end: FarEnd) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            if far_end.down.is_set():
                self.connection.close()
                return
            body = far_end.answer(self.headers["x-key"], self.headers.get("x-received", ""))
            time.sleep(PAUSE_SECONDS)
            with contextlib.suppress(OSError):  # who asked may have been killed meanwhile
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    return Handler
