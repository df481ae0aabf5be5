"""From what a run's limits say to what its recorder holds calls against: hosts, prices, and a table of the terms in force."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from audits.capture.allowance import Allowance, Ban, Family, Prices, Terms
from audits.manifest import declared_purpose
from audits.matching.answers import answers_on_record
from audits.matching.facts import ACTIVITY_OF_PURPOSE, Stated
from audits.models import Run
from audits.procedures.lifecycle import AuditErrored, AuditFailed
from audits.run_limits import DEFAULT_HOLD_MINUTES, LIMITS, action_of, is_bounded
from compliance.engine.assessment import Assessment, assess
from compliance.engine.facts import Fact, Use
from compliance.engine.library import Library, ModelFamily

_PRICING_SECONDS = 120
_ROOT = Path(__file__).resolve().parents[2]


def allowance_of(run: Run, library: Library, cache: Path) -> Allowance | None:
    """What the recorder of this run holds calls against; None when nothing is bounded. `cache`: folder for price tables.

    Raises AuditFailed for a provider that is not catalogued.
    """
    limits: Mapping[str, Any] = run.limits
    if not is_bounded(limits):
        return None
    money = limits.get("money_usd")
    return Allowance(
        hosts=_hosts(limits, library),
        calls=limits.get("calls"),
        tokens=limits.get("tokens"),
        money_usd=money,
        unpriced=action_of(limits, "unknown_price"),  # type: ignore[arg-type]  # checked when it was read
        terms=terms_table(run, library, dt.datetime.now(dt.UTC).date()) if limits.get("prohibited") else None,
        prices=None if money is None else prices_today(cache),
        actions={limit: action_of(limits, limit) for limit in LIMITS},  # type: ignore[misc]
        hold_seconds=60 * float(limits.get("hold_minutes") or DEFAULT_HOLD_MINUTES),
    )


def _hosts(limits: Mapping[str, Any], library: Library) -> tuple[str, ...] | None:
    hosts, providers = limits.get("hosts"), limits.get("providers")
    if hosts is None and providers is None:
        return None
    found = list(hosts or ())
    for slug in providers or ():
        known = library.providers.get(slug)
        if known is None:
            raise AuditFailed(
                f"limits.providers: no provider {slug!r} is catalogued. Name its hosts under hosts instead."
            )
        found += [entry.pattern for entry in known.hosts]
    return tuple(found)


def prices_today(cache: Path) -> Prices:
    """Today's price table of the pinned price list, made by a program of its own and kept for the day."""
    path = cache / f"prices-{dt.datetime.now(dt.UTC).date().isoformat()}.json"
    if not path.exists():
        command = [sys.executable, "-m", "audits.capture.price_table"]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, timeout=_PRICING_SECONDS, check=False)
        if done.returncode:
            raise AuditErrored(f"The price list can't be read: {done.stderr.decode('utf-8', 'replace')[-300:].strip()}")
        cache.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_bytes(done.stdout)
        beside.replace(path)
    table = json.loads(path.read_bytes())
    return Prices(table["source"], tuple(table["providers"]))


# The terms


def terms_table(run: Run, library: Library, on: dt.date) -> Terms:
    """Every channel and model family whose use for a declared purpose is prohibited for certain on that day.

    The facts are those that later judging will use, as far as they are known before the first call. What depends on an
    unknown fact is not in the table: nobody is stopped on a guess.
    """
    purposes = _purposes(run.manifest)
    stated = Stated(run, answers_on_record())
    reasons: list[str] = []
    bans: list[Ban] = []
    for activity in sorted({*purposes.values(), *(["fine_tune_weights"] if purposes else [])}):
        for served_by, family in _pairs(library):
            found = _prohibited(run, stated, library, on, activity, served_by, family)
            if found is not None:
                sentence, text_only = found
                if sentence not in reasons:
                    reasons.append(sentence)
                bans.append(Ban(served_by, family.developer, family.id, activity, text_only, reasons.index(sentence)))
    return Terms(
        on=on.isoformat(),
        hosts=tuple((entry.pattern, entry.served_by, entry.developer) for entry in library.hosts),
        families=tuple(map(_family, library.families)),
        bans=tuple(bans),
        purposes=purposes,
        reasons=tuple(reasons),
    )


def _purposes(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Host → activity that audit.toml declares; "" for hosts it does not name."""
    hosts = ["", *(manifest.get("purpose_per_host") or {})]
    declared = {host: declared_purpose(manifest, host) for host in hosts}
    return {host: str(ACTIVITY_OF_PURPOSE[purpose]) for host, purpose in declared.items() if purpose}  # type: ignore[index]


def _pairs(library: Library) -> Iterator[tuple[str, ModelFamily]]:
    """Each family on its developer's own channel and on those that serve models of many developers."""
    shared = sorted({entry.served_by for entry in library.hosts if not entry.developer})
    own = {entry.served_by: entry.developer for entry in library.hosts if entry.developer}
    for family in library.families:
        if family.id.startswith("publisher:"):
            continue
        for channel in sorted({*shared, *(slug for slug, developer in own.items() if developer == family.developer)}):
            yield channel, family


def _prohibited(
    run: Run, stated: Stated, library: Library, on: dt.date, activity: str, served_by: str, family: ModelFamily
) -> tuple[str, bool] | None:
    """The sentence, and whether it holds for text alone; None when it is not prohibited for certain."""
    facts = {
        "on": Fact(on, "observed"),
        "activity": Fact(activity, "declared", "audit.toml"),
        "provider": Fact(family.developer, "observed"),
        "model": Fact(family.patterns[0].replace("*", ""), "observed"),
        "access.served_by": Fact(served_by, "observed"),
        **_declared_access(run, family.developer),
        **_training_place(run),
        **stated.facts(family.developer, on),
    }
    text = assess(Use("before a call", {**facts, "output_modality": Fact("text", "observed")}), library)
    if text.outcome != "prohibited":
        return None
    any_kind = assess(Use("before a call", facts), library)
    return _sentence(text, library), any_kind.outcome != "prohibited"


def _declared_access(run: Run, developer: str) -> dict[str, Fact]:
    declared = (run.manifest.get("access") or {}).get(developer) or {}
    facts = {"access.kind": Fact(declared.get("kind") or "api", "declared" if declared.get("kind") else "observed")}
    if declared.get("account"):
        facts["access.account"] = Fact(declared["account"], "declared", "audit.toml")
    return facts


def _training_place(run: Run) -> dict[str, Fact]:
    if run.isolation != Run.Isolation.ENFORCED:
        return {}
    return {"student.trained_at_provider": Fact(False, "observed", note="no fine-tuning call was made so far")}


def _sentence(assessment: Assessment, library: Library) -> str:
    verdict = next(v for v in assessment.verdicts if v.rule.effect == "prohibition" and v.applies)
    document = library.title(verdict.rule.document)
    section = f", section {verdict.as_json()['section']}" if verdict.as_json().get("section") else ""
    return f"{document}{section}, prohibits it: {verdict.rule.title}."


def _family(family: ModelFamily) -> Family:
    return Family(family.id, family.developer, family.patterns, family.within, family.base, family.open_weights)
