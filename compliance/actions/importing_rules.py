"""Rules that a file brings become drafts: nothing is published, and what says nothing new is left alone."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from compliance.actions.rules import OPEN, RuleRefused, change_draft, draft_revision, start_rule
from compliance.actions.trail import record
from compliance.engine.broken import rule_of_definition
from compliance.engine.rulebook import RulebookError, parse_rulebook
from compliance.engine.rules import Rule as ReadRule
from compliance.engine.rules import RuleError, rule_to_dict
from compliance.exchange.odrl import rules_from_odrl
from compliance.exchange.places import line_of
from compliance.models import Rule, RuleRevision, TermsDocument, User

LARGEST = 5 * 1024 * 1024
"""Bytes of a file of rules; the whole shipped rulebook has a tenth of that."""
IMPORTED = "rule imported"


class RulesUnreadable(ValueError):
    """A file of rules that can't be read or taken up; the message names file, line, rule and key. Nothing was changed."""


@dataclass
class Imported:
    """What a file brought: drafts made, and identifiers of rules whose reading is in force, or drafted, already."""

    drafts: list[RuleRevision] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def read_rules(content: bytes, filename: str) -> tuple[ReadRule, ...]:
    """The rules of a TOML or JSON-LD file. Raises RulesUnreadable."""
    if len(content) > LARGEST:
        raise RulesUnreadable(f"{filename}: {len(content):,} bytes; at most {LARGEST:,} are read")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RulesUnreadable(f"{filename}: not UTF-8 at byte {error.start}") from error
    if "\0" in text or "\\u0000" in text:
        raise RulesUnreadable(f"{filename}: holds a NUL character, which can't be kept")
    if filename.casefold().endswith((".json", ".jsonld")) or text.lstrip().startswith("{"):
        return _from_json(text, filename)
    return _from_toml(text, filename)


def _from_toml(text: str, filename: str) -> tuple[ReadRule, ...]:
    try:
        book = parse_rulebook(text, filename)
    except RulebookError as error:
        raise RulesUnreadable(_with_line(text, str(error))) from error
    if not book.rules:
        raise RulesUnreadable(f"{filename}: holds no [[rule]] table")
    return book.rules


def _with_line(text: str, message: str) -> str:
    line = line_of(text, message)
    return f"{message} (line {line})" if line else message


def _from_json(text: str, filename: str) -> tuple[ReadRule, ...]:
    try:
        return tuple(rules_from_odrl(json.loads(text), filename))
    except json.JSONDecodeError as error:
        raise RulesUnreadable(
            f"{filename}: not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from error
    except RuleError as error:
        raise RulesUnreadable(str(error)) from error
    except RecursionError as error:
        raise RulesUnreadable(f"{filename}: nested too deeply to be read") from error


@transaction.atomic
def import_rules(*, acting_user: User, rules: Iterable[ReadRule], filename: str) -> Imported:
    """A draft for each rule that says something new. Raises RulesUnreadable, and then nothing is changed."""
    done = Imported()
    for rule in rules:
        try:
            draft = _draft(acting_user, rule)
        except (RuleRefused, RuleError) as error:
            raise RulesUnreadable(f"{filename}: rule {rule.id}: {error}") from error
        if draft is None:
            done.unchanged.append(rule.id)
        else:
            record(acting_user=acting_user, action=IMPORTED, subject=draft, filename=filename[:200])
            done.drafts.append(draft)
    return done


def _draft(acting_user: User, read: ReadRule) -> RuleRevision | None:
    document = TermsDocument.objects.filter(identifier=read.document).first()
    if document is None:
        raise RuleRefused(f"{read.document} is not among the documents held here. Add the document first.")
    definition = {key: value for key, value in rule_to_dict(read).items() if key not in ("id", "revision")}
    rule = Rule.objects.filter(identifier=read.id).first()
    if rule is None:
        name = read.id.partition(":")[2]
        return start_rule(acting_user=acting_user, document=document, name=name, definition=definition)
    if any(_says(revision) == definition for revision in rule.revisions.filter(status__in=[*OPEN, "published"])):
        return None
    draft = draft_revision(acting_user=acting_user, rule=rule, definition=definition)
    return change_draft(
        acting_user=acting_user, revision=draft, definition=definition, clauses=draft.clauses.all(),
        based_on=draft.content_sha256,
    )  # fmt: skip


def _says(revision: RuleRevision) -> dict[str, Any]:
    """The revision's rule as it would be written now, without name and number."""
    try:
        read = rule_of_definition(revision.definition, revision.rule.identifier, revision.number)
    except RuleError:
        return {}
    return {key: value for key, value in rule_to_dict(read).items() if key not in ("id", "revision")}
