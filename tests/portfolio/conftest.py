"""The invented provider of the engine's tests, in the database, with people of several roles."""

from dataclasses import replace

import pytest

from compliance.actions.rulebook import load_rulebook
from compliance.engine.library import Library
from tests.engine.acme import acme


@pytest.fixture
def library() -> Library:
    return acme()


@pytest.fixture
def published(library: Library, db: None) -> Library:
    """The same library, published."""
    serving = {slug: replace(one) for slug, one in library.providers.items()}
    load_rulebook(replace(library, providers=serving))
    return library
