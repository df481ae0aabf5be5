"""Answers the recorder gives itself, where none can or may come from the far end."""

from __future__ import annotations

_PHRASES = {
    400: "Bad Request",
    403: "Forbidden",
    413: "Content Too Large",
    429: "Too Many Requests",
    502: "Bad Gateway",
}


class Failed(Exception):
    """The exchange cannot go on; reason and detail go to the record, status to the client when none was sent yet."""

    def __init__(self, reason: str, detail: str, status: int = 502) -> None:
        super().__init__(detail)
        self.reason = reason
        self.status = status


def own_answer(status: int, text: str) -> bytes:
    """An answer the recorder gives itself, marked as such, after which it closes the connection."""
    body = f"recorder: {text}\n".encode()
    return (
        f"HTTP/1.1 {status} {_PHRASES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nX-Answered-By: recorder\r\nConnection: close\r\n\r\n"
    ).encode() + body
