"""Celery tasks of the terms side: each takes ids, loads, and calls one action."""

from compliance.actions.anchoring import anchor_clauses
from compliance.actions.reading import read_document, unread_documents
from compliance.celery import app
from compliance.models import TermsDocument

DOCUMENTS_AT_ONCE = 3


@app.task(name="compliance.tasks.read_texts", ignore_result=True, expires=55)
def read_texts() -> None:
    """Read texts that arrived since, a few documents at a time; beat asks again every minute."""
    for document in unread_documents()[:DOCUMENTS_AT_ONCE]:
        read_document(document)


@app.task(name="compliance.follow_clauses", ignore_result=True)
def follow_clauses(document_id: int) -> None:
    """Seek a document's clauses in its other versions, after a person accepted or settled one. Bears being run twice."""
    document = TermsDocument.objects.filter(pk=document_id).first()
    if document is not None:
        anchor_clauses(document)
