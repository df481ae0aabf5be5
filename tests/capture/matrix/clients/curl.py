"""curl, as scripts call it. Run by any Python; the standard library alone."""

from __future__ import annotations

import json
import subprocess

from said import KEY, do, prompt

CHAT = "https://api.openai.com/v1/chat/completions"
UPLOAD = 200 * 1024 * 1024


def curl(*arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--header", f"Authorization: Bearer {KEY}", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == code, f"curl ended with {done.returncode}: {done.stderr[-300:]}"
    return done.stdout


def body(case: str, words: str = "", **more: object) -> str:
    return json.dumps(
        {"model": "gpt-4o", "messages": [{"role": "user", "content": prompt("curl", case, words)}], **more}
    )


def both_on_one_connection(case: str) -> int:
    json_type = ["--json", body(case, "1"), CHAT, "--next", "--http1.1", "--silent", "--json", body(case, "2"), CHAT]
    assert curl("--http1.1", *json_type).count('"choices"') == 2
    return 2


def second(case: str) -> int:
    assert "choices" in curl("--http2", "--json", body(case), CHAT)
    return 1


def compressed(case: str) -> int:
    assert "choices" in curl("--compressed", "--json", body(case, "[[br]]"), CHAT)
    return 1


def events(case: str) -> int:
    assert "[DONE]" in curl("--no-buffer", "--json", body(case, stream=True), CHAT)
    return 1


def broken(case: str) -> int:
    curl("--http1.1", "--json", body(case, "[[break]]"), CHAT, code=18)
    return 1


def gives_up(case: str) -> int:
    curl("--max-time", "10", "--json", body(case, "[[hold]]"), CHAT, code=28)
    return 1


def upload(case: str) -> int:
    with open("/tmp/upload.bin", "wb") as file:
        file.write(prompt("curl", case).encode() + b"\n")
        file.truncate(UPLOAD)
    assert "file-1" in curl("--http2", "--form", "purpose=fine-tune", "--form", "file=@/tmp/upload.bin", FILES)
    return 1


def upload_first(case: str) -> int:
    """HTTP/1.1, where curl asks first whether the server wants a body so large (Expect: 100-continue)."""
    with open("/tmp/smaller.bin", "wb") as file:
        file.write(prompt("curl", case).encode() + b"\n")
        file.truncate(20 * 1024 * 1024)
    asked = ("--form", "purpose=fine-tune", "--form", "file=@/tmp/smaller.bin", FILES)
    assert "file-1" in curl("--http1.1", "--header", "Expect: 100-continue", *asked)
    return 1


FILES = "https://api.openai.com/v1/files"
do(
    "curl",
    subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()[1],
    {
        "keep-alive": both_on_one_connection,
        "HTTP/2": second,
        "br answer": compressed,
        "SSE": events,
        "answer breaks off": broken,
        "client gives up": gives_up,
        "upload of 200 MB, HTTP/2": upload,
        "upload of 20 MB, 100-continue": upload_first,
    },
)
