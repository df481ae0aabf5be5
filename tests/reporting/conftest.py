"""One rendered report for many rulings: rendering takes seconds."""

import pytest

from audits.reporting.pdf import Paper, render_pdf
from tests.reporting import contexts

SHA = "ab" * 32


@pytest.fixture(scope="session")
def context() -> contexts.Context:
    return contexts.plain()


@pytest.fixture(scope="session")
def paper(context: contexts.Context) -> Paper:
    return render_pdf(context, SHA)
