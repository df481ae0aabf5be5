"""The report as a file: tagged, titled, bookmarked, numbered, with its data attached."""

import csv
import io
import json
import re
from typing import Any

import pypdf
import pytest

from audits.reporting.attachments import attachments
from audits.reporting.pdf import Paper, render_html, render_pdf
from tests.reporting import contexts
from tests.reporting.conftest import SHA
from tests.reporting.reading import headings, page_texts, reader


def test_the_paper_is_tagged_and_has_language_title_and_bookmarks(paper: Paper) -> None:
    pdf = reader(paper)
    root: Any = pdf.trailer["/Root"].get_object()
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en"
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Audit of terms of service: Support triage, run 1"
    assert {"6 Findings", "A Annex: calls", "Glossary"} - {
        h.replace("E Annex: glossary", "Glossary") for h in headings(paper)
    } == set()


def test_a_completed_run_fills_ten_pages_and_more(paper: Paper) -> None:
    assert paper.pages >= 10
    assert paper.pages == len(reader(paper).pages)


def test_every_page_but_the_cover_carries_case_marking_and_simulation_and_all_their_number(paper: Paper) -> None:
    texts = page_texts(paper)
    for number, text in enumerate(texts, 1):
        assert f"Page {number} of {len(texts)}" in text
        assert "context abababababab" in text
        if number > 1:
            assert "CT-7-1 · Support triage, run 1 · simulated upstream" in text
            assert "Privileged and confidential · Draft" in text


def test_the_cover_alone_tells_outcome_scope_and_marking(paper: Paper) -> None:
    cover = page_texts(paper)[0]
    for words in ("Prohibited", "Privileged and confidential · Draft", "12 calls of models of OpenAI and Anthropic",
                  "the student acme-triage", "Simulated upstream", "CT-7-1"):  # fmt: skip
        assert words in cover


def test_every_finding_begins_a_page_of_its_own_with_space_to_sign(context: contexts.Context, paper: Paper) -> None:
    texts = page_texts(paper)
    for finding in context["findings"]:
        on = [text for text in texts if f"finding F-{finding['number']} ·" in text]
        assert len(on) == 1, finding["number"]
        assert "Date and signature" in on[0]


def test_references_to_calls_lead_to_the_annex(paper: Paper) -> None:
    assert _dangling(paper) == []
    assert {"call-0", "call-7"} <= set(reader(paper).named_destinations)


def test_a_call_beyond_the_printed_ones_is_named_and_not_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.reporting.arrangement.CALLS_PREVIEWED", 3)
    html = render_html(contexts.plain(), SHA)
    assert 'href="#call-2"' in html
    assert 'href="#call-3"' not in html
    assert "the first 3 are printed" in html


def _dangling(paper: Paper) -> list[str]:
    pdf = reader(paper)
    names = set(pdf.named_destinations)
    missing = []
    for page in pdf.pages:
        for annotation in page.get("/Annots", []):
            target = annotation.get_object().get("/A", {}).get("/D", annotation.get_object().get("/Dest"))
            if isinstance(target, str) and target not in names:
                missing.append(target)
    return missing


def test_the_data_are_attached(context: contexts.Context, paper: Paper) -> None:
    files = reader(paper).attachments
    assert set(files) == {"context.json", "calls.csv", "evidence.csv"}
    assert json.loads(files["context.json"][0]) == context
    calls = list(csv.DictReader(io.StringIO(files["calls.csv"][0].decode())))
    assert len(calls) == context["calls"]["total"]


def test_a_cell_that_a_spreadsheet_would_run_is_only_text() -> None:
    context = contexts.plain()
    context["calls"]["rows"][0]["request_model"] = "=HYPERLINK(A1)"
    context["calls"]["rows"][1]["request_model"] = "@SUM(1)"
    file = next(one for one in attachments(context) if one.name == "calls.csv")
    rows = list(csv.DictReader(io.StringIO(file.content.decode())))
    assert rows[0]["request_model"] == "'=HYPERLINK(A1)"
    assert rows[1]["request_model"] == "'@SUM(1)"


def _sizes(paper: Paper) -> set[tuple[int, int]]:
    return {(round(page.mediabox.width), round(page.mediabox.height)) for page in reader(paper).pages}


def test_pages_have_the_size_that_was_asked_for_and_the_annex_lies_on_its_side(paper: Paper) -> None:
    assert _sizes(paper) == {(595, 842), (842, 595)}
    assert _sizes(render_pdf(contexts.plain(findings=1, calls=1), SHA, paper="letter")) == {(612, 792), (792, 612)}


def test_an_unknown_paper_is_refused() -> None:
    with pytest.raises(ValueError, match="paper 'A3' is not one of A4, letter"):
        render_pdf(contexts.plain(calls=0, findings=0), SHA, paper="A3")


def test_a_final_report_says_so() -> None:
    context = contexts.plain(calls=3, findings=1)
    context["report"]["marking"] = "final"
    html = render_html(context, SHA)
    assert "Privileged and confidential · Final" in html
    assert "· Draft" not in html


def test_figures_and_tables_are_numbered_without_a_gap(paper: Paper) -> None:
    text = " ".join(page_texts(paper))
    for word in ("Figure", "Table"):
        numbers = [int(part.split(".")[0]) for part in text.split(f"{word} ")[1:] if part.split(".")[0].isdigit()]
        assert sorted(set(numbers)) == list(range(1, max(numbers) + 1)), word


def test_pypdf_reads_the_whole_structure_without_complaint(paper: Paper) -> None:
    pdf = pypdf.PdfReader(io.BytesIO(paper.pdf), strict=True)
    assert len(pdf.pages) == paper.pages


def test_the_contents_name_the_page_on_which_each_part_begins(paper: Paper) -> None:
    texts, pdf = page_texts(paper), reader(paper)
    contents = " ".join(next(text for text in texts if "Contents" in text and "Findings" in text).split())
    told = 0
    for item in pdf.outline:
        if isinstance(item, list) or item.title in ("Contents", "Audit of terms of service"):
            continue
        page = pdf.get_destination_page_number(item)
        number = re.search(rf"{re.escape(item.title or '')}\W*(\d+)", contents)
        if number:
            told += 1
            assert page is not None
            assert int(number[1]) == page + 1, item.title
    assert told >= 8


def test_what_the_scan_leaves_to_a_person_is_printed_as_place_and_reason() -> None:
    context = contexts.plain()
    link = {"file": ".venv/lib64", "line": 0, "reason": "a symbolic link, which is not followed"}
    context["run"]["scan"]["unresolved"] = [link, {"file": "ask.py", "line": 40, "reason": "the host is computed"}]
    text = render_html(context, SHA)
    assert (
        "<li>.venv/lib64: a symbolic link, which is not followed</li><li>ask.py:40: the host is computed</li>" in text
    )
