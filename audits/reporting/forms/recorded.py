"""Tables of what was recorded: calls, use by model, datasets, what was kept, gaps, connections and evidence. PURE."""

from collections.abc import Iterator
from typing import Final

from audits.gap_kinds import EXECUTE, gap_kind
from audits.reporting.forms.tables import Context, Row, Table, columns, counted, parts_of, texts


def _calls(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "calls", "rows"):
        yield (
            one.get("seq"), one.get("at"), one.get("host"), one.get("request_model"), one.get("operation"),
            one.get("status"), one.get("failed"), one.get("input_tokens"), one.get("output_tokens"), one.get("purpose"),
            one.get("simulated"), one.get("run"), one.get("line"), one.get("output_sha256"),
        )  # fmt: skip


def _models(context: Context) -> Iterator[Row]:
    for provider in parts_of(context, "providers"):
        for one in provider.get("models") or []:
            yield (
                provider.get("name"), one.get("model"), texts(one.get("operations")), one.get("calls"), one.get("failed"),
                one.get("streamed"), one.get("input_tokens"), one.get("output_tokens"), one.get("first_at"),
                one.get("last_at"),
            )  # fmt: skip


def _purposes(context: Context) -> Iterator[Row]:
    for provider in parts_of(context, "providers"):
        for one in provider.get("purposes") or []:
            yield provider.get("name"), one.get("purpose"), one.get("source"), one.get("calls")


def _datasets(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "lineage", "datasets"):
        yield (
            one.get("dataset"), one.get("role"), one.get("format"), one.get("rows"), one.get("derived_rows"),
            one.get("label_only_rows"), one.get("own_rows"), one.get("malformed"), one.get("size"), one.get("gap"),
            one.get("sha256"),
        )  # fmt: skip


def _shares(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "lineage", "datasets"):
        for part, holds in (("by_model", "text"), ("labels_by_model", "label or score")):
            for share in one.get(part) or []:
                yield one.get("dataset"), one.get("role"), share.get("model"), holds, share.get("rows"), one.get("rows")


def _kept(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "lineage", "kept"):
        yield one.get("name"), one.get("model"), one.get("answers"), one.get("kept")


def _gaps(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "gaps"):
        told = gap_kind(one.get("kind") or "", one.get("step") or EXECUTE)
        yield (
            one.get("kind"), one.get("subject"), one.get("detail"), one.get("step"), one.get("at"),
            told.sentence, told.means, told.remedy,
        )  # fmt: skip


def _unparsed(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "unparsed"):
        yield one.get("seq"), one.get("step"), one.get("host"), one.get("method"), one.get("target"), one.get("why")


def _connections(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "connections"):
        yield (
            one.get("disposition"), one.get("step"), one.get("host"), one.get("address"), one.get("port"),
            one.get("protocol"), one.get("count"), one.get("bytes_out"), one.get("bytes_in"), one.get("reason"),
        )  # fmt: skip


def _evidence(context: Context) -> Iterator[Row]:
    for one in parts_of(context, "evidence", "entries"):
        yield one.get("seq"), one.get("kind"), one.get("reference"), one.get("size"), one.get("sha256")


