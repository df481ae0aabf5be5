"""Celery tasks of the terms side: each takes ids, loads, and calls one action."""

from django.conf import settings
from django.utils import timezone

from compliance.actions.agreements import tell_of_ends
from compliance.actions.anchoring import anchor_clauses
from compliance.actions.answered import forget_answered
from compliance.actions.reading import read_document, unread_documents
from compliance.actions.watching import Place, due_watches, fetch_watch
from compliance.celery import app
from compliance.models import TermsDocument
from compliance.sources.keeping import Keeper

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


@app.task(name="compliance.tasks.watch_sources", ignore_result=True, expires=55)
def watch_sources() -> None:
    """Send for the watched sources that are due, one for each host; beat asks again every minute."""
    for watch_id in due_watches(timezone.now()):
        fetch_source.delay(watch_id)


@app.task(name="compliance.fetch_source", ignore_result=True, soft_time_limit=240)
def fetch_source(watch_id: int) -> None:
    """Fetch one watched source. A second delivery finds it claimed, or done, and does nothing."""
    place = Place(settings.EVIDENCE_URL, Keeper(settings.EVIDENCE_URL), tuple(settings.WATCH_ALLOWED))
    fetch_watch(watch_id, place=place, now=timezone.now())


@app.task(name="compliance.tasks.tell_of_ending_agreements", ignore_result=True, expires=3_500)
def tell_of_ending_agreements() -> None:
    """Say which agreements end soon, and which have ended; beat asks every hour, and each is told once."""
    tell_of_ends(timezone.localdate())


@app.task(name="compliance.tasks.forget_answers", ignore_result=True, expires=3_500)
def forget_answers() -> None:
    """Forget what requests with idempotency keys were answered a day ago; beat asks every hour."""
    forget_answered()
