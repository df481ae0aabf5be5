"""What each form says of itself: of which report it is a form, made from which frozen context, under which marking. PURE."""

from collections.abc import Iterator, Mapping
from typing import Any

from audits.reporting.filters import moment
from audits.reporting.wording import OUTCOME_WORDS

MARKINGS = {"draft": "Draft", "final": "Final"}
PROFILES = {"counsel": "Counsel", "engineering": "Engineering", "outside": "Outside party, redacted"}

Context = Mapping[str, Any]


def marking(context: Context) -> str:
    """Privileged and confidential · Draft. A form for an outside party is confidential, and no longer privileged."""
    report = context["report"]
    word = MARKINGS.get(report.get("marking", "draft"), "Draft")
    return f"Confidential · {word}" if report.get("profile") == "outside" else f"Privileged and confidential · {word}"


def title(context: Context) -> str:
    """What the report is about, in a line."""
    return f"Audit of terms of service: {subject(context)}"


def subject(context: Context) -> str:
    """The run, or what a report of a wider scope is about."""
    run = context.get("run") or {}
    if run.get("several"):
        return str(context["report"].get("title") or run.get("pipeline", ""))
    return f"{run.get('pipeline', '')}, run {run['number']}" if run.get("number") else str(run.get("pipeline", ""))


def about(context: Context, context_sha256: str) -> Iterator[tuple[str, str]]:
    """Label and value, in the order in which people ask."""
    report, run, summary = context["report"], context.get("run") or {}, context.get("summary") or {}
    yield "Case", f"{report['case']}, report {report['number']}"
    yield "Marking", marking(context)
    yield "About", title(context)
    if run.get("project"):
        yield "Project", str(run["project"])
    outcome = summary.get("outcome") or ""
    yield "Outcome", str(summary.get("word") or OUTCOME_WORDS.get(outcome, "No use to judge"))
    yield "In a sentence", str(summary.get("sentence", ""))
    yield "Scope", str(summary.get("scope", ""))
    if run.get("simulated"):
        yield "Simulated upstream", ", ".join(map(str, run["simulated"]))
    if run.get("replay"):
        yield "Replay of", str(run["replay"].get("name", ""))
    if report.get("profile"):
        yield "Made for", PROFILES.get(str(report["profile"]), str(report["profile"]))
    yield "Frozen", moment(report["made_at"])
    yield "Frozen context, SHA-256", context_sha256
    yield "Evidence root", str((context.get("evidence") or {}).get("root") or "not sealed")