RECORDED: Final = (
    Table(
        "calls", "Calls", "Calls of models in the order in which they were made.",
        columns(
            "call | Call | c | Number in the recorder's log; an exchange may hold several calls",
            "at | At | m | When, in UTC",
            "host | Host | t | Whom the program addressed",
            "model | Model | t | As requested",
            "operation | Operation | t | chat, embeddings, …",
            "status | Status | c | Of the answer; empty: none came",
            "failed | Failed | f | Whether no answer was given",
            "input_tokens | Tokens in | c | As the provider counted them",
            "output_tokens | Tokens out | c | As the provider counted them",
            "purpose | Purpose | t | train, filter, evaluate, unused; empty: not known",
            "simulated | Simulated | f | Whether a local program answered in the provider's place",
            "run | Run | t | Which of several runs; empty: the report is about one",
            "line | Line | c | In that run's log, where the report is about several",
            "answer_sha256 | Answer, SHA-256 | h | Hash of the answer's text",
        ),
        _calls, counted("calls", "total", "rows"),
    ),
    Table(
        "models", "Use by model", "Calls and tokens of each model.",
        columns(
            "provider | Provider | t | Who developed the model",
            "model | Model | t | As requested",
            "operations | Operations | t | What was asked for",
            "calls | Calls | c | How many",
            "failed | Failed | c | Without an answer",
            "streamed | Streamed | c | Answered piece by piece",
            "input_tokens | Tokens in | c | As the provider counted them",
            "output_tokens | Tokens out | c | As the provider counted them",
            "first_at | First | m | First call, in UTC",
            "last_at | Last | m | Last call, in UTC",
        ),
        _models,
    ),
    Table(
        "purposes", "Purposes", "What the answered calls were for.",
        columns(
            "provider | Provider | t | Who developed the model",
            "purpose | Purpose | t | train, filter, evaluate, unused; empty: not known",
            "source | Source | t | observed from lineage, or declared in audit.toml",
            "calls | Calls | c | How many",
        ),
        _purposes,
    ),
    Table(
        "datasets", "Datasets", "Every declared dataset; each row is accounted for.",
        columns(
            "dataset | Dataset | t | Its path",
            "role | Role | t | training, evaluation or intermediate",
            "format | Format | t | As it was read",
            "rows | Rows | c | All of them",
            "derived_rows | With text of answers | c | Rows that hold text of recorded answers",
            "label_only_rows | With a label only | c | Rows that took a label or score and no text",
            "own_rows | No recorded answer | c | Rows in which none was found",
            "malformed | Could not be read | c | Rows that are no rows",
            "size | Bytes | c | Of the files",
            "gap | Not traced | l | Why it could not be traced",
            "sha256 | SHA-256 | h | Hash of the files",
        ),
        _datasets,
    ),
    Table(
        "shares", "Shares by model", "Rows of each dataset by the model whose answers they hold; a row may count several times.",
        columns(
            "dataset | Dataset | t | Its path",
            "role | Role | t | training, evaluation or intermediate",
            "model | Model | t | Whose answers",
            "holds | Holds | t | text, or a label or score",
            "rows | Rows | c | That hold them",
            "of_rows | Of rows | c | Rows of the dataset",
        ),
        _shares,
    ),
    Table(
        "kept", "Answers kept", "Answers given, and answers that stand in the training data.",
        columns(
            "provider | Provider | t | Who developed the model",
            "model | Model | t | As requested",
            "answers | Answers | c | Given",
            "kept | Kept | c | That stand in training data as text, label or score",
        ),
        _kept,
    ),
    Table(
        "gaps", "Gaps", "What could not be observed or read. Nothing follows from the silence of the record on these.",
        columns(
            "kind | Kind | t | What kind of gap",
            "subject | Subject | t | Of what",
            "detail | Detail | l | Why",
            "step | Step | t | In which step of the audit",
            "at | At | m | When, in UTC",
            "words | In words | l | What happened, and what could not be seen",
            "means | For the verdict | l | What it means for the outcome",
            "remedy | What to do | l | So that a later run sees it; empty where nobody knows",
        ),
        _gaps,
    ),
    Table(
        "unparsed", "Unread exchanges", "Exchanges that no parser could read; they are kept as they were.",
        columns(
            "call | Exchange | c | Number in the recorder's log",
            "step | Step | t | In which step",
            "host | Host | t | Whom the program addressed",
            "method | Method | t | Of the request",
            "target | Target | l | Of the request",
            "why | Why | l | Why it could not be read",
        ),
        _unparsed,
    ),
    Table(
        "connections", "Connections", "Ways out that were no recorded exchange; those alike are counted together.",
        columns(
            "disposition | What became of it | t | refused, failed, or passed on unread",
            "step | Step | t | In which step",
            "host | Host | t | By name",
            "address | Address | t | Where no name was told",
            "port | Port | c | Addressed",
            "protocol | Protocol | t | Of the connection",
            "times | Times | c | How often",
            "bytes_out | Bytes sent | c | By the program",
            "bytes_in | Bytes received | c | By the program",
            "reason | Reason | l | Why",
        ),
        _connections,
    ),
    Table(
        "evidence", "Evidence", "Entries of the evidence log, each bound to the one before by a hash.",
        columns(
            "entry | Entry | c | Its number",
            "kind | Kind | t | What it is",
            "reference | Content | t | What it names",
            "size | Bytes | c | Of the content",
            "sha256 | SHA-256 | h | Of the content",
        ),
        _evidence, counted("evidence", "entries_total", "entries"),
    ),
)  # fmt: skip
