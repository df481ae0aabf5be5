"""Which path means which operation, and which traffic beside model calls is known for what it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audits.capture.wire import (
    anthropic,
    assistants,
    bedrock,
    cohere,
    dashscope,
    gemini,
    interactions,
    local_servers,
    mistral,
    openai_chat,
    openai_other,
    openai_responses,
)
from audits.capture.wire.formats import Format
from audits.capture.wire.openai_responses import RESPONSE

STORED_BATCH = Format("file_upload", "storage.batch_lines", openai_other.ask_upload, openai_other.answer_job)
_VIDEO = Format("video_generation", "openai.videos", openai_other.ask_input, openai_other.answer_job)


@dataclass(frozen=True, slots=True)
class Route:
    """A path that means an operation. On a host that nobody knows, the request must also hold all of `needs`."""

    path: re.Pattern[str]
    format: Format
    needs: tuple[str, ...] = ()
    method: str = "POST"
    served_by: str | None = None


def _route(path: str, wire_format: Format, *needs: str, method: str = "POST", served_by: str | None = None) -> Route:
    return Route(re.compile(path + "/?$"), wire_format, needs, method, served_by)


_DEPLOYMENT = r"(?:/deployments/(?P<deployment>[^/]+))?"
_GOOGLE_MODEL = r"/(?:models|tunedModels|endpoints)/(?P<model>[^/:]+)"
_BEDROCK_MODEL = r"/model/(?P<model>[^/]+)"
_VERTEX_PUBLISHER = r"/publishers/{}/models/(?P<model>[^/:]+):(?:streamR|r)awPredict"

ROUTES: tuple[Route, ...] = (
    _route(_GOOGLE_MODEL + ":(?:generateContent|streamGenerateContent)", gemini.GENERATE),
    _route(_GOOGLE_MODEL + ":(?:embedContent|batchEmbedContents|embedText|batchEmbedText)", gemini.EMBED),
    _route(_GOOGLE_MODEL + ":(?:countTokens|computeTokens|countTextTokens|countMessageTokens)", gemini.COUNT_TOKENS),
    _route(_GOOGLE_MODEL + ":(?:generateText|generateMessage|generateAnswer)", gemini.PREDICT),
    _route(_GOOGLE_MODEL + ":(?:batchGenerateContent|asyncBatchEmbedContent)", gemini.BATCH),
    _route(r"/publishers/anthropic/models/count-tokens:rawPredict", anthropic.COUNT_TOKENS),
    _route(_VERTEX_PUBLISHER.format("anthropic"), anthropic.MESSAGES),
    _route(_VERTEX_PUBLISHER.format("[^/]+"), openai_chat.CHAT),
    _route(r"/models/(?P<model>[^/:]*(?:imagen|imagegeneration)[^/:]*):predict", gemini.PREDICT_IMAGE),
    _route(r"/models/(?P<model>[^/:]*embedding[^/:]*):predict", gemini.PREDICT_EMBEDDING),
    _route(r"/models/(?P<model>[^/:]+):predictLongRunning", _VIDEO),
    _route(_GOOGLE_MODEL + ":(?:predict|serverStreamingPredict)", gemini.PREDICT),
    _route(r"/batchPredictionJobs", gemini.BATCH, served_by="google-vertex"),
    _route(r"/(?:tuningJobs|tunedModels)", gemini.FINE_TUNE, served_by="google-vertex"),
    _route(r"/tunedModels", gemini.FINE_TUNE, served_by="google"),
    _route(r"/(?:upload/)?v1(?:beta|alpha)?\d*/files", gemini.FILE_UPLOAD, served_by="google"),
    _route(r"/v1(?:beta|alpha)?\d*/interactions", interactions.INTERACTION, "input"),
    _route(_BEDROCK_MODEL + "/converse(?:-stream)?", bedrock.CONVERSE),
    _route(_BEDROCK_MODEL + "/count-tokens", bedrock.COUNT_TOKENS, "input"),
    _route(r"/model/(?P<model>[^/]*embed[^/]*)/invoke", bedrock.INVOKE_EMBEDDING),
    _route(_BEDROCK_MODEL + "/invoke(?:-with-response-stream)?", bedrock.INVOKE),
    _route(r"/model-invocation-job", bedrock.BATCH, served_by="amazon-bedrock"),
    _route(r"/model-customization-jobs", bedrock.FINE_TUNE, served_by="amazon-bedrock"),
    _route(_DEPLOYMENT + r"/chat/completions", openai_chat.CHAT),
    _route(r"/agents/completions", openai_chat.CHAT, "messages"),
    _route(_DEPLOYMENT + r"/completions", openai_chat.COMPLETION, "prompt"),
    _route(_DEPLOYMENT + r"/embeddings", openai_other.EMBEDDINGS, "input"),
    _route(_DEPLOYMENT + r"/images/(?:generations|edits|variations)", openai_other.IMAGES),
    _route(_DEPLOYMENT + r"/audio/speech", openai_other.SPEECH),
    _route(_DEPLOYMENT + r"/audio/(?:transcriptions|translations)", openai_other.TRANSCRIPTION),
    _route(r"/threads/(?P<thread>[^/]+)/runs", assistants.RUN, "assistant_id"),
    _route(r"/threads/runs", assistants.RUN, "assistant_id"),
    _route(r"/threads/(?P<thread>[^/]+)/runs/[^/]+/submit_tool_outputs", assistants.RUN, "tool_outputs"),
    _route(r"/responses(?:/compact)?", RESPONSE, "input", "model"),
    _route(r"/responses/input_tokens", openai_responses.COUNT_TOKENS, "input"),
    _route(r"/conversations(?:/(?P<conversation>[^/]+)(?:/restart)?)?", mistral.CONVERSATION, served_by="mistral"),
    _route(r"/ocr", mistral.OCR, "model", "document"),
    _route(r"/(?:chat/)?classifications", mistral.CLASSIFICATION, "model", "input"),
    _route(r"/moderations", openai_other.MODERATION, "input"),
    _route(r"/videos(?:/[^/]+/remix)?", _VIDEO, "model", "prompt"),
    _route(r"/files", openai_other.FILE_UPLOAD, "purpose"),
    _route(r"/uploads(?:/[^/]+/(?:parts|complete))?", openai_other.FILE_UPLOAD, served_by="openai"),
    _route(r"/uploads(?:/[^/]+/(?:parts|complete))?", openai_other.FILE_UPLOAD, served_by="azure"),
    _route(r"/batches(?<!/messages/batches)", openai_other.BATCH, "input_file_id"),
    _route(r"/batch/jobs", openai_other.BATCH, served_by="mistral"),
    _route(r"/(?:fine_tuning/jobs|fine-tunes|finetuning/finetuned-models)", openai_other.FINE_TUNE),
    _route(r"/messages/batches", anthropic.BATCH, "requests"),
    _route(r"/messages/count_tokens", anthropic.COUNT_TOKENS, "messages"),
    _route(r"/messages", anthropic.MESSAGES, "model", "messages"),
    _route(r"/v1/complete", anthropic.COMPLETE, "model", "prompt"),
    _route(r"/v2/chat", cohere.CHAT_V2, "model", "messages"),
    _route(r"/v1/chat", cohere.CHAT_V1, "message"),
    _route(r"/v\d/generate", cohere.GENERATE, served_by="cohere"),
    _route(r"/v\d/embed", cohere.EMBED, "texts"),
    _route(r"/rerank", openai_other.RERANK, "query", "documents"),
    _route(r"/api/chat", local_servers.OLLAMA_CHAT, "model", "messages"),
    _route(r"/api/generate", local_servers.OLLAMA_GENERATE, "model"),
    _route(r"/api/embed(?:dings)?", local_servers.OLLAMA_EMBED, "model"),
    _route(r"/generate(?:_stream)?", local_servers.TGI, "inputs"),
    _route(r"/generate", local_servers.SGLANG, "text"),
    _route(r"/completion", local_servers.LLAMA_CPP, "prompt"),
    _route(r"/models/(?P<model>.+)", local_servers.TGI, "inputs", served_by="huggingface"),
    _route(r"(?:/models/(?P<model>[^/]+/[^/]+))?/predictions", openai_other.PREDICTION, served_by="replicate"),
    _route(r"/services/aigc/[a-z-]*generation/generation", dashscope.GENERATION, "model", "input"),
)

BATCH_RESULTS = re.compile(r"/(?:files/[^/]+/content|files/[^/]+:download|messages/batches/[^/]+/results)/?$")
BATCH_STATE = re.compile(r"/batches/[^/]+/?$")
_OPENAI, _GOOGLE = frozenset({"openai", "azure"}), frozenset({"google", "google-vertex"})
_KEPT = "state was stored that a later call refers to"
# What is put into a provider's keeping and asks no model: on other hosts the same path may do anything.
_STORING = tuple(
    (re.compile(path), served_by, reason)
    for path, served_by, reason in (
        (r"/(?:assistants(?:/[^/]+)?|threads(?:/[^/]+)?(?:/messages)?|conversations(?:/.*)?)/?$", _OPENAI, _KEPT),
        (r"/chat/completions/[^/]+/?$", _OPENAI, "what is noted beside a stored answer was changed"),
        (r"/vector_stores(?:/.*)?$", _OPENAI, "files were gathered or searched in the provider's own store"),
        (r"/containers(?:/[^/]+(?:/files)?)?/?$", _OPENAI, "a place for a model's tools was made or filled"),
        (r"/(?:realtime/(?:client_secrets|sessions|transcription_sessions)|chatkit/sessions)/?$", _OPENAI, "sign-in"),
        (r"/traces/ingest/?$", _OPENAI, "telemetry"),
        (r"/cachedContents(?:/[^/]+)?/?$", _GOOGLE, _KEPT),
        (r"/(?:fileSearchStores|corpora|ragCorpora)(?:[/:].*)?$", _GOOGLE, _KEPT),
        (r"/auth_tokens/?$", _GOOGLE, "sign-in"),
        (r"/skills(?:/.*)?$", frozenset({"anthropic", *_OPENAI}), _KEPT),
        (r"/(?:agents(?:/[^/]+)?|libraries(?:/.*)?)/?$", frozenset({"mistral"}), _KEPT),
        (r"/(?:datasets|connectors)(?:/.*)?$", frozenset({"cohere"}), _KEPT),
    )
)
# Where a provider asks models itself, in the asker's name: those calls never cross the wire.
_UNSEEN = tuple(
    (re.compile(path), reason)
    for path, reason in (
        (r"/evals/[^/]+/runs/?$", "an evaluation that the provider runs with models of its own"),
        (r"/graders/(?:run|validate)/?$", "a grader that the provider runs with a model of its own"),
        (r"/realtime/calls(?:/.*)?$", "a realtime session whose sound goes another way (WebRTC or telephone)"),
        (r"/v1/(?:sessions|environments|agents)(?:/.*)?$", "an agent that the provider runs"),
        (r"/agents/[^/]+/agentAliases/|/flows/|/retrieveAndGenerate", "an agent that the provider runs"),
        (r"/reasoningEngines/", "an agent that the provider runs"),
        (r"/async-invoke/?$", "a job that puts its answer into a store of files"),
    )
)

_JOBS = (
    "files|batches|batch/jobs|fine_tuning/.*|fine-tunes|tuningJobs|predictions|uploads|operations|videos|evals"
    "|embed-jobs|models/[^/]+/operations"
)
_PLACES = (
    "assistants|threads|conversations|responses/[^/]+/input_items|vector_stores|containers|skills|cachedContents"
    "|fileSearchStores|corpora|ragCorpora|chat/completions/[^/]+/messages|agents|libraries|datasets|connectors"
)
_STATUS_PATHS = (
    (re.compile(rf"/(?:{_JOBS})(?:/[^/]+){{0,2}}$"), "the state of a job or file was read"),
    (
        re.compile(r"/(?:models|engines|deployments|api/tags|api/ps|publishers)(?:/[^:]*)?$"),
        "a list of models was read",
    ),
    (re.compile(rf"/(?:{_PLACES})(?:/.*)?$"), "stored state was read"),
    (
        re.compile(r"/(?:organization|usage|dashboard|billing|credits|account|me|key|auth|generation)(?:/.*)?$"),
        "account or usage figures were read",
    ),
    (
        re.compile(r"/(?:health|healthz|version|api/version|ping|status|metrics|info)?$"),
        "a server's health or version was asked",
    ),
)
_TELEMETRY = (
    (re.compile(r"/v1/(?:traces|metrics|logs)$"), "telemetry"),
    (re.compile(r"/(?:events|track|capture|envelope)(?:/.*)?$"), "telemetry"),
)
_SIDE_PATHS = (
    (re.compile(r"/(?:telemetry|event_logging)(?:/.*)?$"), "telemetry"),
    (re.compile(r"/(?:oauth2?|auth)?/?(?:token|authorize)$"), "sign-in"),
    (
        re.compile(r"/api/(?:show|pull|push|create|copy|delete)$"),
        "models on an Ollama server were listed, fetched or changed",
    ),
    (re.compile(r"/(?:tokenize|detokenize)$"), "text was cut into tokens"),
    (re.compile(r"/cancel$"), "a job was cancelled"),
)


def route_of(method: str, path: str, served_by: str | None, request: Any) -> tuple[Format, Mapping[str, str]] | None:
    """The format that a path means, and what it names (`model`, `deployment`); None when no route fits.

    `request` is the request's JSON object or form, None when it could not be read: then only paths count that
    no other service uses.
    """
    known = served_by not in (None, "self")
    for route in ROUTES:
        if route.method != method or (route.served_by and route.served_by != served_by):
            continue
        found = route.path.search(path)
        if found and (known or _holds(request, route.needs)):
            return route.format, {name: value for name, value in found.groupdict().items() if value}
    return None


def _holds(request: Any, needs: tuple[str, ...]) -> bool:
    if not needs:
        return True
    return isinstance(request, dict) and all(name in request for name in needs)


def format_by_shape(request: Any, response: Any) -> Format | None:
    """The format that request and response look like when the path says nothing."""
    asked = request if isinstance(request, dict) else {}
    given = response if isinstance(response, dict) else {}
    if isinstance(given.get("candidates"), list) and "contents" in asked:
        return gemini.GENERATE
    if isinstance(asked.get("messages"), list) and ("model" in asked or "choices" in given):
        return anthropic.MESSAGES if isinstance(given.get("content"), list) else openai_chat.CHAT
    if "model" in asked and "prompt" in asked:
        return openai_chat.COMPLETION
    if isinstance(given.get("choices"), list) and ("usage" in given or "model" in given):
        return openai_chat.CHAT
    if "model" in asked and "input" in asked:
        return RESPONSE if "output" in given else openai_other.EMBEDDINGS if "data" in given else None
    if "inputs" in asked and "parameters" in asked:
        return local_servers.TGI
    return None


def status_reading(path: str) -> str | None:
    """What a GET of this path reads when that is no model's answer; None when it isn't known."""
    return next((reason for pattern, reason in _STATUS_PATHS if pattern.search(path)), None)


def side_traffic(path: str, served_by: str | None) -> str | None:
    """What a request to this path is for when it asks no model anything; None when it isn't known.

    A provider's `/events` may well be what an agent is told.
    """
    known = _SIDE_PATHS if served_by else (*_SIDE_PATHS, *_TELEMETRY)
    return next((reason for pattern, reason in known if pattern.search(path)), None)


def storing(path: str, served_by: str | None) -> str | None:
    """What a request to a provider puts into its keeping without asking a model; None when it isn't known."""
    found = (reason for pattern, channels, reason in _STORING if served_by in channels and pattern.search(path))
    return next(found, None)


def unseen(path: str) -> str | None:
    """What a provider does with models by itself when this path is asked; None when it isn't known."""
    return next(
        (f"{reason}, whose calls of models are not seen" for pattern, reason in _UNSEEN if pattern.search(path)), None
    )
