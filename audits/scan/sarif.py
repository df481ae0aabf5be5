"""A scan in SARIF 2.1.0, as code hosts and editors read it."""

from audits.scan.result import ScanResult, Unresolved, Use

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = (
    ("model-use", "A model of a provider is used", "Which terms govern the use is told by an assessment."),
    (
        "model-use-configurable",
        "A model may be used, depending on configuration",
        "Nothing in the tree makes use of it by itself.",
    ),
    ("unresolved", "A person must look at this", "The scan could not tell who is called, or could not read the file."),
)


def as_sarif(result: ScanResult) -> dict[str, object]:
    """One SARIF log with one run; external uses are notes, what stays open is a warning."""
    results = [_of_use(use) for use in result.uses if use.external] + [
        _of_unresolved(item) for item in result.unresolved
    ]
    rules = [
        {"id": name, "shortDescription": {"text": title}, "fullDescription": {"text": text}}
        for name, title, text in _RULES
    ]
    run = {
        "tool": {"driver": {"name": "Clausetrail", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _of_use(use: Use) -> dict[str, object]:
    models = ", ".join(use.models) or "a model not named here"
    told = f"purpose: {use.purpose}; confidence {use.confidence:.2f}"
    text = f"{models} of {use.provider}, served by {use.served_by}, is used ({told})."
    rule = "model-use" if use.status == "used" else "model-use-configurable"
    places = [located(place.file, place.line) for place in use.evidence]
    return {
        "ruleId": rule,
        "level": "note",
        "message": {"text": text},
        "locations": places[:1],
        "relatedLocations": [{"id": number, **place} for number, place in enumerate(places[1:50], start=1)],
        "properties": {"confidence": use.confidence, "reasoning": list(use.reasoning)},
    }


def _of_unresolved(item: Unresolved) -> dict[str, object]:
    return {
        "ruleId": "unresolved",
        "level": "warning",
        "message": {"text": item.reason},
        "locations": [located(item.file, item.line)],
    }


def located(file: str, line: int) -> dict[str, object]:
    """A SARIF location: a file relative to the tree's root, and a line from 1 (0: the whole file)."""
    place: dict[str, object] = {"artifactLocation": {"uri": _uri(file)}}
    if line > 0:
        place["region"] = {"startLine": line}
    return {"physicalLocation": place}


def _uri(path: str) -> str:
    return "".join(
        c if (c.isalnum() and c.isascii()) or c in "/._-~" else "".join(f"%{b:02X}" for b in c.encode()) for c in path
    )
