"""The Word file, opened by another program's reader: styles, contents, tables, scripts, and nothing that fetches or runs."""

import base64
import io
import re
import struct
import zipfile
import zlib
from typing import Any

import docx
import pytest
from docx.document import Document
from docx.enum.section import WD_ORIENTATION
from lxml import etree

from audits.reporting.forms import render_form
from audits.reporting.forms.word.fields import bookmark_name
from audits.reporting.forms.word.markup import read_markup
from audits.reporting.forms.word.runs import by_script, writable
from audits.reporting.wording import begins_from_the_right
from tests.reporting import contexts, full_contexts

SHA = "ab" * 32
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def made(context: contexts.Context) -> bytes:
    return render_form(context, "docx", SHA)


def opened(content: bytes) -> Document:
    return docx.Document(io.BytesIO(content))


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        return {name: package.read(name) for name in package.namelist()}


def body(content: bytes) -> Any:
    return etree.fromstring(parts(content)["word/document.xml"])


def words(element: Any) -> str:
    return "".join(one.text or "" for one in element.iter(f"{W}t"))


@pytest.fixture(scope="module")
def content(context: contexts.Context) -> bytes:
    return made(context)


@pytest.fixture(scope="module")
def hostile() -> bytes:
    return made(contexts.hostile())


def test_headings_and_captions_have_their_own_styles(content: bytes):
    found = {(one.style.name, one.text) for one in opened(content).paragraphs if one.style is not None}
    headings = [text for name, text in found if name == "Heading 1"]
    assert len(headings) > 8
    assert any(name == "Heading 2" and "Competing models 1" in text for name, text in found)
    captions = [one.text for one in opened(content).paragraphs if one.style is not None and one.style.name == "Caption"]
    assert captions[0].startswith("Table 1. ")


def test_each_finding_stands_with_sentence_clause_conditions_evidence_and_room_to_sign(content: bytes):
    text = "\n".join(one.text for one in opened(content).paragraphs)
    for number in range(1, 5):
        assert f"finding F-{number}" in text
        assert f"bars use {number}." in text
    assert "Clause, SHA-256" in text
    assert sum(table.cell(0, 0).text == "Name" for table in opened(content).tables) == 4


def test_the_head_of_each_table_is_repeated_and_no_row_breaks(content: bytes):
    for table in body(content).iter(f"{W}tbl"):
        rows = table.findall(f"{W}tr")
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
        if table.find(f"{W}tblPr/{W}tblStyle").get(f"{W}val") == "ReportTable":
            assert rows[0].find(f"{W}trPr/{W}tblHeader") is not None, words(table)[:80]


def test_every_page_carries_case_and_marking_and_its_number_of_how_many(content: bytes):
    head, foot = (parts(content)[f"word/{name}1.xml"].decode() for name in ("header", "footer"))
    assert "CT-7-1" in head
    assert "Privileged and confidential · Draft" in head
    assert re.findall(r"<w:instrText[^>]*> (\w+) </w:instrText>", foot) == ["PAGE", "NUMPAGES"]


def test_contents_are_a_field_whose_entries_lead_to_headings(content: bytes):
    root = body(content)
    codes = [one.text.strip() for one in root.iter(f"{W}instrText")]
    assert codes[0].startswith("TOC ")
    marks = {one.get(f"{W}name") for one in root.iter(f"{W}bookmarkStart")}
    links = {one.get(f"{W}anchor") for one in root.iter(f"{W}hyperlink")}
    assert links
    assert links <= marks
    assert {code.split()[1] for code in codes if code.startswith("PAGEREF")} <= marks


def test_bookmarks_are_numbered_once_and_closed(hostile: bytes):
    root = body(hostile)
    begun = [one.get(f"{W}id") for one in root.iter(f"{W}bookmarkStart")]
    assert len(begun) == len(set(begun))
    assert sorted(begun) == sorted(one.get(f"{W}id") for one in root.iter(f"{W}bookmarkEnd"))


def test_every_style_that_is_used_is_there(content: bytes):
    styles = etree.fromstring(parts(content)["word/styles.xml"])
    known = {one.get(f"{W}styleId") for one in styles.iter(f"{W}style")}
    used = {one.get(f"{W}val") for tag in ("pStyle", "rStyle", "tblStyle") for one in body(content).iter(f"{W}{tag}")}
    assert used <= known


def test_the_annex_of_calls_lies_on_its_side_and_the_cover_has_no_head(content: bytes):
    sections = opened(content).sections
    assert [section.orientation for section in sections].count(WD_ORIENTATION.LANDSCAPE) == 1
    assert sections[0].different_first_page_header_footer


def test_charts_are_pictures_with_words_for_who_cannot_see_them(content: bytes):
    found = [one.get("descr") for one in body(content).iter() if one.tag.endswith("}docPr")]
    assert found
    assert all(found)
    assert any(name.endswith(".png") for name in parts(content))


def test_chinese_arabic_and_cyrillic_are_set_as_what_they_are():
    root = body(made(contexts.hostile(contexts.FAR)))
    runs = list(root.iter(f"{W}r"))
    chinese = next(one for one in runs if "模型名称" in words(one))
    assert chinese.find(f"{W}rPr/{W}lang").get(f"{W}eastAsia") == "zh-CN"
    assert chinese.find(f"{W}rPr/{W}rFonts").get(f"{W}eastAsia")
    arabic = next(one for one in runs if "نموذج" in words(one))
    assert arabic.find(f"{W}rPr/{W}rtl") is not None
    assert arabic.find(f"{W}rPr/{W}lang").get(f"{W}bidi") == "ar-SA"
    assert next(one for one in runs if "модель" in words(one)).find(f"{W}rPr/{W}rtl") is None


