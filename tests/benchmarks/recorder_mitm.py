"""The addon mitmdump records with in the benchmark: the same work as the recorder's writer, in the way its authors
recommend (hooks only hand over; a thread writes). Runs in mitmproxy's own environment; nothing of ours is imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import threading
from pathlib import Path
from typing import Any

import zstandard

OUT = Path(os.environ["BENCH_OUT"])
MASKED = {"authorization", "x-api-key", "cookie", "set-cookie"}


class Recording:
    """Hash-chained lines and content-addressed bodies."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Any] = queue.Queue(10_000)
        self.head = "0" * 64
        threading.Thread(target=self.write, daemon=True).start()

    def response(self, flow: Any) -> None:
        self.queue.put(flow.copy())

    def write(self) -> None:
        with (OUT / "record.jsonl").open("a") as file:
            while True:
                flow = self.queue.get()
                line = {
                    "host": flow.request.host,
                    "method": flow.request.method,
                    "target": flow.request.path,
                    "status": flow.response.status_code,
                    "request_headers": self.headers(flow.request.headers),
                    "response_headers": self.headers(flow.response.headers),
                    "request_body": self.body(flow.request.raw_content),
                    "response_body": self.body(flow.response.raw_content),
                    "prev": self.head,
                }
                text = json.dumps(line, sort_keys=True)
                self.head = hashlib.sha256(text.encode()).hexdigest()
                file.write(text + "\n")
                file.flush()

    def headers(self, fields: Any) -> list[list[str]]:
        return [[name, "masked" if name.lower() in MASKED else value] for name, value in fields.items(multi=True)]

    def body(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        path = OUT / "blobs" / sha256[:2] / f"{sha256}.zst"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".tmp")
            temporary.write_bytes(zstandard.ZstdCompressor().compress(content))
            temporary.rename(path)
        return sha256


addons = [Recording()]
