"""The table of calls that hide in other calls: exchanges, and what is in them. `test_hidden_calls.py` holds them together."""

import json
from dataclasses import dataclass
from typing import Any

from audits.capture.wire import WireExchange
from tests.capture.wire.building import exchange

OPENAI, ANTHROPIC, GOOGLE, MISTRAL = (
    "api.openai.com",
    "api.anthropic.com",
    "generativelanguage.googleapis.com",
    "api.mistral.ai",
)
BEDROCK, S3, TOGETHER = "bedrock.us-east-1.amazonaws.com", "acme.s3.us-east-1.amazonaws.com", "api.together.xyz"
VERTEX, OWN = "us-central1-aiplatform.googleapis.com", "localhost"
NONE, ANSWERED = (None, None), (5, 7)
FORM = (("Content-Type", "multipart/form-data; boundary=B"),)

Told = tuple[str, str | None, tuple[int | None, int | None], str | None, list[str]]


@dataclass(frozen=True)
class Row:
    """Exchanges, and of each call they hold: operation, model asked, (tokens in, out), last prompt, texts."""

    name: str
    served_by: str
    exchanges: list[WireExchange]
    calls: list[Told]


def lines(*values: Any) -> str:
    return "\n".join(map(json.dumps, values)) + "\n"


def post(target: str, request: Any = b"", response: Any = b"", host: str = OPENAI, **more: Any) -> WireExchange:
    return exchange(target, request, response, host=host, **more)


def get(target: str, response: Any, host: str = OPENAI) -> WireExchange:
    return exchange(target, b"", response, host=host, method="GET")


def upload(content: str, purpose: str, identity: str, host: str = OPENAI, name: str = "in.jsonl") -> WireExchange:
    """A file in a form, as SDKs upload it."""
    body = (
        f'--B\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'
        f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{content}\r\n--B--\r\n'
    )
    return exchange("/v1/files", body, {"id": identity}, host=host, request_headers=FORM)


def asked(text: str, model: str | None = "gpt-4o") -> dict[str, Any]:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": text}]}
    return {**body, "model": model} if model else body


def chat(text: str, model: str = "gpt-4o", choices: int = 1) -> dict[str, Any]:
    said = [{"index": i, "message": {"role": "assistant", "content": text}} for i in range(choices)]
    usage = {"prompt_tokens": 5, "completion_tokens": 7}
    return {"id": "c", "object": "chat.completion", "model": f"{model}-2024", "choices": said, "usage": usage}


def answered(name: str, text: str) -> str:
    return lines({"custom_id": name, "response": {"body": chat(text)}})


def contents(text: str) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def candidates(*texts: str) -> dict[str, Any]:
    said = [{"index": i, "content": {"role": "model", "parts": [{"text": text}]}} for i, text in enumerate(texts)]
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 7}
    return {"candidates": said, "usageMetadata": usage, "modelVersion": "gemini-2.5-flash"}


def claude(text: str) -> dict[str, Any]:
    usage = {"input_tokens": 5, "output_tokens": 7}
    return {"id": "m", "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": text}], "usage": usage}
