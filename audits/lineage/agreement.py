"""How much like its teacher a student answers prompts it was not trained on, beside a baseline: an indicator, never a proof.

Two answers agree by the share of what they say in common: of the sets of runs of one, two and three words that each holds, what
both hold over what either holds (Jaccard's index). Where the teacher answers in at most three words, as classifiers and scorers
are asked to, an answer agrees (1) or does not (0). For each prompt the baseline's agreement with the teacher is taken from the
student's; what counts is the mean of these differences. Its interval comes from drawing prompts anew (percentile bootstrap; of
more than 5,000 prompts from their spread): it says how much depends on which prompts were asked.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any, Literal

from audits.lineage.canonical import canonical_words

LONGEST_LABEL = 3  # words; as in labels.py
LONGEST_RUN = 3
FEWEST_PROMPTS = 20
RESAMPLES = 2_000
MOST_RESAMPLED = 5_000  # of more prompts the mean is as good as normally distributed
LEVEL = 0.95
DEVIATIONS = 1.959964  # that a normal distribution's middle 95 % reach to either side
SEED = 20_260_101

Answers = Mapping[str, Sequence[str]]
Reading = Literal["closer", "not_told", "farther", "too_few"]

READINGS: dict[Reading, str] = {
    "closer": "On these prompts the student answers more like the teacher than the baseline does, and more than the choice of "
    "prompts explains.",
    "not_told": "On these prompts no difference can be told between the student's likeness to the teacher and the baseline's.",
    "farther": "On these prompts the student answers less like the teacher than the baseline does.",
    "too_few": f"Fewer than {FEWEST_PROMPTS} prompts were answered by all three: nothing can be told.",
}
CAVEAT = (
    "This is an indicator. A student can agree with a teacher because both learned from the same material, and one that was "
    "taught can be trained to sound otherwise. How a student came by its answers is told by recorded calls and rows."
)


@dataclass(frozen=True)
class Estimate:
    """A mean over prompts with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """What was found. `student`, `baseline`: agreement with the teacher, 0 to 1; `difference`: of the two, prompt by prompt.

    `by_chance`: the student's answers held against the teacher's to other prompts: what a common style alone comes to.
    `same_answer`: share of prompts on which student, and baseline, gave the teacher's very words. `left_out`: file → prompts
    that it lacks. `short`: prompts compared as labels. `trained_on`: prompts set aside because the student was trained on them.
    """

    prompts: int
    short: int
    student: Estimate
    baseline: Estimate
    difference: Estimate
    by_chance: float
    same_answer: dict[str, float]
    left_out: dict[str, int]
    trained_on: int
    reading: Reading

    def as_json(self) -> dict[str, Any]:
        """All of it, with its reading in words."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded | {"reading_words": READINGS[self.reading], "caveat": CAVEAT}


@dataclass(frozen=True)
class _Compared:
    """One prompt: agreement of student and baseline with the teacher, and whether each gave the same words."""

    student: float
    baseline: float
    same_student: float
    same_baseline: float
    short: bool


def compare(student: Answers, teacher: Answers, baseline: Answers, trained_on: Iterable[str] = ()) -> Agreement:
    """Prompt → answers of each (several, where a prompt was asked several times: the first is held against the first).

    `trained_on`: prompts that are set aside, in canonical form (see prompt_key), as all keys are.
    """
    seen = set(trained_on)
    everybody = set(student) | set(teacher) | set(baseline)
    common = sorted(prompt for prompt in everybody if prompt in student and prompt in teacher and prompt in baseline)
    prompts = [prompt for prompt in common if prompt not in seen]
    compared = [_compared(student[prompt], teacher[prompt], baseline[prompt]) for prompt in prompts]
    difference = estimate([one.student - one.baseline for one in compared])
    sides = {"student": student, "teacher": teacher, "baseline": baseline}
    return Agreement(
        prompts=len(prompts),
        short=sum(one.short for one in compared),
        student=estimate([one.student for one in compared]),
        baseline=estimate([one.baseline for one in compared]),
        difference=difference,
        by_chance=_by_chance(prompts, student, teacher),
        same_answer={
            "student": _mean([one.same_student for one in compared]),
            "baseline": _mean([one.same_baseline for one in compared]),
        },
        left_out={name: len(everybody - answers.keys()) for name, answers in sides.items()},
        trained_on=len(common) - len(prompts),
        reading=_reading(len(prompts), difference),
    )


def prompt_key(prompt: str) -> str:
    """The form in which prompts of different files are held to be the same one."""
    return " ".join(canonical_words(prompt)) or prompt.strip()


def agreement(answer: str, teacher: str) -> float:
    """How much of what either says both say, 0 to 1; 0 or 1 where the teacher gave a label."""
    mine, theirs = canonical_words(answer), canonical_words(teacher)
    if len(theirs) <= LONGEST_LABEL:
        return float(mine == theirs and (bool(theirs) or answer.strip() == teacher.strip()))
    said, taught = _runs(mine), _runs(theirs)
    return len(said & taught) / len(said | taught)


def estimate(values: Sequence[float]) -> Estimate:
    """The mean and its 95 % interval; the same values give the same interval. Zero for no values."""
    if not values:
        return Estimate(0.0, 0.0, 0.0)
    size, mean = len(values), fmean(values)
    if size > MOST_RESAMPLED:
        reach = DEVIATIONS * stdev(values, mean) / math.sqrt(size)
        return Estimate(mean, mean - reach, mean + reach)
    rng = random.Random(SEED)  # noqa: S311 - no secret: whoever computes it again is to get the same
    means = sorted(sum(rng.choices(values, k=size)) / size for _ in range(RESAMPLES))
    tail = round(RESAMPLES * (1 - LEVEL) / 2)
    return Estimate(mean, means[tail], means[-1 - tail])


def _compared(student: Sequence[str], teacher: Sequence[str], baseline: Sequence[str]) -> _Compared:
    """A prompt that was asked several times counts once, as the mean of its answers."""
    triples = list(zip(student, teacher, baseline, strict=False))
    return _Compared(
        student=_mean([agreement(mine, taught) for mine, taught, _ in triples]),
        baseline=_mean([agreement(other, taught) for _, taught, other in triples]),
        same_student=_mean([_same(mine, taught) for mine, taught, _ in triples]),
        same_baseline=_mean([_same(other, taught) for _, taught, other in triples]),
        short=all(len(canonical_words(taught)) <= LONGEST_LABEL for _, taught, _ in triples),
    )


def _by_chance(prompts: Sequence[str], student: Answers, teacher: Answers) -> float:
    """Each answer of the student against the teacher's to the next prompt; 0 where there is no other prompt."""
    if len(prompts) < 2:
        return 0.0
    others = [*prompts[1:], prompts[0]]
    return fmean(
        agreement(student[prompt][0], teacher[other][0]) for prompt, other in zip(prompts, others, strict=True)
    )


def _reading(prompts: int, difference: Estimate) -> Reading:
    if prompts < FEWEST_PROMPTS:
        return "too_few"
    return "closer" if difference.low > 0 else "farther" if difference.high < 0 else "not_told"


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + size]) for size in range(1, LONGEST_RUN + 1) for at in range(len(words) - size + 1)}


def _same(answer: str, teacher: str) -> float:
    return float(canonical_words(answer) == canonical_words(teacher))


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 6) if isinstance(value, float) else value
