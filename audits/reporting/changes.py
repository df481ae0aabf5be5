"""What changed from one report to another: findings, decisions, terms and sums; from their two contexts alone. PURE."""

from collections.abc import Mapping
from typing import Any, Final

from audits.reporting.wording import OUTCOME_WORDS

Context = Mapping[str, Any]
RANK: Final = {name: at for at, name in enumerate(OUTCOME_WORDS)}
SUMS: Final = ("calls", "failed", "input_tokens", "output_tokens")


def compare(old: Context, new: Context) -> dict[str, Any]:
    """What is new, gone or different in `new`; every entry says what it was and what it is.

    The same finding is known by its rule (or kind), provider, document, section and activity, and by its models.
    """
    before, after = _findings(old), _findings(new)
    both = [(before[key], one) for key, one in after.items() if key in before]
    return {
        "earlier": {
            "number": old["report"]["number"],
            "case": old["report"]["case"],
            "made_at": old["report"]["made_at"],
            "title": old["report"].get("title") or f"{old['run']['pipeline']}, run {old['run']['number']}",
            "outcome": old["summary"]["outcome"],
        },
        "outcome": {"before": old["summary"]["outcome"], "after": new["summary"]["outcome"]},
        "new": [_brief(one) for key, one in after.items() if key not in before],
        "gone": [_brief(one) for key, one in before.items() if key not in after],
        "changed": [_change(was, one) for was, one in both if was["outcome"] != one["outcome"]],
        "decisions": [one for was, now in both for one in _decided(was, now)],
        "terms": _terms(old, new),
        "sums": _sums(old, new),
        "same": sum(was["outcome"] == one["outcome"] for was, one in both),
    }


def _findings(context: Context) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    held: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for one in context["findings"]:
        rule = one["rule"]["id"] if one["rule"] else one["kind"]
        models = tuple(sorted(str(name) for name in one["detail"].get("models") or ()))
        held[
            rule, one["provider"], one["document"], one["section"], one["activity"], models, one["detail"].get("host")
        ] = one
    return held


def _brief(one: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("number", "outcome", "title", "provider_name", "document_title", "section", "activity", "calls", "rows")
    return {key: one[key] for key in keys} | {"document": one["document"]}


def _change(was: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    stricter = RANK.get(one["outcome"], 9) < RANK.get(was["outcome"], 9)
    versions = [(held["version"] or {}).get("label") for held in (was, one)]
    why = "another version of the terms" if versions[0] != versions[1] else ""
    if not why and was["rule"] and one["rule"] and was["rule"]["revision"] != one["rule"]["revision"]:
        why = "the rule was worded anew"
    if not why and was["missing_facts"] != one["missing_facts"]:
        why = "facts became known" if len(one["missing_facts"]) < len(was["missing_facts"]) else "facts are missing"
    return _brief(one) | {"before": was["outcome"], "stricter": stricter, "was": was["number"], "why": why}


def _decided(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Decisions that were made since, and those that no longer hold."""
    old = {_key(one): one for one in was["decisions"]}
    told = []
    for one in now["decisions"]:
        before = old.get(_key(one))
        if before is None:
            told.append(_decision(now, one, "made"))
        elif before["still_holds"] and not one["still_holds"]:
            told.append(_decision(now, one, "ended"))
    return told


def _key(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["kind"], one["at"], one.get("scope")


def _decision(finding: Mapping[str, Any], one: Mapping[str, Any], what: str) -> dict[str, Any]:
    return {
        "finding": finding["number"],
        "title": finding["title"],
        "what": what,
        "words": one["words"],
        "by": one["by"],
        "at": one["at"],
        "until": one.get("until"),
    }


def _terms(old: Context, new: Context) -> list[dict[str, Any]]:
    """Documents that govern in another version, or only in one of the two."""
    before, after = _versions(old), _versions(new)
    return [
        {"document": key, "title": title, "before": before.get((key, title), []), "after": after.get((key, title), [])}
        for key, title in sorted({*before, *after})
        if before.get((key, title), []) != after.get((key, title), [])
    ]


def _versions(context: Context) -> dict[tuple[str, str], list[str]]:
    """Versions by document: of the terms in force, and of the findings where that part was not chosen."""
    held: dict[tuple[str, str], set[str]] = {}
    for one in (*context["terms"], *({**one, "title": one["document_title"]} for one in context["findings"])):
        if one["document"] and one["version"]:
            held.setdefault((one["document"], one["title"]), set()).add(one["version"]["label"])
    return {key: sorted(labels) for key, labels in held.items()}


def _sums(old: Context, new: Context) -> list[dict[str, Any]]:
    told = [{"what": name, "before": old["usage"][name], "after": new["usage"][name]} for name in SUMS]
    for name in ("rows", "derived_rows"):
        told.append({"what": name, "before": _rows(old, name), "after": _rows(new, name)})
    return told


def _rows(context: Context, name: str) -> int:
    return sum(one[name] for one in context["lineage"]["datasets"] if one["role"] == "training")
