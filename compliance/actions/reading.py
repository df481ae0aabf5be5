"""Reading what nobody has read yet: suggestions for each new text, and accepted clauses followed into it."""

from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, QuerySet

from compliance.actions.anchoring import Anchored, anchor_clauses
from compliance.actions.clauses import RULES, read_version
from compliance.models import TermsDocument, Version, VersionReading
from compliance.sources.cited import PassageSearch


@dataclass
class Read:
    """What reading a document did: versions read now, and what became of its clauses."""

    document: str
    versions: int = 0
    anchored: Anchored = field(default_factory=Anchored)


def read_document(document: TermsDocument) -> Read:
    """Read every held text that was not read as it is now, then follow the document's clauses. Twice changes nothing."""
    done, search = Read(document.identifier), PassageSearch()
    for version in document.versions.exclude(text="").defer("text").order_by("label"):
        done.versions += read_version(version, search)
    done.anchored = anchor_clauses(document)
    return done


def unread_versions() -> QuerySet[Version]:
    """Versions whose text is held and was not read by the present rules; texts are not loaded."""
    read = VersionReading.objects.filter(version=OuterRef("pk"), rules=RULES)
    return Version.objects.filter(~Exists(read)).exclude(text="").defer("text")


def unread_documents() -> QuerySet[TermsDocument]:
    """Documents with a version that nobody has read yet, in the order of their names."""
    return TermsDocument.objects.filter(Exists(unread_versions().filter(document=OuterRef("pk")))).order_by(
        "identifier"
    )
