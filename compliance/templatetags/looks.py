"""The words, marks and formats that every page shares: one way to write a date, a count, an outcome, a source."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.template import RequestContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from compliance.access import administers_installation, may_edit_rules
from compliance.ends import is_of_days, last_day_of
from compliance.engine.vocabulary import ACTIVITIES
from compliance.models import TermsDocument, User
from compliance.queries.names import cited_title
from compliance.queries.trail_words import action_words
from compliance.templatetags.icons import icon
from compliance.templatetags.unseen import with_names

register = template.Library()

_LATER_WORD = re.compile(r"(?<=[\s-])[A-Z][a-z]+\b")
_ISO_DAY = re.compile(r"(?<![\w@/.-])\d{4}-\d{2}-\d{2}(?![\w/-])")  # not the day in a model's name

OUTCOME_WORDS = {
    "prohibited": "Prohibited",
    "needs_facts": "Needs facts",
    "permitted_with_duties": "Permitted, with duties",
    "permitted": "Permitted",
    "not_addressed": "Terms are silent",
}
SOURCE_WORDS = {"observed": "Observed", "inferred": "Inferred", "declared": "Declared"}
STATE_ICONS = {
    "queued": "waiting",
    "preparing": "turning",
    "running": "turning",
    "analysing": "turning",
    "completed": "done",
    "failed": "failed",
    "errored": "failed",
    "aborted": "stopped",
    "stale": "lost",
}
STEP_NAMES = {
    "prepare": "Prepare the tree",
    "scan": "Scan the code",
    "execute": "Run in isolation",
    "collect": "Collect datasets and student",
    "lineage": "Trace rows to answers",
    "match": "Match use to the terms",
    "conclude": "Conclude and seal",
    "report": "Write the report",
}
STATE_WORDS = {
    "queued": "Queued",
    "preparing": "Preparing",
    "running": "Running",
    "analysing": "Analysing",
    "completed": "Completed",
    "failed": "Failed",
    "errored": "Stopped by an error of ours",
    "aborted": "Cancelled",
    "stale": "Lost its worker",
}


@register.filter
def visible(value: object) -> SafeString:
    """Text that others wrote, escaped, with every control and directional character made visible in its place."""
    text = escape(str(value) if value is not None else "")
    return mark_safe(with_names(text, '<span class="ctl">{}</span>'.format))  # noqa: S308 - escaped above


@register.filter
def named(value: object) -> str:
    """The same for where no markup may stand (titles, attributes): names in brackets; escaping is left to the template."""
    return with_names(str(value) if value is not None else "")


@register.filter
def pretty(value: object) -> str:
    """A JSON value, or a text that holds JSON, indented; any other text as it is."""
    if not isinstance(value, str):
        return json.dumps(value, indent=2, ensure_ascii=False, default=str)
    try:
        return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return value


@register.filter
def count(value: int | None) -> str:
    """A number of things with separators, "18,022"; a dash when it is not known."""
    return "–" if value is None else f"{value:,}"


@register.filter
def counted(value: int | None, noun: str) -> str:
    """A number with its noun, "1 call", "4,211 calls"; the noun may give both forms: "entry,entries"."""
    one, _, many = noun.partition(",")
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


@register.filter
def percent(part: int | None, whole: int | None) -> str:
    """The share of part in whole, "23.4 %" with a space that never breaks; a dash when there is no whole."""
    if not whole or part is None:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"
    return f"{share:.1f}\N{NO-BREAK SPACE}%"


def _aware(value: dt.datetime) -> dt.datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def day_text(value: dt.date) -> str:
    """A date as it is written everywhere: "8 July 2026"."""
    return f"{value.day} {value:%B %Y}"


@register.filter
def day(value: dt.date | dt.datetime | None) -> SafeString:
    """A date, "8 July 2026", in a time element; a dash for none."""
    if value is None:
        return mark_safe("–")
    date = _aware(value).date() if isinstance(value, dt.datetime) else value
    return format_html('<time datetime="{}">{}</time>', date.isoformat(), day_text(date))


@register.filter
def called(key: str, names: Mapping[str, str]) -> str:
    """The name that people use for a provider's slug or a document's identifier; the key itself when none is catalogued."""
    return names.get(key, key) if key and key != "unknown" else "Unknown provider"


@register.filter
def cited(document: TermsDocument) -> str:
    """A document as it is cited, "OpenAI Services Agreement", "Meta, LLaMA License Agreement"; wants its provider loaded."""
    return cited_title(document.provider.name, document.title)


@register.filter
def prose(value: object) -> SafeString:
    """A sentence of ours about others, harmless, with its days written out: 2026-07-08 reads 8 July 2026."""
    return visible(_ISO_DAY.sub(_written_out, str(value if value is not None else "")))


def _written_out(found: re.Match[str]) -> str:
    try:
        return day_text(dt.date.fromisoformat(found.group()))
    except ValueError:
        return found.group()


@register.filter
def version_words(label: str) -> str:
    """A version's label in words: "version of 11 March 2026" for a day, "version 2.0" for any other."""
    try:
        return f"version of {day_text(dt.date.fromisoformat(label))}"
    except ValueError:
        return f"version {with_names(label)}"


