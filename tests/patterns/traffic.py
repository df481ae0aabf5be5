"""Generated traffic of known kinds: ordinary products, and campaigns shaped on what was reported in public in February 2026.

Reported were three campaigns of some 16 million exchanges over 24,000 accounts: one after reasoning, rubric grading and
rewording (150,000 exchanges), one after agents, tools, coding and data (3.4 million), one after agents and coding (13 million),
which turned to a new model within a day of its release; through proxies that spread traffic over many accounts, mixed it with
other people's, and replaced accounts that were closed. Each seed draws all of it anew, in wide ranges: numbers of accounts and
wordings, loads, hours, shares, mixing. A world has thousands of calls, not millions.
"""

import math
from collections.abc import Callable, Iterator
from random import Random

from audits.patterns.calls import Call
from tests.patterns.words import CODE, Talk, name

DAY = 86400.0
START = 1_769_904_000.0  # 1 February 2026
RELEASED = "nova-5-20260210"  # nine days later, as its name says
OLD = "nova-4-20250822"
Draft = tuple[float, str, str, str]  # when, sender, model, prompt


def _finished(drafts: list[Draft], chance: Random, refused: float, elsewhere: float, senders: list[str]) -> list[Call]:
    """The calls in their order; some are refused for their rate and asked again, by the same sender or by another one."""
    given: list[tuple[float, str, str, str, int]] = []
    for at, sender, model, prompt in drafts:
        while chance.random() < refused:
            given.append((at, sender, model, prompt, 429))
            at += chance.uniform(1, 90)
            if len(senders) > 1 and chance.random() < elsewhere:
                sender = chance.choice(senders)
        given.append((at, sender, model, prompt, 200))
    return [
        Call(at, sender, model, prompt[:240], ("entry", number), status, status != 200)
        for number, (at, sender, model, prompt, status) in enumerate(sorted(given))
    ]


def _day_time(chance: Random, hour: float, spread: float) -> float:
    """A time of day around an hour, in seconds."""
    return chance.gauss(hour, spread) % 24 * 3600


def _when(chance: Random, days: int, hour: float, spread: float, flat: bool) -> float:
    return START + chance.randrange(days) * DAY + (chance.random() * DAY if flat else _day_time(chance, hour, spread))


def _keys(chance: Random, low: int, high: int, kind: str) -> list[str]:
    """Names of keys; as many as a number drawn evenly from the logarithm of the range."""
    count = round(math.exp(chance.uniform(math.log(low), math.log(high))))
    return [f"{kind}-{name(chance)}-{number}" for number in range(count)]


def _loads(chance: Random, keys: list[str], skew: float) -> list[float]:
    return [chance.lognormvariate(0, skew) for _ in keys]


def _upgrades(chance: Random) -> Callable[[float], str]:
    """Which model an ordinary product uses when: it turns to a new one some days or weeks after the release, if at all."""
    begins = START + 9 * DAY + chance.choice((0.5, 2, 4, 6, 9, 14, 30)) * DAY * chance.uniform(0.5, 1.5)
    takes = chance.choice((0.01, 1, 3, 7)) * DAY
    return lambda at: RELEASED if at > begins and chance.random() < (at - begins) / takes else OLD


def chat(chance: Random) -> list[Call]:
    """A product that people talk to, through a few keys, by day."""
    talk, days, keys, model = Talk(chance), chance.randint(7, 24), _keys(chance, 1, 4, "chat"), _upgrades(chance)
    loads, hour, spread = _loads(chance, keys, 1.0), chance.uniform(0, 24), chance.uniform(2.5, 5.5)
    drafts = []
    for _ in range(chance.randint(2000, 5000)):
        at = _when(chance, days, hour, spread, False)
        drafts.append((at, chance.choices(keys, loads)[0], model(at), talk.prompt()))
    return _finished(drafts, chance, chance.uniform(0, 0.03), chance.choice((0, 0, 0, 0, 0, 0, 0.5)), keys)


def coding(chance: Random) -> list[Call]:
    """An assistant for developers, each with a key, at work; half the time their editor puts words around what they type."""
    talk, days, keys, model = Talk(chance), chance.randint(7, 24), _keys(chance, 4, 80, "dev"), _upgrades(chance)
    loads, hour = _loads(chance, keys, chance.uniform(0.5, 1.3)), chance.uniform(0, 24)
    around = chance.choice(("", "", f"You are editing the file {name(chance)}. Current selection and the request: "))
    drafts = []
    for _ in range(chance.randint(2000, 5000)):
        at = _when(chance, days, hour, chance.uniform(1.5, 3), False)
        words = f"{talk.prompt()} {chance.choice(CODE)} {talk.prompt()}" if chance.random() < 0.8 else talk.prompt()
        drafts.append((at, chance.choices(keys, loads)[0], model(at), around + words))
    return _finished(drafts, chance, chance.uniform(0, 0.02), 0, keys)


def batch(chance: Random) -> list[Call]:
    """An evaluation that asks the same questions each night, and in half the worlds has the answers graded."""
    talk, keys, model = Talk(chance), _keys(chance, 1, 2, "nightly"), _upgrades(chance)
    items = [
        f"Question {n}: {talk.prompt()} {chance.choice(('', 'Prove it.', chance.choice(CODE)))}"
        for n in range(chance.randint(100, 500))
    ]
    judged, hour = chance.random() < 0.5, chance.uniform(0, 24)
    drafts = []
    for night in range(chance.randint(7, 20)):
        for item in items:
            at = START + night * DAY + _day_time(chance, hour, 0.7)
            drafts.append((at, keys[0], model(at), item))
            if judged:
                answer = talk.prompt()
                drafts.append(
                    (at + 30, keys[-1], OLD, f"Rate the answer from 1 to 10 by accuracy. {item} Answer: {answer}")
                )
    return _finished(drafts, chance, chance.uniform(0, 0.05), 0, keys)


