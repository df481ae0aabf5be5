"""The older text completions, embeddings and the list of models, as OpenAI serves them."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

from audits.examples.teacher import models, tokens
from audits.examples.teacher.conversation import Prompt, Turn
from audits.examples.teacher.failures import Refusal
from audits.examples.teacher.http1 import Response
from audits.examples.teacher.wire.asked import (
    Exchange,
    Finished,
    choices_field,
    deltas,
    event,
    finish,
    fresh_id,
    number_field,
    refuse_unserved,
    stops_field,
    whole_field,
)

_RELEASED = 1_700_000_000
_MAX_INPUTS = 2048


def complete(exchange: Exchange) -> Response:
    """POST /v1/completions."""
    requested, model = exchange.model()
    refuse_unserved(exchange.body, ("logprobs", "echo", "suffix"))
    prompts = _texts(exchange.body, "prompt")
    choices = [choice for text in prompts for choice in _continuations(exchange, requested, text)]
    served = exchange.served
    served.input_tokens = sum(map(tokens.count, prompts))
    served.output_tokens = sum(choice.tokens for choice in choices)
    served.answered("\n".join(choice.text for choice in choices))
    head = {
        "id": fresh_id("cmpl-", 29),
        "object": "text_completion",
        "created": exchange.created,
        "model": model,
    }
    if not exchange.body.get("stream"):
        listed = [_choice(n, choice.text, _reason(choice)) for n, choice in enumerate(choices)]
        document = {**head, "choices": listed, "usage": _usage(served.input_tokens, served.output_tokens)}
        return Response(200, json.dumps(document, ensure_ascii=False).encode())
    served.stream = True
    return Response(200, events=tuple(_stream(head, choices)))


def _continuations(exchange: Exchange, model: str, text: str) -> list[Finished]:
    body = exchange.body
    prompt = Prompt(model, (Turn("user", text),), number_field(body, "temperature", 0, 2, 1), body.get("seed"))
    limit = whole_field(body, "max_tokens") or 16
    replies = [exchange.mind.reply(prompt, n) for n in range(choices_field(body))]
    return [finish(reply, limit, stops_field(body)) for reply in replies]


def _reason(choice: Finished) -> str:
    return "length" if choice.reason == "length" else "stop"


def _choice(index: int, text: str, reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}


def _usage(asked: int, answered: int) -> dict[str, int]:
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def _stream(head: dict[str, Any], choices: list[Finished]) -> Iterator[bytes]:
    for n, choice in enumerate(choices):
        for piece in deltas(choice.text):
            yield event({**head, "choices": [_choice(n, piece, None)]})
        yield event({**head, "choices": [_choice(n, "", _reason(choice))]})
    yield b"data: [DONE]\n\n"


def embed(exchange: Exchange) -> Response:
    """POST /v1/embeddings; vectors come as floats or as base64 of little-endian 32-bit floats."""
    requested, model = exchange.model()
    texts = _texts(exchange.body, "input")
    full = models.EMBEDDING_DIMENSIONS.get(requested)
    if full is None:
        raise Refusal("bad_request", f"'{requested}' does not make embeddings.", "model")
    dimensions = whole_field(exchange.body, "dimensions") or full
    if dimensions > full:
        raise Refusal("bad_request", f"Invalid 'dimensions': at most {full} for this model.", "dimensions")
    in_base64 = exchange.body.get("encoding_format") == "base64"
    vectors = [exchange.mind.embed(text, dimensions) for text in texts]
    data = [
        {"object": "embedding", "index": n, "embedding": _packed(vector) if in_base64 else vector}
        for n, vector in enumerate(vectors)
    ]
    asked = exchange.served.input_tokens = sum(map(tokens.count, texts))
    usage = {"prompt_tokens": asked, "total_tokens": asked}
    return Response(200, json.dumps({"object": "list", "data": data, "model": model, "usage": usage}).encode())


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _texts(body: dict[str, Any], name: str) -> list[str]:
    value = body.get(name)
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or len(texts) > _MAX_INPUTS:
        raise Refusal("bad_request", f"'{name}' must be a string or a list of 1 to {_MAX_INPUTS} strings.", name)
    if not all(isinstance(text, str) and text for text in texts):
        raise Refusal("bad_request", f"'{name}' must hold text that is not empty; token ids are not read.", name)
    return texts


def list_models(exchange: Exchange) -> Response:
    """GET /v1/models."""
    data = [_model(exchange.served.provider, name) for name in models.names(exchange.served.provider)]
    return Response(200, json.dumps({"object": "list", "data": data}).encode())


def one_model(exchange: Exchange) -> Response:
    """GET /v1/models/{model}."""
    name = exchange.request.path.rpartition("/")[2]
    if models.announced(exchange.served.provider, name) is None:
        raise Refusal("unknown_model", f"The model '{name}' does not exist", "model")
    return Response(200, json.dumps(_model(exchange.served.provider, name)).encode())


def _model(provider: str, name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": _RELEASED,
        "owned_by": "deepseek" if provider == "deepseek" else "system",
    }
