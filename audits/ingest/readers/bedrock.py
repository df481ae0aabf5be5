"""AWS Bedrock: records of model invocation logging, as they lie in a bucket (gzip, JSON) or come out of CloudWatch.
PURE.

Checked on 2026-11-22 against AWS's description of model invocation logging (user guide; schemaVersion 1.0) and records
quoted in public repositories: of Converse and InvokeModel, streamed ones (a list of the stream's messages), with
inference profiles and with cached tokens, which stand beside the others.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import NAME, count, fields, moment, name, said, summed

_OPERATIONS = (
    ("embed", "embeddings"), ("rerank", "rerank"), ("canvas", "image_generation"), ("-image", "image_generation"),
    ("stability.", "image_generation"), ("-reel", "video_generation"),
)  # fmt: skip


_CACHED = (
    "cacheReadInputTokenCount", "cacheWriteInputTokenCount", "cacheReadInputTokens", "cacheWriteInputTokens",
    "cache_read_input_tokens", "cache_creation_input_tokens",
)  # fmt: skip
# The HTTP status of each error of the runtime's API, as its reference has it.
_STATUS = {
    "ValidationException": 400, "AccessDeniedException": 403, "ResourceNotFoundException": 404, "ModelTimeoutException": 408,
    "ModelErrorException": 424, "ThrottlingException": 429, "ModelNotReadyException": 429, "InternalServerException": 500,
    "ServiceUnavailableException": 503,
}  # fmt: skip
# Subscriptions try out where they deliver to.
_OF_CLOUDWATCH = "CWL CONTROL MESSAGE"


def records(value: Fields) -> Iterator[UsageRecord]:
    """One invocation; a record as CloudWatch exports it has it as text under `message`."""
    if name(value.get("message")).startswith(_OF_CLOUDWATCH):
        return
    value = fields(value.get("message")) or fields(value.get("@message")) or value
    if name(value.get("schemaType")) != "ModelInvocationLog":
        raise Unreadable("schemaType: not a ModelInvocationLog")
    asked, answered = fields(value.get("input")), fields(value.get("output"))
    model = name(value.get("modelId")).rpartition("/")[2]
    if not model:
        raise Unreadable("modelId: no model")
    region = name(value.get("region"))
    yield UsageRecord(
        at=moment(value.get("timestamp"), "timestamp"),
        id=name(value.get("requestId")),
        channel="bedrock",
        host=f"bedrock-runtime.{region}.amazonaws.com" if region else "",
        model=model,
        response_model=_answering(answered.get("outputBodyJson"), "model"),
        operation=next((kind for mark, kind in _OPERATIONS if mark in model), "chat"),
        failed=bool(value.get("errorCode")),
        status=_STATUS.get(name(value.get("errorCode"))),
        input_tokens=_input(asked, answered),
        output_tokens=_tokens(answered.get("outputTokenCount"), answered, "outputTokens", "output_tokens"),
        account=name(value.get("accountId")),
        person=name(fields(value.get("identity")).get("arn")).rpartition("/")[2],
        prompt=said(asked.get("inputBodyJson")),
        output=said(_streamed(answered.get("outputBodyJson"))),
        response_id=_answering(answered.get("outputBodyJson"), "id", 200),
        request_id=name(value.get("requestId"), 200),
    )


def _answering(body: Any, what: str, limit: int = NAME) -> str:
    """The model that an answer names, or its id (Anthropic's do, a stream's in its first message): an inference profile's id
    names no model."""
    first = fields(body[0]) if isinstance(body, list) and body else fields(body)
    return name(first.get(what) or fields(first.get("message")).get(what), limit)


def _streamed(body: Any) -> Any:
    """What a stream's messages say together; another body as it is. Converse and Anthropic write pieces of text as `delta`."""
    if not isinstance(body, list):
        return body
    pieces = (fields(fields(one).get("contentBlockDelta") or one).get("delta") for one in body)
    text = "".join(piece["text"] for piece in pieces if isinstance(piece, dict) and isinstance(piece.get("text"), str))
    return text or body


def _input(asked: Mapping[str, Any], answered: Mapping[str, Any]) -> int | None:
    """Cached tokens stand beside the others, in the record as in the answer, which tells where the record does not."""
    plain = _tokens(asked.get("inputTokenCount"), answered, "inputTokens", "input_tokens")
    usage = (
        fields(fields(answered.get("outputBodyJson")).get("usage")) if asked.get("inputTokenCount") is None else asked
    )
    return summed(plain, *(count(usage.get(key), key) for key in _CACHED))


def _tokens(logged: Any, answered: Mapping[str, Any], *names: str) -> int | None:
    if logged is not None:
        return count(logged, names[0])
    usage = fields(fields(answered.get("outputBodyJson")).get("usage"))
    return next((count(usage[one], one) for one in names if one in usage), None)
