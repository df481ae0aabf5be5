"""Decides which answers are good enough to train on."""

import re
from collections import Counter

from asking import LABELS, Answered

SHORTEST, LONGEST = 8, 120  # words
DOES_NOT_KNOW = ("i don't know", "i do not know", "i'm not sure", "i am not sure", "i'm not certain")
REFUSES = ("i can't help", "i cannot help", "i'm sorry, but")


def keep_good(answers: list[Answered]) -> tuple[list[Answered], Counter[str]]:
    """The answers worth training on, and how many were dropped for which reason."""
    kept, dropped, seen = [], Counter[str](), set[str]()
    for answered in answers:
        fault = find_fault(answered, seen)
        if fault:
            dropped[fault] += 1
        else:
            kept.append(answered)
            seen.update((fingerprint(answered.answer), fingerprint(answered.question)))
    return kept, dropped


def find_fault(answered: Answered, seen: set[str]) -> str | None:
    """Why an answer is dropped, or None."""
    text = answered.answer.lower()
    if answered.label not in LABELS:
        return "label"
    if answered.ended == "length":
        return "cut off"
    if text.startswith(DOES_NOT_KNOW):
        return "does not know"
    if text.startswith(REFUSES):
        return "refusal"
    if not SHORTEST <= len(text.split()) <= LONGEST:
        return "length"
    if {fingerprint(answered.answer), fingerprint(answered.question)} & seen:
        return "duplicate"
    return None


def fingerprint(text: str) -> str:
    """The words of a text alone: equal for texts that differ in case, spacing or punctuation only."""
    return " ".join(re.findall(r"\w+", text.lower()))
