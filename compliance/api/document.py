"""The OpenAPI document: what every operation has in common is added to what each says of itself."""

from collections.abc import Iterator
from typing import Any, cast

from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from compliance.api.openings import Opening
from compliance.problems import CONTENT_TYPE, KINDS

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "What is wrong, in the form of RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "Ends in the kind of problem: " + ", ".join(KINDS) + "."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence that says how to mend it."},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"in": {"type": "string"}, "field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
SCHEMES: Json = {
    "token": {
        "type": "http", "scheme": "bearer", "bearerFormat": "cta_…",
        "description": "A token, made under Your account, Tokens. Its scopes say which operations it opens.",
    },
    "session": {
        "type": "apiKey", "in": "cookie", "name": "sessionid",
        "description": "The session of somebody who signed in. Changes need the header X-CSRFToken too.",
    },
}  # fmt: skip
_SAYS = {
    400: "The request can’t be read.", 401: "Nobody is signed in, or the token is refused.",
    403: "Not allowed, in words that say who may.", 404: "It does not exist, or is not yours to see.",
    409: "It can’t be done as things stand.", 411: "Without a length (Content-Length).",
    412: "It was changed meanwhile (If-Match).", 413: "Too large.",
    422: "Something in it is not valid; `errors` names each field.", 429: "Too many requests; Retry-After says when.",
    500: "Our own fault.",
}  # fmt: skip


def document_of(api: Any, path_prefix: str) -> Json:
    """The whole document of an interface, in OpenAPI 3.1."""
    document = cast(Json, OpenAPISchema(api, path_prefix))
    operations = dict(_operations(api))
    for item in document["paths"].values():
        for method in METHODS:
            if method in item:
                item[method] = dict(item[method])
                _complete(item[method], method, operations[item[method]["operationId"]])
    parts = document["components"]
    parts["schemas"] = dict(sorted(parts.get("schemas", {}).items())) | {"Problem": PROBLEM}
    parts["securitySchemes"] = SCHEMES
    document["paths"] = dict(sorted(document["paths"].items()))
    return document


def _operations(api: Any) -> Iterator[tuple[str, Operation]]:
    for router in api._get_bound_routers():
        for path_view in router.path_operations.values():
            for operation in path_view.operations:
                yield api.get_openapi_operation_id(operation), operation


def _complete(told: Json, method: str, operation: Operation) -> None:
    opening = next(one for one in operation.auth_callbacks if isinstance(one, Opening))
    told["security"] = opening.security
    told["x-scope"] = opening.named
    told["parameters"] = [*told.get("parameters", []), *_headers(method)]
    answers = {str(status): one for status, one in told["responses"].items()}
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    left_out = {411, 412} if method == "get" else set()
    for status, words in _SAYS.items():
        if status not in left_out:
            answers.setdefault(str(status), {"description": words, "content": content})
    if method == "get":
        answers["304"] = {"description": "What you hold is still so (If-None-Match)."}
    told["responses"] = dict(sorted(answers.items()))


def _headers(method: str) -> list[Json]:
    def header(name: str, says: str, **more: Any) -> Json:
        return {
            "in": "header",
            "name": name,
            "required": False,
            "description": says,
            "schema": {"type": "string", **more},
        }

    if method == "get":
        return [header("If-None-Match", "An ETag that you hold; 304 when nothing changed.")]
    found = [header("If-Match", "The ETag of what you saw; 412 when it was changed meanwhile.")]
    if method == "post":
        says = "A key of your own, such as a UUID: the same request with the same key is carried out once."
        found.append(header("Idempotency-Key", says, minLength=1, maxLength=255, pattern="^[!-~]+$"))
    return found
