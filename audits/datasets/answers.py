"""Files of answers for comparisons: which prompt got which answer, in whatever format a data set may have."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from audits.datasets.reading import read_rows
from audits.lineage.agreement import prompt_key
from audits.lineage.fields import ANSWER_KEYS, PROMPT_KEYS, text_fields
from audits.lineage.rows import MalformedRow, Row

MOST_NAMED = 20


class NoAnswers(ValueError):
    """A file in which no row holds a prompt and an answer; the message names the file and what is expected."""


@dataclass
class AnswersFile:
    """Answers by prompt (see prompt_key). `unread`: rows that are none, the first twenty by line with the reason."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    rows: int = 0
    unread: int = 0
    problems: list[str] = field(default_factory=list)


def read_answers(path: Path, name: str = "") -> AnswersFile:
    """Prompts with their answers. `name`: what messages call the file. Raises UnreadableDataset and NoAnswers."""
    held = AnswersFile()
    for row in read_rows(path):
        held.rows += 1
        pair = _pair(row)
        if isinstance(pair, str):
            held.unread += 1
            if len(held.problems) < MOST_NAMED:
                held.problems.append(f"line {row.line}: {pair}")
        else:
            held.answers.setdefault(prompt_key(pair[0]), []).append(pair[1])
    if not held.answers:
        first = f" {held.problems[0]}." if held.problems else ""
        raise NoAnswers(
            f"{name or path}: no row holds a prompt and an answer.{first} "
            'Give one object a line: {"prompt": "...", "answer": "..."}; chats and instruction rows are read too.'
        )
    return held


def prompts_in(path: Path) -> Iterator[str]:
    """Every text of a data set as a prompt may be written, for leaving out what the student was trained on."""
    for row in read_rows(path):
        if isinstance(row, Row):
            texts = [found.text for found in text_fields(row.value)]
            yield from map(prompt_key, texts)
            pair = _pair(row)
            if not isinstance(pair, str):
                yield prompt_key(pair[0])


def _pair(row: Row | MalformedRow) -> tuple[str, str] | str:
    """Prompt and answer of a row, or why it has none."""
    if isinstance(row, MalformedRow):
        return row.reason
    scalars = row.value if isinstance(row.value, dict) else {}
    found = list(text_fields(row.value))
    prompt = "\n".join(one.text for one in found if one.role == "prompt") or _scalar(scalars, PROMPT_KEYS)
    answer = "\n".join(one.text for one in found if one.role == "answer") or _scalar(scalars, ANSWER_KEYS)
    if prompt is None:
        return "no field is named as a prompt"
    return (prompt, answer) if answer is not None else "no field is named as an answer"


def _scalar(row: dict[object, object], names: frozenset[str]) -> str | None:
    """A number, truth value or empty text under such a name: an answer may well be 7, or nothing."""
    for key, value in row.items():
        if str(key).lower() in names and isinstance(value, (str, int, float)):
            return str(value)
    return None
