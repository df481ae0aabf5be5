"""An OpenAPI document arranged for people: operations under their tags, with fields and an example in words. PURE."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
ANYBODY = "anybody"
"""In the place of a scope: no account is asked for."""
_WORDS = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "null"}
_FORMATS = {"date": "day", "date-time": "time", "binary": "file"}


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body or an answer, in words."""

    name: str
    kind: str
    required: bool
    says: str


@dataclass(frozen=True)
class Told:
    """One operation as the page shows it. `scope`: "" when it takes a person."""

    name: str
    method: str
    path: str
    says: str
    scope: str
    parameters: tuple[Field, ...]
    body_kind: str
    body: tuple[Field, ...]
    answer: str
    answer_fields: tuple[Field, ...]
    example: str


def by_tag(document: Json) -> list[tuple[str, list[Told]]]:
    """The operations of a document under their tags, tags by name, operations by their addresses."""
    found: defaultdict[str, list[Told]] = defaultdict(list)
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                found[item[method]["tags"][0]].append(_told(document, method, path, item[method]))
    return sorted(found.items())


def _told(document: Json, method: str, path: str, told: Json) -> Told:
    kind, schema = _content(told.get("requestBody", {}))
    status = next(status for status in told["responses"] if status.startswith("2"))
    answer_kind, answer = _content(told["responses"][status])
    body = tuple(_fields(document, schema))
    return Told(
        name=told["operationId"], method=method.upper(), path=path, says=told["description"],
        scope=told["x-scope"] or "", parameters=tuple(_parameters(told)), body_kind=kind, body=body,
        answer=f"{status} {answer_kind}".strip(), answer_fields=tuple(_fields(document, answer)),
        example=_example(method, path, kind, body, told["x-scope"]),
    )  # fmt: skip


def _content(part: Json) -> tuple[str, Json]:
    return next(((kind, one.get("schema", {})) for kind, one in part.get("content", {}).items()), ("", {}))


def _parameters(told: Json) -> Iterator[Field]:
    for one in told.get("parameters", ()):
        if one["in"] != "header":
            yield Field(one["name"], _kind(one["schema"]), one.get("required", False), one.get("description", ""))


def _resolved(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _fields(document: Json, schema: Json, before: str = "") -> Iterator[Field]:
    """The fields of an object; of a list in parts, those of its items."""
    schema = _resolved(document, schema)
    properties = schema.get("properties", {})
    if set(properties) == {"items", "next"}:
        yield from _fields(document, properties["items"]["items"], "items[].")
        yield Field("next", "text or null", False, properties["next"].get("description", ""))
        return
    for name, one in properties.items():
        says = one.get("description") or _resolved(document, one).get("description", "")
        yield Field(before + name, _kind(one), name in schema.get("required", ()), says)


def _kind(schema: Json) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_kind(one) for one in schema[several]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return _FORMATS.get(schema.get("format", ""), _WORDS.get(kind, str(kind)))


def _example(method: str, path: str, kind: str, body: tuple[Field, ...], scope: str | None) -> str:
    """A line for a shell: the least that the operation takes. Those that take a person send their session's cookies."""
    shown = {None: '-b cookies.txt -H "X-CSRFToken: $CSRF" ', ANYBODY: ""}
    who = shown.get(scope, '-H "Authorization: Bearer $TOKEN" ')
    lines = [f'curl {who}{"" if method == "get" else f"-X {method.upper()} "}"$URL{path}"']
    needed = [one for one in body if one.required]
    if kind == "multipart/form-data":
        lines += [f"-F {one.name}={'@FILE' if 'file' in one.kind else '…'}" for one in needed]
    elif kind:
        lines.append(f"--json '{{{', '.join(f'{chr(34)}{one.name}{chr(34)}: …' for one in needed)}}}'")
    return " \\\n  ".join(lines)
