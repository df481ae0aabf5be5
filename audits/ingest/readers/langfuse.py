"""Langfuse: observations as its pages, its API and its blob storage export them, as JSON, JSON lines or CSV. PURE.

Checked on 2026-11-22 against Langfuse's source of 2026-08-22 (what the export of a table and the export to blob
storage write, and how they convert an observation), its OpenAPI description (Observation, ObservationsView,
ObservationV2), its "Blob storage export field reference", and spans that its Python SDK 5.0.4 sent. Names are in camel
case in the API and in exports of a table, in snake case in exports to blob storage.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from audits.ingest.identities import unwrapped_id
from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import count, fields, moment, money, name, said, summed

_OF_MODELS = {"GENERATION": "chat", "EMBEDDING": "embeddings"}
# May ask a model themselves; they do when they name one and say what it took.
_MAY_ASK = ("EVALUATOR", "GUARDRAIL")
_INPUT = ("input", "promptTokens", "prompt_tokens", "inputTokens", "input_tokens")
_OUTPUT = ("output", "completionTokens", "completion_tokens", "outputTokens", "output_tokens")
_OF_A_TRACE = ("userId", "user_id", "projectId", "project_id", "environment")
_SPAN: Final = "langfuse.observation."


def records(value: Fields) -> Iterator[UsageRecord | Unreadable]:
    """One observation, or those of a whole trace; spans and events of which no model is named are no use of one."""
    if "call_type" in value:
        raise Unreadable("call_type: an observation of Langfuse has none; is this a log of LiteLLM?")
    inside = value.get("observations")
    if isinstance(inside, list):
        yield from _of_a_trace(value, inside)
        return
    model = name(_of(value, "model", "providedModelName", "provided_model_name", "modelName"))
    kind = name(value.get("type")).upper()
    details = fields(_of(value, "usageDetails", "usage_details"))
    if not kind and not model:
        raise Unreadable("type: an observation has one; a trace, a score or a session tells of no call by itself")
    if not (kind in _OF_MODELS or (model and (not kind or (kind in _MAY_ASK and details)))):
        return
    costs = fields(_of(value, "costDetails", "cost_details"))
    yield UsageRecord(
        at=moment(_of(value, "startTime", "start_time", "timestamp"), "startTime"),
        id=name(value.get("id")),
        model=model,
        operation=_OF_MODELS.get(kind, "chat"),
        failed=name(value.get("level")) == "ERROR",
        input_tokens=_tokens(value, details, "input", _INPUT),
        output_tokens=_tokens(value, details, "output", _OUTPUT),
        cost=_cost(value, costs),
        currency="USD",
        account=name(_of(value, "projectId", "project_id", "environment")),
        person=name(_of(value, "userId", "user_id")),
        prompt=said(value.get("input")),
        output=said(value.get("output")),
        response_id=_answer_id(value),
    )


def _of_a_trace(trace: Fields, inside: list[Any]) -> Iterator[UsageRecord | Unreadable]:
    """What the trace says for all of its observations (whose it was) holds for each that does not say so itself."""
    for one in inside:
        if not isinstance(one, dict):
            raise Unreadable("observations: the trace only names them; export the observations, or each trace whole")
        about = {key: trace[key] for key in _OF_A_TRACE if trace.get(key) and not one.get(key)}
        try:
            yield from records({**one, **about})
        except Unreadable as problem:
            yield Unreadable(f"observation {name(one.get('id'))}: {problem}")


# LiteLLM's callback names a generation by its time and the answer's id.
_BY_LITELLM = re.compile(r"time-\d\d-\d\d-\d\d-\d+_(.+)")


def _answer_id(value: Fields) -> str:
    """The provider's id of the answer: in the attributes of the span it came as, in the whole answer, or in LiteLLM's name."""
    attributes = fields(fields(value.get("metadata")).get("attributes"))
    given = attributes.get("gen_ai.response.id") or fields(value.get("output")).get("id")
    named = _BY_LITELLM.fullmatch(name(value.get("id")))
    return name(given, 200) or (unwrapped_id(named[1])[:200] if named else "")


def _cost(value: Fields, costs: Mapping[str, Any]) -> Any:
    total = _of(costs, "total")
    return money(_of(value, "calculatedTotalCost", "totalCost", "total_cost") if total is None else total, "totalCost")


def _tokens(value: Fields, details: Mapping[str, Any], side: str, names: tuple[str, ...]) -> int | None:
    """Tokens of one side. The older `usage` may count characters, seconds or images, which are none."""
    found = _parts(details, side)
    if found is not None:
        return found
    usage = fields(value.get("usage"))
    if name(usage.get("unit")).upper() not in ("", "TOKENS"):
        return None
    older = _of(usage, *names)
    return count(older if older is not None else _of(value, *names[1:]), names[0])


def _parts(details: Mapping[str, Any], side: str) -> int | None:
    """The sum of one side's parts, as Langfuse sums them: cached, audio and reasoning tokens stand apart, under names of any
    provider (`input_cached_tokens`, `cache_read_input_tokens`), and each has its side in its name."""
    found = summed(*(count(amount, key) for key, amount in details.items() if side in key))
    older = {"input": "prompt_tokens", "output": "completion_tokens"}[side]
    return count(details.get(older), older) if found is None else found


def conventions_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What Langfuse's SDKs say in a span's attributes of their own, in the names of OpenTelemetry; {} for other spans."""
    kind = name(facts.get(f"{_SPAN}type")).upper()
    if kind not in _OF_MODELS:
        return {}
    usage = fields(facts.get(f"{_SPAN}usage_details"))
    found = {
        "gen_ai.operation.name": _OF_MODELS[kind],
        "gen_ai.request.model": facts.get(f"{_SPAN}model.name"),
        "gen_ai.usage.input_tokens": _parts(usage, "input"),
        "gen_ai.usage.output_tokens": _parts(usage, "output"),
        "gen_ai.usage.cost": fields(facts.get(f"{_SPAN}cost_details")).get("total"),
        "gen_ai.input.messages": facts.get(f"{_SPAN}input"),
        "gen_ai.output.messages": facts.get(f"{_SPAN}output"),
        "gen_ai.response.id": facts.get("gen_ai.response.id") or fields(facts.get(f"{_SPAN}output")).get("id"),
    }
    return {key: one for key, one in found.items() if one is not None}


def _of(value: Mapping[str, Any], *names: str) -> Any:
    return next((value[one] for one in names if value.get(one) not in (None, "")), None)
