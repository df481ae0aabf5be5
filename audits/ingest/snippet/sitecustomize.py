"""Notes each request to a model's provider that this Python makes, and sends the notes to Clausetrail or writes them to a file.

Put this file on PYTHONPATH under the name sitecustomize.py. It needs nothing but the standard library, and sees http.client
(with it urllib, requests, urllib3) and httpx (with it the SDKs of OpenAI and Anthropic). It notes host, path, model, status and,
where httpx read the answer whole, tokens; never what was asked or answered, and no key. It neither stops nor changes a request.

    USAGE_HOSTS      whose requests are noted, separated by commas: ends of host names, or names with a * in them
    USAGE_ENDPOINT   the receiver, as https://clausetrail.example.com/v1/traces; with USAGE_TOKEN, a receiver token (ctr_...)
    USAGE_LOG        without an endpoint, or while it takes nothing: the file that a JSON line is added to for each request
                     (usage.jsonl)
    USAGE_SERVICE    what the sender is called
"""

import atexit
import contextlib
import functools
import http.client
import importlib.util
import json
import os
import queue
import re
import sys
import threading
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

_KNOWN = (
    "api.openai.com,api.anthropic.com,openai.azure.com,services.ai.azure.com,bedrock-runtime.*.amazonaws.com,"
    "generativelanguage.googleapis.com,aiplatform.googleapis.com,api.mistral.ai,api.cohere.com,api.groq.com,"
    "api.together.xyz,openrouter.ai,api.deepseek.com,api.x.ai,api.fireworks.ai"
)
_HOSTS = [host.strip().lower() for host in os.environ.get("USAGE_HOSTS", _KNOWN).split(",") if host.strip()]
_ENDPOINT, _TOKEN = os.environ.get("USAGE_ENDPOINT", ""), os.environ.get("USAGE_TOKEN", "")
_FILE = os.environ.get("USAGE_LOG", "usage.jsonl")
_SERVICE = os.environ.get(
    "USAGE_SERVICE", os.path.basename(sys.argv[0] if getattr(sys, "argv", None) else "") or "python"
)
_MODEL = re.compile(rb'"model"\s*:\s*"([^"\\]{1,200})"')
# Bedrock, Gemini, Vertex and Azure name the model, or what stands for it, in the path.
_MODEL_IN_PATH = re.compile(r"/(?:models?|deployments)/([^/:]{1,300})")
_OPERATIONS = (
    ("count_tokens", "count_tokens"), ("counttokens", "count_tokens"), ("count-tokens", "count_tokens"),
    ("embed", "embeddings"), ("/images", "image_generation"), ("/audio/tr", "transcription"), ("/audio", "speech"),
    ("rerank", "rerank"), ("/batches", "batch"), ("batchgenerate", "batch"), ("/fine", "fine_tune"),
    ("/files", "file_upload"), ("/uploads", "file_upload"), ("moderations", "moderation"),
)  # fmt: skip
# By these a call is known again that a gateway or a run under audit tells of as well.
_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id")
_AT_ONCE, _EVERY = 200, 5.0
Note = dict[str, Any]
_notes: queue.Queue[Note] = queue.Queue(10_000)
_lost = [0]
_own = threading.local()  # the sender's own posts are no use of a model


def _wanted(host: str) -> bool:
    name = (host or "").lower()
    known = any(fnmatchcase(name, one) if "*" in one else name.endswith(one) for one in _HOSTS)
    return known and not getattr(_own, "sending", False)


def _begun(host: str, path: str) -> Note:
    path = path.partition("?")[0]
    asked = next((to for mark, to in _OPERATIONS if mark in path.lower()), "chat")
    return {"id": uuid.uuid4().hex, "at": time.time(), "host": host, "path": path, "operation": asked, "model": ""}


def _model_of(body: Any) -> str:
    found = _MODEL.search(body[:200_000]) if isinstance(body, bytes | bytearray) else None
    return found.group(1).decode("utf-8", "replace") if found else ""


