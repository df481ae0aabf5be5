"""Finding what bears on a question: BM25 over short texts, and tf-idf vectors of them."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from audits.examples.teacher.mind.words import stems

_SATURATION = 1.4
_LENGTH_WEIGHT = 0.6

Vector = Mapping[str, float]


class Index:
    """A fixed collection of texts, searchable by the words they share with a query."""

    def __init__(self, texts: Sequence[str], synonyms: Mapping[str, str] | None = None) -> None:
        self._synonyms = synonyms or {}
        bags = [Counter(stems(text)) for text in texts]
        self._lengths = [sum(bag.values()) for bag in bags]
        self._mean_length = sum(self._lengths) / max(1, len(bags))
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, bag in enumerate(bags):
            for term, times in bag.items():
                self._postings[term].append((number, times))
        self._bags = bags

    def weight(self, term: str) -> float:
        """How telling a term is (inverse document frequency); terms never seen are the most telling."""
        holders = len(self._postings.get(term, ()))
        return math.log(1 + (len(self._bags) - holders + 0.5) / (holders + 0.5))

    def search(self, query: str, limit: int) -> list[tuple[int, float]]:
        """The best `limit` texts as (number, BM25 score), best first."""
        scores: dict[int, float] = defaultdict(float)
        for term in sorted(self._terms(query)):
            weight = self.weight(term)
            for number, times in self._postings.get(term, ()):
                length = 1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * self._lengths[number] / self._mean_length
                scores[number] += weight * times * (_SATURATION + 1) / (times + _SATURATION * length)
        return heapq.nsmallest(limit, scores.items(), key=lambda item: (-item[1], item[0]))

    def _terms(self, query: str) -> set[str]:
        """A query's stems, each in the word the texts use for it."""
        return {self._synonyms.get(term, term) for term in stems(query)}

    def coverage(self, query: str, number: int) -> float:
        """The share of the query's weight that text `number` speaks to, 0 to 1."""
        terms = self._terms(query)
        total = sum(map(self.weight, terms))
        return sum(self.weight(term) for term in terms if term in self._bags[number]) / total if total else 0.0

    def vector(self, text: str) -> dict[str, float]:
        """The text's tf-idf vector, of length one; empty when it has no words that carry meaning."""
        counted = Counter(self._synonyms.get(term, term) for term in stems(text))
        raw = {term: (1 + math.log(times)) * self.weight(term) for term, times in counted.items()}
        size = math.sqrt(sum(value * value for value in raw.values()))
        return {term: value / size for term, value in raw.items()} if size else {}


def cosine(one: Vector, other: Vector) -> float:
    """The similarity of two unit vectors, 0 to 1."""
    if len(one) > len(other):
        one, other = other, one
    return sum(value * other.get(term, 0.0) for term, value in one.items())


def centroid(vectors: Sequence[tuple[float, Vector]]) -> dict[str, float]:
    """The weighted mean of vectors, again of length one."""
    total: dict[str, float] = defaultdict(float)
    for weight, vector in vectors:
        for term, value in vector.items():
            total[term] += weight * value
    size = math.sqrt(sum(value * value for value in total.values()))
    return {term: value / size for term, value in total.items()} if size else {}
