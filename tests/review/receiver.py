"""A receiver of webhooks on a real socket: keeps what came, and answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Came:
    """One request: headers by lower-case name, and the bytes of its body."""

    headers: dict[str, str]
    body: bytes


Answer = Callable[[BaseHTTPRequestHandler, Came], None]


def say(status: int, body: bytes = b"ok", **headers: str) -> Answer:
    """Answers alike whatever comes. Names of headers with underscores for hyphens."""

    def answer(request: BaseHTTPRequestHandler, came: Came) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


@dataclass
class Receiver:
    """`answer` may be changed at any time; `came` is what was received, in order."""

    place: str
    answer: Answer = field(default_factory=lambda: say(200))
    came: list[Came] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.place}/in"


@contextmanager
def receiving(answer: Answer | None = None) -> Iterator[Receiver]:
    """A receiver on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            came = Came({name.lower(): value for name, value in self.headers.items()}, body)
            receiver.came.append(came)
            receiver.answer(self, came)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(f"127.0.0.1:{server.server_port}")
    if answer is not None:
        receiver.answer = answer
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sample_verifier() -> Any:
    """The module that docs/webhooks.md shows, run as it stands there."""
    text = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    code = text.partition("```python\n")[2].partition("```")[0]
    held: dict[str, Any] = {"__name__": "verifier"}
    exec(compile(code, "docs/webhooks.md", "exec"), held)
    return held
