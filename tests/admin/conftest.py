"""People of each role, signed in, and one document of which rules can be written."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from compliance.actions.rulebook import load_rulebook
from compliance.engine.library import Document, Library, Provider, Version
from compliance.engine.rules import rule_from_dict
from compliance.models import RuleRevision, TermsDocument, User
from tests.browser.conftest import browser, opened  # noqa: F401 - a real Chromium, for the pickers
from tests.factories import make_user, sha

IDENTIFIER = "openai/services-agreement:competing-models"
DEFINITION: dict[str, Any] = {
    "id": IDENTIFIER,
    "effect": "prohibition",
    "title": "No competing models from output",
    "statement": "bars using output to develop models that compete",
    "actions": ["train_on_output"],
    "when": {"fact": "student.competes_with_provider", "op": "is", "value": True},
    "citations": [{"versions": ["2025-05-31", "2026-01-01"], "section": "3.3(e)", "sha256": sha("clause")}],
}


@dataclass(frozen=True)
class Desk:
    """Two lawyers, an administrator and an engineer, each with a client; a shipped rule with its document."""

    writer: User
    second: User
    administrator: User
    engineer: User
    published: RuleRevision
    document: TermsDocument
    client: Callable[[User], Client]


def small_library() -> Library:
    """One provider, one document in two versions, one rule."""
    versions = (
        Version("openai/services-agreement", "2025-05-31", dt.date(2025, 5, 31), dt.date(2026, 1, 1), "stated"),
        Version("openai/services-agreement", "2026-01-01", dt.date(2026, 1, 1), None, "stated"),
    )
    document = Document("openai/services-agreement", "OpenAI Services Agreement", "terms", versions)
    return Library({"openai": Provider("openai", "OpenAI")}, {document.id: document}, (), (rule_from_dict(DEFINITION),))


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def make_desk() -> Desk:
    load_rulebook(small_library())
    published = RuleRevision.objects.get()
    return Desk(
        writer=make_user(User.Role.LEGAL, first_name="Ada", last_name="Writer"),
        second=make_user(User.Role.LEGAL, first_name="Ben", last_name="Second"),
        administrator=make_user(User.Role.ADMINISTRATOR),
        engineer=make_user(),
        published=published,
        document=published.rule.document,
        client=signed_in,
    )


@pytest.fixture
def desk(db: None) -> Desk:
    return make_desk()


@pytest.fixture
def live_desk(transactional_db: None) -> Desk:
    return make_desk()


def posted(revision: RuleRevision, **changed: Any) -> dict[str, Any]:
    """What the editor of a draft sends, with some fields changed; trees as JSON."""
    said = revision.definition
    data: dict[str, Any] = {
        "based_on": revision.content_sha256,
        **{key: said.get(key, "") for key in ("effect", "title", "statement", "duty", "remedy", "guidance")},
        "target": said.get("target", "output"),
        "severity": said.get("severity", "high"),
        "actions": said["actions"],
        "labels": said.get("labels", []),
        "clauses": [clause.pk for clause in revision.clauses.all()],
        **{tree: said.get(tree) or "" for tree in ("when", "exceptions", "met")},
    }
    cited = {label: citation for citation in said["citations"] for label in citation["versions"]}
    for version in revision.rule.document.versions.all():
        if version.label in cited:
            data |= {f"cited_{version.pk}": "on", f"section_{version.pk}": cited[version.label]["section"]}
    data |= changed
    return {
        key: json.dumps(value) if isinstance(value, dict) or _tree(key, value) else value for key, value in data.items()
    }


def _tree(key: str, value: Any) -> bool:
    return key == "exceptions" and isinstance(value, list)