def rag(chance: Random) -> list[Call]:
    """Answers from a company's papers: one wording around each question and its passages."""
    talk, days, keys, model = Talk(chance), chance.randint(7, 24), _keys(chance, 1, 6, "search"), _upgrades(chance)
    loads, hour = _loads(chance, keys, 1.0), chance.uniform(0, 24)
    step = chance.choice(("", "", "", " Think step by step."))
    drafts = []
    for _ in range(chance.randint(2000, 5000)):
        at = _when(chance, days, hour, chance.uniform(2, 4), False)
        prompt = f"Use the following passages of our papers to answer.{step} Passage: {talk.prompt()}. Question: {talk.prompt()}"
        drafts.append((at, chance.choices(keys, loads)[0], model(at), prompt))
    return _finished(drafts, chance, chance.uniform(0, 0.03), chance.choice((0, 0, 0, 0, 0, 0, 0.5)), keys)


_GRADING = (
    "Grade the response below against this rubric for {}: {}",
    "Score this solution about {} from 1 to 5 on each criterion: {}",
)
_REASONING = (
    "Write out the internal reasoning behind a finished answer about {}, each step in turn: {}",
    "Here is a logic problem on {}. Think through it step by step before you answer: {}",
    "Reconstruct the full chain of thought for a question on {} with premises about {}",
)  # fmt: skip
_REWORDING = ("Rephrase the statement about {} so that it is neutral on sensitive matters of {}",)
_AGENTS = (
    "You are an agent with a browser and a terminal. Plan the tool calls to find {} and report {}",
    "Given these available tools, orchestrate sub-tasks that settle {} for {}",
    "Use the computer: look at the screenshot of {} and click what changes {}",
)  # fmt: skip
_CODING = (
    "Implement a python function on {} that handles {} and write unit tests",
    "Refactor this rust code for {} under the constraint {}",
    "Find the bug in a typescript class for {} that breaks {}",
)  # fmt: skip
_DATA = ("Do a statistical data analysis of a dataset on {} grouped by {} and interpret the regression",)


def _campaign(chance: Random, wordings: tuple[str, ...], thoughts: float, pivots: float) -> list[Call]:
    keys, days = _keys(chance, 10, 400, "acct"), chance.randint(7, 24)
    loads = _loads(chance, keys, chance.uniform(0, 1.0))
    drafts = list(_grid(chance, wordings, thoughts, pivots, keys, loads, days))
    talk, mixed = Talk(chance), chance.choice((0, 0, chance.uniform(0, 0.6)))
    for _ in range(round(len(drafts) * mixed / (1 - mixed))):
        drafts.append((_when(chance, days, 12, 5, False), chance.choices(keys, loads)[0], OLD, talk.prompt()))
    return _finished(drafts, chance, chance.choice((0, chance.uniform(0, 0.1))), chance.uniform(0, 1), keys)


def _grid(
    chance: Random,
    wordings: tuple[str, ...],
    thoughts: float,
    pivots: float,
    keys: list[str],
    loads: list[float],
    days: int,
) -> Iterator[Draft]:
    """Subjects times aspects, gone through by each wording; a pivot sends part of it to the new model within a day."""
    subjects = [f"{name(chance)} {name(chance)}" for _ in range(chance.randint(20, 300))]
    aspects = [name(chance) for _ in range(chance.randint(20, 300))]
    used = chance.sample(wordings, chance.randint(max(1, len(wordings) // 2), len(wordings)))
    before = chance.choice(("", "", f"You are an expert in {name(chance)}. "))
    ending = " Show your full reasoning, with every intermediate step." if chance.random() < thoughts else ""
    flat, hour, share = chance.random() < 0.7, chance.uniform(0, 24), chance.uniform(0.3, 0.8)
    turns = START + 9 * DAY + chance.uniform(0.1, 1.4) * DAY if chance.random() < pivots else math.inf
    for number in range(chance.randint(2000, 5000)):
        at = _when(chance, days, hour, 3, flat)
        model = RELEASED if at > turns and chance.random() < share else OLD
        words = used[number % len(used)].format(chance.choice(subjects), chance.choice(aspects))
        yield at, chance.choices(keys, loads)[0], model, before + words + ending


def reasoning(chance: Random) -> list[Call]:
    """After reasoning, grades as rewards, and rewording."""
    return _campaign(chance, _REASONING + _GRADING + _REWORDING, 0.7, 0.1)


def agents(chance: Random) -> list[Call]:
    """After agents, tools, coding and the analysis of data."""
    return _campaign(chance, _AGENTS + _CODING + _DATA, 0.4, 0.2)


def pivoting(chance: Random) -> list[Call]:
    """After agents and coding, turning to a new model as soon as it is out."""
    return _campaign(chance, _AGENTS + _CODING, 0.2, 0.9)


ORDINARY = {"chat": chat, "coding": coding, "batch": batch, "rag": rag}
CAMPAIGNS = {"reasoning": reasoning, "agents": agents, "pivoting": pivoting}
