"""What the light model knows: the articles beside it, their sentences, and the indexes over both."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from audits.examples.teacher.mind.language import Trigrams
from audits.examples.teacher.mind.retrieval import Index
from audits.examples.teacher.mind.words import sentences, stem

FOLDER = Path(__file__).parent.parent / "knowledge"


@dataclass(frozen=True)
class Article:
    """A short text about one thing."""

    topic: str
    title: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


@dataclass(frozen=True)
class Found:
    """An article that bears on a question; `coverage` is the share of the question it speaks to."""

    article: Article
    score: float
    coverage: float


class Knowledge:
    """All articles, searchable by article."""

    def __init__(self, articles: list[Article], synonyms: dict[str, str] | None = None) -> None:
        self.articles = articles
        self.topics = sorted({article.topic for article in articles})
        # A title says best what an article is about, so its words count three times.
        texts = [f"{(article.title + '. ') * 3}{article.text} {article.topic}" for article in articles]
        self.index = Index(texts, synonyms)
        self.language = Trigrams(sentence for article in articles for sentence in article.sentences)

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Knowledge:
        """Read every `*.toml` of the folder, and its `synonyms.txt`."""
        tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))]
        rows = [row for table in tables for row in table["article"]]
        articles = [Article(row["topic"], row["title"], tuple(sentences(row["text"]))) for row in rows]
        return cls(articles, _synonyms(folder / "synonyms.txt"))

    def find(self, query: str, limit: int = 3) -> list[Found]:
        """The articles that bear on `query`, best first."""
        return [
            Found(self.articles[number], score, self.index.coverage(query, number))
            for number, score in self.index.search(query, limit)
        ]


def _synonyms(path: Path) -> dict[str, str]:
    """Stem of a word to the stem of the word the articles use."""
    groups = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {stem(other): stem(used) for used, *others in groups for other in others}
