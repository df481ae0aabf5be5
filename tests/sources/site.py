"""A real server on the loopback that answers as a test tells it, and remembers what it was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """Pages by path. `asked`: path and headers of each request, in order."""

    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/terms") -> str:
        return f"http://{self.place}{path}"

    def page(self, path: str, content: str | bytes, status: int = 200, **headers: str) -> None:
        """Answer with this; an ETag given here is honoured."""
        body = content.encode() if isinstance(content, str) else content
        named = {"Content-Type": "text/html; charset=utf-8"} | {
            key.replace("_", "-"): one for key, one in headers.items()
        }

        def answer(request: BaseHTTPRequestHandler) -> None:
            known = named.get("ETag") and request.headers.get("If-None-Match") == named["ETag"]
            request.send_response(304 if known else status)
            for name, value in named.items():
                request.send_header(name, value)
            request.send_header("Content-Length", "0" if known else str(len(body)))
            request.end_headers()
            if not known:
                request.wfile.write(body)

        self.pages[path] = answer

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def serving() -> Iterator[Site]:
    """A site of its own on a free port."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((self.path, {name.casefold(): value for name, value in self.headers.items()}))
            answer = site.pages.get(self.path)
            if answer is not None:
                answer(self)
            else:
                self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
