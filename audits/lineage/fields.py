"""Which texts a training row holds, and which part each plays: what the student learns to answer, or what it is asked.

Nothing about the row's schema is declared: flat instruction rows, chats in the two common spellings, preference pairs, content
given in parts and any nesting of them are found by their key names; a text under an unknown name counts as `text` and is traced
all the same.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

Role = Literal["answer", "prompt", "text"]

_ANSWER_KEYS = """
    output outputs response responses completion completions answer answers assistant gpt bot chosen rejected generation
    generations generated generated_text generated_output model_output model_response model_answer reply target targets
    solution summary rationale reasoning reasoning_content thinking explanation label_text assistant_response
    teacher_output gpt4_answer prediction result
"""
_PROMPT_KEYS = """
    instruction instructions input inputs prompt prompts question questions query queries system system_prompt user human
    context problem task request source document passage title topic seed
"""
_ANSWER_SPEAKERS = """
    assistant gpt model bot chatbot ai chatgpt claude gemini teacher
"""
_PROMPT_SPEAKERS = """
    user human system developer tool function observation
"""
ANSWER_KEYS = frozenset(_ANSWER_KEYS.split())
PROMPT_KEYS = frozenset(_PROMPT_KEYS.split())
ANSWER_SPEAKERS = frozenset(_ANSWER_SPEAKERS.split())
PROMPT_SPEAKERS = frozenset(_PROMPT_SPEAKERS.split())
_SPEAKER_KEYS = ("role", "from", "speaker", "author")
_CONTENT_KEYS = frozenset(("content", "value", "text", "message", "parts"))
DEEPEST_FIELD = 64
FEWEST_PIECES = 8  # a list of at least so many strings that are shorter than this on average is one text
MEAN_PIECE = 40
MOST_FIELDS = 10_000


class TextField(NamedTuple):
    """One text of a row: where it stands (`messages[1].content`), the part it plays, and the text itself."""

    path: str
    role: Role
    text: str


class Leaf(NamedTuple):
    """Any scalar of a row, numbers and truth values included, as text."""

    path: str
    key: str
    text: str


def text_fields(value: object) -> Iterator[TextField]:
    """Every text of a row, in the order in which it stands there; at most 10,000 of them, 64 levels deep."""
    pending: list[tuple[str, Role, object, int]] = [("", "text", value, 0)]
    found = 0
    while pending and found < MOST_FIELDS:
        path, role, part, depth = pending.pop()
        if isinstance(part, str):
            if part:
                found += 1
                yield TextField(path, role, part)
        elif isinstance(part, dict) and depth < DEEPEST_FIELD:
            pending.extend(reversed(_members(path, role, part, depth + 1)))
        elif isinstance(part, list) and depth < DEEPEST_FIELD:
            if _is_cut_up(part):
                found += 1
                yield TextField(path, role, " ".join(part))
                continue
            pending.extend((f"{path}[{i}]", role, part[i], depth + 1) for i in range(len(part) - 1, -1, -1))


def _is_cut_up(part: list[object]) -> bool:
    """Whether this is one text given as a list of its words or short lines, none of which says much alone."""
    if len(part) < FEWEST_PIECES or not all(isinstance(piece, str) for piece in part[:FEWEST_PIECES]):
        return False
    pieces = [piece for piece in part if isinstance(piece, str)]
    return len(pieces) == len(part) and sum(map(len, pieces)) < MEAN_PIECE * len(pieces)


def leaves(value: object) -> Iterator[Leaf]:
    """Every scalar of a row as text, with its path and its own key; null is left out."""
    pending: list[tuple[str, str, object, int]] = [("", "", value, 0)]
    found = 0
    while pending and found < MOST_FIELDS:
        path, key, part, depth = pending.pop()
        if isinstance(part, dict) and depth < DEEPEST_FIELD:
            pending.extend((_joined(path, str(k)), str(k), v, depth + 1) for k, v in reversed(part.items()))
        elif isinstance(part, list) and depth < DEEPEST_FIELD:
            pending.extend((f"{path}[{i}]", key, part[i], depth + 1) for i in range(len(part) - 1, -1, -1))
        elif isinstance(part, (str, int, float)):
            found += 1
            yield Leaf(path, key, part if isinstance(part, str) else str(part))


def _members(path: str, role: Role, part: dict[str, object], depth: int) -> list[tuple[str, Role, object, int]]:
    speaker = _speaker_role(part)
    members: list[tuple[str, Role, object, int]] = []
    for key, value in part.items():
        if isinstance(value, (str, dict, list)) and not (speaker and key in _SPEAKER_KEYS):
            given = speaker if speaker and key in _CONTENT_KEYS else _role_of_key(str(key), role)
            members.append((_joined(path, str(key)), given, value, depth))
    return members


def _role_of_key(key: str, inherited: Role) -> Role:
    return _named_role(key) or inherited


@lru_cache(maxsize=4096)
def _named_role(key: str) -> Role | None:
    name = key.lower().replace("-", "_").replace(" ", "_")
    if name in ANSWER_KEYS:
        return "answer"
    return "prompt" if name in PROMPT_KEYS else None


def _speaker_role(part: dict[str, object]) -> Role | None:
    """The part a chat message plays, when this is one: `{"role": "assistant", ...}`, `{"from": "gpt", ...}`."""
    for key in _SPEAKER_KEYS:
        speaker = part.get(key)
        if isinstance(speaker, str):
            name = speaker.strip().lower()
            if name in ANSWER_SPEAKERS:
                return "answer"
            if name in PROMPT_SPEAKERS:
                return "prompt"
    return None


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
