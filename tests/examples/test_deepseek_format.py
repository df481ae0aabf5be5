"""The teacher behind DeepSeek's API, spoken to, as DeepSeek recommends, by OpenAI's SDK."""

import uuid

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from audits.examples.catalogue import Teacher

ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Why does ice float on water?"}]


@pytest.mark.parametrize("base", ["", "/v1"])
def test_both_paths_answer(deepseek: openai.OpenAI, teacher: Teacher, base: str) -> None:
    made = deepseek.with_options(base_url=teacher.url + base).chat.completions.create(
        model="deepseek-chat", messages=ASKED
    )
    assert uuid.UUID(made.id)
    assert made.model == "deepseek-chat"
    assert teacher.served()[-1]["provider"] == "deepseek"


def test_usage_tells_cache_hits_from_misses(deepseek: openai.OpenAI) -> None:
    usage = deepseek.chat.completions.create(model="deepseek-chat", messages=ASKED).usage
    assert usage is not None
    extra = usage.model_extra or {}
    assert extra["prompt_cache_hit_tokens"] + extra["prompt_cache_miss_tokens"] == usage.prompt_tokens


def test_the_reasoner_shows_how_it_got_there(deepseek: openai.OpenAI) -> None:
    made = deepseek.chat.completions.create(model="deepseek-reasoner", messages=ASKED)
    reasoning = (made.choices[0].message.model_extra or {})["reasoning_content"]
    assert "Density and floating" in reasoning
    assert made.usage is not None
    assert made.usage.completion_tokens_details is not None
    assert 0 < (made.usage.completion_tokens_details.reasoning_tokens or 0) < made.usage.completion_tokens


def test_the_chat_model_has_no_reasoning(deepseek: openai.OpenAI) -> None:
    made = deepseek.chat.completions.create(model="deepseek-chat", messages=ASKED)
    assert "reasoning_content" not in (made.choices[0].message.model_extra or {})


def test_a_stream_tells_reasoning_first_and_usage_on_its_last_chunk(deepseek: openai.OpenAI) -> None:
    chunks = list(deepseek.chat.completions.create(model="deepseek-reasoner", messages=ASKED, stream=True))
    thought = [bool((chunk.choices[0].delta.model_extra or {}).get("reasoning_content")) for chunk in chunks]
    spoke = [bool(chunk.choices[0].delta.content) for chunk in chunks]
    assert thought.index(True) < spoke.index(True)
    assert not any(thought[spoke.index(True) :])
    assert chunks[-1].usage is not None
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_errors_have_deepseeks_words_and_codes(deepseek: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="Model Not Exist"):
        deepseek.chat.completions.create(model="deepseek-nonesuch", messages=ASKED)
    with pytest.raises(openai.AuthenticationError) as refused:
        deepseek.with_options(api_key="wrong").chat.completions.create(model="deepseek-chat", messages=ASKED)
    assert refused.value.type == "authentication_error"
