"""Asks OpenAI's models: one to answer a customer's question, a smaller one to label it."""

import asyncio
from dataclasses import dataclass

from openai import AsyncOpenAI

ANSWERING = "gpt-5.4-mini"
LABELLING = "gpt-5.4-nano"
LABELS = ("account", "billing", "setup", "connectivity", "watering", "sensors", "orders", "privacy")
IN_FLIGHT = 8

ANSWER_PROMPT = (
    "You answer customers of Brindle, a garden watering controller with an app. "
    "Use at most four sentences. If you do not know, say that you do not know."
)
LABEL_PROMPT = (
    f"Sort the customer's message. Reply with exactly one of these labels and nothing else: {', '.join(LABELS)}"
)


@dataclass(frozen=True)
class Answered:
    """What came back for one question; `ended` is the API's finish reason."""

    question: str
    answer: str
    label: str
    ended: str


async def ask_all(questions: list[str]) -> list[Answered]:
    """Answer and label every question, a few at a time. The SDK retries what fails in passing."""
    gate = asyncio.Semaphore(IN_FLIGHT)
    async with AsyncOpenAI(max_retries=5) as client:

        async def ask(question: str) -> Answered:
            async with gate:
                answer, ended = await stream_answer(client, question)
                return Answered(question, answer, await label(client, question), ended)

        return await asyncio.gather(*(ask(question) for question in questions))


async def stream_answer(client: AsyncOpenAI, question: str) -> tuple[str, str]:
    """The answer, read as it is streamed, and why it ended."""
    parts, ended = [], ""
    stream = await client.chat.completions.create(
        model=ANSWERING,
        messages=[{"role": "system", "content": ANSWER_PROMPT}, {"role": "user", "content": question}],
        max_completion_tokens=200,
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        for choice in chunk.choices:
            parts.append(choice.delta.content or "")
            ended = choice.finish_reason or ended
    return "".join(parts), ended


async def label(client: AsyncOpenAI, question: str) -> str:
    """One of LABELS, or whatever else the model said."""
    completion = await client.chat.completions.create(
        model=LABELLING,
        messages=[{"role": "system", "content": LABEL_PROMPT}, {"role": "user", "content": question}],
        max_completion_tokens=10,
    )
    return (completion.choices[0].message.content or "").strip().lower()
