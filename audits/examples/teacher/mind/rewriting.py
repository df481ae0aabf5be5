"""Saying the same differently: shorter by whole clauses, or in other words, and the most fluent candidate wins."""

from __future__ import annotations

import re
from functools import partial
from random import Random

from audits.examples.teacher.mind.language import Trigrams
from audits.examples.teacher.mind.words import sentences

_OTHER_WORDS = [
    tuple(pair.split("|"))
    for pair in """check|make sure;choose|pick;tap|press;open|go to;receive|get;erased|removed;listed|shown;enter|type in
    contains|holds;called|known as;consist of|are made of;turns into|becomes;usually|as a rule;most often|mostly
    at once|straight away;by itself|on its own;because|since;does not|doesn't;cannot|can't;is not|isn't;do not|don't
    begins|starts;also|in addition;lower|smaller;needs|requires;arrives|comes;divided by|over;equals|is equal to
    takes effect|applies;remember to|don't forget to;replace|swap;fast|quick;pulls|draws;shows|tells
    at any moment|whenever you like;about|roughly;together|combined;spread|distributed""".replace("\n", ";").split(";")
]
_TRAILING = re.compile(r",? (?:which|because|since|so that|so|while|although|as long as) [^,.]+(?=[.]$)")
_ASIDE = re.compile(r"\s*(?:\([^)]*\)|, (?:for example|such as|like|as in) [^,.]+,?)")
_FRONTED = re.compile(r"^(When|If|While|Before|After|Because) ([^,]+), ([^.]+)\.$")
_FOLLOWED = re.compile(r"^([^,]+?) (when|if|while|before|after|because) ([^,.]+)\.$")
_MAX_CLUMSINESS = 0.6


class Rewriter:
    """Rewrites sentences; `language` judges the candidates."""

    def __init__(self, language: Trigrams) -> None:
        self._language = language

    def shorten(self, sentence: str) -> str:
        """The sentence without its asides and trailing clauses, if what is left still reads well."""
        shorter = _TRAILING.sub("", _ASIDE.sub("", sentence))
        if len(shorter.split()) < 4:
            return sentence
        fluent = self._language.fluency(shorter) >= self._language.fluency(sentence) - _MAX_CLUMSINESS
        return shorter if fluent else sentence

    def paraphrase(self, text: str, rng: Random) -> str:
        """The text in other words, sentence by sentence."""
        return " ".join(self._reword(sentence, rng) for sentence in sentences(text))

    def _reword(self, sentence: str, rng: Random) -> str:
        candidates = {self._swap_words(self._turn_clauses(sentence, rng), rng) for _ in range(6)} - {sentence}
        return max(sorted(candidates), key=self._language.fluency, default=sentence)

    def _turn_clauses(self, sentence: str, rng: Random) -> str:
        if rng.random() < 0.5:
            return sentence
        if fronted := _FRONTED.match(sentence):
            return f"{_upper(fronted[3])} {fronted[1].lower()} {fronted[2]}."
        if followed := _FOLLOWED.match(sentence):
            return f"{_upper(followed[2])} {followed[3]}, {_lower(followed[1])}."
        return sentence

    def _swap_words(self, sentence: str, rng: Random) -> str:
        for one, other in _OTHER_WORDS:
            if rng.random() < 0.7:
                sentence = re.sub(rf"\b({one.strip()})\b", partial(_like, other), sentence, count=1, flags=re.I)
        return sentence


def _like(new: str, old: re.Match[str]) -> str:
    return _upper(new) if old[0][0].isupper() else new


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    keep = text.split(" ")[0] in ("I", "Brindle", "Earth", "Moon", "Sun", "Bluetooth", "Wi-Fi")
    return text if keep else text[:1].lower() + text[1:]
