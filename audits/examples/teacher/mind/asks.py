"""What a prompt asks for: to answer, label, rate, rewrite, summarise or invent questions, and about which text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import zip_longest

from audits.examples.teacher.conversation import Prompt

_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_LABELS = re.compile(
    r"\b(?:labels?|categor(?:y|ies)|class(?:es)?|intents?|topics?|tags?|one of|choose from)\b[^:\n]{0,60}:[ \t]*([^\n]*)",
    re.I,
)
_SEPARATOR = re.compile(r"[,;|]| or (?=\S+\s*$)| and (?=\S+\s*$)")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*[\"'`]?([\w /-]{1,40}?)[\"'`]?\s*(?:(?::|—|–| - )\s*(.*))?$")
_RATE = re.compile(r"\b(?:rate|score|grade|judge|assess|evaluate)\b", re.I)
_SCALE = re.compile(r"\b(\d{1,3})\s*(?:-|–|—|to|and|through)\s*(\d{1,3})\b")
_OUT_OF = re.compile(r"\bout of (\d{1,3})\b", re.I)
_REWRITE = re.compile(
    r"\b(?:rewrite|rephrase|paraphrase|reword|say (?:this|it) differently|improved? (?:version|wording|answer)|correct(?:ed)? "
    r"(?:version|answer|wording))\b",
    re.I,
)
_SUMMARISE = re.compile(r"\b(?:summari[sz]e|summary of|shorten|in one sentence)\b", re.I)
_GENERATE = re.compile(
    r"\b(?:write|generate|create|list|give|invent|suggest|propose)\b[^.\n]{0,40}?\b(\d{1,2}|"
    + "|".join(_NUMBERS)
    + r")\b[^.\n]{0,40}?\bquestions?\b(?:\s+(?:about|on|for|regarding|concerning))?\s*:?\s*([^.\n]*)",
    re.I,
)
_SECTION = re.compile(
    r"^[ \t]*(?:\*\*)?(question|answer|candidate answer|candidate|response|text|passage|context|notes|message|ticket|topic)"
    r"(?:\*\*)?[ \t]*:(?:\*\*)?[ \t]*",
    re.I | re.M,
)
_TAG = re.compile(r"<(\w+)>\s*(.*?)\s*</\1>", re.S)
_JSON_KEY = re.compile(r"[\"'“`](\w+)[\"'”`]\s*:")
_NAMED_KEY = re.compile(r"[\"“`](\w+)[\"”`]")
_SAME_AS = {
    "candidate answer": "answer",
    "candidate": "answer",
    "response": "answer",
    "notes": "context",
    "passage": "text",
    "message": "question",
    "ticket": "question",
    "customer_message": "question",
}


@dataclass(frozen=True)
class Ask:
    """One thing asked for. `subject` is the question or text it is about, `answer` a candidate answer to it."""

    kind: str
    subject: str
    answer: str = ""
    context: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    scale: tuple[int, int] = (1, 10)
    count: int = 1
    number_only: bool = False
    wants_json: bool = False
    keys: tuple[str, ...] = ()


def understand(prompt: Prompt) -> Ask:
    """Read what is asked from the instructions of the system turn and the last user turn."""
    instruction = f"{prompt.system}\n{prompt.last_user}"
    sections = _sections("\n".join(prompt.user_turns))
    kind, labels = _kind(prompt, instruction)
    wants_json = prompt.wants_json or bool(re.search(r"\bjson\b", instruction, re.I))
    generated = _GENERATE.search(prompt.last_user)
    return Ask(
        kind=kind,
        subject=generated[2].strip()
        if kind == "generate" and generated and generated[2].strip()
        else _subject(prompt, sections),
        answer=sections.get("answer", ""),
        context=sections.get("context", ""),
        labels=labels,
        scale=_scale(instruction),
        count=_count(generated),
        number_only=bool(
            re.search(r"\bonly (?:the|a|with)\b[^.\n]{0,20}\b(?:number|score|integer|digit)", instruction, re.I)
        ),
        wants_json=wants_json,
        keys=prompt.json_keys or (_keys(instruction) if wants_json else ()),
    )


def _kind(prompt: Prompt, instruction: str) -> tuple[str, dict[str, str]]:
    if _REWRITE.search(prompt.last_user) and not _SCALE.search(prompt.last_user):
        return "rewrite", {}
    labels = _labels(instruction)
    if len(labels) >= 2:
        return "label", labels
    if _RATE.search(instruction) and (_SCALE.search(instruction) or _OUT_OF.search(instruction)):
        return "rate", {}
    if _GENERATE.search(prompt.last_user):
        return "generate", {}
    if _REWRITE.search(prompt.system):
        return "rewrite", {}
    return ("summarise" if _SUMMARISE.search(instruction) else "answer"), {}


def _labels(instruction: str) -> dict[str, str]:
    """Allowed labels with what the prompt says about each, in the order given."""
    for match in _LABELS.finditer(instruction):
        line = re.split(r"\.(?:\s|$)", match[1])[0]
        listed = [part.strip(" \"'`*.") for part in _SEPARATOR.split(line)]
        names = [name.removeprefix("or ").removeprefix("and ") for name in listed if name]
        if len(names) >= 2 and all(len(name.split()) <= 4 for name in names):
            return dict.fromkeys(names, "")
        below = _bullets(instruction[match.end() :])
        if len(below) >= 2 and not names:
            return below
    return {}


def _bullets(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.lstrip("\n").splitlines():
        bullet = _BULLET.match(line)
        if not bullet:
            break
        found[bullet[1].strip()] = bullet[2] or ""
    return found


def _sections(text: str) -> dict[str, str]:
    """Parts of a prompt set off as `Question: …` at a line's start or as `<question>…</question>`; later ones win."""
    found: dict[str, str] = {}
    marks = list(_SECTION.finditer(text))
    for mark, following in zip_longest(marks, marks[1:]):
        part = text[mark.end() : following.start() if following else None]
        found[mark[1].lower()] = part.split("\n\n")[0].strip() if following is None else part.strip()
    found.update({tag[1].lower(): tag[2] for tag in _TAG.finditer(text)})
    return {_SAME_AS.get(name, name): part for name, part in found.items() if part}


