"""Published rules that the engine can't read: by provider, paper, clause and name, what is wrong, and how to mend it."""

from dataclasses import dataclass

from compliance.engine.broken import MEND
from compliance.models import RuleRevision
from compliance.queries.library import rule_of


@dataclass(frozen=True)
class BrokenRule:
    """One of them. `versions`: labels that it cites, as far as that can be told; none when nothing tells."""

    revision: RuleRevision
    wrong: str
    versions: tuple[str, ...]

    @property
    def place(self) -> str:
        """The paper, the clause and the rule: "OpenAI, Services Agreement, section 3.3(e), rule openai/…:…, revision 2"."""
        document = self.revision.rule.document
        section = f", section {self.revision.section}" if self.revision.section else ""
        held = f" ({', '.join(self.versions)})" if self.versions else ""
        return (
            f"{document.provider.name}, {document.title}{held}{section}, rule {self.revision.rule.identifier}, "
            f"revision {self.revision.number}"
        )

    @property
    def mend(self) -> str:
        """What to do, as a sentence."""
        return f"{MEND}."


def broken_rules() -> tuple[BrokenRule, ...]:
    """Every published revision that can't be read, by identifier. One query; each published rule is read."""
    published = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED)
    revisions = published.select_related("rule__document__provider").order_by("rule__identifier")
    read = ((revision, rule_of(revision)) for revision in revisions)
    return tuple(BrokenRule(one, rule.broken, tuple(rule.by_version)) for one, rule in read if rule.broken)
