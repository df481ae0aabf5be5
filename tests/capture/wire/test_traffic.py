"""What is no model call, who serves a host, and bodies in their codings."""

import gzip
import json
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from audits.capture.wire import parse, served_by_of
from audits.capture.wire.bodies import Unreadable, decode_body
from tests.capture.wire.building import exchange, one_call, parsed, texts

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
ANSWER = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("host", "method", "target", "reason"),
    [
        ("huggingface.co", "GET", "/gpt2/resolve/main/tokenizer.json", "files of a model, tokenizer or data set hub"),
        (
            "openaipublic.blob.core.windows.net",
            "GET",
            "/encodings/cl100k_base.tiktoken",
            "a tokenizer's vocabulary was downloaded",
        ),
        ("api.openai.com", "GET", "/v1/models", "a list of models was read"),
        ("api.openai.com", "GET", "/v1/models/gpt-4o", "a list of models was read"),
        ("api.openai.com", "GET", "/v1/batches/batch_1", "the state of a job or file was read"),
        ("api.openai.com", "GET", "/v1/files/file-1/content", "a file was read that holds no answers of a batch"),
        ("localhost", "POST", "/api/pull", "models on an Ollama server were listed, fetched or changed"),
        ("o1.ingest.sentry.io", "POST", "/api/1/envelope/", "telemetry"),
        ("otel.acme.example", "POST", "/v1/traces", "telemetry"),
        ("oauth2.googleapis.com", "POST", "/token", "sign-in"),
        ("sts.eu-west-1.amazonaws.com", "POST", "/", "sign-in"),
        ("vllm", "GET", "/static/app.js", "a page or file was read from a host that serves no known model API"),
        ("example.org", "GET", "/data.csv", "a page or file was read from a host that serves no known model API"),
        ("api.openai.com", "OPTIONS", "/v1/chat/completions", "OPTIONS: a server's options were asked"),
    ],
)
def test_traffic_that_asks_no_model_anything_says_what_it_is(host, method, target, reason):
    found = parsed(target, b"", b"", host=host, method=method)
    assert (found.calls, found.unparsed, found.not_a_model_call) == ((), None, reason)


@pytest.mark.parametrize(
    ("host", "method", "target"),
    [
        ("api.openai.com", "POST", "/v1/brand_new_thing"),
        ("api.openai.com", "GET", "/v1/brand_new_thing/b"),
        ("collector.acme.example", "POST", "/submit"),
        ("api.anthropic.com", "PUT", "/v1/something"),
        ("localhost", "POST", "/messages"),
        ("claude.ai", "GET", "/api/organizations/o/chat_conversations/c"),
        ("text.pollinations.ai", "GET", "/Why%20is%20the%20sky%20blue"),
    ],
)
def test_what_no_parser_knows_is_unparsed_with_the_method_path_and_host_named(host, method, target):
    found = parsed(target, {"a": 1}, {"b": 2}, host=host, method=method)
    assert found.calls == ()
    assert found.unparsed is not None
    assert f"{method} {target} on {host}" in found.unparsed


def test_a_call_hidden_on_a_storage_or_hub_host_is_a_call_all_the_same():
    assert texts(one_call("/whatever", ASK, ANSWER, host="storage.googleapis.com")) == ["Hello"]


@pytest.mark.parametrize(
    ("host", "served_by"),
    [
        ("api.openai.com", "openai"),
        ("API.OpenAI.com.", "openai"),
        ("eu.api.openai.com", "openai"),
        ("acme.openai.azure.com", "azure"),
        ("europe-west4-aiplatform.googleapis.com", "google-vertex"),
        ("aiplatform.googleapis.com", "google-vertex"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "amazon-bedrock"),
        ("openrouter.ai", "openrouter"),
        ("api-inference.huggingface.co", "huggingface"),
        ("127.0.0.1", "self"),
        ("[::1]", "self"),
        ("192.168.1.9", "self"),
        ("vllm", "self"),
        ("gpu.lan", "self"),
        ("8.8.8.8", None),
        ("api.openai.com.evil.example", None),
        ("bedrock-runtime.evil.example", None),
        ("example.org", None),
        ("", "self"),
    ],
)
def test_who_serves_a_host(host, served_by):
    assert served_by_of(host) == served_by


def test_a_users_own_hosts_come_before_those_that_ship():
    own = {"llm.acme.example": "openrouter", "*.internal.acme.example": "azure", "api.openai.com": "acme-gateway"}
    assert served_by_of("llm.acme.example", own) == "openrouter"
    assert served_by_of("a.internal.acme.example", own) == "azure"
    assert served_by_of("api.openai.com", own) == "acme-gateway"
    call = parse(exchange("/v1/chat/completions", ASK, ANSWER, host="llm.acme.example"), own).calls[0]
    assert call.served_by == "openrouter"


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: bytes(brotli.compress(data, quality=4)),
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("coding", CODINGS)
def test_both_bodies_are_read_through_their_content_coding(coding):
    pack = CODINGS[coding]
    headers = (("content-type", "application/json"), ("Content-Encoding", coding))
    body = pack(json.dumps(ANSWER).encode()), pack(json.dumps(ASK).encode())
    call = one_call("/v1/chat/completions", body[1], body[0], request_headers=headers, response_headers=headers)
    assert (call.request_model, texts(call)) == ("gpt-4o", ["Hello"])


@pytest.mark.parametrize("coding", CODINGS)
def test_coded_data_that_breaks_off_gives_its_beginning(coding):
    data = bytes(i * i % 251 for i in range(300_000))
    cut = CODINGS[coding](data)
    found = decode_body(cut[: len(cut) * 2 // 3], (("content-encoding", coding),))
    assert data.startswith(found.data)
    assert not found.complete
    assert decode_body(cut, (("content-encoding", coding),)).complete


@pytest.mark.parametrize("coding", CODINGS)
def test_a_decompression_bomb_is_stopped_at_the_limit(coding):
    bomb = CODINGS[coding](bytes(30_000_000))
    with pytest.raises(Unreadable, match="expands beyond the limit of 1000000 bytes"):
        decode_body(bomb, (("content-encoding", coding),), limit=1_000_000)


def test_raw_deflate_several_gzip_members_and_stacked_codings_are_undone():
    assert decode_body(raw_deflate(b"abc"), (("content-encoding", "deflate"),)).data == b"abc"
    assert decode_body(gzip.compress(b"a") + gzip.compress(b"b"), (("content-encoding", "gzip"),)).data == b"ab"
    stacked = brotli.compress(gzip.compress(b"abc"))
    assert decode_body(stacked, (("content-encoding", "gzip, br"),)).data == b"abc"


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_kept_plain_under_the_header_of_a_packed_one_is_read_as_it_is(coding):
    """Servers mislabel, and the recorder keeps a body plain when only so a credential in it could be masked."""
    headers = (("content-type", "application/json"), ("content-encoding", coding))
    call = one_call("/v1/chat/completions", ASK, ANSWER, request_headers=headers, response_headers=headers)
    assert texts(call) == ["Hello"]


def test_an_unknown_coding_is_named():
    found = parsed("/v1/chat/completions", ASK, b"x", response_headers=(("content-encoding", "rot13"),))
    assert found.unparsed == "response: unknown content coding 'rot13'"
    assert len(found.calls) == 1
