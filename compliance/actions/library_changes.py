"""Noting that something changed on which verdicts rest, in the transaction of the change; the audit side picks it up."""

import hashlib
from typing import Final

from django.db.models import Model

from compliance.engine.library import Library
from compliance.models import (
    Agreement,
    CatalogueEntry,
    Governance,
    LibraryChange,
    ModelCorrection,
    Project,
    Provider,
    RuleRevision,
    TermsDocument,
    User,
    Version,
)

Kind = LibraryChange.Kind
KINDS: Final[dict[type[Model], str]] = {
    RuleRevision: Kind.RULE,
    Version: Kind.VERSION,
    TermsDocument: Kind.VERSION,
    Agreement: Kind.AGREEMENT,
    CatalogueEntry: Kind.CATALOGUE,
    ModelCorrection: Kind.CATALOGUE,
    Governance: Kind.CATALOGUE,
    Provider: Kind.CATALOGUE,
}
UNPUBLISHED: Final = (RuleRevision.Status.DRAFT, RuleRevision.Status.IN_REVIEW)


def note_change(*, acting_user: User | None, action: str, subject: Model) -> LibraryChange | None:
    """Note the change of a thing that verdicts rest on; nothing for others, nor for a rule that nobody has published.

    Told by what was changed, not by how the change is called: a new kind of change is not forgotten. Judging anew too often
    costs a moment and changes nothing.
    """
    kind = KINDS.get(type(subject))
    if kind is None or (isinstance(subject, RuleRevision) and subject.status in UNPUBLISHED):
        return None
    return LibraryChange.objects.create(
        kind=kind,
        cause=f"{_sentence(action)}: {subject}"[:400],
        changed_by=acting_user,
        project=subject.project if isinstance(subject, Agreement) else None,
    )


def _sentence(action: str) -> str:
    words = action.rpartition(".")[2].replace("_", " ")
    return words[:1].upper() + words[1:]


def note_answer(*, acting_user: User, cause: str, project: Project | None) -> LibraryChange:
    """Note that somebody answered a question about a student of `project`, or (None) about the organisation."""
    return LibraryChange.objects.create(kind=Kind.ANSWER, cause=cause[:400], changed_by=acting_user, project=project)


def note_release(library: Library, mended: bool) -> LibraryChange | None:
    """Note that a release's rulebook was loaded; nothing when the last one loaded said the same, and it `mended` no rule."""
    content = repr((library.bindings, library.families, sorted(library.documents.items())))
    rules = "".join(rule.content_sha256 for rule in library.rules)
    digest = hashlib.sha256((content + rules).encode()).hexdigest()[:16]
    cause = f"Shipped rulebook loaded ({digest})"
    last = LibraryChange.objects.filter(kind=Kind.RELEASE).order_by("-id").first()
    return (
        None
        if last and last.cause == cause and not mended
        else LibraryChange.objects.create(kind=Kind.RELEASE, cause=cause)
    )
