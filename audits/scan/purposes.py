"""For what a model is asked, guessed from the names around the call, and from what the prompt beside it says."""

import re
from collections.abc import Iterable

from audits.scan.result import Purpose

# In order of weight: what a name says of judging outweighs that it "evaluates", since people judge in order to choose data too.
_WORDS: tuple[tuple[Purpose, re.Pattern[str]], ...] = (
    ("embed", re.compile(r"embed(?!ded)|vectori[sz]e")),
    ("filter", re.compile(r"filter|moderat|curat(?!ed)|(?<![a-z])cull|dedup|decontaminat")),
    (
        "judge",
        re.compile(
            r"judg|(?<![a-z])grade|grading|scor(?:e|ing)|(?<![a-z])rate_|(?<![a-z])rating|critiq|verif|reward|preference"
            r"|annotat|(?<![a-z])label|rubric|identify_clf|classif|(?<![a-z])rank|rerank|relevance"
        ),
    ),
    ("evaluate", re.compile(r"(?<!human)eval|benchmark|compare|winrate|win_rate|leaderboard")),
    ("filter", re.compile(r"quality|clean_(?:data|instruct|sample)")),
    (
        "generate",
        re.compile(
            r"synth|distil|augment|evolve|evol_|persona|paraphras|instruct|datagen|data_gen|teacher|translat|rewrit|dataset"
            r"|gen(?:erate|_)_?(?:data|question|quer|answer|sample|example|prompt|instance|pair|text|rationale|solution)"
        ),
    ),
)
_SAYS: tuple[tuple[Purpose, re.Pattern[str]], ...] = (
    (
        "judge",
        re.compile(
            r"impartial judge|act as a (?:judge|grader|critic)|you are (?:a|an) (?:\w+ ){0,3}(?:judge|grader|evaluator|rater)"
            r"|rate the (?:\w+ ){0,3}(?:response|answer|quality|output)|score (?:of|from|between) \d|on a scale (?:of|from)"
            r"|which (?:response|answer|output) is better|grade the (?:\w+ ){0,3}(?:answer|response)",
            re.IGNORECASE,
        ),
    ),
)
MOST_PROMPT = 20_000  # characters read of what stands around a call


def told_purpose(names: Iterable[str]) -> tuple[Purpose, str]:
    """(purpose, the name that told): the weightiest purpose that any of the names tells; ("unknown", "") when none does."""
    lowered = [(name.lower(), name) for name in names]
    for purpose, words in _WORDS:
        for low, name in lowered:
            if words.search(low):
                return purpose, name
    return "unknown", ""


def prompt_purpose(text: str) -> Purpose:
    """The purpose that the words of a prompt tell; "unknown" when they tell none."""
    return next((purpose for purpose, words in _SAYS if words.search(text[:MOST_PROMPT])), "unknown")
