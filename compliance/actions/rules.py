"""The life of a rule: drafted, reviewed, published by a second person, superseded. What is published is never edited.

Every action locks the rule first, so that two people act on it one after the other, and writes its line of the audit trail in the
same transaction. A refusal is a RuleRefused whose sentence says why and what to do.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from psycopg.types.range import DateRange

from compliance.actions.trail import record
from compliance.engine.broken import rule_of_definition
from compliance.engine.rules import Rule as ReadRule
from compliance.engine.rules import RuleError, rule_from_dict, rule_to_dict
from compliance.models import Clause, ClauseText, Rule, RuleRevision, TermsDocument, TrailEntry, User, Version

STARTED, DRAFTED, CHANGED = "rule started", "rule draft begun", "rule draft changed"
WRITING = (STARTED, DRAFTED, CHANGED)
Status = RuleRevision.Status
OPEN = (Status.DRAFT, Status.IN_REVIEW)


class RuleRefused(ValueError):
    """What was asked can't be done with this rule now; the message is a sentence for the person who asked."""


@transaction.atomic
def start_rule(
    *,
    acting_user: User,
    document: TermsDocument,
    name: str,
    definition: Mapping[str, Any],
    clauses: Iterable[Clause] = (),
) -> RuleRevision:
    """A new rule of a document with its first draft. Raises RuleRefused when the name is taken, RuleError for the definition."""
    identifier = f"{document.identifier}:{name}"
    TermsDocument.objects.select_for_update().get(pk=document.pk)
    if Rule.objects.filter(identifier=identifier).exists():
        raise RuleRefused(
            f"{document} already has a rule named “{name}”. Draft a new revision of it, or choose another name."
        )
    read = _read(definition, identifier, 1, document)
    rule = Rule.objects.create(identifier=identifier, document=document)
    return _add(acting_user, rule, read, 1, clauses, STARTED)


@transaction.atomic
def draft_revision(*, acting_user: User, rule: Rule, definition: Mapping[str, Any] | None = None) -> RuleRevision:
    """A draft that begins as a copy of the published revision (of the newest, when none is published).

    When that can't be read it begins from the newest that can, or else from `definition`, what a file says.
    """
    rule = _locked(rule)
    pending = rule.revisions.filter(status__in=OPEN).first()
    if pending:
        raise RuleRefused(
            f"Revision {pending.number} is {pending.get_status_display().lower()} already: change that one."
        )
    newest = rule.revisions.order_by("-number").first()
    if newest is None:
        raise RuleRefused("This rule has no revision to begin from.")
    number = newest.number + 1
    model = _readable(rule)
    if model is None and definition is None:
        raise RuleRefused(
            "No revision of this rule can be read, so that there is nothing to begin from. Take it up from a file of rules."
        )
    if model is None:
        read = _read(definition, rule.identifier, number, rule.document)
        return _add(acting_user, rule, read, number, newest.clauses.all(), DRAFTED)
    read = _read(model.definition, rule.identifier, number, rule.document)
    return _add(acting_user, rule, read, number, model.clauses.all(), DRAFTED, copied_from=model.number)


@transaction.atomic
def change_draft(
    *,
    acting_user: User,
    revision: RuleRevision,
    definition: Mapping[str, Any],
    clauses: Iterable[Clause],
    based_on: str,
) -> RuleRevision:
    """Replace what a draft says. `based_on`: content_sha256 of what the person saw, so that nobody's work is overwritten."""
    stored = _with_status(revision, Status.DRAFT, "changed")
    if stored.content_sha256 != based_on:
        raise RuleRefused(
            "Somebody changed this draft while you were writing. Open it again and add your changes to theirs."
        )
    read = _read(definition, stored.rule.identifier, stored.number, stored.rule.document)
    _say(stored, read)
    stored.save()
    stored.clauses.set(clauses)
    record(acting_user=acting_user, action=CHANGED, subject=stored, content_sha256=read.content_sha256)
    return stored