def test_a_text_from_right_to_left_begins_at_the_right():
    root = body(made(contexts.hostile("שלום: אזהרה")))
    found = [one for one in root.iter(f"{W}p") if words(one).startswith("שלום: אזהרה")]
    found = [one for one in found if not "".join(one.xpath(".//@*[local-name()='val']")).startswith("TOC")]
    assert found
    assert all(one.find(f"{W}pPr/{W}bidi") is not None for one in found)


@pytest.mark.parametrize("text", ["gpt-4.1 模型 v2", "نموذج 4 اللغة", "ひらがな漢字", "한국어 모델", "", "123 – 4"])
def test_parts_by_script_are_the_text_again(text: str):
    assert "".join(part for part, _ in by_script(text)) == text


def test_kana_tell_japanese_hangul_korean_and_letters_their_direction():
    assert [script for _, script in by_script("漢字かな")] == ["ja-JP"]
    assert [script for _, script in by_script("한국어 漢字")] == ["ko-KR"]
    assert begins_from_the_right("… שלום world")
    assert not begins_from_the_right("1 world שלום")


def test_a_logo_is_taken_into_the_file_and_nothing_else_is_fetched():
    pixel = base64.b64encode(_png(3, 2)).decode()
    context = contexts.plain(calls=1, findings=1)
    for source, pictures in ((f"data:image/png;base64,{pixel}", 1), ("https://x.test/logo.png", 0)):
        context["report"]["brand"] = {"name": "Firm", "colour": "", "logo": source}
        named = [one for one in body(made(context)).iter() if one.tag.endswith("}docPr") and one.get("descr") == "Firm"]
        assert len(named) == pictures


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0\0\0" * height)) + chunk(b"IEND", b"")


def test_hostile_names_stay_words(hostile: bytes):
    found = parts(hostile)
    assert "alert(1)" in words(body(hostile))
    assert not [
        name for name in found if "vba" in name.lower() or "embed" in name.lower() or "external" in name.lower()
    ]
    rels = b"".join(content for name, content in found.items() if name.endswith(".rels"))
    assert b"TargetMode" not in rels
    codes = {one.text.split()[0] for one in body(hostile).iter(f"{W}instrText")}
    assert codes <= {"TOC", "PAGEREF"}


def test_the_cover_says_where_what_is_attached_can_be_had(content: bytes):
    text = words(body(content))
    assert "attached to the report’s PDF" in text
    assert text.index("attached to the report’s PDF") < text.index("1 What was asked")


def test_what_xml_cannot_hold_is_replaced():
    assert writable("a\x00b\ud800c\ufffe") == "a\ufffdb\ufffdc\ufffd"


def test_long_tables_are_bounded_and_say_so():
    context = contexts.plain(calls=700)
    text = words(body(made(context)))
    assert "700 calls" in text
    assert "the first 500" in text


def test_a_run_without_anything_still_reads():
    text = words(body(made(contexts.empty())))
    assert "No use to judge" in text


def test_long_names_get_bookmarks_of_their_own():
    one, other = (bookmark_name(f"finding-{'x' * 60}{end}") for end in "ab")
    assert one != other
    assert max(len(one), len(other)) <= 40


def test_markup_left_open_is_closed_where_its_parent_ends():
    root = read_markup("<ul><li>one<li>two <b>bold</ul><p>after<br>line")
    assert [one.text() for one in root.every() if one.tag == "li"] == ["one", "two bold"]
    assert next(one for one in root.every() if one.tag == "p").text() == "afterline"


def test_parts_that_run_on_begin_no_page_and_what_belongs_together_is_kept_so():
    context = full_contexts.full(findings=3)
    paragraphs: dict[str, tuple[str, bool, bool]] = {}
    for one in body(render_form(context, "docx", SHA)).iter(f"{W}p"):
        style = one.find(f"{W}pPr/{W}pStyle")
        turn, keep = one.find(f"{W}pPr/{W}pageBreakBefore"), one.find(f"{W}pPr/{W}keepNext")
        told = (style.get(f"{W}val") if style is not None else "", turn is not None, keep is not None)
        paragraphs.setdefault("".join(text.text or "" for text in one.iter(f"{W}t")), told)
    assert paragraphs["4 Method and limits"] == ("Heading1", False, False)
    assert paragraphs["5 The pipeline and its student"] == ("Heading1", True, False), "its style’s break is taken back"
    assert [told[1] for words, told in paragraphs.items() if told[0] == "FindingBadge" and "finding F" in words] == [
        False
    ] * 3
    assert [told[1] for words, told in paragraphs.items() if told[0] == "FindingBadge" and "· F-" in words] == [
        True
    ] * 3
    assert paragraphs["No decision is on record."] == ("Note", False, True)


def test_counts_by_outcome_stand_above_their_words(context: contexts.Context):
    texts = [words(one) for one in body(render_form(context, "docx", SHA)).iter(f"{W}p")]
    at = texts.index("Prohibited", texts.index("Findings by outcome"))
    assert texts[at - 1] == "1"