@register.filter
def days_in_force(span: Any) -> SafeString:
    """A range of days whose end is the first day no longer in force: "since 31 May 2025", "1 May 2024 to 30 May 2025"."""
    if span is None or (span.lower is None and span.upper is None):
        return mark_safe("at all times")
    if span.upper is None:
        return format_html("since {}", day(span.lower))
    last = day(span.upper - dt.timedelta(days=1))
    return format_html("until {}", last) if span.lower is None else format_html("{} to {}", day(span.lower), last)


@register.filter
def moment(value: dt.datetime | None) -> SafeString:
    """A moment with its zone, "8 July 2026, 14:03 UTC", in a time element; a dash for none."""
    if value is None:
        return mark_safe("–")
    local = _aware(value)
    words = f"{day_text(local)}, {local:%H:%M} {local.tzname() or ''}".strip()
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), f"{local:%H:%M:%S}", words)


@register.filter
def end_told(end: dt.datetime | None) -> SafeString:
    """The end of what opens for whole days, after "until": its last day, "10 December 2026"; an end that is no midnight as the
    moment that it is; a dash for none."""
    return moment(end) if end is None or not is_of_days(end) else day(last_day_of(end))


@register.filter
def clock(value: dt.datetime | None) -> SafeString:
    """The time of day to the second, "14:03:27", in a time element."""
    if value is None:
        return mark_safe("–")
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), f"{_aware(value):%H:%M:%S}")


@register.filter
def lasting(value: dt.timedelta | float | None) -> str:
    """A duration (timedelta, or seconds) in words: "340 ms", "12.4 s", "3 min 20 s", "2 h 5 min"."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, dt.timedelta) else float(value)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@register.filter
def until(start: dt.datetime, end: dt.datetime) -> dt.timedelta:
    """The time from one moment to another."""
    return end - start


@register.filter
def shortened(value: object, length: int = 12) -> str:
    """The first characters of a hash or id; a prefix such as "sha256:" is left out."""
    return str(value or "").rpartition(":")[2][:length]


@register.simple_tag
def outcome(slug: str, plain: bool = False) -> SafeString:
    """An outcome's badge: shape, word and colour. An unknown slug is shown as it is, without a shape."""
    words = OUTCOME_WORDS.get(slug)
    if words is None:
        return format_html('<span class="tag">{}</span>', visible(slug))
    return format_html('<span class="outcome o-{}{}">{}{}</span>', slug, " plain" if plain else "", icon(slug), words)


@register.filter
def outcome_words(slug: str) -> str:
    """The words for an outcome, as LOOKS has them: "Needs facts", "Terms are silent"."""
    return OUTCOME_WORDS.get(slug, slug)


@register.simple_tag
def source_mark(source: str, who: str = "") -> SafeString:
    """Where a fact comes from: filled dot (observed), half dot (inferred), ring (declared, with the person's name)."""
    words = SOURCE_WORDS.get(source)
    if words is None:
        return format_html('<span class="source">{}</span>', visible(source or "Source unknown"))
    return format_html(
        '<span class="source">{}<span>{}{}</span></span>', icon(source), words, visible(f" by {who}") if who else ""
    )


@register.filter
def protocol(version: str) -> str:
    """The protocol of an exchange, "HTTP/1.1", however its version was recorded."""
    return f"HTTP/{version.removeprefix('HTTP/')}" if version else "not known"


@register.filter
def step_name(name: str) -> str:
    """A step of the audit procedure in words."""
    return STEP_NAMES.get(name, name)


@register.simple_tag
def run_state(state: str) -> SafeString:
    """A run's state: icon and word; turning while the run goes on."""
    drawing = STATE_ICONS.get(state, "waiting")
    live = drawing in {"turning"}
    return format_html(
        '<span class="state s-{}{}">{}{}</span>',
        state,
        " live" if live else "",
        icon(drawing, extra="turning" if live else ""),
        STATE_WORDS.get(state, state),
    )


@register.simple_tag
def report_state(state: str) -> SafeString:
    """A report's state: icon and word."""
    drawing, words = {
        "queued": ("waiting", "Queued"),
        "rendering": ("turning", "Being written"),
        "ready": ("done", "Ready"),
        "errored": ("failed", "Stopped by an error of ours"),
        "cancelled": ("stopped", "Cancelled"),
    }.get(state, ("waiting", state))
    kind = {"ready": "completed", "errored": "errored", "cancelled": "aborted"}.get(state, state)
    turning = "turning" if drawing == "turning" else ""
    return format_html('<span class="state s-{}">{}{}</span>', kind, icon(drawing, extra=turning), words)


@register.simple_tag
def drawing(chart: Any) -> SafeString:
    """A chart's SVG. It was drawn by audits.charts or audits.pictures, which escape every name in it."""
    return mark_safe(chart.svg)  # noqa: S308 - our own drawing, its data escaped where it was drawn


