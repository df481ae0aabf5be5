"""What a prompt's words tell by themselves: the kind of task, asking for reasoning written out, asking for grades. PURE.

The expressions are ours and know English best. They are told apart on the beginning of the last message, which is what is kept.
"""

import hashlib
import re
from typing import Any, Final

import re2

# Kinds of tasks that reports of extraction name: abilities that are costly to learn. Everything else is "other".
KINDS: Final = ("coding", "maths", "reasoning", "tools", "grading", "rewording", "data", "other")
_OTHER: Final = KINDS.index("other")
_OF_KINDS: Final = {
    "coding": r"\b(?:python|javascript|typescript|rust|golang|java|c\+\+|sql|function|unit tests?|refactor|compile|stack "
    r"trace|bug|"
    r"code|regex|leetcode|pull request|class [A-Z]\w+)\b|```|\bdef \w+\(",
    "maths": r"\b(?:prove|theorem|lemma|integral|equation|polynomial|modulo|combinatorics|olympiad|derivative|eigenvalues?|"
    r"probability that|"
    r"solve for|geometry|primes?|triangle)\b",
    "reasoning": r"\b(?:puzzle|logic(?:al)?|deduce|infer(?:ence)?|premises?|counterfactual|riddle|multi-?hop|syllogism|"
    r"causal|reasoning|constraints?)\b",
    "tools": r"\b(?:tool calls?|tool use|call the tool|function calls?|available "
    r"tools|agents?|agentic|orchestrat\w+|browser|click|terminal|"
    r"shell commands?|api calls?|computer use|screenshot|sub-?tasks?)\b",
    "grading": r"\b(?:rubrics?|grade|score|rate|rank)\b.{0,80}"
    r"\b(?:answers?|responses?|essays?|solutions?|completions?|outputs?|candidates?|from 1|"
    r"1 ?(?:to|-|–) ?\d+|criteria|criterion)\b|\bwhich (?:of the )?(?:two |following )?(?:answers?|responses?) is better\b",
    "rewording": r"\b(?:rewrite|rephrase|reword|alternative)\b.{0,80}"
    r"\b(?:sensitive|censor\w*|polic(?:y|ies)|politically|neutral|safe|compliant)\b",
    "data": r"\b(?:dataset|csv|dataframe|pandas|spreadsheet|statistical|regression|correlation|data analys\w+|chart)\b",
}
_ELICITING: Final = (
    r"\b(?:think|reason|work|go)\b.{0,30}\bstep[- ]by[- ]step\b|\bchain[- ]of[- "
    r"]thought\b|\b(?:internal|hidden|inner|full|complete|entire|"
    r"detailed|underlying|private)\b.{0,20}\b(?:reasoning|thoughts?|thinking|thought process|deliberation)\b|"
    r"\b(?:show|write(?: out| down)?|reveal|output|include|explain|articulate|reconstruct|imagine|spell "
    r"out|print)\b.{0,40}\b(?:your|the|each|every)\b"
    r".{0,20}\b(?:reasoning|thinking|thought process|intermediate steps?|reasoning steps?|scratchpad|derivation)\b|"
    r"<(?:think|thinking|reasoning|scratchpad)>"
)
_GAPS: Final = re.compile(r"[^\w<>{}\[\]`]+")
_DIGITS: Final = re.compile(r"\d+")
LEADING_WORDS: Final = 6


def _expressions() -> Any:
    """All expressions as one set that passes over a prompt once: kinds first, in their order, then asking for reasoning."""
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = 64 * 1024**2
    found = re2.Set.SearchSet(options)
    for kind in KINDS[:_OTHER]:
        found.Add(_OF_KINDS[kind])
    found.Add(_ELICITING)
    found.Compile()
    return found


_SET: Final = _expressions()
GRADING: Final = KINDS.index("grading")
# Which kind a prompt is of that shows several: the rarer words decide.
_ORDER: Final = tuple(
    KINDS.index(kind) for kind in ("grading", "rewording", "tools", "maths", "data", "coding", "reasoning")
)


class Read:
    """What a prompt's words tell. `kind`: index into KINDS; `digest`: the same for the same words, 16 bytes."""

    __slots__ = ("digest", "elicits", "head", "kind", "tail", "words")

    def __init__(self, prompt: str) -> None:
        found = set(_SET.Match(prompt) or ())
        self.elicits = _OTHER in found
        self.kind = next((kind for kind in _ORDER if kind in found), _OTHER)
        plain = _DIGITS.sub("0", _GAPS.sub(" ", prompt.lower()).strip())
        self.digest = hashlib.blake2b(" ".join(prompt.split()).encode("utf-8", "replace"), digest_size=16).digest()
        self.words = plain.split()
        self.head = " ".join(self.words[:LEADING_WORDS]) if len(self.words) > LEADING_WORDS else ""
        self.tail = " ".join(self.words[-LEADING_WORDS:]) if len(self.words) > LEADING_WORDS else ""
