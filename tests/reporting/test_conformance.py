"""Every kind of paper keeps to PDF/A-3a and PDF/UA-1, as far as our own binding could break them; breaking it is noticed."""

import io
from collections.abc import Callable

import pikepdf
import pytest

from audits.reporting.paper.signing import Trust, check
from audits.reporting.pdf import Paper, render_pdf
from tests.reporting import contexts
from tests.reporting.conformance import complaints
from tests.reporting.conftest import SHA
from tests.reporting.reading import page_texts, reader


def test_a_draft_conforms(paper: Paper) -> None:
    assert complaints(paper.pdf) == []


def test_a_final_report_with_foreign_words_conforms_before_and_after_it_is_signed(final: Paper, signed: bytes) -> None:
    assert complaints(final.pdf) == []
    assert complaints(signed) == []


def test_a_report_with_long_annexes_conforms_and_prints_every_call_and_entry() -> None:
    context = contexts.plain(calls=620, findings=1)
    entries = [{**context["evidence"]["entries"][0], "seq": at} for at in range(130)]
    context["evidence"] |= {"entries": entries, "entries_total": 130}
    context["calls"]["rows"][7]["request_model"] = contexts.LONG
    made = render_pdf(context, SHA, paper="letter")
    assert complaints(made.pdf) == []
    text = " ".join(page_texts(made))
    assert all(f" {one['output_sha256'][:16]}" in text for one in context["calls"]["rows"])
    assert "129 manifest" in text
    assert {"call-0", "call-619"} <= set(reader(made).named_destinations)


def _no_lang(file: pikepdf.Pdf) -> None:
    del file.Root.Lang


def _no_parent(file: pikepdf.Pdf) -> None:
    file.pages[3].obj.StructParents = 99_999


def _loose_text(file: pikepdf.Pdf) -> None:
    file.pages[2].contents_add(b"BT /CtText 9 Tf (x) Tj ET")


def _no_alternative(file: pikepdf.Pdf) -> None:
    for one in file.objects:
        if isinstance(one, pikepdf.Dictionary) and one.get("/S") == "/Figure":
            del one["/Alt"]


def _unpacked_claim(file: pikepdf.Pdf) -> None:
    file.Root.Metadata.write(file.Root.Metadata.read_bytes().replace(b"<pdfuaid:part>1<", b"<pdfuaid:part>7<"))


def _unembedded(file: pikepdf.Pdf) -> None:
    for one in file.objects:
        if isinstance(one, pikepdf.Dictionary) and "/FontFile2" in one:
            del one["/FontFile2"]


def _no_relationship(file: pikepdf.Pdf) -> None:
    file.Root.AF[0]["/AFRelationship"] = pikepdf.Name.Unspecified


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        (_no_lang, "no language"),
        (_no_parent, "structure 0"),
        (_loose_text, "outside marked content"),
        (_no_alternative, "a figure without words"),
        (_unpacked_claim, "PDF/UA is not told"),
        (_unembedded, "is not embedded"),
        (_no_relationship, "what it is to the report is not told"),
    ],
)
def test_what_breaks_conformance_is_noticed(paper: Paper, harm: Callable[[pikepdf.Pdf], None], complaint: str) -> None:
    with pikepdf.open(io.BytesIO(paper.pdf)) as file:
        harm(file)
        out = io.BytesIO()
        file.save(out)
    assert any(complaint in one for one in complaints(out.getvalue()))


def test_a_draft_says_so_on_each_page_and_bears_no_signature(paper: Paper) -> None:
    assert not check(paper.pdf, Trust()).signed
    assert "/AcroForm" not in pikepdf.open(io.BytesIO(paper.pdf)).Root
