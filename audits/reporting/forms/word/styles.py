"""The styles of a Word file: what counsel sees in the list of styles and can change in one place. PURE."""

from collections.abc import Mapping
from typing import Final

from audits.reporting.filters import COLOURS
from audits.reporting.forms.word.package import HEAD, NAMESPACES

SANS, SERIF, MONO = "Calibri", "Cambria", "Consolas"
INK, SOFT, LINE = "1B1F27", "4A5160", "D9DDE4"
_LATIN: Final = '<w:rFonts w:ascii="{0}" w:hAnsi="{0}" w:eastAsia="Microsoft YaHei" w:cs="Arial"/>'


def _style(
    kind: str, key: str, name: str, *, based: str = "", after: str = "", p: str = "", font: str = "", r: str = "",
    size: float = 0, colour: str = "", quick: bool = True, level: str = "",
) -> str:  # fmt: skip
    """One style. `size`: points; `p`, `r`: paragraph and run properties in the order of the schema."""
    fonts = _LATIN.format(font) if font else ""
    ink = f'<w:color w:val="{colour}"/>' if colour else ""
    points = f'<w:sz w:val="{round(size * 2)}"/><w:szCs w:val="{round(size * 2)}"/>' if size else ""
    run = f"{fonts}{r}{ink}{points}"
    return (
        f'<w:style w:type="{kind}" w:styleId="{key}"{level}><w:name w:val="{name}"/>'
        + (f'<w:basedOn w:val="{based}"/>' if based else "")
        + (f'<w:next w:val="{after}"/>' if after else "")
        + ("<w:qFormat/>" if quick else "")
        + (f"<w:pPr>{p}</w:pPr>" if p else "")
        + (f"<w:rPr>{run}</w:rPr>" if run else "")
        + "</w:style>"
    )


def _space(before: float, after: float, line: float = 0) -> str:
    """Spacing; points above and below, and the height of a line in lines."""
    height = f' w:line="{round(line * 240)}" w:lineRule="auto"' if line else ""
    return f'<w:spacing w:before="{round(before * 20)}" w:after="{round(after * 20)}"{height}/>'


def _edge(side: str, weight: int, colour: str, gap: int = 4) -> str:
    return f'<w:{side} w:val="single" w:sz="{weight}" w:space="{gap}" w:color="{colour}"/>'


_BOLD: Final = "<w:b/><w:bCs/>"
_BOX: Final = f"<w:pBdr>{''.join(_edge(side, 4, '8A92A0') for side in ('top', 'left', 'bottom', 'right'))}</w:pBdr>"
_TOGETHER: Final = "<w:contextualSpacing/>"  # no room between paragraphs of the same box
_BESIDE: Final = f'<w:ind w:left="240"/>{_TOGETHER}'
_KEEP: Final = "<w:keepNext/><w:keepLines/>"


def _heading(level: int, size: float, before: float, after: float, extra: str = "") -> str:
    outline = f'<w:outlineLvl w:val="{level - 1}"/>'
    return _style(
        "paragraph", f"Heading{level}", f"heading {level}", based="Normal", after="Normal", font=SANS, r=_BOLD, size=size,
        p=f"{_KEEP}{extra}{_space(before, after, 1.1)}{outline}", colour=INK,
    )  # fmt: skip


def styles() -> str:
    """styles.xml."""
    defaults = (
        f"<w:docDefaults><w:rPrDefault><w:rPr>{_LATIN.format(SERIF)}"
        f'<w:color w:val="{INK}"/><w:sz w:val="21"/><w:szCs w:val="21"/>'
        '<w:lang w:val="en-GB" w:eastAsia="zh-CN" w:bidi="ar-SA"/></w:rPr></w:rPrDefault>'
        f"<w:pPrDefault><w:pPr>{_space(0, 8, 1.2)}</w:pPr></w:pPrDefault></w:docDefaults>"
    )
    return f"{HEAD}<w:styles {NAMESPACES}>{defaults}{_paragraphs()}{_characters()}{_tables()}</w:styles>"


