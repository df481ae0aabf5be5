"""Clauses of a text: suggested by reading it, accepted or rejected by a person.

Reading is idempotent: what was decided stays decided, what is found no longer is superseded. A clause that the rulebook cites by
its hash is proved to stand in the text, and placed there; nobody need accept it again.
"""

import hashlib
from collections.abc import Collection, Iterable
from typing import Final

from django.db import transaction
from django.utils import timezone

from compliance.actions.trail import record
from compliance.engine.rules import LABELS
from compliance.models import Clause, ClauseText, Suggestion, User, Version, VersionReading
from compliance.sources.cited import PassageSearch
from compliance.text.anchor import Text
from compliance.text.clauses import Clause as FoundClause
from compliance.text.clauses import find_clauses
from compliance.text.contents import Sections, after_number, lay_out
from compliance.text.normalise import clause_hash

RULES: Final = 3
"""Number of the rules by which texts are read. Raise it when they find anything else; every text is then read again."""
LONGEST: Final = 20_000
"""Characters of a clause that a person accepts: longer passages are chapters."""
State = Suggestion.State


class ClauseRefused(ValueError):
    """What was asked can't be done with this passage; the message is a sentence for the person who asked."""


def is_read(version: Version) -> bool:
    """Whether the version's text was read by the present rules, and sought for all that is cited in it. Two queries."""
    return VersionReading.objects.filter(version=version, rules=RULES, mark=reading_mark(version)).exists()


def reading_mark(version: Version) -> str:
    """SHA-256 of what a reading rests on: the text as it is held, and the cited passages that were not found in it."""
    digest = hashlib.sha256(version.text.encode(errors="surrogatepass"))
    digest.update("\n".join(["", *sorted(place.sha256 for place in _unproved(version))]).encode())
    return digest.hexdigest()


def _unproved(version: Version) -> list[ClauseText]:
    """Clauses cited in the version by hash whose place is not known, or holds other words by now."""
    return [place for place in version.clause_texts.exclude(sha256="") if not _proved(place, version.text)]


@transaction.atomic
def read_version(version: Version, search: PassageSearch | None = None) -> bool:
    """Suggest the clauses of a version's text, and place those that are cited. False when there was nothing to do.

    `search` may be shared by versions of one document: passages found once are found again quickly.
    """
    version = Version.objects.select_for_update().get(pk=version.pk)
    if not version.text or is_read(version):
        return False
    found = find_clauses(version.text)
    sections = Sections(version.text, lay_out(version.text))
    _suggest(version, found, sections)
    place_cited(version, found, search or PassageSearch())
    VersionReading.objects.update_or_create(version=version, defaults={"rules": RULES, "mark": reading_mark(version)})
    return True


def _suggest(version: Version, found: Iterable[FoundClause], sections: Sections) -> None:
    known = {(one.start, one.end): one for one in version.suggestions.all()}
    new, again = [], []
    for clause in found:
        start = after_number(version.text, clause.start, clause.end)
        held = known.pop((start, clause.end), None)
        if held is None:
            new.append(_fill(Suggestion(version=version, start=start, end=clause.end), clause, sections))
        elif held.state in (State.SUGGESTED, State.SUPERSEDED):
            held.state = State.SUGGESTED
            again.append(_fill(held, clause, sections))
    Suggestion.objects.bulk_create(new)
    Suggestion.objects.bulk_update(
        again, ["state", "sha256", "section", "labels", "mode", "score", "because", "modal"], batch_size=200
    )
    left = [one.pk for one in known.values() if one.state == State.SUGGESTED]
    Suggestion.objects.filter(pk__in=left).update(state=State.SUPERSEDED)


def _fill(suggestion: Suggestion, clause: FoundClause, sections: Sections) -> Suggestion:
    suggestion.sha256 = clause_hash(clause.text[suggestion.start - clause.start :])
    suggestion.section = sections.at(clause.start)
    suggestion.labels, suggestion.mode = list(clause.labels), clause.mode.value
    suggestion.score, suggestion.modal = clause.score, clause.modal[:200]
    suggestion.because = [
        {"label": reason.label, "cue": reason.cue, "words": reason.words, "score": reason.score}
        for reason in clause.because
    ]
    return suggestion


def place_cited(version: Version, found: Iterable[FoundClause], search: PassageSearch) -> int:
    """Find where the clauses that are cited in this version by hash stand in its text. Returns how many were placed."""
    waiting = _unproved(version)
    if not waiting:
        return 0
    text = Text(version.text)
    spans = _likely_spans(text, found)
    missing = {one.sha256 for one in waiting} - spans.keys()
    for digest in search.find(version.text, missing) if missing else ():
        span = text.stands(search.wording(digest), digest)
        if span:
            spans[digest] = span
    for one in waiting:
        one.start, one.end = spans.get(one.sha256, (None, None))
    ClauseText.objects.bulk_update(waiting, ["start", "end"])
    return sum(one.start is not None for one in waiting)


def _proved(place: ClauseText, text: str) -> bool:
    return place.start is not None and clause_hash(text[place.start : place.end]) == place.sha256


def _likely_spans(text: Text, found: Iterable[FoundClause]) -> dict[str, tuple[int, int]]:
    """The hashes of passages that a citation is likely to mean: what was found here, and each sentence or item."""
    spans = [*((clause.start, clause.end) for clause in found), *((unit.start, unit.end) for unit in text.units)]
    hashes: dict[str, tuple[int, int]] = {}
    for start, end in spans:
        hashes.setdefault(clause_hash(text.text[start:end]), (start, end))
    return hashes