@transaction.atomic
def submit(*, acting_user: User, revision: RuleRevision) -> RuleRevision:
    """Give a draft to a second person. A copy that says nothing new is refused."""
    stored = _with_status(revision, Status.DRAFT, "submitted")
    published = stored.rule.revisions.filter(status=Status.PUBLISHED).first()
    if published and _says(published) == _says(stored):
        raise RuleRefused(f"This draft says what revision {published.number} says already. Change it, or discard it.")
    return _move(acting_user, stored, Status.IN_REVIEW, "rule submitted for review")


@transaction.atomic
def return_to_draft(*, acting_user: User, revision: RuleRevision, reason: str) -> RuleRevision:
    """Give a revision under review back to its writers, with what to mend."""
    stored = _with_status(revision, Status.IN_REVIEW, "returned")
    return _move(acting_user, stored, Status.DRAFT, "rule returned to draft", reason=reason)


@transaction.atomic
def discard_draft(*, acting_user: User, revision: RuleRevision) -> None:
    """Remove a draft; the trail keeps what it said. A rule that never had another revision goes with it."""
    stored = _with_status(revision, Status.DRAFT, "discarded")
    record(acting_user=acting_user, action="rule draft discarded", subject=stored, definition=stored.definition)
    rule = stored.rule
    stored.delete()
    if not rule.revisions.exists():
        rule.delete()


@transaction.atomic
def publish(*, acting_user: User, revision: RuleRevision) -> RuleRevision:
    """Put a reviewed revision in force as the rule's reading, and supersede the former one in the same moment."""
    stored = _with_status(revision, Status.IN_REVIEW, "published")
    _require_second_person(acting_user, stored)
    former = stored.rule.revisions.filter(status=Status.PUBLISHED).first()
    if former and former.number > stored.number:
        raise RuleRefused(
            f"Revision {former.number} was published after this one was drafted. Draft a new one from that."
        )
    read = _read(stored.definition, stored.rule.identifier, stored.number, stored.rule.document)
    now = timezone.now()
    if former:
        supersede(acting_user=acting_user, revision=former, at=now, by_revision=stored.number)
    _cite(stored, read)
    stored.in_force = span_of(read, stored.rule.document)
    stored.status, stored.published_by, stored.published_at = Status.PUBLISHED, acting_user, now
    stored.save()
    record(
        acting_user=acting_user, action="rule published", subject=stored, supersedes=former.number if former else None,
        content_sha256=stored.content_sha256,
    )  # fmt: skip
    return stored


def supersede(*, acting_user: User | None, revision: RuleRevision, at: dt.datetime, by_revision: int) -> None:
    """End a published revision; it is kept as it is. Call it in the transaction that publishes its successor."""
    revision.status, revision.superseded_at = Status.SUPERSEDED, at
    revision.save(update_fields=["status", "superseded_at"])
    record(acting_user=acting_user, action="rule superseded", subject=revision, by_revision=by_revision)


def writers(revision: RuleRevision) -> set[int]:
    """The people who wrote some of it: none of them is the second person who publishes it."""
    lines = TrailEntry.objects.filter(
        object_type=revision._meta.label_lower, object_id=str(revision.pk), action__in=WRITING, user__isnull=False
    )
    return {*lines.values_list("user_id", flat=True), *([revision.created_by_id] if revision.created_by_id else [])}


def span_of(read: ReadRule, document: TermsDocument) -> DateRange:
    """From the first day to the last on which a cited version is in force; empty when none ever was."""
    cited = document.versions.filter(label__in=read.by_version).values_list("in_force", flat=True)
    spans = [span for span in cited if not span.isempty and span.lower]
    if not spans:
        return DateRange(empty=True)
    ends = [span.upper for span in spans]
    return DateRange(min(span.lower for span in spans), None if None in ends else max(ends))


