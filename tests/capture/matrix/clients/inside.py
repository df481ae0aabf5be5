"""A model server that the pipeline starts itself, asked over loopback: nothing of it can cross the recorder."""

from __future__ import annotations

import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from said import prompt

CASE = "a server inside the sandbox, port 11434"
heard: list[bytes] = []


class Model(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(
            {"model": "llama3", "message": {"role": "assistant", "content": "At 100 degrees."}}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """The test has a log of its own."""


server = ThreadingHTTPServer(("127.0.0.1", 11434), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()
line: dict[str, object] = {"client": "urllib", "version": "standard library", "case": CASE, "made": 2}
try:
    for number in range(2):
        asked = json.dumps({"model": "llama3", "messages": [prompt("urllib", CASE, str(number))]}).encode()
        with urllib.request.urlopen("http://127.0.0.1:11434/api/chat", data=asked) as answer:
            assert answer.read()
except OSError as error:
    line["problem"] = str(error)
line |= {"counted_inside": len(heard), "port": 11434}
print(json.dumps(line), flush=True)