def _sum(*counts: Any) -> int | None:
    known = [count for count in counts if isinstance(count, int)]
    return sum(known) if known else None


def _tokens_of(note: Note, body: bytes) -> None:
    with contextlib.suppress(ValueError, AttributeError):
        answer = json.loads(body)
        note["response_id"] = answer.get("id") or answer.get("responseId")
        usage, google = answer.get("usage") or {}, answer.get("usageMetadata") or {}
        # Anthropic counts apart what a cache held, and Google what was thought.
        cached = (usage.get(f"cache_{kind}_input_tokens") for kind in ("read", "creation"))
        went_in = usage.get("prompt_tokens", usage.get("input_tokens", google.get("promptTokenCount")))
        came_out = usage.get("completion_tokens", usage.get("output_tokens", google.get("candidatesTokenCount")))
        note["input_tokens"] = _sum(went_in, *cached)
        note["output_tokens"] = _sum(came_out, google.get("thoughtsTokenCount"))


def _ended(note: Note, status: int, headers: Any) -> None:
    note.update(status=status, until=time.time())
    if not note["model"] and (found := _MODEL_IN_PATH.search(note["path"])):
        note["model"] = urllib.parse.unquote(found.group(1))
    note["request_id"] = next((headers[one] for one in _REQUEST_IDS if headers.get(one)), None)
    try:
        _notes.put_nowait(note)
    except queue.Full:
        _lost[0] += 1


# http.client: urllib, requests, urllib3


class _Watched:
    """What http.client's connection does besides."""

    putrequest = http.client.HTTPConnection.putrequest
    send = http.client.HTTPConnection.send
    getresponse = http.client.HTTPConnection.getresponse


