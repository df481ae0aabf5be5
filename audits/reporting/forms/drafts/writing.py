"""A draft as Markdown, and as a Word file in the styles of the report."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from audits.reporting.filters import moment
from audits.reporting.forms.drafts.fields import SOURCES, UNKNOWN, Answer, Draft
from audits.reporting.forms.word.document import Running, word_of_markup
from audits.reporting.forms.word.markup import read_markup
from audits.reporting.forms.word.package import Properties
from audits.text import visible

MARKING: Final = "Draft for a person to complete and to answer for"
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~])")
_LEADING: Final = re.compile(r"^(\d*)([-+=.)])")


def foot(context: Mapping[str, Any], context_sha256: str) -> str:
    """From which record, frozen when."""
    report = context["report"]
    return f"Filled from report {report['case']}, frozen {moment(report['made_at'])}, context {context_sha256}."


def counted(draft: Draft) -> str:
    """How much is left to do."""
    return f"{draft.open_fields} of {draft.fields} fields wait for a person. Nothing that is not on record was guessed."


def as_markdown(draft: Draft, context: Mapping[str, Any], context_sha256: str) -> bytes:
    """CommonMark. Words of others are escaped: a name can't become a link, a heading or HTML."""
    head = [f"# {_md(draft.title)}", f"**{MARKING}.** {counted(draft)}", f"Model: {_md(draft.subject)}", _md(draft.law)]
    lines = [part for line in head for part in (line, "")]
    lines += [f"- {_md(note)}" for note in draft.notes]
    for section in draft.sections:
        lines += ["", f"## {_md(section.title)}"]
        for field in section.fields:
            lines += ["", f"### {_md(field.place)}: {_md(field.asks)}", ""]
            lines += [f"- **{SOURCES[one.source]}.** {_md(_told(one))}" for one in field.answers]
    return "\n".join([*lines, "", "---", "", _md(foot(context, context_sha256)), ""]).encode("utf-8", "replace")


def _md(text: str) -> str:
    line = " ".join(visible(text).split())
    return _LEADING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", line))


def _told(one: Answer) -> str:
    return f"{one.text} ({one.basis})" if one.basis else one.text


def as_word(draft: Draft, context: Mapping[str, Any], context_sha256: str) -> bytes:
    """A Word file; what a person has to fill stands in brackets."""
    body = next(one for one in read_markup(_markup(draft, context, context_sha256)).every() if one.tag == "body")
    report = context["report"]
    running = Running(visible(draft.subject)[:90], "Draft", f"context {context_sha256[:12]}")
    properties = Properties(draft.title, str(report["case"]), foot(context, context_sha256), "en", report["made_at"])
    return word_of_markup(body, running, properties, paper=str(report.get("paper") or "A4"))


def _markup(draft: Draft, context: Mapping[str, Any], context_sha256: str) -> str:
    notes = "".join(f"<li>{_html(note)}</li>" for note in draft.notes)
    return (
        f'<body><div class="marking">{MARKING}</div><p class="title">{_html(draft.title)}</p>'
        f'<p class="sub">{_html(draft.subject)}</p>'
        f'<p>{_html(counted(draft))}</p><p class="note">{_html(draft.law)}</p><ul>{notes}</ul>'
        + "".join(
            f"<h2>{_html(section.title)}</h2><table><colgroup><col style='width: 26mm'><col style='width: 50mm'><col></colgroup>"
            "<thead><tr><th>Asked in</th><th>What is asked</th><th>Answer, and where it comes from</th></tr></thead><tbody>"
            + "".join(
                f"<tr><td>{_html(field.place)}</td><td>{_html(field.asks)}</td>"
                f"<td>{''.join(map(_answer, field.answers))}</td></tr>"
                for field in section.fields
            )
            + "</tbody></table>"
            for section in draft.sections
        )
        + f'<p class="note">{_html(foot(context, context_sha256))}</p></body>'
    )


def _answer(one: Answer) -> str:
    if one.source == UNKNOWN:
        return f'<p><b class="needs_facts">[{SOURCES[one.source]}]</b> {_html(one.text)}</p>'
    basis = f' <span class="small">{SOURCES[one.source]}: {_html(one.basis)}</span>' if one.basis else ""
    return f"<p>{_html(one.text)}{basis}</p>"


def _html(text: str) -> str:
    return escape(visible(text))
