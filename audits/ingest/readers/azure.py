"""Azure OpenAI: records of the diagnostic category RequestResponse, and API Management's of models (GatewayLlmLogs).
PURE.

As a storage account keeps them (`{"records": […]}` or one a line), or as a query of AzureDiagnostics or
ApiManagementGatewayLlmLog gives them as CSV. Those of Azure OpenAI name the deployment and the model, and no tokens;
API Management's have tokens, in one row among those of a request. Its general GatewayLogs are of any API, so they are
passed over. Checked on 2026-11-22 against Microsoft's Azure Monitor reference of these tables and records quoted in
public repositories; the properties of AzureOpenAIRequestUsage are described nowhere that we found, and are read as far
as they are named like these.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import count, fields, http_status, moment, name, said

_CATEGORIES = ("RequestResponse", "AzureOpenAIRequestUsage")
_MODELS_OF_A_GATEWAY = ("GatewayLlmLogs", "ApiManagementGatewayLlmLog")
_OPERATIONS = (
    ("chat", "chat"), ("embedding", "embeddings"), ("image", "image_generation"), ("speech", "speech"),
    ("transcription", "transcription"), ("translation", "transcription"), ("fine", "fine_tune"),
    ("completions", "text_completion"), ("batch", "batch"), ("file", "file_upload"), ("response", "create_response"),
)  # fmt: skip
# Operations are named Noun_Verb, some older ones VerbNoun.
_NO_CALL = re.compile(
    r"(?:^|_)(?:list|get|delete|cancel|retrieve|update)(?![a-z])|^(?:list|get|delete|cancel)[A-Z]|^deployments_", re.I
)
# How the portal writes a time in an exported CSV; other exports write ISO 8601.
_ZONE = "zone of its times"
_OF_THE_PORTAL = ("%m/%d/%Y, %I:%M:%S.%f %p", "%m/%d/%Y, %I:%M:%S %p")


def records(value: Fields) -> Iterator[UsageRecord]:
    """One record; audits and other categories, and calls that ask no model, are no use of one."""
    row = _plain(value)
    category = name(row.get("category")) or (name(row.get("type")) if "prompttokens" in row or "type" in row else "")
    if not category and "correlationid" in row and row.keys() & {"prompttokens", "sequencenumber"}:
        category = _MODELS_OF_A_GATEWAY[0]
    if not category:
        raise Unreadable("category: a diagnostic record has one")
    about = _plain(fields(_of(row, "properties", "properties_s")))
    if category in _MODELS_OF_A_GATEWAY:
        yield from _of_a_gateway(row, {**row, **about})
    elif category in _CATEGORIES and not _NO_CALL.search(name(row.get("operationname"))):
        yield _call(row, about)


def _call(row: Mapping[str, Any], about: Mapping[str, Any]) -> UsageRecord:
    signature = _of(row, "resultsignature")  # the status, or a word
    numbered = str(signature or "").strip().isdigit()
    status = http_status(signature if numbered else about.get("statuscode"), "resultSignature")
    operation = name(row.get("operationname")).lower()
    return UsageRecord(
        at=_time(row),
        id=name(row.get("correlationid")) or name(about.get("requestid")),
        channel="azure",
        model=name(about.get("modelname")) or name(about.get("modeldeploymentname")),
        response_model=_dated(about),
        operation=next((kind for mark, kind in _OPERATIONS if mark in operation), "chat"),
        failed=status is not None and status >= 400,
        status=status,
        input_tokens=count(_of(about, "prompttokens", "inputtokens", "prompt_tokens"), "promptTokens"),
        output_tokens=count(_of(about, "completiontokens", "generatedtokens", "completion_tokens"), "completionTokens"),
        account=_resource(row),
        person=name(about.get("objectid")),
        request_id=name(row.get("correlationid"), 200),
    )


def _of_a_gateway(row: Mapping[str, Any], about: Mapping[str, Any]) -> Iterator[UsageRecord]:
    """The row of a request that has its tokens; those that hold pieces of its messages have a sequence number. What stands behind
    the gateway the log does not say."""
    if count(about.get("sequencenumber"), "sequenceNumber"):
        return
    yield UsageRecord(
        at=_time(row),
        id=name(row.get("correlationid")) or name(about.get("requestid")),
        model=name(about.get("deploymentname")) or name(about.get("modelname")),
        response_model=name(about.get("modelname")),
        operation="chat",
        input_tokens=count(about.get("prompttokens"), "promptTokens"),
        output_tokens=count(about.get("completiontokens"), "completionTokens"),
        account=_resource(row),
        prompt=said(about.get("requestmessages")),
        output=said(about.get("responsemessages")),
    )


def _plain(value: Fields) -> dict[str, Any]:
    """The fields under lower-case names: storage, event hubs and tables write them in different cases, CSVs with a zone."""
    plain = {key.lower().partition(" ")[0]: one for key, one in value.items() if one not in (None, "")}
    headed = next((key for key in value if key.startswith("TimeGenerated [")), "TimeGenerated [UTC]")
    zone = headed.removeprefix("TimeGenerated [").rstrip("]")
    return plain if zone == "UTC" else plain | {_ZONE: zone}


def _time(row: Mapping[str, Any]) -> datetime:
    if zone := row.get(_ZONE):
        raise Unreadable(f"TimeGenerated [{zone}]: times are not in UTC; choose UTC in the portal, and export it again")
    given = _of(row, "time", "timegenerated")
    if isinstance(given, str) and given[-2:] in ("AM", "PM"):
        for form in _OF_THE_PORTAL:
            with suppress(ValueError):
                return moment(datetime.strptime(given, form).replace(tzinfo=UTC).isoformat(), "time")
    return moment(given, "time")


def _resource(row: Mapping[str, Any]) -> str:
    return name(_of(row, "resourceid", "_resourceid")).rpartition("/")[2]


def _dated(about: Mapping[str, Any]) -> str:
    model, version = name(about.get("modelname")), name(about.get("modelversion"))
    return f"{model}-{version}" if model and version else model


def _of(value: Mapping[str, Any], *names: str) -> Any:
    return next((value[one] for one in names if value.get(one) not in (None, "")), None)