@register.filter
def deed(action: str) -> str:
    """A trail entry's action in words: "terms.text_filled" is "Text filled"."""
    return action_words(action)


@register.filter
def sentence_case(value: object) -> str:
    """A title whose words all begin with a capital, as our headings are written: "Two-Factor Authentication" reads "Two-factor
    authentication". What is capital beyond its first letter (TOTP) stays."""
    return _LATER_WORD.sub(lambda word: word.group().lower(), str(value or "").strip())


@register.filter
def sentence(value: object) -> str:
    """The words with their first letter raised, the rest as it is."""
    text = str(value or "")
    return text[:1].upper() + text[1:]


@register.filter
def first_sentence(value: object) -> str:
    """The first sentence of some words."""
    return re.split(r"(?<=[.!?])\s", str(value or "").strip(), maxsplit=1)[0]


@register.filter
def whole_sentence(value: object) -> str:
    """The words as a sentence: first letter raised, a full stop at the end."""
    text = sentence(value).rstrip()
    return text if not text or text[-1] in ".!?…" else f"{text}."


@register.filter
def section(value: str) -> str:
    """Where a clause stands: "section 2(e)" for a number, the heading in quotes for a heading."""
    text = str(value or "").strip()
    return f"section {text}" if re.match(r"([\dIVXLC]+|[A-Z](?=\.\d))([.(\s]|$)", text) else f"“{text}”"


@register.filter
def activities(values: Iterable[str]) -> str:
    """Activities that an agreement allows, as they read in a sentence; "nothing" when it names none."""
    return ", ".join(ACTIVITIES.get(value, value) for value in values) or "nothing"


@register.filter
def cut_words(value: str) -> str:
    """A key as words: "general_purpose" reads "General purpose"."""
    return sentence(str(value).replace("_", " "))


@register.filter
def plain(value: object) -> str:
    """A declared value in words: yes, no, or its items."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "none"
    return str(value)


@dataclass(frozen=True)
class Place:
    """One entry of the rail."""

    name: str
    url: str
    icon: str
    current: bool


PLACES = (
    ("Overview", "overview", "overview", ("overview",)),
    ("Findings", "findings", "findings", ("finding",)),
    ("Work", "work", "work", ("work", "asked")),
    ("Questions", "questions", "info", ("question", "model")),
    ("Pipelines", "pipelines", "pipelines", ("pipeline",)),
    ("Runs", "runs", "runs", ("run", "call")),
    ("Graph", "graph", "graph", ("graph",)),
    ("Imports", "imports", "imports", ("import", "reconciliation")),
    ("Terms", "terms", "terms", ("terms",)),
    ("Portfolio", "portfolio", "portfolio", ("portfolio",)),
    ("Reports", "reports", "reports", ("report",)),
    ("Projects", "projects", "projects", ("project",)),
)


@register.simple_tag(takes_context=True)
def places(context: RequestContext) -> list[Place]:
    """The rail's entries; the one that holds the present page is marked. An address's name begins with its place's."""
    match = getattr(context.get("request"), "resolver_match", None)
    here = (match.url_name if match else "") or ""
    return [
        Place(
            name,
            reverse(url),
            drawing,
            any(here == stem or here.startswith((stem + "-", stem + "s")) for stem in stems),
        )
        for name, url, drawing, stems in PLACES
    ]


@register.simple_tag(takes_context=True)
def heading(context: RequestContext, title: str, key: str, place: str = "") -> SafeString:
    """A sortable column's heading: a link that sorts by key, and reverses what is so sorted. `place`: a class, "right"."""
    query = context["request"].GET.copy()
    now = query.get("sort", "")
    query["sort"] = f"-{key}" if now == key else key
    query.pop("page", None)
    of_class = format_html(' class="{}"', place) if place else ""
    if now.removeprefix("-") != key:
        return format_html('<th scope="col"{}><a href="?{}">{}</a></th>', of_class, query.urlencode(), title)
    down = now.startswith("-")
    return format_html(
        '<th scope="col"{} aria-sort="{}"><a href="?{}">{}{}</a></th>',
        of_class, "descending" if down else "ascending", query.urlencode(), title, icon("down" if down else "up"),
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def theme(context: RequestContext) -> str:
    """The stored choice of light or dark; empty when the system decides."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request is not None else ""
    return chosen if chosen in {"light", "dark"} else ""


@register.filter
def keeps_rules(user: Any) -> bool:
    """Whether the person has business in the admin: the rules of compliance.access, for the rail."""
    return isinstance(user, User) and may_edit_rules(user)


@register.filter
def makes_projects(user: Any) -> bool:
    """Whether the person makes projects: the rules of compliance.access, for places that are empty for want of one."""
    return isinstance(user, User) and administers_installation(user)


@register.filter
def initials(user: Any) -> str:
    """Up to two letters that stand for a person."""
    name = (user.get_full_name() or user.get_username()) if hasattr(user, "get_full_name") else str(user)
    parts = [part for part in re.split(r"[\s@._-]+", name) if part]
    return "".join(part[0] for part in parts[:2]).upper()
