"""Azure OpenAI: records of the diagnostic categories RequestResponse and AzureOpenAIRequestUsage. PURE.

As a storage account keeps them (`{"records": […]}` or one a line), or as a query of AzureDiagnostics gives them as CSV,
where the properties stand as text in `properties_s`. They name the deployment and the model, and mostly no tokens.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from audits.ingest.records import Fields, Unreadable, UsageRecord
from audits.ingest.values import count, fields, moment, name

_CATEGORIES = ("RequestResponse", "AzureOpenAIRequestUsage", "GatewayLogs")
_OPERATIONS = (
    ("embedding", "embeddings"), ("image", "image_generation"), ("speech", "speech"), ("transcription", "transcription"),
    ("fine", "fine_tune"), ("completions", "text_completion"), ("batch", "batch"), ("file", "file_upload"),
    ("response", "create_response"),
)  # fmt: skip
_NO_CALLS = ("list", "get", "delete", "cancel", "retrieve")


def records(value: Fields) -> Iterator[UsageRecord]:
    """One record; audits and other categories, and calls that ask no model, are no use of one."""
    category = name(_of(value, "category", "Category"))
    if not category:
        raise Unreadable("category: a diagnostic record has one")
    operation = name(_of(value, "operationName", "OperationName"))
    if category not in _CATEGORIES or operation.lower().startswith(_NO_CALLS):
        return
    about = fields(_of(value, "properties", "properties_s", "Properties"))
    status = count(_of(value, "resultSignature", "ResultSignature") or about.get("statusCode"), "resultSignature")
    yield UsageRecord(
        at=moment(_of(value, "time", "TimeGenerated", "TimeGenerated [UTC]"), "time"),
        id=name(_of(value, "correlationId", "CorrelationId")) or name(about.get("requestId")),
        channel="azure",
        model=name(about.get("modelName")) or name(about.get("modelDeploymentName")),
        response_model=_dated(about),
        operation=_kind(operation),
        failed=status is not None and status >= 400,
        status=status,
        input_tokens=count(_of(about, "promptTokens", "inputTokens", "prompt_tokens"), "promptTokens"),
        output_tokens=count(_of(about, "completionTokens", "generatedTokens", "completion_tokens"), "completionTokens"),
        account=name(_of(value, "resourceId", "ResourceId", "_ResourceId")).rpartition("/")[2],
        person=name(about.get("objectId")),
    )


def _dated(about: Mapping[str, Any]) -> str:
    model, version = name(about.get("modelName")), name(about.get("modelVersion"))
    return f"{model}-{version}" if model and version else model


def _kind(operation: str) -> str:
    low = operation.lower()
    if "chat" in low:
        return "chat"
    return next((kind for mark, kind in _OPERATIONS if mark in low), "chat")


def _of(value: Mapping[str, Any], *names: str) -> Any:
    return next((value[one] for one in names if value.get(one) not in (None, "")), None)
