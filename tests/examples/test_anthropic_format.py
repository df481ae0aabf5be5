"""The teacher behind Anthropic's Messages API, spoken to by Anthropic's own SDK."""

import anthropic
import pytest
from anthropic import Anthropic

MODEL = "claude-haiku-4-5"


def said(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_a_message_carries_id_dated_model_usage_and_reason(claude: Anthropic) -> None:
    made = claude.messages.create(
        model=MODEL, max_tokens=300, messages=[{"role": "user", "content": "Why does ice float on water?"}]
    )
    assert made.id.startswith("msg_01")
    assert made.model == "claude-haiku-4-5-20251001"
    assert made.stop_reason == "end_turn"
    assert "frozen water" in said(made)
    assert made.usage.input_tokens > 0
    assert made.usage.output_tokens > 0


def test_the_request_id_and_the_limits_are_in_the_headers(claude: Anthropic) -> None:
    raw = claude.messages.with_raw_response.create(
        model=MODEL, max_tokens=50, messages=[{"role": "user", "content": "What is sound?"}]
    )
    assert raw.headers["request-id"].startswith("req_011")
    assert int(raw.headers["anthropic-ratelimit-requests-remaining"]) > 0


def test_system_prompts_and_content_blocks_are_read(claude: Anthropic) -> None:
    made = claude.messages.create(
        model=MODEL,
        max_tokens=20,
        system=[{"type": "text", "text": "Reply with exactly one of these labels: billing, sensors, orders"}],
        messages=[{"role": "user", "content": [{"type": "text", "text": "The battery of my soil sensor is low"}]}],
    )
    assert said(made) == "sensors"


def test_a_stream_runs_through_the_true_sequence_of_events(claude: Anthropic) -> None:
    events = list(
        claude.messages.create(
            model=MODEL, max_tokens=300, messages=[{"role": "user", "content": "What is energy?"}], stream=True
        )
    )
    kinds = [event.type for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert events[0].type == "message_start"
    assert events[0].message.model == "claude-haiku-4-5-20251001"


def test_a_ping_is_sent_on_the_wire(claude: Anthropic) -> None:
    with claude.messages.with_streaming_response.create(
        model=MODEL, max_tokens=300, messages=[{"role": "user", "content": "What is energy?"}], stream=True
    ) as response:
        body = b"".join(response.iter_bytes())
    assert b'event: ping\ndata: {"type":"ping"}\n\n' in body


def test_the_streaming_helper_puts_the_whole_message_together(claude: Anthropic) -> None:
    with claude.messages.stream(
        model=MODEL, max_tokens=300, messages=[{"role": "user", "content": "What is friction?"}]
    ) as stream:
        made = stream.get_final_message()
    assert made.stop_reason == "end_turn"
    assert "surfaces" in said(made)


def test_an_answer_over_its_token_limit_ends_for_max_tokens(claude: Anthropic) -> None:
    made = claude.messages.create(
        model=MODEL, max_tokens=3, messages=[{"role": "user", "content": "What is friction?"}]
    )
    assert made.stop_reason == "max_tokens"
    assert made.usage.output_tokens == 3


def test_a_stop_sequence_is_named(claude: Anthropic) -> None:
    made = claude.messages.create(
        model=MODEL, max_tokens=300, stop_sequences=["."], messages=[{"role": "user", "content": "What is friction?"}]
    )
    assert (made.stop_reason, made.stop_sequence) == ("stop_sequence", ".")


def test_tokens_are_counted_as_a_message_would_count_them(claude: Anthropic) -> None:
    asked: list[anthropic.types.MessageParam] = [{"role": "user", "content": "How does the heart pump blood?"}]
    counted = claude.messages.count_tokens(model=MODEL, messages=asked)
    made = claude.messages.create(model=MODEL, max_tokens=300, messages=asked)
    assert counted.input_tokens == made.usage.input_tokens


def test_the_models_are_listed(claude: Anthropic) -> None:
    assert MODEL in {model.id for model in claude.models.list()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
    ],
)
def test_a_bad_request_names_the_field(claude: Anthropic, change: dict[str, object], message: str) -> None:
    body = {"model": MODEL, "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}], **change}
    with pytest.raises(anthropic.BadRequestError, match=message) as refused:
        claude.post("/v1/messages", body=body, cast_to=object)
    assert refused.value.body["error"]["type"] == "invalid_request_error"  # type: ignore[index]


def test_an_unknown_model_is_not_found(claude: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="model: claude-nonesuch"):
        claude.messages.create(model="claude-nonesuch", max_tokens=10, messages=[{"role": "user", "content": "Hi"}])


def test_a_key_of_another_provider_is_refused(teacher, claude: Anthropic) -> None:
    with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
        claude.with_options(api_key="sk-openai-0123456789abcdef").models.list()