@transaction.atomic
def accept_suggestion(
    *, acting_user: User, suggestion: Suggestion, key: str, labels: Collection[str], wording: str, section: str,
    summary: str = "", clause: Clause | None = None,
) -> ClauseText:  # fmt: skip
    """Make a clause of a suggestion, as the person worded its extent and its labels.

    With `clause`: the passage is that clause's place in this version. Raises ClauseRefused.
    """
    held = Suggestion.objects.select_for_update().get(pk=suggestion.pk)
    _require_open(held)
    place = _stand(acting_user, held.version, held.start, wording, key, labels, section, summary, clause)
    held.state, held.clause = State.ACCEPTED, place.clause
    _decide(held, acting_user, "")
    record(
        acting_user=acting_user, action="clause accepted", subject=place, suggestion=held.pk, labels=list(labels),
        start=place.start, end=place.end, sha256=place.sha256,
    )  # fmt: skip
    return place


@transaction.atomic
def mark_passage(
    *, acting_user: User, version: Version, near: int, key: str, labels: Collection[str], wording: str, section: str,
    summary: str = "", clause: Clause | None = None,
) -> ClauseText:  # fmt: skip
    """Make a clause of a passage that nobody suggested. `near`: the offset at which it was seen. Raises ClauseRefused."""
    place = _stand(acting_user, version, near, wording, key, labels, section, summary, clause)
    record(
        acting_user=acting_user, action="clause marked", subject=place, labels=list(labels), start=place.start,
        end=place.end, sha256=place.sha256,
    )  # fmt: skip
    return place


@transaction.atomic
def reject_suggestion(*, acting_user: User, suggestion: Suggestion, reason: str) -> Suggestion:
    """Say that a passage is no clause, and why. Raises ClauseRefused."""
    held = Suggestion.objects.select_for_update().get(pk=suggestion.pk)
    _require_open(held)
    if not reason.strip():
        raise ClauseRefused("Say why it is no clause: whoever reads the next version will meet it again.")
    held.state = State.REJECTED
    _decide(held, acting_user, reason.strip())
    record(acting_user=acting_user, action="suggestion rejected", subject=held, reason=held.reason)
    return held


def _require_open(suggestion: Suggestion) -> None:
    if suggestion.state == State.SUPERSEDED:
        raise ClauseRefused("This passage is found no longer: the text was read again meanwhile. Open it anew.")
    if suggestion.state != State.SUGGESTED:
        raise ClauseRefused(
            f"{suggestion.decided_by} has decided on this passage already: {suggestion.get_state_display().lower()}."
        )


def _decide(suggestion: Suggestion, acting_user: User, reason: str) -> None:
    suggestion.decided_by, suggestion.decided_at, suggestion.reason = acting_user, timezone.now(), reason
    suggestion.save(update_fields=["state", "clause", "decided_by", "decided_at", "reason"])


def _stand(
    acting_user: User, version: Version, near: int, wording: str, key: str, labels: Collection[str], section: str,
    summary: str, clause: Clause | None,
) -> ClauseText:  # fmt: skip
    """The clause with its place in the version. The document is locked, so that no two clauses get one key."""
    start, end = find_wording(version.text, wording, near)
    unknown = [label for label in labels if label not in LABELS]
    if unknown or not labels:
        raise ClauseRefused(f"Unknown label: {', '.join(unknown)}." if unknown else "Choose at least one label.")
    document = type(version.document).objects.select_for_update().get(pk=version.document_id)
    if clause is None:
        if Clause.objects.filter(document=document, key=key).exists():
            raise ClauseRefused(
                f"{document} has a clause “{key}” already. Choose it as the clause that stands here, or another key."
            )
        clause = Clause.objects.create(document=document, key=key, labels=sorted(labels), summary=summary.strip())
    elif clause.document_id != document.pk:
        raise ClauseRefused(f"“{clause.key}” is a clause of another document.")
    elif lock_clause(clause).texts.filter(version=version).exists():
        raise ClauseRefused(f"“{clause.key}” stands in this version already.")
    return ClauseText.objects.create(
        clause=clause, version=version, section=section.strip()[:200], start=start, end=end,
        sha256=clause_hash(version.text[start:end]),
    )  # fmt: skip


def lock_clause(clause: Clause) -> Clause:
    """The clause, held until the transaction ends: where it stands is changed by one after the other."""
    return Clause.objects.select_for_update().get(pk=clause.pk)


def find_wording(text: str, wording: str, near: int) -> tuple[int, int]:
    """Where a passage that a person copied stands in the text, nearest to an offset. Raises ClauseRefused."""
    wording = wording.strip()
    if not any(sign.isalnum() for sign in wording):
        raise ClauseRefused("The passage is empty. Copy from the text what belongs to the clause.")
    if len(wording) > LONGEST:
        raise ClauseRefused(
            f"A clause of more than {LONGEST:,} characters is a chapter: choose the sentences that matter."
        )
    span = Text(text).nearest(wording, near)
    if span is None:
        raise ClauseRefused(
            "The passage does not stand in this version word for word. Shorten or lengthen it, and change no word."
        )
    return span