def _putrequest(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
    # Through a proxy the connection's host is the proxy; whom the tunnel leads to stands beside it.
    host = getattr(self, "_tunnel_host", None) or self.host
    self._usage = _begun(host, url) if method == "POST" and _wanted(host) else None
    return _Watched.putrequest(self, method, url, *args, **kwargs)


def _send(self: Any, data: Any) -> Any:
    usage = getattr(self, "_usage", None)
    if usage and not usage["model"]:
        usage["model"] = _model_of(data)
    return _Watched.send(self, data)


def _getresponse(self: Any, *args: Any, **kwargs: Any) -> Any:
    answer = _Watched.getresponse(self, *args, **kwargs)
    usage, self._usage = getattr(self, "_usage", None), None
    if usage:
        _ended(usage, answer.status, answer.headers)
    return answer


# httpx: changed when the program imports it


def _httpx(module: Any) -> None:
    def begun(request: Any) -> Note | None:
        if request.method != "POST" or not _wanted(request.url.host):
            return None
        note = _begun(request.url.host, request.url.path)
        with contextlib.suppress(Exception):  # a body that is streamed has not been read
            note["model"] = _model_of(request.content)
        return note

    def ended(note: Note | None, answer: Any) -> Any:
        if note:
            with contextlib.suppress(Exception):  # an answer that is streamed has not been read
                _tokens_of(note, answer.content)
            _ended(note, answer.status_code, answer.headers)
        return answer

    plain, other = module.Client.send, module.AsyncClient.send

    @functools.wraps(plain)
    def send(self: Any, request: Any, **kwargs: Any) -> Any:
        note = begun(request)
        return ended(note, plain(self, request, **kwargs))

    @functools.wraps(other)
    async def send_async(self: Any, request: Any, **kwargs: Any) -> Any:
        note = begun(request)
        return ended(note, await other(self, request, **kwargs))

    module.Client.send, module.AsyncClient.send = send, send_async


_CHANGED: dict[str, Callable[[Any], None]] = {"httpx": _httpx}


class _Finder:
    """Lets a module be imported as ever, and changes it then."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        change = _CHANGED.pop(name, None)
        if change is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            with contextlib.suppress(AttributeError):  # a version that has no such classes is left as it is
                change(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


# sending


def _attribute(key: str, value: Any) -> dict[str, Any]:
    kind = "intValue" if isinstance(value, int) else "stringValue"
    return {"key": key, "value": {kind: str(value)}}


def _span(note: Note) -> dict[str, Any]:
    said = {
        "gen_ai.operation.name": note["operation"],
        "server.address": note["host"],
        "url.path": note["path"],
        "http.response.status_code": note["status"],
        "gen_ai.request.model": note["model"] or None,
        "gen_ai.response.id": note.get("response_id"),
        "http.response.header.x-request-id": note.get("request_id"),
        "gen_ai.usage.input_tokens": note.get("input_tokens"),
        "gen_ai.usage.output_tokens": note.get("output_tokens"),
    }
    return {
        "traceId": note["id"], "spanId": note["id"][:16], "name": "request", "kind": 3,
        "startTimeUnixNano": str(int(note["at"] * 1e9)), "endTimeUnixNano": str(int(note["until"] * 1e9)),
        "attributes": [_attribute(key, value) for key, value in said.items() if value is not None],
        "status": {"code": 2 if note["status"] >= 400 else 0},
    }  # fmt: skip


def _post(notes: list[Note]) -> None:
    about = {"attributes": [_attribute("service.name", _SERVICE)]}
    spans = {"scope": {"name": "sitecustomize"}, "spans": [_span(note) for note in notes]}
    body = json.dumps({"resourceSpans": [{"resource": about, "scopeSpans": [spans]}]}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {_TOKEN}"}
    urllib.request.urlopen(urllib.request.Request(_ENDPOINT, body, headers), timeout=10).close()  # noqa: S310 - its own setting


def _write(notes: list[Note]) -> None:
    with open(_FILE, "a", encoding="utf-8") as log:
        log.writelines(json.dumps(note) + "\n" for note in notes)


def _taken() -> list[Note]:
    notes: list[Note] = []
    with contextlib.suppress(queue.Empty):
        while len(notes) < _AT_ONCE:
            notes.append(_notes.get_nowait())
    return notes


def _deliver() -> None:
    while notes := _taken():
        _own.sending = True
        try:
            (_post if _ENDPOINT else _write)(notes)
        except (OSError, ValueError, http.client.HTTPException) as problem:
            print(f"usage of {len(notes)} requests could not be sent: {problem}{_kept_here(notes)}", file=sys.stderr)
        finally:
            _own.sending = False
    if _lost[0]:
        print(f"usage of {_lost[0]} requests was not noted: too many waited to be sent", file=sys.stderr)
        _lost[0] = 0


def _kept_here(notes: list[Note]) -> str:
    """Notes that the receiver did not take, put into the file; what is said of it."""
    with contextlib.suppress(OSError):
        if _ENDPOINT:
            _write(notes)
            return f"; it stands in {_FILE}"
    return ""


def _begin() -> None:
    threading.Thread(target=_deliver_now_and_then, name="usage", daemon=True).start()


def _after_fork() -> None:
    """A forked process has no thread of its parent's, and its parent sends what had waited until then."""
    global _notes
    _notes = queue.Queue(10_000)
    _lost[0] = 0
    _begin()
    # The processes of multiprocessing end without atexit, and forget what was to be done at their end when they begin.
    if util := sys.modules.get("multiprocessing.util"):
        util.register_after_fork(_deliver, lambda deliver: util.Finalize(None, deliver, exitpriority=100))


def _deliver_now_and_then() -> None:
    while True:
        time.sleep(_EVERY)
        _deliver()


for _name, _watching in (("putrequest", _putrequest), ("send", _send), ("getresponse", _getresponse)):
    setattr(http.client.HTTPConnection, _name, _watching)
sys.meta_path.insert(0, _Finder())
atexit.register(_deliver)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
_begin()
