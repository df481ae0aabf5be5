"""The teacher behind OpenAI's wire formats, spoken to by OpenAI's own SDK."""

import base64
import hashlib
import json
import math
import struct

import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

from audits.examples.catalogue import Teacher


def user(text: str) -> list[ChatCompletionUserMessageParam]:
    return [{"role": "user", "content": text}]


def test_a_chat_completion_carries_id_dated_model_usage_and_fingerprint(gpt: openai.OpenAI) -> None:
    made = gpt.chat.completions.create(model="gpt-4o-mini", messages=user("How do I return a device?"))
    assert made.id.startswith("chatcmpl-")
    assert made.model == "gpt-4o-mini-2024-07-18"
    assert made.system_fingerprint is not None
    assert made.system_fingerprint.startswith("fp_")
    assert made.choices[0].finish_reason == "stop"
    assert "thirty days" in (made.choices[0].message.content or "")
    assert made.usage is not None
    assert made.usage.total_tokens == made.usage.prompt_tokens + made.usage.completion_tokens


def test_the_headers_name_the_request_and_what_is_left_of_the_rate_limit(gpt: openai.OpenAI) -> None:
    raw = gpt.chat.completions.with_raw_response.create(model="gpt-4.1-mini", messages=user("What does Plus cost?"))
    assert raw.headers["x-request-id"].startswith("req_")
    assert int(raw.headers["openai-processing-ms"]) >= 1
    assert int(raw.headers["x-ratelimit-remaining-requests"]) < int(raw.headers["x-ratelimit-limit-requests"])


def test_a_stream_says_the_same_as_the_whole_answer_and_counts_the_same_tokens(gpt: openai.OpenAI) -> None:
    asked = user("How do I reset a forgotten password?")
    whole = gpt.chat.completions.create(model="gpt-4o", messages=asked, temperature=0)
    chunks = list(
        gpt.chat.completions.create(
            model="gpt-4o", messages=asked, temperature=0, stream=True, stream_options={"include_usage": True}
        )
    )
    said = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert said == whole.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_without_include_usage_has_no_usage(gpt: openai.OpenAI) -> None:
    chunks = list(gpt.chat.completions.create(model="gpt-4o", messages=user("What is sound?"), stream=True))
    assert all(chunk.usage is None for chunk in chunks)


def test_several_choices_differ_and_are_numbered(gpt: openai.OpenAI) -> None:
    made = gpt.chat.completions.create(model="gpt-4o", messages=user("How do I install the hub?"), n=4, temperature=1)
    assert [choice.index for choice in made.choices] == [0, 1, 2, 3]
    assert len({choice.message.content for choice in made.choices}) > 1


def test_an_answer_over_its_token_limit_ends_for_length(gpt: openai.OpenAI) -> None:
    made = gpt.chat.completions.create(
        model="gpt-4o", messages=user("How do I install the hub?"), max_completion_tokens=5
    )
    assert made.choices[0].finish_reason == "length"
    assert made.usage is not None
    assert made.usage.completion_tokens == 5


def test_an_answer_ends_before_a_stop_sequence(gpt: openai.OpenAI) -> None:
    made = gpt.chat.completions.create(
        model="gpt-4o", messages=user("What is photosynthesis?"), temperature=0, stop=["."]
    )
    assert "." not in (made.choices[0].message.content or "")


def test_json_mode_answers_in_json_under_the_keys_asked_for(gpt: openai.OpenAI) -> None:
    asked = (
        'Labels: billing, orders, privacy. Reply in JSON: {"label": "...", "confidence": 0.5}\n\nMy parcel is damaged'
    )
    made = gpt.chat.completions.create(model="gpt-4o", messages=user(asked), response_format={"type": "json_object"})
    document = json.loads(made.choices[0].message.content or "")
    assert document["label"] == "orders"
    assert 0 < document["confidence"] <= 1


