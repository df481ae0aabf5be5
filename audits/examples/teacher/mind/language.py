"""A trigram model of how the knowledge base is written: it tells fluent wordings from clumsy ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from audits.examples.teacher.mind.words import words

_EDGE = "\x00"
_BACKOFF = 0.4


class Trigrams:
    """Word trigram counts with stupid backoff (Brants et al., 2007)."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._total = 0
        for sentence in sentences:
            tokens = [_EDGE, _EDGE, *words(sentence), _EDGE]
            self._total += len(tokens)
            for size in (1, 2, 3):
                self._counts.update(tuple(tokens[n : n + size]) for n in range(len(tokens) - size + 1))

    def fluency(self, sentence: str) -> float:
        """Mean log score per word, natural logarithm; nearer to zero is more fluent."""
        tokens = [_EDGE, _EDGE, *words(sentence), _EDGE]
        scores = [math.log(self._score(tuple(tokens[n - 2 : n + 1]))) for n in range(2, len(tokens))]
        return sum(scores) / len(scores)

    def _score(self, gram: tuple[str, ...]) -> float:
        if len(gram) == 1:
            return (self._counts[gram] + 0.5) / (self._total + 1)
        seen = self._counts[gram]
        if seen:
            return seen / self._counts[gram[:-1]]
        return _BACKOFF * self._score(gram[1:])
