"""The SDKs of providers, as their documentation has them used: no base URL, no proxy, no certificate of ours."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import anthropic
import boto3
import cohere
import groq
import openai
import together
from google import genai
from google.genai import types
from langchain_openai import ChatOpenAI
from mistralai.client import Mistral
from said import KEY, do, prompt, version_of

os.environ |= {"AWS_ACCESS_KEY_ID": "AKIAMATRIX", "AWS_SECRET_ACCESS_KEY": "matrix-secret", "AWS_REGION": "us-east-1"}
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"


def ask(client: str, case: str, words: str = "") -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt(client, case, words)}]


# OpenAI

open_ai = openai.OpenAI(api_key=KEY)


def openai_chat(case: str) -> int:
    answer = open_ai.chat.completions.create(model="gpt-4o", messages=ask("openai", case))
    assert answer.choices[0].message.content
    return 1


def openai_stream(case: str) -> int:
    parts = open_ai.chat.completions.create(
        model="gpt-4o", messages=ask("openai", case), stream=True, stream_options={"include_usage": True}
    )
    assert "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
    return 1


def openai_responses(case: str) -> int:
    assert open_ai.responses.create(model="gpt-4o", input=prompt("openai", case)).output_text
    return 1


def openai_responses_stream(case: str) -> int:
    events = open_ai.responses.create(model="gpt-4o", input=prompt("openai", case), stream=True)
    assert [event.type for event in events][-1] == "response.completed"
    return 1


def openai_async(case: str) -> int:
    """Four calls at once on one client."""

    async def ask_all() -> None:
        async with openai.AsyncOpenAI(api_key=KEY) as client:
            asked = [ask("openai", case, str(number)) for number in range(4)]
            calls = (client.chat.completions.create(model="gpt-4o", messages=each) for each in asked)
            assert all(answer.choices for answer in await asyncio.gather(*calls))

    asyncio.run(ask_all())
    return 4


def openai_embeddings(case: str) -> int:
    open_ai.embeddings.create(model="text-embedding-3-small", input=prompt("openai", case))
    return 1


def openai_limited(case: str) -> int:
    open_ai.chat.completions.create(model="gpt-4o", messages=ask("openai", case, "[[429 once]]"))
    return 1


def openai_error(case: str) -> int:
    try:
        open_ai.chat.completions.create(model="gpt-4o", messages=ask("openai", case, "[[500]]"))
    except openai.InternalServerError:
        return 1
    raise AssertionError("no error came")


def openai_broken(case: str) -> int:
    parts = openai.OpenAI(api_key=KEY, max_retries=0).chat.completions.create(
        model="gpt-4o", messages=ask("openai", case, "[[break]]"), stream=True
    )
    ends: list[str | None] = []
    with contextlib.suppress(Exception):  # the HTTP library under the SDK has its own names for it
        ends += [part.choices[0].finish_reason for part in parts]
    assert "stop" not in ends, "the answer was whole"
    return 1


def openai_upload(case: str) -> int:
    path = Path("batch.jsonl")
    path.write_text(f'{{"custom_id": "{prompt("openai", case)}"}}\n')
    with path.open("rb") as file:
        open_ai.files.create(file=file, purpose="fine-tune")
    return 1


def langchain_chat(case: str) -> int:
    model = ChatOpenAI(model="gpt-4o-mini", api_key=KEY)
    assert model.invoke(prompt("langchain-openai", case)).content
    return 1


def langchain_stream(case: str) -> int:
    model = ChatOpenAI(model="gpt-4o-mini", api_key=KEY, stream_usage=True)
    assert "".join(str(part.content) for part in model.stream(prompt("langchain-openai", case)))
    return 1


# Anthropic

claude = anthropic.Anthropic(api_key=KEY)


def anthropic_message(case: str) -> int:
    claude.messages.create(model="claude-sonnet-4-5", max_tokens=64, messages=ask("anthropic", case))
    return 1


def anthropic_stream(case: str) -> int:
    with claude.messages.stream(model="claude-sonnet-4-5", max_tokens=64, messages=ask("anthropic", case)) as stream:
        assert stream.get_final_text()
    return 1


def anthropic_overloaded(case: str) -> int:
    asked = ask("anthropic", case, "[[503 once]]")
    claude.messages.create(model="claude-sonnet-4-5", max_tokens=64, messages=asked)
    return 1


# Google

gemini = genai.Client(api_key=KEY)


def gemini_generate(case: str) -> int:
    assert gemini.models.generate_content(model="gemini-2.5-flash", contents=prompt("google-genai", case)).text
    return 1


def gemini_stream(case: str) -> int:
    parts = gemini.models.generate_content_stream(
        model="gemini-2.5-flash",
        contents=prompt("google-genai", case),
        config=types.GenerateContentConfig(temperature=0.1),
    )
    assert "".join(part.text or "" for part in parts)
    return 1


# Mistral, Groq, Together, Cohere


def mistral_chat(case: str) -> int:
    with Mistral(api_key=KEY) as client:
        assert client.chat.complete(model="mistral-small-latest", messages=ask("mistralai", case)).choices
    return 1


def mistral_stream(case: str) -> int:
    with Mistral(api_key=KEY) as client:
        parts = client.chat.stream(model="mistral-small-latest", messages=ask("mistralai", case))
        assert any(part.data.choices for part in parts)
    return 1


def groq_chat(case: str) -> int:
    client = groq.Groq(api_key=KEY)
    assert client.chat.completions.create(model="llama-3.3-70b-versatile", messages=ask("groq", case)).choices
    return 1


def together_chat(case: str) -> int:
    client = together.Together(api_key=KEY)
    assert client.chat.completions.create(model="openai/gpt-oss-20b", messages=ask("together", case)).choices
    return 1


def cohere_chat(case: str) -> int:
    client = cohere.ClientV2(api_key=KEY)
    assert client.chat(model="command-a-03-2025", messages=ask("cohere", case)).message.content
    return 1


# Bedrock


def bedrock_ask(case: str) -> list[dict[str, object]]:
    return [{"role": "user", "content": [{"text": prompt("boto3", case)}]}]


def bedrock_converse(case: str) -> int:
    client = boto3.client("bedrock-runtime", region_name="us-east-1")
    assert client.converse(modelId=CLAUDE, messages=bedrock_ask(case))["output"]
    return 1


def bedrock_stream(case: str) -> int:
    client = boto3.client("bedrock-runtime", region_name="us-east-1")
    events = list(client.converse_stream(modelId=CLAUDE, messages=bedrock_ask(case))["stream"])
    assert any("metadata" in event for event in events)
    return 1


def bedrock_invoke(case: str) -> int:
    client = boto3.client("bedrock-runtime", region_name="us-east-1")
    asked = (
        '{"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": [{"role": "user", "content": "%s"}]}'
    )
    assert client.invoke_model(modelId=CLAUDE, body=asked % prompt("boto3", case))["body"].read()
    return 1


do(
    "openai",
    version_of("openai"),
    {
        "chat": openai_chat,
        "chat, SSE": openai_stream,
        "chat, 4 at once": openai_async,
        "responses": openai_responses,
        "responses, SSE": openai_responses_stream,
        "embeddings": openai_embeddings,
        "429, then retried": openai_limited,
        "500": openai_error,
        "SSE breaks off": openai_broken,
        "file upload": openai_upload,
    },
)
do("langchain-openai", version_of("langchain-openai"), {"chat": langchain_chat, "chat, SSE": langchain_stream})
do(
    "anthropic",
    version_of("anthropic"),
    {"messages": anthropic_message, "messages, SSE": anthropic_stream, "503, then retried": anthropic_overloaded},
)
do("google-genai", version_of("google-genai"), {"generateContent": gemini_generate, "SSE": gemini_stream})
do("mistralai", version_of("mistralai"), {"chat": mistral_chat, "chat, SSE": mistral_stream})
do("groq", version_of("groq"), {"chat": groq_chat})
do("together", version_of("together"), {"chat": together_chat})
do("cohere", version_of("cohere"), {"chat": cohere_chat})
do(
    "boto3",
    version_of("boto3"),
    {"converse": bedrock_converse, "converse, event stream": bedrock_stream, "invoke": bedrock_invoke},
)
