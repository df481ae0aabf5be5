"""What a pipeline asked its teachers about: an indicator, computed from the prompts alone. PURE.

Three plain measures, each of which a reader can check: how many prompts were distinct, how many began with the same
words (a template), and which topic words recur. A topic word is a word of at least four letters that stands in fewer than
six in ten of the prompts (others belong to the template) and is no function word.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

OPENING_WORDS = 6
TOPICS = 12
TEMPLATE_SHARE = 0.6
_WORD = re.compile(r"[^\W\d_]{4,40}", re.UNICODE)
_FUNCTION = """
about above after again against also although always among another answer anything around because been before being below between
both cannot could does doing done down during each either else even every from further give given have having here however into
itself just least less like made make many might more most much must need never none nothing only other others over perhaps please
question questions rather same several shall should since some someone something still such than that their them then there these
they thing things this those through thus together toward under until upon using very want were what whatever when where whether
which while whose will with within without would write your yours
"""
_FUNCTION_WORDS = frozenset(_FUNCTION.split())


@dataclass(frozen=True)
class PromptProfile:
    """Figures over the prompts of one host. `openings` and `topics`: text → number of distinct prompts."""

    prompts: int
    distinct: int
    median_words: float
    openings: Mapping[str, int]
    topics: Mapping[str, int]
    covered_by_topics: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def profile(prompts: Iterable[str]) -> PromptProfile:
    """The profile of some prompts, in any order; memory grows with the distinct ones."""
    total, seen = 0, dict[str, list[str]]()
    for prompt in prompts:
        total += 1
        words = prompt.split()
        seen.setdefault(" ".join(words).casefold(), words)
    bags = [{word.casefold() for word in _WORD.findall(text)} - _FUNCTION_WORDS for text in seen]
    counts = Counter(word for bag in bags for word in bag)
    usual = TEMPLATE_SHARE * len(bags)
    topics = dict([(word, count) for word, count in counts.most_common() if count < usual and count > 1][:TOPICS])
    openings = Counter(" ".join(words[:OPENING_WORDS]) for words in seen.values() if len(words) > OPENING_WORDS)
    return PromptProfile(
        prompts=total,
        distinct=len(seen),
        median_words=float(median(len(words) for words in seen.values())) if seen else 0.0,
        openings=dict(openings.most_common(3)),
        topics=topics,
        covered_by_topics=sum(1 for bag in bags if bag & topics.keys()),
    )
