"""Indicators in words: what was counted, of whom, against what. They say what calls show, never what somebody wanted. PURE."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple


class Kind(NamedTuple):
    """`title` is the heading; `looks_for` says what is counted; `also` names ordinary work that shows the same."""

    title: str
    looks_for: str
    also: str


KINDS: Final[Mapping[str, Kind]] = {
    "volume": Kind("Volume of one account", "Accounts that call at least ten times as often a day as the median account does.",
                   "a service beside people’s own accounts, a nightly job"),
    "rate": Kind("Rate by day and night", "At least 200 calls a day for three days, in 85% of the hours, and none of them "
    "much busier "
                 "than the others.", "a queue worked off around the clock, a product used on every continent"),
    "fan_out": Kind("One wording over many accounts", "Prompts of one wording from eight accounts or keys or more that "
    "share the work "
                    "evenly, and of which nobody has said whose they are.",
                    "an editor’s wording around what each developer asks with a key of their own"),
    "evasion": Kind("Refused for the rate, asked again by another", "Prompts that were refused for their rate (429) and "
    "came again within "
                    "15 minutes from another account or key.", "a gateway that falls back to a second key"),
    "coverage": Kind("Systematic coverage", "New prompts of one wording in which the words that vary are about equally "
    "frequent, as when "
                     "a list is gone through.", "cataloguing, labelling or translating a list"),
    "elicitation": Kind("Reasoning asked for", "At least 30% of the prompts have the model write its reasoning out, "
    "mostly new prompts.",
                        "a product whose prompt asks to think step by step"),
    "grading": Kind("Answers graded", "At least 30% of the prompts have answers graded, mostly new ones.",
    "an evaluation judged by a model"),
    "focus": Kind("Focus on abilities", "At least 85% of the prompts are tasks of several kinds that are costly to learn "
    "(coding, maths, "
                  "reasoning, tools, grading, rewording, data), nearly all of them new.", "a team of developers or analysts"),
    "reaction": Kind("Turn to a new model", "At least 40% of the calls go to a new model within two days of its release.",
                     "a product that is switched over on the day"),
    "region": Kind("Region", "The night that the calls show, or the cloud’s region, is not that of the country where the "
    "account is said to be.",
                   "travel, a team abroad, jobs that run at night"),
}  # fmt: skip
ORDER: Final = tuple(KINDS)


def _percent(value: float) -> str:
    return f"{round(value * 100)}%"


def _count(value: Any) -> str:
    return f"{round(value):,}"


def _known(number: int) -> str:
    return f"{number:,} more are known to belong to somebody. " if number else ""


def _after(days: int) -> str:
    return ("on the day", "on the day after")[days] if days < 2 else f"{days} days after"


_SENTENCES: Final[Mapping[str, Callable[[float, float, Mapping[str, Any]], str]]] = {
    "volume": lambda value, baseline, f: f"{_count(f['a_day'])} calls a day, {value:.1f} times the median of "
    f"{_count(f['senders'])} accounts "
    f"({_count(f['median_a_day'])} a day). Shown from {baseline:g} times upwards.",
    "rate": lambda value, baseline, f: f"{_count(f['a_day'])} calls a day over {f['days']:g} days, in "
    f"{_percent(f['hours_covered'])} of all hours; "
    f"the busiest hour of the day has {value:.2f} times the mean. Shown up to {baseline:g} times; people’s days show two "
    f"and more.",
    "fan_out": lambda value, baseline, f: f"{_count(value)} accounts or keys sent this wording, "
    f"{_count(f['median_calls'])} calls each in the median "
    f"and {_count(f['most_calls'])} at most; evenness {f['evenness']:.2f} of 1. {_known(f['known'])}"
    f"Shown from {baseline:g} upwards.",
    "evasion": lambda value, baseline, f: f"Of {_count(f['refused'])} refused prompts, {_count(f['by_others'])} "
    f"({_percent(value)}) came again from "
    f"another account or key after {f['mean_seconds']:g} seconds in the mean, {_count(f['by_same'])} from the same one; "
    f"{_count(f['pairs'])} "
    f"pairs of accounts. Shown from {_percent(baseline)} upwards.",
    "coverage": lambda value, baseline, f: f"{_percent(f['novelty'])} of the prompts are new; of {_count(f['words'])} "
    f"words that vary, the frequent "
    f"ones come {value:.1f} times as often as the median one. Shown up to {baseline:g} times; in people’s questions it is more.",
    "elicitation": lambda value, baseline, f: f"{_count(f['counted'])} of {_count(f['of'])} prompts ({_percent(value)}) "
    f"have reasoning written out; "
    f"{_percent(f['novelty'])} of all are new. Shown from {_percent(baseline)} upwards.",
    "grading": lambda value, baseline, f: f"{_count(f['counted'])} of {_count(f['of'])} prompts ({_percent(value)}) have "
    f"answers graded; "
    f"{_percent(f['novelty'])} of all are new. Shown from {_percent(baseline)} upwards.",
    "focus": lambda value, baseline, f: f"{_percent(value)} of the prompts: "
    + ", ".join(f"{kind} {_percent(share)}" for kind, share in sorted(f["kinds"].items(), key=lambda item: -item[1]))
    + f"; {_percent(f['novelty'])} are new. Shown from {_percent(baseline)} upwards.",
    "reaction": lambda value, baseline, f: f"{_count(f['moved'])} of {_count(f['of'])} calls ({_percent(value)}) went to "
    f"{f['model']} within two days "
    f"of its release, the first {_after(f['days_after'])}; "
    f"{_count(f['before'])} calls "
    f"went before. Shown from {_percent(baseline)} upwards.",
    "region": lambda value, baseline, f: f"Said to be in {f['country']}. "
    + (f"The night that the calls show lies {_count(value + 3)} hours beside that country’s. " if value else "")
    + (f"{_count(f['elsewhere'])} calls were served elsewhere." if f["elsewhere"] else ""),
}  # fmt: skip


def sentence(kind: str, value: float, baseline: float, figures: Mapping[str, Any]) -> str:
    """What was counted, against what, as one paragraph."""
    return _SENTENCES[kind](value, baseline, figures)


def subject_words(kind: str, subject: str) -> str:
    """Of whom or what an indicator tells."""
    if not subject:
        return "All calls together"
    return f"Prompts “{subject}”" if subject.startswith("… ") or subject.endswith(" …") else subject
