"""Answering a question from what is known: pick the sentences that bear on it, in their order, and put them well."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from audits.examples.teacher.mind.knowledge import Found, Knowledge
from audits.examples.teacher.mind.retrieval import Index
from audits.examples.teacher.mind.rewriting import Rewriter
from audits.examples.teacher.mind.style import Style
from audits.examples.teacher.mind.words import sentences, stems

_KNOWN_COVERAGE = 0.3
_KNOWN_SCORE = 5.0
_FIRST_SENTENCE_BONUS = 0.3


@dataclass(frozen=True)
class Answer:
    """An answer with what it rests on; `known` is false when nothing bears on the question."""

    text: str
    known: bool
    sources: tuple[Found, ...] = ()


class Answerer:
    """Answers from the knowledge base and from any context given along with the question."""

    def __init__(self, knowledge: Knowledge, rewriter: Rewriter) -> None:
        self._knowledge = knowledge
        self._rewriter = rewriter

    def answer(self, question: str, context: str, style: Style, temperature: float, rng: Random) -> Answer:
        """The answer in `style`; a higher temperature strays further from the best sentences."""
        from_context = self._from_context(question, context, style)
        sources = tuple(self.bearing(question))
        if not from_context and not sources:
            return Answer(rng.choice(style.unknown), known=False)
        picked = from_context or self._pick(question, sources, style, temperature, rng)
        title = sources[0].article.title if sources else "this"
        return Answer(self._put(picked, question, title, style, temperature, rng), True, sources)

    def bearing(self, question: str) -> list[Found]:
        """The one or two articles that bear on a question; none when it is about something else."""
        found = [
            one
            for one in self._knowledge.find(question)
            if one.coverage >= _KNOWN_COVERAGE and one.score >= _KNOWN_SCORE
        ]
        return [
            one
            for one in found[:2]
            if one.score >= 0.75 * found[0].score and one.article.topic == found[0].article.topic
        ]

    def ranked(self, question: str, article_sentences: tuple[str, ...]) -> list[tuple[float, int]]:
        """How much each sentence bears on the question, as (score, position), in reading order."""
        asked = set(stems(question))
        scores = []
        for position, sentence in enumerate(article_sentences):
            shared = asked & set(stems(sentence))
            bonus = _FIRST_SENTENCE_BONUS if position == 0 else 0.0
            scores.append((sum(map(self._knowledge.index.weight, shared)) + bonus, position))
        return scores

    def _pick(
        self, question: str, sources: tuple[Found, ...], style: Style, temperature: float, rng: Random
    ) -> list[str]:
        article = sources[0].article
        scores = [
            (score + temperature * rng.gauss(0, 1.2), position)
            for score, position in self.ranked(question, article.sentences)
        ]
        wanted = max(1, style.length + (rng.choice((-1, 0, 0, 1)) if temperature else 0))
        best = sorted(sorted(scores, reverse=True)[:wanted], key=lambda pair: pair[1])
        picked = [article.sentences[position] for _, position in best]
        if len(sources) > 1:
            _, position = max(self.ranked(question, sources[1].article.sentences), key=lambda pair: (pair[0], -pair[1]))
            picked.append(sources[1].article.sentences[position])
        return picked

    def _from_context(self, question: str, context: str, style: Style) -> list[str]:
        known = sentences(context)
        if not known:
            return []
        best = sorted(number for number, _ in Index(known).search(question, style.length))
        return [known[number] for number in best]

    def _put(self, picked: list[str], question: str, title: str, style: Style, temperature: float, rng: Random) -> str:
        shorten = temperature > 0 and rng.random() < 0.3
        said = [self._rewriter.shorten(one) if shorten else one for one in picked]
        listed = style.lines and question.lower().lstrip().startswith(("how", "explain", "describe"))
        body = ("\n" if listed else " ").join(said)
        if temperature == 0:
            return body
        return f"{rng.choice(style.openings)}{body}{rng.choice(style.closings).format(title=title)}"