def test_json_mode_without_the_word_json_in_the_prompt_is_refused(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        gpt.chat.completions.create(model="gpt-4o", messages=user("Anything"), response_format={"type": "json_object"})
    assert refused.value.param == "messages"


def test_a_json_schema_decides_the_keys(gpt: openai.OpenAI) -> None:
    schema: dict[str, object] = {
        "type": "object",
        "properties": {"reply": {"type": "string"}, "topic": {"type": "string"}},
    }
    made = gpt.chat.completions.create(
        model="gpt-4o",
        messages=user("Why does ice float?"),
        response_format={"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
    )
    document = json.loads(made.choices[0].message.content or "")
    assert set(document) == {"reply", "topic"}
    assert document["topic"] == "physics"


def test_the_responses_api_answers_whole_and_streamed_alike(gpt: openai.OpenAI) -> None:
    whole = gpt.responses.create(model="gpt-4.1", input="Why does iron rust?", instructions="Be brief.", temperature=0)
    assert whole.id.startswith("resp_")
    assert whole.status == "completed"
    assert whole.model == "gpt-4.1-2025-04-14"
    events = list(
        gpt.responses.create(
            model="gpt-4.1", input="Why does iron rust?", instructions="Be brief.", temperature=0, stream=True
        )
    )
    assert [event.type for event in events[:4]] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == whole.output_text
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == whole.output_text
    assert last.response.usage == whole.usage
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_a_response_over_its_token_limit_is_incomplete(gpt: openai.OpenAI) -> None:
    made = gpt.responses.create(model="gpt-4.1", input="How do I install the hub?", max_output_tokens=4)
    assert made.status == "incomplete"
    assert made.incomplete_details is not None
    assert made.incomplete_details.reason == "max_output_tokens"


def test_text_completions_answer_every_prompt(gpt: openai.OpenAI) -> None:
    made = gpt.completions.create(
        model="gpt-3.5-turbo-instruct", prompt=["What is sound?", "What is friction?"], max_tokens=60
    )
    assert made.id.startswith("cmpl-")
    assert "vibration" in made.choices[0].text
    assert "surfaces" in made.choices[1].text


def test_a_text_completion_can_be_streamed(gpt: openai.OpenAI) -> None:
    chunks = list(
        gpt.completions.create(model="gpt-3.5-turbo-instruct", prompt="What is friction?", max_tokens=60, stream=True)
    )
    assert "surfaces" in "".join(chunk.choices[0].text for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_embeddings_are_unit_vectors_that_bring_like_texts_together(gpt: openai.OpenAI) -> None:
    texts = ["I was charged twice", "Two charges on my card", "The sensor lost its connection"]
    made = gpt.embeddings.create(model="text-embedding-3-small", input=texts)
    one, like, other = (row.embedding for row in made.data)
    assert len(one) == 1536
    assert math.isclose(sum(value * value for value in one), 1, rel_tol=1e-4)
    assert sum(map(math.prod, zip(one, like, strict=True))) > sum(map(math.prod, zip(one, other, strict=True)))


def test_base64_embeddings_hold_the_same_numbers_as_floats(gpt: openai.OpenAI) -> None:
    def embed(encoding: str) -> bytes:
        options = {"model": "text-embedding-3-large", "input": "frost alarm", "dimensions": 64}
        return gpt.embeddings.with_raw_response.create(**options, encoding_format=encoding).content  # type: ignore[arg-type]

    floats = json.loads(embed("float"))["data"][0]["embedding"]
    packed = base64.b64decode(json.loads(embed("base64"))["data"][0]["embedding"])
    assert list(struct.unpack("<64f", packed)) == pytest.approx(floats)


def test_the_models_are_listed_and_can_be_looked_up(gpt: openai.OpenAI) -> None:
    assert "gpt-5.4-mini" in {model.id for model in gpt.models.list()}
    assert gpt.models.retrieve("gpt-4o").owned_by == "system"


def test_the_log_holds_the_hash_of_what_was_answered(gpt: openai.OpenAI, teacher: Teacher) -> None:
    before = len(teacher.served())
    made = gpt.chat.completions.create(model="gpt-4o-mini", messages=user("How does a vaccine work?"))
    (row,) = teacher.served()[before:]
    assert row["answer_sha256"] == hashlib.sha256((made.choices[0].message.content or "").encode()).hexdigest()
    assert (row["provider"], row["model"], row["status"], row["operation"]) == ("openai", "gpt-4o-mini", 200, "chat")
    assert made.usage is not None
    assert (row["input_tokens"], row["output_tokens"]) == (made.usage.prompt_tokens, made.usage.completion_tokens)
