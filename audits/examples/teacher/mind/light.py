"""The light model: retrieval, nearest centroids and a trigram model over about ninety short articles.

Small, but a model: what it says is computed from the prompt. The same seed, prompt and temperature give the same text.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from random import Random
from typing import Any

from audits.examples.teacher.conversation import Prompt, Reply
from audits.examples.teacher.mind.answering import Answer, Answerer
from audits.examples.teacher.mind.asks import Ask, understand
from audits.examples.teacher.mind.judging import Judge, Labeller, Rating
from audits.examples.teacher.mind.knowledge import Knowledge
from audits.examples.teacher.mind.questions import QuestionWriter
from audits.examples.teacher.mind.retrieval import cosine
from audits.examples.teacher.mind.rewriting import Rewriter
from audits.examples.teacher.mind.style import style_of
from audits.examples.teacher.mind.words import sentences, stems

_GOOD_ENOUGH = 0.8
_FEATURES_PER_STEM = 6

Aspects = dict[str, Any]


@dataclass(frozen=True)
class _Thought:
    """One ask being worked on."""

    ask: Ask
    prompt: Prompt
    rng: Random


class LightMind:
    """Answers, labels, rates, rewrites, summarises and asks; says that it does not know when nothing matches."""

    name = "light"
    slow = False

    def __init__(self, knowledge: Knowledge, seed: int) -> None:
        self._seed = seed
        self._knowledge = knowledge
        self._rewriter = Rewriter(knowledge.language)
        self._answerer = Answerer(knowledge, self._rewriter)
        self._labeller = Labeller(knowledge)
        self._judge = Judge(knowledge, self._answerer)
        self._questions = QuestionWriter(knowledge)

    def reply(self, prompt: Prompt, choice: int = 0) -> Reply:
        """The reply to a prompt; further choices differ only when the temperature is above 0."""
        thought = _Thought(understand(prompt), prompt, self._rng(prompt, choice))
        work = {
            "label": self._label,
            "rate": self._rate,
            "rewrite": self._rewrite,
            "generate": self._generate,
            "summarise": self._summarise,
        }
        text, aspects = work.get(thought.ask.kind, self._answer)(thought)
        if thought.ask.wants_json:
            text = json.dumps(_as_asked(thought.ask.keys, aspects), ensure_ascii=False)
        return Reply(text, self._reasoning(thought))

    def embed(self, text: str, dimensions: int) -> list[float]:
        """A unit vector: each stem, by weight, adds to a few places that its hash decides."""
        vector = [0.0] * dimensions
        for term, value in self._knowledge.index.vector(text).items():
            digest = hashlib.sha256(term.encode()).digest()
            for n in range(_FEATURES_PER_STEM):
                place = int.from_bytes(digest[4 * n : 4 * n + 4], "big")
                vector[place % dimensions] += value if place & 0x8000_0000 else -value
        size = math.sqrt(sum(value * value for value in vector)) or 1.0
        return [value / size for value in vector]

    def _rng(self, prompt: Prompt, choice: int) -> Random:
        turns = [(turn.role, turn.text) for turn in prompt.turns]
        sampled = choice if prompt.temperature else 0
        key = json.dumps([self._seed, prompt.seed, prompt.model, prompt.temperature, sampled, turns])
        return Random(hashlib.sha256(key.encode()).digest())

    def _answer(self, thought: _Thought) -> tuple[str, Aspects]:
        answer = self._answered(thought)
        return answer.text, {"answer": answer.text, "known": answer.known, "topic": _topic(answer)}

    def _summarise(self, thought: _Thought) -> tuple[str, Aspects]:
        """The sentence nearest to the middle of the whole text, shortened."""
        index = self._knowledge.index
        whole = index.vector(thought.ask.subject)
        parts = sentences(thought.ask.subject) or [""]
        text = self._rewriter.shorten(max(parts, key=lambda part: cosine(whole, index.vector(part))))
        return text, {"answer": text}

    def _answered(self, thought: _Thought) -> Answer:
        ask, style = thought.ask, style_of(thought.prompt.model)
        temperature = min(thought.prompt.temperature, 1.5)
        return self._answerer.answer(ask.subject, ask.context, style, temperature, thought.rng)

    def _label(self, thought: _Thought) -> tuple[str, Aspects]:
        name, share = self._labeller.label(thought.ask.subject, thought.ask.labels)
        return name, {"label": name, "confidence": round(share, 2), "reason": f"Its words are nearest to {name}."}

    def _rate(self, thought: _Thought) -> tuple[str, Aspects]:
        ask = thought.ask
        rating = self._judge.rate(ask.subject, ask.answer)
        low, high = ask.scale
        score = round(low + rating.quality * (high - low))
        lacking = rating.quality < _GOOD_ENOUGH
        better = self._improved(thought, rating) if lacking else None
        aspects = {"score": score, "reason": rating.reason, "rewritten": better, "flag": lacking}
        return (str(score) if ask.number_only else f"{score}/{high}. {rating.reason}"), aspects

    def _rewrite(self, thought: _Thought) -> tuple[str, Aspects]:
        ask = thought.ask
        if ask.answer:
            text = self._improved(thought, self._judge.rate(ask.subject, ask.answer))
        else:
            text = self._rewriter.paraphrase(ask.subject, thought.rng)
        return text, {"rewritten": text, "answer": text}

    def _improved(self, thought: _Thought, rating: Rating) -> str:
        said = self._rewriter.paraphrase(thought.ask.answer, thought.rng)
        return f"{said} {rating.missing}" if rating.missing else said

    def _generate(self, thought: _Thought) -> tuple[str, Aspects]:
        asked = self._questions.write(thought.ask.subject, thought.ask.count, thought.rng)
        return "\n".join(f"{n}. {text}" for n, text in enumerate(asked, 1)), {"questions": asked}

    def _reasoning(self, thought: _Thought) -> str:
        terms = sorted(set(stems(thought.ask.subject)), key=lambda term: (-self._knowledge.index.weight(term), term))
        lines = [f"This asks me to {thought.ask.kind}. The telling words are {', '.join(terms[:5]) or 'missing'}."]
        for found in self._answerer.bearing(thought.ask.subject):
            share = f"{found.coverage:.0%}"
            lines.append(
                f"My notes on “{found.article.title}” speak to {share} of the question (score {found.score:.1f})."
            )
        return " ".join([*lines, "I keep what bears on it most, in its order."])


def _topic(answer: Answer) -> str | None:
    return answer.sources[0].article.topic if answer.sources else None


# Which aspect a JSON key asks for, by a part of the key's name; the first that fits wins.
_KEYS = [
    ("flag", ("needs", "should", "flag")),
    ("rewritten", ("improv", "rewrit", "correct", "suggest", "fix", "revis", "paraphras", "better")),
    ("score", ("score", "rating", "grade", "points")),
    ("label", ("label", "categor", "class", "intent", "tag")),
    ("questions", ("question",)),
    ("confidence", ("confiden", "certain", "probab")),
    ("reason", ("reason", "explan", "why", "comment", "rationale", "justif")),
    ("known", ("known", "found", "answerable")),
    ("topic", ("topic", "subject")),
    ("answer", ("answer", "reply", "response", "text", "content", "output", "result", "summary")),
]


def _as_asked(keys: tuple[str, ...], aspects: Aspects) -> Aspects:
    """The aspects under the names the prompt gave them; null for a name that asks for nothing we have."""
    if not keys:
        return aspects
    return {key: aspects.get(_aspect(key, aspects) or "") for key in keys}


def _aspect(key: str, aspects: Aspects) -> str | None:
    fitting = [aspect for aspect, parts in _KEYS if any(part in key.lower() for part in parts)]
    return next((aspect for aspect in fitting if aspect in aspects), None)
