"""Tables of what was judged: findings, their conditions, facts and references, decisions, terms and agreements. PURE."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from audits.reporting.forms.tables import Context, Row, Table, columns, parts_of, texts

_FINDING: Final = columns(
    "finding | Finding | t | The finding's number in the report, as F-1",
    "outcome | Outcome | t | prohibited, needs_facts, permitted_with_duties, permitted or not_addressed",
)


def _f(one: Mapping[str, Any]) -> str:
    return f"F-{one['number']}"


def _findings(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "findings"):
        rule, version = one.get("rule") or {}, one.get("version") or {}
        last = (one.get("decisions") or [{}])[-1]
        yield (
            _f(one), one["outcome"], one.get("kind"), one.get("provider_name"), one.get("activity"), one.get("title"),
            one.get("sentence"), one.get("document"), one.get("document_title"), one.get("section"), version.get("label"),
            version.get("since"), version.get("until"), rule.get("id"), rule.get("revision"), rule.get("effect"),
            rule.get("severity"), rule.get("statement"), rule.get("guidance"), rule.get("remedy"), one.get("calls"),
            one.get("rows"), texts((one.get("detail") or {}).get("models")), texts(one.get("missing_facts")),
            last.get("words"), last.get("by"), last.get("still_holds"), one.get("run"), one.get("clause_sha256"),
            rule.get("sha256"),
        )  # fmt: skip


def _conditions(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "findings"):
        for row in one.get("because") or []:
            yield (
                _f(one), one["outcome"], row.get("part"), row.get("constraint"), row.get("held"), row.get("fact"),
                texts(row.get("value")), row.get("source"), row.get("by"), row.get("note"),
            )  # fmt: skip


def _facts(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "findings"):
        for row in one.get("facts") or []:
            yield (
                _f(one), one["outcome"], row.get("fact"), texts(row.get("value")), row.get("source"), row.get("by"),
                row.get("note"),
            )  # fmt: skip


def _call_references(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "findings"):
        for row in one.get("call_references") or []:
            yield _f(one), one["outcome"], row.get("seq"), row.get("at"), row.get("model")


def _row_references(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "findings"):
        for row in one.get("row_references") or []:
            yield _f(one), one["outcome"], row.get("dataset"), row.get("row")


def _whole(counted: str, kept: str) -> Any:
    """How many calls or rows the findings concern, when fewer are named."""

    def count(context: Context) -> int | None:
        found = parts_of(context, "findings")
        whole, named = sum(one.get(counted) or 0 for one in found), sum(len(one.get(kept) or []) for one in found)
        return whole if whole > named else None

    return count


def _decisions(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "findings"):
        for row in one.get("decisions") or []:
            yield (
                _f(one), one["outcome"], row.get("words"), row.get("reason"), row.get("by"), row.get("at"),
                row.get("scope_words"), row.get("until"), row.get("still_holds"),
            )  # fmt: skip


def _terms(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "terms"):
        version = one.get("version") or {}
        uses = one.get("uses") or []
        yield (
            one.get("document"), one.get("title"), one.get("provider"), one.get("kind"), one.get("role"), one.get("why"),
            bool(one.get("version")), version.get("label"), version.get("since"), version.get("until"), version.get("basis"),
            len(uses), sum(use.get("calls") or 0 for use in uses), version.get("text_sha256"),
        )  # fmt: skip


def _agreements(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "agreements"):
        yield (
            one.get("provider"), one.get("reference"), texts(one.get("grants")), one.get("from"), one.get("to"),
            one.get("scope"),
        )  # fmt: skip


JUDGED: Final = (
    Table(
        "findings", "Findings", "Every finding, strictest first: what a rule, a duty or a silence means for recorded uses.",
        (
            *_FINDING,
            *columns(
                "kind | Kind | t | rule, duty, silence, missing text or contradiction",
                "provider | Provider | t | Who developed the model",
                "activity | Activity | t | What was done, in the vocabulary of rules",
                "title | Title | t | What the finding is about",
                "sentence | Finding in a sentence | l | The finding as the report states it",
                "document | Document | t | The terms document, as provider/document",
                "document_title | Document's title | t | Its title",
                "section | Section | t | Where in the document",
                "version | Version | t | The version that was in force",
                "in_force_since | In force since | d | First day of that version",
                "in_force_until | In force until | d | Last day of that version; empty: still in force, or not known",
                "rule | Rule | t | The rule that answered",
                "rule_revision | Revision | c | Its revision",
                "effect | Effect | t | prohibition, permission or duty",
                "severity | Severity | t | As the rule states it",
                "statement | Clause in our words | l | What the clause says; not the clause's text",
                "guidance | For counsel | l | What to look at",
                "remedy | Remedy | l | What would mend it",
                "calls | Calls | c | Calls concerned",
                "rows | Training rows | c | Rows of training data that derive from them",
                "models | Models | t | Models as requested",
                "missing_facts | Facts missing | l | Facts that would settle it",
                "decision | Newest decision | t | What a person decided last",
                "decided_by | Decided by | t | Who",
                "decision_holds | Still holds | f | Whether that decision stands",
                "run | Run | t | The newest run that has it, where the report is about several",
                "clause_sha256 | Clause, SHA-256 | h | Hash of the clause's text",
                "rule_sha256 | Rule, SHA-256 | h | Hash of the rule's revision",
            ),
        ),
        _findings,
    ),
    Table(
        "conditions", "Conditions", "Each condition of each rule, whether it was met, and the fact that decided it.",
        (
            *_FINDING,
            *columns(
                "part | Part | t | The part of the rule",
                "condition | Condition | l | In words",
                "met | Met | f | Empty: cannot tell",
                "fact | Fact | t | The fact it rests on",
                "value | Value | t | What was known of it",
                "source | Source | t | observed, inferred or declared; empty: nobody has said",
                "by | By | t | Who declared it, or what it was observed in",
                "note | Note | l | More on the fact",
            ),
        ),
        _conditions,
    ),
    Table(
        "facts", "Facts", "What was known of the use behind each finding. What is not listed was not known.",
        (
            *_FINDING,
            *columns(
                "fact | Fact | t | In the vocabulary of rules",
                "value | Value | t | Its value",
                "source | Source | t | observed, inferred or declared",
                "by | By | t | Who declared it",
                "note | Note | l | More on it",
            ),
        ),
        _facts,
    ),
    Table(
        "decisions", "Decisions", "What people decided on findings, oldest first.",
        (
            *_FINDING,
            *columns(
                "decision | Decision | t | What was decided",
                "reason | Reason | l | Why",
                "by | By | t | Who",
                "at | At | m | When, in UTC",
                "scope | Scope | t | How far it reaches",
                "until | Until | d | Last day of a waiver",
                "holds | Still holds | f | Whether it is the newest, and nothing ended it",
            ),
        ),
        _decisions,
    ),
    Table(
        "finding_calls", "Calls of findings", "The first calls that each finding concerns.",
        (
            *_FINDING,
            *columns(
                "call | Call | c | The call's number in the recorder's log",
                "at | At | m | When, in UTC",
                "model | Model | t | As requested",
            ),
        ),
        _call_references, _whole("calls", "call_references"),
    ),
    Table(
        "finding_rows", "Rows of findings", "The first training rows that derive from the calls of each finding.",
        (
            *_FINDING,
            *columns("dataset | Dataset | t | Its path", "row | Row | c | Counted from 0"),
        ),
        _row_references, _whole("rows", "row_references"),
    ),
    Table(
        "terms", "Terms in force", "The documents that governed the uses on their days.",
        columns(
            "document | Document | t | As provider/document",
            "title | Title | t | Its title",
            "provider | Provider | t | Whose terms they are",
            "kind | Kind | t | What kind of document",
            "role | Role | t | Why it was looked at",
            "why | Why it governs | l | In words",
            "text_held | Text held | f | Whether the text of that day is held",
            "version | Version | t | The version in force",
            "in_force_since | In force since | d | First day",
            "in_force_until | In force until | d | Last day; empty: still in force, or not known",
            "basis | Dates rest on | t | How the days are known",
            "uses | Uses | c | Distinct uses governed",
            "calls | Calls | c | Calls of those uses",
            "text_sha256 | Text, SHA-256 | h | Hash of the version's text",
        ),
        _terms,
    ),
    Table(
        "agreements", "Agreements", "Agreements and written permissions on record. None is assumed.",
        columns(
            "provider | Provider | t | With whom",
            "reference | Reference | t | How it is called",
            "grants | Grants | t | What it allows",
            "from | From | d | First day",
            "to | To | d | Last day; empty: without end",
            "scope | Scope | t | Which project, or the whole organisation",
        ),
        _agreements,
    ),
)  # fmt: skip
