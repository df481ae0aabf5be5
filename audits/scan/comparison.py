"""What the code names held against what a run was seen to ask. Neither side is an accusation: each sees what the other can't."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audits.scan.tables import MODEL_PREFIXES
from compliance.engine.catalogue import canonical_name


@dataclass(frozen=True, slots=True)
class Asked:
    """Calls of a run that are alike: who answered, who developed the model ("" when not known), the model asked for."""

    served_by: str
    provider: str
    model: str
    calls: int


@dataclass(frozen=True, slots=True)
class Named:
    """A model ("": not told) that the code asks of somebody. `status`: used or configurable. `place`: (file, line)."""

    served_by: str
    provider: str
    model: str
    status: str
    purpose: str
    place: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Pair:
    """What stands in the code and was asked in the run."""

    named: Named
    asked: tuple[Asked, ...]

    @property
    def calls(self) -> int:
        return sum(one.calls for one in self.asked)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`both`, what only the code shows, what only the run shows. `scanned`: False when the run holds no scan."""

    both: tuple[Pair, ...] = ()
    only_code: tuple[Named, ...] = ()
    only_run: tuple[Asked, ...] = ()
    scanned: bool = field(default=True)

    def as_json(self) -> dict[str, Any]:
        return {
            "scanned": self.scanned,
            "in_both": [_named_json(pair.named) | {"calls": pair.calls} for pair in self.both],
            "in_code_only": [_named_json(named) for named in self.only_code],
            "in_run_only": [
                {"served_by": a.served_by, "provider": a.provider, "model": a.model or None, "calls": a.calls}
                for a in self.only_run
            ],
        }


def compare(scan: Mapping[str, Any], asked: Iterable[Asked]) -> Comparison:
    """Pair the uses of a scan's JSON answer with calls, by who answers and the model's canonical name.

    Where the code does not tell the model, every call to the same channel that no other line of code explains belongs to it.
    """
    calls = list(asked)
    if not scan:
        return Comparison(only_run=tuple(calls), scanned=False)
    named = _named(scan)
    told = {(one.served_by, plain_name(one.model)) for one in named if one.model}
    pairs: list[Pair] = []
    missing: list[Named] = []
    explained: set[Asked] = set()
    for one in named:
        matched = tuple(call for call in calls if _belongs(call, one, told))
        explained.update(matched)
        if matched:
            pairs.append(Pair(one, matched))
        else:
            missing.append(one)
    return Comparison(tuple(pairs), tuple(missing), tuple(call for call in calls if call not in explained))


def _belongs(call: Asked, named: Named, told: set[tuple[str, str]]) -> bool:
    if call.served_by != named.served_by:
        return False
    if not named.model:
        return (call.served_by, plain_name(call.model)) not in told
    return plain_name(call.model) == plain_name(named.model)


def plain_name(model: str) -> str:
    """A model's canonical name without the prefix by which LiteLLM and its like name who serves it."""
    name = canonical_name(model)
    for sign in "/:":
        prefix, found, rest = name.partition(sign)
        name = rest if found and prefix in MODEL_PREFIXES else name
    return name


def _named(scan: Mapping[str, Any]) -> list[Named]:
    """The uses from outside, one for each model; what is used before what is only possible."""
    found: dict[tuple[str, str], Named] = {}
    uses = sorted((use for use in scan.get("uses", []) if use.get("external")), key=lambda use: use["status"] != "used")
    for use in uses:
        place = next(((e["file"], e["line"]) for e in use.get("evidence", [])), None)
        for model in use.get("models") or [""]:
            one = Named(use["served_by"], use["provider"], model, use["status"], use["purpose"], place)
            found.setdefault((one.served_by, plain_name(model)), one)
    return list(found.values())


def _named_json(named: Named) -> dict[str, Any]:
    place = {"file": named.place[0], "line": named.place[1]} if named.place else None
    return {
        "served_by": named.served_by, "provider": named.provider, "model": named.model or None,
        "status": named.status, "place": place,
    }  # fmt: skip
