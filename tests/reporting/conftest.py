"""One rendered report for many rulings: rendering takes seconds."""

import pytest

from audits.evidence.certificates import Identity, identity_of_seal
from audits.evidence.keys import load_or_make_key
from audits.reporting.paper.signing import Trust, sign
from audits.reporting.pdf import Paper, render_pdf
from tests.reporting import contexts

SHA = "ab" * 32


@pytest.fixture(scope="session")
def context() -> contexts.Context:
    return contexts.plain()


@pytest.fixture(scope="session")
def paper(context: contexts.Context) -> Paper:
    return render_pdf(context, SHA)


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """An identity over a sealing key of the tests' own."""
    folder = tmp_path_factory.mktemp("keys")
    return identity_of_seal(load_or_make_key(folder / "seal.pem"), folder / "seal.crt", "Clausetrail at tests")


@pytest.fixture(scope="session")
def final(own: Identity) -> Paper:
    """A final report of an approved audit before it is signed, with words in scripts that our faces do not have."""
    context = contexts.final(own.subject, own.fingerprint)
    context["calls"]["rows"][1]["request_model"] = contexts.FAR
    return render_pdf(context, SHA)


@pytest.fixture(scope="session")
def signed(final: Paper, own: Identity) -> bytes:
    return sign(final.pdf, own, trust=Trust([own.certificate]), reason="Final report").pdf
