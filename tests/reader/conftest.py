"""A lawyer, and a clause accepted as a lawyer accepts it."""

from collections.abc import Callable

import pytest

from compliance.actions.clauses import accept_suggestion, read_version
from compliance.models import ClauseText, Suggestion, User, Version
from tests.factories import make_user

Accepted = Callable[[Version], ClauseText]


@pytest.fixture
def lawyer(db: None) -> User:
    return make_user(User.Role.LEGAL)


@pytest.fixture
def accepted(lawyer: User) -> Accepted:
    """Accept what a version says about competing models."""

    def accept(version: Version) -> ClauseText:
        read_version(version)
        found = ban_in(version)
        return accept_suggestion(
            acting_user=lawyer, suggestion=found, key="competing-models", labels=found.labels,
            wording=version.text[found.start : found.end], section=found.section, summary="bars rival models",
        )  # fmt: skip

    return accept


def ban_in(version: Version) -> Suggestion:
    return version.suggestions.get(labels__contains="train_competing")
