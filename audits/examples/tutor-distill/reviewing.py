"""Claude reviews: it scores each answer, and says how it would put right one that falls short."""

import json
from dataclasses import dataclass

from anthropic import Anthropic
from anthropic.types import MessageParam

REVIEWER = "claude-haiku-4-5"
PROMPT = (
    "You review answers that a tutor gives to pupils. Rate each answer from 1 to 10 for correctness and completeness. "
    'Reply with JSON only: {"score": 7, "reason": "one sentence"}'
)
PUT_RIGHT = "Now write the corrected answer. Reply with the answer only."


@dataclass(frozen=True)
class Review:
    """`score` is 1 to 10; 0 when the reviewer's reply could not be read."""

    score: int
    reason: str
    reply: str


def review(client: Anthropic, question: str, answer: str) -> Review:
    message = client.messages.create(
        model=REVIEWER, max_tokens=300, system=PROMPT, messages=[ask_about(question, answer)]
    )
    reply = "".join(block.text for block in message.content if block.type == "text")
    try:
        verdict = json.loads(reply)
        return Review(int(verdict["score"]), str(verdict["reason"]), reply)
    except (ValueError, KeyError, TypeError):
        return Review(0, "the reviewer's reply could not be read", reply)


def suggest_fix(client: Anthropic, question: str, answer: str, verdict: Review) -> str:
    """The reviewer's own version of an answer it found wanting."""
    turns: list[MessageParam] = [
        ask_about(question, answer),
        {"role": "assistant", "content": verdict.reply},
        {"role": "user", "content": PUT_RIGHT},
    ]
    with client.messages.stream(model=REVIEWER, max_tokens=400, system=PROMPT, messages=turns) as stream:
        return stream.get_final_text()


def ask_about(question: str, answer: str) -> MessageParam:
    return {"role": "user", "content": f"<question>{question}</question>\n<answer>{answer}</answer>"}
