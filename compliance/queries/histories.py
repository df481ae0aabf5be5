"""What is known of a document's texts so far, to judge the next one by."""

import datetime as dt

from compliance.models import TermsDocument
from compliance.sources.history import History

MOST: int = 60
"""Versions that are gone through, the latest: older wordings come back seldom, and each costs a few milliseconds."""


def history_of(document: TermsDocument) -> History:
    """The history of a document's held texts, oldest capture first. One query."""
    held = document.versions.exclude(text="").values_list("text", "label", "definition", "snapshot__fetched_at")
    texts = sorted(
        (
            (definition.get("captured_on") or label[:10], label, fetched, text)
            for text, label, definition, fetched in held
        ),
        key=lambda row: row[:2],
    )
    history = History()
    for captured, _, fetched, text in texts[-MOST:]:
        history.learn(text, fetched or _noon(captured))
    return history


def _noon(day: str) -> dt.datetime:
    try:
        return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(12), dt.UTC)
    except ValueError:
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
