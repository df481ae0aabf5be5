"""Choosing a label for a text, and rating an answer by how well it is grounded in what is known."""

from __future__ import annotations

from dataclasses import dataclass

from audits.examples.teacher.mind.answering import Answerer
from audits.examples.teacher.mind.knowledge import Knowledge
from audits.examples.teacher.mind.retrieval import centroid, cosine
from audits.examples.teacher.mind.words import sentences, stems

_UNKNOWN = ("i don't know", "i'm not sure", "i'm not certain", "i do not know")
_SUPPORTED = 0.6
_FLUENT = -3.0


@dataclass(frozen=True)
class Rating:
    """How good an answer is, 0 to 1, why, and the sentence it should have had."""

    quality: float
    reason: str
    missing: str


class Labeller:
    """Nearest centroid: each label is the mean of what the prompt and the knowledge base say about it."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._vectors = [knowledge.index.vector(f"{article.title} {article.text}") for article in knowledge.articles]

    def label(self, text: str, labels: dict[str, str]) -> tuple[str, float]:
        """The label nearest to the text, and its share of all labels' similarity; the last label when none is near."""
        asked = self._knowledge.index.vector(text)
        near = [(cosine(asked, self._centroid(name, meaning)), name) for name, meaning in labels.items()]
        total = sum(similarity for similarity, _ in near)
        if total == 0:
            return list(labels)[-1], 0.0
        similarity, name = max(near, key=lambda pair: pair[0])
        return name, similarity / total

    def _centroid(self, name: str, meaning: str) -> dict[str, float]:
        index = self._knowledge.index
        own = [
            (1.0, vector)
            for article, vector in zip(self._knowledge.articles, self._vectors, strict=True)
            if article.topic == name.lower()
        ]
        akin = (
            [(score, self._vectors[number]) for number, score in index.search(f"{name} {meaning}", 4)]
            if not own
            else []
        )
        return centroid([(2.0, index.vector(f"{name} {meaning}")), *own, *akin])


class Judge:
    """Rates answers: is it supported by the notes, does it say what matters most, does it speak to the question?"""

    def __init__(self, knowledge: Knowledge, answerer: Answerer) -> None:
        self._knowledge = knowledge
        self._answerer = answerer

    def rate(self, question: str, answer: str) -> Rating:
        if not answer.strip() or answer.lower().startswith(_UNKNOWN):
            return Rating(0.0, "It does not answer the question.", "")
        sources = self._answerer.bearing(question)
        if not sources:
            return Rating(0.35, "I have no notes on this, so I cannot confirm what it says.", "")
        known = set(stems(" ".join(source.article.text + " " + source.article.title for source in sources)))
        grounding = self._share(answer, known)
        key = self._key_sentences(question, sources[0].article.sentences)
        said = set(stems(answer))
        held = [self._share(sentence, said) for sentence in key]
        spoken = self._share(question, said)
        fluency = min(1.0, max(0.0, 1 + (self._knowledge.language.fluency(answer) - _FLUENT) / 4))
        quality = 0.35 * grounding + 0.35 * sum(held) / len(held) + 0.2 * spoken + 0.1 * fluency
        missing = next((sentence for sentence, share in zip(key, held, strict=True) if share < _SUPPORTED), "")
        return Rating(quality, _reason(sources[0].article.title, grounding, missing), missing)

    def _key_sentences(self, question: str, article: tuple[str, ...]) -> list[str]:
        ranked = sorted(self._answerer.ranked(question, article), key=lambda pair: (-pair[0], pair[1]))
        return [article[position] for _, position in ranked[:2]]

    def _share(self, text: str, known: set[str]) -> float:
        """The share of a text's meaningful words, by weight, that are among `known`."""
        terms = set(stems(text))
        total = sum(map(self._knowledge.index.weight, terms))
        return sum(self._knowledge.index.weight(term) for term in terms & known) / total if total else 0.0


def _reason(title: str, grounding: float, missing: str) -> str:
    if grounding < _SUPPORTED:
        return f"Parts of it are not supported by what I know about {title.lower()}."
    if missing:
        return f"It is right as far as it goes, but it leaves out a main point: {sentences(missing)[0]}"
    return f"It is correct, and it covers the main points about {title.lower()}."
