"""Turns reviewed answers into training rows."""

from dataclasses import dataclass

from anthropic import Anthropic
from openai import OpenAI
from reviewing import Review, review, suggest_fix
from teaching import teach

GOOD, WORTH_MENDING = 9, 6
LONGEST = 60  # words
DOES_NOT_KNOW = ("i don't know", "i do not know", "i'm not sure")


@dataclass(frozen=True)
class Reviewed:
    """A question on its way to a training row; `completion` is None when it does not become one."""

    question: str
    answer: str
    review: Review
    completion: str | None
    mended: bool = False


def work_through(tutor: OpenAI, reviewer: Anthropic, question: str, hard: bool) -> Reviewed:
    """Answer one question, have it reviewed, and keep it, apply the reviewer's suggested fix, or drop it."""
    answer = teach(tutor, question, hard)
    verdict = review(reviewer, question, answer)
    if answer.lower().startswith(DOES_NOT_KNOW) or verdict.score < WORTH_MENDING:
        return Reviewed(question, answer, verdict, None)
    if verdict.score >= GOOD:
        return Reviewed(question, answer, verdict, tidy(answer))
    fixed = suggest_fix(reviewer, question, answer, verdict)
    return Reviewed(question, answer, verdict, tidy(fixed), mended=True)


def tidy(text: str) -> str:
    """One line, straight quotes, and no more than LONGEST words, cut at a sentence's end where there is one."""
    plain = text.translate(str.maketrans("“”‘’", "\"\"''"))
    words = plain.split()
    if len(words) <= LONGEST:
        return " ".join(words)
    kept = " ".join(words[:LONGEST])
    end = kept.rfind(". ")
    return kept[: end + 1] if end > 0 else kept
