"""Whether one OpenAPI document keeps what another promised: programs written for the old one must go on working. PURE."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


def broken_promises(old: Json, new: Json) -> list[str]:
    """What a program that relies on `old` would miss in `new`, as sentences; none: it may be published under the same version.

    Told are: operations, answers and fields of answers that are gone or changed their type; parameters and fields of requests
    that are gone, narrowed or newly required; scopes that are asked for now.
    """
    return list(_paths(old, new))


def _paths(old: Json, new: Json) -> Iterator[str]:
    for path, item in old["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            there = new["paths"].get(path, {}).get(method)
            name = f"{method.upper()} {path}"
            if there is None:
                yield f"{name}: the operation is gone"
            else:
                yield from _operation(name, item[method], there, old, new)


def _operation(name: str, was: Json, now: Json, old: Json, new: Json) -> Iterator[str]:
    if was.get("x-scope") and was.get("x-scope") != now.get("x-scope"):
        yield f"{name}: it asked for the scope {was.get('x-scope')}, and asks for {now.get('x-scope') or 'a person'} now"
    yield from _parameters(name, was, now, old, new)
    yield from _bodies(name, was, now, old, new)
    for status, answer in was["responses"].items():
        if status.startswith("2"):
            if status not in now["responses"]:
                yield f"{name}: it no longer answers {status}"
            else:
                for kind, before, after in _shared(answer, now["responses"][status]):
                    yield from _given(f"{name}: answer {status} {kind}".strip(), before, after, old, new)


def _parameters(name: str, was: Json, now: Json, old: Json, new: Json) -> Iterator[str]:
    before = {(one["in"], one["name"]): one for one in was.get("parameters", ())}
    after = {(one["in"], one["name"]): one for one in now.get("parameters", ())}
    for key, one in before.items():
        if key not in after:
            yield f"{name}: the parameter {key[1]} is gone"
        else:
            yield from _taken(f"{name}: parameter {key[1]}", one["schema"], after[key]["schema"], old, new)
    for key, one in after.items():
        if one.get("required") and not before.get(key, {}).get("required"):
            yield f"{name}: the parameter {key[1]} is required now"


def _bodies(name: str, was: Json, now: Json, old: Json, new: Json) -> Iterator[str]:
    before, after = was.get("requestBody"), now.get("requestBody")
    if after is None:
        if before is not None:
            yield f"{name}: it takes no body any more"
        return
    if after.get("required") and not (before or {}).get("required"):
        yield f"{name}: the body is required now"
    for kind, schema, other in _shared(before or {}, after):
        yield from _taken(f"{name}: body {kind}".strip(), schema, other, old, new)


def _shared(was: Json, now: Json) -> Iterator[tuple[str, Json, Json]]:
    """The schemas of both sides by media type; one that is gone is compared with an empty one that takes nothing."""
    after = now.get("content", {})
    for kind, one in was.get("content", {}).items():
        yield kind, one.get("schema", {}), after.get(kind, {"schema": {"not": {}}}).get("schema", {})


def _resolved(schema: Json, document: Json) -> Json:
    """The schema itself, behind its reference; of "this or null", this."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][str(schema["$ref"]).rpartition("/")[2]]
    return schema


def _kinds(schema: Json, document: Json) -> set[str]:
    """The JSON types that a schema lets through."""
    schema = _resolved(schema, document)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return set().union(*(_kinds(one, document) for one in schema[several]))
    kind = schema.get("type", "any")
    return set(kind) if isinstance(kind, list) else {"nothing" if "not" in schema else kind}


def _parts(schema: Json, document: Json) -> Json:
    """What describes objects, arrays and choices in a schema, its null set aside."""
    schema = _resolved(schema, document)
    for several in ("anyOf", "oneOf"):
        real = [one for one in schema.get(several, ()) if one.get("type") != "null"]
        if len(real) == 1:
            return _parts(real[0], document)
    return schema


def _given(name: str, was: Json, now: Json, old: Json, new: Json, depth: int = 0) -> Iterator[str]:
    """Of an answer: every field must still be there, and hold no other types than before."""
    before, after = _kinds(was, old), _kinds(now, new)
    if "any" not in before and not after <= before | ({"integer"} if "number" in before else set()):
        yield f"{name}: it was {_listed(before)}, and can be {_listed(after)} now"
        return
    if depth > 12:
        return
    was, now = _parts(was, old), _parts(now, new)
    for field, schema in was.get("properties", {}).items():
        there = now.get("properties", {}).get(field)
        if there is None:
            yield f"{name}: the field {field} is gone"
        else:
            yield from _given(f"{name}.{field}", schema, there, old, new, depth + 1)
    if isinstance(was.get("items"), Mapping) and isinstance(now.get("items"), Mapping):
        yield from _given(f"{name}[]", was["items"], now["items"], old, new, depth + 1)


def _taken(name: str, was: Json, now: Json, old: Json, new: Json, depth: int = 0) -> Iterator[str]:
    """Of a request: everything that was taken must still be, and nothing more be required."""
    before, after = _kinds(was, old), _kinds(now, new)
    if "any" not in after and not before <= after | ({"integer"} if "number" in after else set()):
        yield f"{name}: it took {_listed(before)}, and takes {_listed(after)} now"
        return
    if depth > 12:
        return
    was, now = _parts(was, old), _parts(now, new)
    choices = set(map(str, was.get("enum", ()))) - set(map(str, now.get("enum", was.get("enum", ()))))
    if choices or ("enum" in now and "enum" not in was and was.get("const") not in now["enum"]):
        yield f"{name}: no longer taken: {_listed(choices) or 'other values'}"
    yield from _bounds(name, was, now)
    for field in sorted(set(now.get("required", ())) - set(was.get("required", ()))):
        yield f"{name}: the field {field} is required now"
    for field, schema in was.get("properties", {}).items():
        there = now.get("properties", {}).get(field)
        if there is None:
            yield f"{name}: the field {field} is gone"
        else:
            yield from _taken(f"{name}.{field}", schema, there, old, new, depth + 1)
    if isinstance(was.get("items"), Mapping) and isinstance(now.get("items"), Mapping):
        yield from _taken(f"{name}[]", was["items"], now["items"], old, new, depth + 1)


def _bounds(name: str, was: Json, now: Json) -> Iterator[str]:
    for word, smaller in (("maximum", True), ("maxLength", True), ("maxItems", True), ("minimum", False),
                          ("minLength", False), ("minItems", False)):  # fmt: skip
        if word not in now:
            continue
        if word not in was or (now[word] < was[word] if smaller else now[word] > was[word]):
            yield f"{name}: {word} is {now[word]} now, and was {was.get(word, 'open')}"


def _listed(words: set[str]) -> str:
    return ", ".join(sorted(words))