def _subject(prompt: Prompt, sections: dict[str, str]) -> str:
    for name in ("question", "text", "topic"):
        if name in sections:
            return sections[name]
    text = prompt.last_user.strip()
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    if len(paragraphs) > 1:
        return paragraphs[-1]
    quoted = max(re.findall(r"[\"“]([^\"“”]{15,})[\"”]", text), key=len, default="")
    if quoted:
        return str(quoted)
    before, colon, after = text.partition(":")
    orders = (
        _REWRITE.search(before)
        or _SUMMARISE.search(before)
        or re.search(r"\b(?:answer|question|classify|label)\b", before, re.I)
    )
    return after.strip() if colon and orders and after.strip() else text


def _keys(instruction: str) -> tuple[str, ...]:
    """The property names a prompt gives: those before a colon, or else those quoted where it speaks of JSON."""
    spoken = " ".join(line for line in instruction.splitlines() if "json" in line.lower())
    return tuple(dict.fromkeys(_JSON_KEY.findall(instruction) or _NAMED_KEY.findall(spoken)))


def _scale(instruction: str) -> tuple[int, int]:
    ranged = _SCALE.search(instruction)
    if ranged and int(ranged[1]) < int(ranged[2]) <= 100:
        return int(ranged[1]), int(ranged[2])
    out_of = _OUT_OF.search(instruction)
    return (0, int(out_of[1])) if out_of and int(out_of[1]) > 0 else (1, 10)


def _count(generated: re.Match[str] | None) -> int:
    if generated is None:
        return 1
    word = generated[1].lower()
    return max(1, min(50, int(word) if word.isdigit() else _NUMBERS[word]))
