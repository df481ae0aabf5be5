"""A Word file as a package of parts (ECMA-376 part 2): the same bytes from the same parts."""

import datetime as dt
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audits.reporting.forms.word.runs import quoted, written

AT: Final = (1980, 1, 1, 0, 0, 0)
HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
NAMESPACES: Final = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"
PARTS: Final = {  # part → its relationship's id, kind and type
    "styles.xml": ("rId1", "styles", f"{_WORD}.styles+xml"),
    "settings.xml": ("rId2", "settings", f"{_WORD}.settings+xml"),
    "numbering.xml": ("rId3", "numbering", f"{_WORD}.numbering+xml"),
    "header1.xml": ("rId4", "header", f"{_WORD}.header+xml"),
    "footer1.xml": ("rId5", "footer", f"{_WORD}.footer+xml"),
    "fontTable.xml": ("rId6", "fontTable", f"{_WORD}.fontTable+xml"),
}
HEADER, FOOTER = PARTS["header1.xml"][0], PARTS["footer1.xml"][0]
FIRST_PICTURE: Final = 10


@dataclass(frozen=True)
class Properties:
    """What a file says of itself to those who list files. `made_at`: ISO time."""

    title: str
    subject: str
    description: str
    language: str
    made_at: str


def picture_id(at: int) -> str:
    """The relationship of the picture with that index."""
    return f"rId{FIRST_PICTURE + at}"


def packed(document: str, parts: Mapping[str, str], pictures: Sequence[bytes], properties: Properties) -> bytes:
    """The file. `document`: what stands in w:body; `parts`: the other parts by name; `pictures`: PNG."""
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": _types(),
        "_rels/.rels": _relationships(
            f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
            f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
            f'<Relationship Id="rId3" Type="{_OFFICE}/extended-properties" Target="docProps/app.xml"/>'
        ),
        "word/document.xml": f"{HEAD}<w:document {NAMESPACES}><w:body>{document}</w:body></w:document>",
        "word/_rels/document.xml.rels": _relationships(_of_document(len(pictures))),
        "docProps/core.xml": _core(properties),
        "docProps/app.xml": f'{HEAD}<Properties xmlns="{_OFFICE.removesuffix("/relationships")}/extended-properties">'
        "<Application>Clausetrail</Application></Properties>",
    }
    files |= {f"word/{name}": content for name, content in parts.items()}
    files |= {f"word/media/picture{at}.png": content for at, content in enumerate(pictures)}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, AT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, content.encode() if isinstance(content, str) else content)
    return made.getvalue()


def _types() -> str:
    parts = "".join(f'<Override PartName="/word/{name}" ContentType="{kind}"/>' for name, (_, _, kind) in PARTS.items())
    return (
        f'{HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="png" ContentType="image/png"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>{parts}'
        '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        '<Override PartName="/docProps/app.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/></Types>'
    )


def _relationships(inside: str) -> str:
    return f'{HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _of_document(pictures: int) -> str:
    told = [
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{name}"/>' for name, (key, kind, _) in PARTS.items()
    ]
    told += [
        f'<Relationship Id="{picture_id(at)}" Type="{_OFFICE}/image" Target="media/picture{at}.png"/>'
        for at in range(pictures)
    ]
    return "".join(told)


def _core(properties: Properties) -> str:
    made = dt.datetime.fromisoformat(properties.made_at).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f'{HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{written(properties.title)}</dc:title><dc:subject>{written(properties.subject)}</dc:subject>"
        f"<dc:creator>Clausetrail</dc:creator><dc:description>{written(properties.description)}</dc:description>"
        f"<dc:language>{written(properties.language)}</dc:language>"
        f"<dcterms:created xsi:type={quoted('dcterms:W3CDTF')}>{made}</dcterms:created></cp:coreProperties>"
    )
