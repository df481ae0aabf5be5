"""Tables of parts that only some reports have: runs, work, rows, clauses, answers, bills, signatures, remarks. PURE."""

from collections.abc import Iterator
from typing import Final

from audits.reporting.forms.tables import Context, Row, Table, columns, counted, parts_of, texts


def _runs(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "runs"):
        yield (
            one.get("name"), one.get("project"), one.get("started_at"), one.get("finished_at"), one.get("outcome"),
            one.get("calls"), one.get("findings"), one.get("student"), one.get("isolation"), texts(one.get("simulated")),
            one.get("root"),
        )  # fmt: skip


def _work(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "worklist"):
        where = [f"{place.get('file')}:{place.get('line')}" for place in one.get("where") or []]
        yield (
            f"F-{one.get('finding')}", one.get("outcome"), one.get("pipeline"), one.get("title"), one.get("what"),
            one.get("how"), texts(where), texts(one.get("models")), texts(one.get("questions")),
            texts(one.get("seen_to_by")), texts(one.get("due")),
        )  # fmt: skip


def _rows(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "rows", "rows"):
        yield (
            one.get("run"), one.get("dataset"), one.get("row"), one.get("kind"), one.get("similarity"), one.get("model"),
            one.get("line"), one.get("prompt"), one.get("answer"), one.get("output_sha256"),
        )  # fmt: skip


def _clauses(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "clauses"):
        found = texts([f"F-{number}" for number in one.get("findings") or []])
        yield (
            one.get("document"), one.get("title"), one.get("version"), one.get("section"), one.get("summary"),
            one.get("text"), found, one.get("sha256"),
        )  # fmt: skip


def _answers(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "questionnaire"):
        yield (
            one.get("about"), one.get("project"), one.get("fact"), one.get("question"), one.get("provider"),
            texts(one.get("words")), one.get("reason"), one.get("valid_from"), one.get("by"), one.get("at"),
            one.get("holds"),
        )  # fmt: skip


def _reconciled(context: Context) -> Iterator[Row]:
    for channel in parts_of(context, "reconciliation", "channels"):
        for line in channel.get("lines") or []:
            sides = [line.get(side) or {} for side in ("recorded", "logged", "billed")]
            rest = line.get("unexplained_tokens") or {}
            yield (
                channel.get("name"), line.get("day"), line.get("model"),
                *(side.get(what) for what in ("calls", "tokens") for side in sides), rest.get("least"), rest.get("most"),
            )  # fmt: skip


def _signatures(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "approvals"):
        for signed in one.get("signatures") or []:
            yield (
                one.get("run"), one.get("number"), signed.get("step"), signed.get("word"), signed.get("by"),
                signed.get("at"), signed.get("reason"), signed.get("context_sha256"),
            )  # fmt: skip


def _remarks(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "remarks", "rows"):
        finding = f"F-{one['finding']}" if one.get("finding") else ""
        yield finding, one.get("by"), one.get("at"), one.get("privileged"), one.get("body")