def _paragraphs() -> str:
    default = ' w:default="1"'
    return "".join([
        _style("paragraph", "Normal", "Normal", level=default),
        _heading(1, 17, 0, 14, "<w:pageBreakBefore/>"),
        _heading(2, 13, 18, 6),
        _heading(3, 10.5, 12, 4),
        _heading(4, 9.5, 10, 3),
        _style("paragraph", "Title", "Title", based="Normal", after="Subtitle", font=SANS, r=_BOLD, size=28,
               p=_space(96, 8, 1.05)),
        _style("paragraph", "Subtitle", "Subtitle", based="Normal", size=13, colour=SOFT, p=_space(0, 24)),
        _style("paragraph", "DraftTitle", "Draft Title", based="Normal", font=SANS, r=_BOLD, size=20,
               p=f"{_KEEP}{_space(18, 4, 1.1)}"),
        _style("paragraph", "Brand", "Brand", based="Normal", font=SANS, r=_BOLD, size=10),
        _style("paragraph", "Marking", "Marking", based="Normal", font=SANS, r=_BOLD, size=8.5,
               p=f"{_BOX}{_space(36, 0)}"),
        _style("paragraph", "Lead", "Lead", based="Normal", size=12),
        _style("paragraph", "Finding", "Finding Sentence", based="Normal", size=11.5),
        _style("paragraph", "FindingBadge", "Finding Badge", based="Normal", font=SANS, size=9.5,
               p=f"{_KEEP}<w:pageBreakBefore/><w:pBdr>{_edge('top', 20, INK, 6)}</w:pBdr>"),
        _style("paragraph", "Note", "Note", size=8.5, p=_space(0, 6), based="Normal", font=SANS, colour=SOFT),
        _style("paragraph", "Notice", "Notice", based="Normal", font=SANS, size=9, p=f"{_BOX}{_space(0, 8)}"),
        _style("paragraph", "Verdict", "Verdict", based="Normal", size=11.5,
               p=f'<w:pBdr>{_edge("left", 24, INK, 10)}</w:pBdr>{_space(0, 8)}{_BESIDE}'),
        _style("paragraph", "VerdictWord", "Verdict Word", based="Verdict", after="Verdict", font=SANS, r=_BOLD, size=17,
               p=f"<w:keepNext/>{_space(0, 0)}"),
        _style("paragraph", "Clause", "Clause", based="Normal",
               p=f'<w:keepLines/><w:pBdr>{_edge("left", 12, "8A92A0", 10)}</w:pBdr>{_space(0, 8)}{_BESIDE}'),
        _style("paragraph", "Decision", "Decision", based="Notice", p=f"<w:keepLines/>{_space(0, 8)}{_TOGETHER}"),
        _style("paragraph", "Caption", "caption", size=8.5, p=f"{_KEEP}{_space(8, 3)}", based="Normal", font=SANS, colour=SOFT),
        _style("paragraph", "TableText", "Table Text", based="Normal", font=SANS, size=8.5, p=_space(2, 2, 1.1)),
        _style("paragraph", "Count", "Count", based="TableText", r=_BOLD, size=16, p=f"<w:keepNext/>{_space(4, 0, 1)}"),
        _style("paragraph", "TableDense", "Table Text Dense", based="TableText", size=7.5, p=_space(1, 1, 1.05)),
        _style("paragraph", "Bullet", "List Bullet", based="Normal", p='<w:numPr><w:numId w:val="1"/></w:numPr>'
               + _space(0, 3)),
        _style("paragraph", "Numbered", "List Number", based="Normal", p='<w:numPr><w:numId w:val="2"/></w:numPr>'
               + _space(0, 3)),
        _style("paragraph", "CodeBlock", "Code Block", based="Normal", font=MONO, size=7.5,
               p=f'<w:shd w:val="clear" w:color="auto" w:fill="F6F7F9"/>{_space(0, 8, 1.2)}'),
        _style("paragraph", "Figure", "Figure", based="Normal", p=f"<w:keepNext/>{_space(8, 0)}"),
        _style("paragraph", "ContentsHeading", "Contents Heading", based="Normal", after="Normal", font=SANS, r=_BOLD,
               size=17, p=f"{_KEEP}<w:pageBreakBefore/>{_space(0, 12)}"),
        *(_contents(level) for level in (1, 2, 3)),
        _style("paragraph", "Header", "header", size=8, p=_space(0, 0, 1), quick=False, based="Normal", font=SANS, colour=SOFT),
        _style("paragraph", "Footer", "footer", size=8, p=_space(0, 0, 1), quick=False, based="Normal", font=SANS, colour=SOFT),
    ])  # fmt: skip


