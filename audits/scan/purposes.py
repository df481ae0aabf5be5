"""For what a model is asked, guessed from the names around the call."""

import re

from audits.scan.result import Purpose

_WORDS: tuple[tuple[Purpose, re.Pattern[str]], ...] = (
    ("embed", re.compile(r"embed|vectori[sz]e")),
    ("filter", re.compile(r"filter|curat|cull|dedup|quality|clean_")),
    (
        "judge",
        re.compile(
            r"judg|grade|grading|scor(?:e|ing)|(?<![a-z])rate_|(?<![a-z])rating|critiq|verif|reward|prefer|annotat|rubric|identify_clf|rank"
        ),
    ),
    ("evaluate", re.compile(r"eval|benchmark|compare")),
    (
        "generate",
        re.compile(
            r"generat|synth|instruct|distil|teacher|answer|complet|augment|create|translat|evolve|persona|dataset|respon"
        ),
    ),
)


def purpose_of(names: list[str]) -> tuple[Purpose, str]:
    """(purpose, the name that told) from names in order of weight: function, class, callers, file. "unknown" when none tells."""
    for name in names:
        lowered = name.lower()
        for purpose, words in _WORDS:
            if words.search(lowered):
                return purpose, name
    return "unknown", ""
