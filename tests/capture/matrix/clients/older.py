"""Clients of the years in which much of the public pipelines was written."""

from __future__ import annotations

import asyncio

import google.generativeai as genai
import grpc
import openai
from said import KEY, do, prompt, version_of

openai.api_key = KEY
genai.configure(api_key=KEY)


def ask(case: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt("openai 0.28", case)}]


def chat(case: str) -> int:
    assert openai.ChatCompletion.create(model="gpt-3.5-turbo", messages=ask(case)).choices
    return 1


def chat_stream(case: str) -> int:
    assert list(openai.ChatCompletion.create(model="gpt-3.5-turbo", messages=ask(case), stream=True))
    return 1


def five_completions(case: str) -> int:
    """As Alpaca asked: several completions in one request."""
    answer = openai.Completion.create(model="text-davinci-003", prompt=prompt("openai 0.28", case), n=5)
    assert len(answer.choices) == 5
    return 1


def chat_async(case: str) -> int:
    assert asyncio.run(openai.ChatCompletion.acreate(model="gpt-3.5-turbo", messages=ask(case))).choices
    return 1


def gemini(case: str) -> int:
    model = genai.GenerativeModel("gemini-1.5-flash")
    assert model.generate_content(prompt("google-generativeai", case)).text
    return 1


def gemini_stream(case: str) -> int:
    model = genai.GenerativeModel("gemini-1.5-flash")
    assert "".join(part.text for part in model.generate_content(prompt("google-generativeai", case), stream=True))
    return 1


def own_service(case: str) -> int:
    """A gRPC server of one's own, without TLS: HTTP/2 in the clear."""
    with grpc.insecure_channel("vllm.internal:8001") as channel:
        ask_it = channel.unary_unary("/inference.Model/Ask")
        assert ask_it(prompt("grpcio", case).encode(), timeout=60)
    return 1


do(
    "openai 0.28",
    version_of("openai"),
    {"chat": chat, "chat, SSE": chat_stream, "5 completions": five_completions, "chat, aiohttp": chat_async},
)
do("google-generativeai", version_of("google-generativeai"), {"gRPC": gemini, "gRPC, streamed": gemini_stream})
do("grpcio", version_of("grpcio"), {"own service, HTTP/2 in the clear": own_service})