def _contents(level: int) -> str:
    """An entry of the contents; the page stands at the right edge of the text, 166 mm."""
    tabs = '<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="9411"/></w:tabs>'
    indent = f'<w:ind w:left="{240 * (level - 1)}" w:right="567"/>'
    return _style(
        "paragraph", f"TOC{level}", f"toc {level}", based="Normal", font=SANS, size=10 if level == 1 else 9,
        r=_BOLD if level == 1 else "", p=f"{tabs}{_space(6 if level == 1 else 0, 2)}{indent}", quick=False,
    )  # fmt: skip


def _characters() -> str:
    outcomes: Mapping[str, str] = {name: ink.removeprefix("#").upper() for name, ink in COLOURS.items()}
    return "".join([
        '<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont"><w:name w:val="Default Paragraph Font"/>'
        "</w:style>",
        _style("character", "Code", "Code", font=MONO, size=8),
        _style("character", "Small", "Small", font=SANS, size=8, colour=SOFT),
        _style("character", "Hyperlink", "Hyperlink", colour="1F4FD8", quick=False),
        *(
            _style("character", outcome_style(name), f"Outcome {name.replace('_', ' ')}", r=_BOLD, colour=ink)
            for name, ink in outcomes.items()
        ),
    ])  # fmt: skip


def outcome_style(name: str) -> str:
    """The character style of an outcome."""
    return "Outcome" + "".join(part.capitalize() for part in name.split("_"))


def _tables() -> str:
    def borders(inside: str) -> str:
        return f"<w:tblBorders>{inside}</w:tblBorders>"

    rule = f'<w:bottom w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/>'
    lines = f'{rule}<w:insideH w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/>'
    margins = '<w:tblCellMar><w:left w:w="0" w:type="dxa"/><w:right w:w="100" w:type="dxa"/></w:tblCellMar>'
    head = (
        '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/><w:bCs/></w:rPr><w:tcPr><w:tcBorders>'
        f'<w:bottom w:val="single" w:sz="8" w:space="0" w:color="{INK}"/></w:tcBorders><w:vAlign w:val="bottom"/></w:tcPr>'
        "</w:tblStylePr>"
    )
    top = f'<w:top w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/>'
    sign = f'<w:top w:val="single" w:sz="4" w:space="0" w:color="{INK}"/>'
    return "".join(
        f'<w:style w:type="table" w:styleId="{key}"{default}><w:name w:val="{name}"/><w:tblPr>{inside}{margins}</w:tblPr>'
        f"{more}</w:style>"
        for key, name, default, inside, more in (
            ("TableNormal", "Normal Table", ' w:default="1"', "", ""),
            ("ReportTable", "Report Table", "", borders(lines), head),
            ("FactsTable", "Facts Table", "", borders(top + lines), ""),
            ("SignatureTable", "Signature Table", "", borders(sign), ""),
        )
    )


def numbering() -> str:
    """numbering.xml: bullets and numbers, three levels deep."""
    marks = {"bullet": ("•", "◦", "▪"), "decimal": ("%1.", "%2.", "%3.")}
    made = []
    for at, (kind, texts) in enumerate(marks.items()):
        levels = "".join(
            f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{text}"/>'
            f'<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{340 * (level + 1)}" w:hanging="340"/></w:pPr></w:lvl>'
            for level, text in enumerate(texts)
        )
        made.append(
            f'<w:abstractNum w:abstractNumId="{at}"><w:multiLevelType w:val="multilevel"/>{levels}</w:abstractNum>'
        )
    numbers = "".join(f'<w:num w:numId="{at + 1}"><w:abstractNumId w:val="{at}"/></w:num>' for at in range(len(marks)))
    return f"{HEAD}<w:numbering {NAMESPACES}>{''.join(made)}{numbers}</w:numbering>"


def settings() -> str:
    """settings.xml: Word fills the contents and the page numbers when it opens the file."""
    mode = '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>'
    return (
        f'{HEAD}<w:settings {NAMESPACES}><w:zoom w:percent="100"/><w:defaultTabStop w:val="720"/>'
        f'<w:updateFields w:val="true"/><w:compat>{mode}</w:compat>'
        '<w:themeFontLang w:val="en-GB" w:eastAsia="zh-CN" w:bidi="ar-SA"/></w:settings>'
    )


def font_table() -> str:
    """fontTable.xml: fonts that counsel's machine has, and what may stand in for them."""
    fonts = ((SANS, "swiss", "Carlito"), (SERIF, "roman", "Caladea"), (MONO, "modern", "DejaVu Sans Mono"))
    told = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:family w:val="{family}"/></w:font>'
        for name, family, other in fonts
    )
    return f"{HEAD}<w:fonts {NAMESPACES}>{told}</w:fonts>"