def _require_second_person(acting_user: User, revision: RuleRevision) -> None:
    if revision.created_by_id == acting_user.pk:
        raise RuleRefused("You drafted this revision. A second person has to publish it.")
    if acting_user.pk in writers(revision):
        raise RuleRefused("You wrote some of this revision. A person who did not has to publish it.")


def _locked(rule: Rule) -> Rule:
    return Rule.objects.select_for_update(of=("self",)).select_related("document").get(pk=rule.pk)


def _with_status(revision: RuleRevision, status: Status, verb: str) -> RuleRevision:
    rule = _locked(revision.rule)
    stored = RuleRevision.objects.filter(pk=revision.pk).first()
    if stored is None:
        raise RuleRefused("This draft was discarded meanwhile.")
    stored.rule = rule
    if stored.status != status:
        raise RuleRefused(
            f"Revision {stored.number} is {stored.get_status_display().lower()}; "
            f"only one that is {status.label.lower()} can be {verb}."
        )
    return stored


def _readable(rule: Rule) -> RuleRevision | None:
    """The published revision if it can be read, else the newest that can."""
    newest_first = sorted(rule.revisions.all(), key=lambda one: (one.status != Status.PUBLISHED, -one.number))
    for revision in newest_first:
        try:
            rule_of_definition(revision.definition, rule.identifier, revision.number)
        except RuleError:
            continue
        return revision
    return None


def _move(acting_user: User, revision: RuleRevision, status: Status, action: str, **detail: Any) -> RuleRevision:
    revision.status = status
    revision.save(update_fields=["status"])
    record(acting_user=acting_user, action=action, subject=revision, **detail)
    return revision


def _read(definition: Any, identifier: str, number: int, document: TermsDocument) -> ReadRule:
    if not isinstance(definition, Mapping):
        raise RuleRefused("The definition is no object: write it anew.")
    read = rule_from_dict({**definition, "id": identifier, "revision": number})
    missing = set(read.by_version) - set(document.versions.values_list("label", flat=True))
    if missing:
        raise RuleRefused(f"{document} has no version {', '.join(sorted(missing))}.")
    return read


def _add(
    acting_user: User, rule: Rule, read: ReadRule, number: int, clauses: Iterable[Clause], action: str, **detail: Any
) -> RuleRevision:
    revision = RuleRevision(rule=rule, number=number, created_by=acting_user)
    _say(revision, read)
    revision.save()
    revision.clauses.set(clauses)
    record(acting_user=acting_user, action=action, subject=revision, content_sha256=read.content_sha256, **detail)
    return revision


def _say(revision: RuleRevision, read: ReadRule) -> None:
    """The columns that pages list and filter by, from the definition that decides."""
    revision.effect, revision.title, revision.statement = read.effect, read.title, read.statement
    revision.guidance, revision.remedy, revision.severity = read.guidance, read.remedy, read.severity
    revision.section = read.citations[-1].section[:200]
    revision.in_force = span_of(read, revision.rule.document)
    revision.definition, revision.content_sha256 = rule_to_dict(read), read.content_sha256


def _says(revision: RuleRevision) -> dict[str, Any]:
    said = revision.definition
    return {key: value for key, value in said.items() if key != "revision"} if isinstance(said, dict) else {}


def _cite(revision: RuleRevision, read: ReadRule) -> None:
    """See that the cited clause exists, with its place in each cited version."""
    clause = revision.clauses.order_by("pk").first() or _clause(revision, read)
    versions = {version.label: version for version in Version.objects.filter(document=revision.rule.document)}
    for citation in read.citations:
        ClauseText.objects.get_or_create(
            clause=clause,
            version=versions[citation.version],
            defaults={"section": citation.section[:200], "sha256": citation.sha256},
        )


def _clause(revision: RuleRevision, read: ReadRule) -> Clause:
    clause, _ = Clause.objects.get_or_create(
        document=revision.rule.document,
        key=read.id.partition(":")[2][:80],
        defaults={"labels": list(read.labels), "summary": read.statement},
    )
    revision.clauses.add(clause)
    return clause
