"""Inventing questions about a topic, from the articles that bear on it."""

from __future__ import annotations

import re
from random import Random

from audits.examples.teacher.mind.knowledge import Article, Knowledge

_BECAUSE = re.compile(r"^(.+?),? (?:because|since) (.+)\.$")
_BROAD = 12
_ASKING = (
    "What should I know about {title}?",
    "Can you explain {title} in simple words?",
    "What matters most about {title}?",
    "Where do people go wrong with {title}?",
)


class QuestionWriter:
    """Writes questions a person might ask about what the articles say."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def write(self, topic: str, count: int, rng: Random) -> list[str]:
        """`count` different questions at most; fewer when the topic gives no more."""
        named = [article for article in self._knowledge.articles if article.topic in topic.lower().split()]
        found = [one.article for one in self._knowledge.find(topic, _BROAD)]
        asked = [question for article in dict.fromkeys([*named, *found]) for question in self._about(article)]
        rng.shuffle(asked)
        return asked[:count] or [template.format(title=topic.strip(" ?.") or "this") for template in _ASKING[:count]]

    def _about(self, article: Article) -> list[str]:
        title = (
            article.title
            if article.title.startswith(("Brindle", "Earth"))
            else article.title[0].lower() + article.title[1:]
        )
        asked = [template.format(title=title) for template in _ASKING]
        for sentence in article.sentences:
            asked.append(f"Is it true that {sentence[0].lower()}{sentence[1:].rstrip('.')}?")
            if because := _BECAUSE.match(sentence):
                asked.append(f"Why is it that {because[1][0].lower()}{because[1][1:]}?")
        return asked