CHOSEN: Final = (
    Table(
        "runs", "Runs", "The runs that the report is about, oldest first.",
        columns(
            "run | Run | t | Pipeline and number", "project | Project | t | Whose it is", "started_at | Began | m | In UTC",
            "finished_at | Ended | m | In UTC", "outcome | Outcome | t | The strictest of its findings",
            "calls | Calls | c | Of models", "findings | Findings | c | How many", "student | Student | t | What it trained",
            "isolation | Isolation | t | enforced, or proxy_only: calls could have bypassed the recorder",
            "simulated | Simulated | t | Hosts in whose place a local program answered",
            "root | Evidence root | t | Hash over its evidence log",
        ),
        _runs, part="runs",
    ),
    Table(
        "work", "What to change", "Findings that ask for work, gravest first.",
        columns(
            "finding | Finding | t | Its number", "outcome | Outcome | t | Of the finding",
            "pipeline | Pipeline | t | Where", "title | Title | t | Of the finding", "what | What | l | The finding",
            "how | How | l | What would mend it", "where | Where | l | File and line, as the static scan saw them",
            "models | Models | t | As requested", "questions | Questions | l | What somebody has to answer",
            "seen_to_by | Seen to by | t | Whom it was given to", "due | Due | t | By when",
        ),
        _work, part="worklist",
    ),
    Table(
        "training_rows", "Training rows", "Training rows and the answers that they hold.",
        columns(
            "run | Run | t | Pipeline and number", "dataset | Dataset | t | Its path", "row | Row | c | Counted from 0",
            "kind | How told | t | exact, normalised, contained, near or label", "similarity | Similarity | n | 0 to 1",
            "model | Model | t | As requested", "call | Call | c | Line of the recorder's log",
            "prompt | Prompt | l | What the record keeps of it", "answer | Answer | l | What the record keeps of it",
            "answer_sha256 | Answer, SHA-256 | h | Hash of the answer's text",
        ),
        _rows, counted("rows", "total", "rows"), "rows",
    ),
    Table(
        "clauses", "Clauses", "Clauses that the findings' rules cite, as they stood in the versions that governed.",
        columns(
            "document | Document | t | As provider/document", "title | Title | t | Of the document",
            "version | Version | t | In force", "section | Section | t | Where", "summary | In our words | l | What it says",
            "text | Text | l | Empty: the version is cited without being held here", "findings | Findings | t | That cite it",
            "sha256 | SHA-256 | h | Of the normalised text",
        ),
        _clauses, part="clauses",
    ),
    Table(
        "questionnaire", "Answers of persons", "What named persons said of students and of the organisation.",
        columns(
            "about | About | t | A student, or the organisation", "project | Project | t | Whose student",
            "fact | Fact | t | In the vocabulary of rules", "question | Question | l | As it was asked",
            "provider | Provider | t | Where it differs by provider", "answer | Answer | l | In words",
            "reason | Reason | l | Why", "valid_from | Valid from | d | First day", "by | By | t | Who",
            "at | At | m | When, in UTC", "holds | Holds | f | Whether nothing newer replaced it",
        ),
        _answers, part="questionnaire",
    ),
    Table(
        "reconciliation", "Recorded and billed", "What was recorded, what gateways logged, and what providers billed.",
        columns(
            "channel | Channel | t | Who served the calls", "day | Day | d | In UTC", "model | Model | t | As named there",
            "recorded_calls | Calls recorded | c | By the recorder", "logged_calls | Calls logged | c | By gateways",
            "billed_calls | Calls billed | c | By the provider", "recorded_tokens | Tokens recorded | c | By the recorder",
            "logged_tokens | Tokens logged | c | By gateways", "billed_tokens | Tokens billed | c | By the provider",
            "unexplained_least | Unexplained, least | c | Tokens billed that nobody recorded or logged",
            "unexplained_most | Unexplained, most | c | The same, if logs and records do not overlap",
        ),
        _reconciled, part="reconciliation",
    ),
    Table(
        "signatures", "Signatures", "Who signed which step of an approval, and over what.",
        columns(
            "run | Run | t | Pipeline and number", "approval | Approval | c | Its number", "step | Step | t | Its name",
            "word | Word | t | approved or rejected", "by | By | t | Who", "at | At | m | When, in UTC",
            "reason | Reason | l | Why", "record_sha256 | Record, SHA-256 | h | Hash of what was signed",
        ),
        _signatures, part="approvals",
    ),
    Table(
        "remarks", "Remarks", "The discussion of the findings.",
        columns(
            "finding | Finding | t | Its number", "by | By | t | Who", "at | At | m | When, in UTC",
            "privileged | Privileged | f | Whether lawyers keep it among themselves", "remark | Remark | l | In full",
        ),
        _remarks, part="remarks",
    ),
)  # fmt: skip
