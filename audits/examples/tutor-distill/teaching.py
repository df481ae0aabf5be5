"""DeepSeek teaches: it answers the pupils' questions."""

import os

from openai import OpenAI

USUAL, FOR_HARD_QUESTIONS = "deepseek-chat", "deepseek-reasoner"
PROMPT = (
    "You are a patient tutor for pupils aged twelve to fifteen. Answer in two to four plain sentences. "
    "If you do not know, say that you do not know."
)


def connect() -> OpenAI:
    base_url = os.environ.get("DEEPSEEK_BASE_URL", "https://api.deepseek.com")
    return OpenAI(base_url=base_url, api_key=os.environ["DEEPSEEK_API_KEY"], max_retries=5)


def teach(client: OpenAI, question: str, hard: bool) -> str:
    """The tutor's answer, as it came."""
    completion = client.chat.completions.create(
        model=FOR_HARD_QUESTIONS if hard else USUAL,
        messages=[{"role": "system", "content": PROMPT}, {"role": "user", "content": question}],
        temperature=0.8,
        max_tokens=300,
    )
    return completion.choices[0].message.content or ""
