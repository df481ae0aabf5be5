"""What a file says of itself: title, dates, language, the standards it claims, its attachments and its colours. No Django."""

import datetime as dt
import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from audits.reporting.paper.volume import Volume, name, text

PRODUCER = "Clausetrail"
_META = re.compile(r'<meta name="([a-z.]+)" content="([^"]*)"')
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_LANGUAGE = re.compile(r'<html lang="([A-Za-z-]+)"')


@dataclass(frozen=True)
class FrontMatter:
    """Title, author, subject, keywords and language of a report; `identity` names it, `made_at` is when it was made."""

    title: str
    author: str
    subject: str
    keywords: str
    language: str
    made_at: dt.datetime
    identity: str


@dataclass(frozen=True)
class Attached:
    """A file inside the report: what it is called, of which kind (media type), what it holds."""

    name: str
    description: str
    kind: str
    content: bytes


def front_matter(head: str, identity: str) -> FrontMatter:
    """What the head of the report's HTML says of it."""
    meta = {key: html.unescape(value) for key, value in _META.findall(head)}
    title, language = _TITLE.search(head), _LANGUAGE.search(head)
    return FrontMatter(
        title=" ".join(html.unescape(title.group(1)).split()) if title else "",
        author=meta.get("author", ""),
        subject=meta.get("description", ""),
        keywords=meta.get("keywords", ""),
        language=language.group(1) if language else "en",
        made_at=dt.datetime.fromisoformat(meta["dcterms.created"]),
        identity=identity,
    )


def info(front: FrontMatter) -> bytes:
    """The document information dictionary; it says what the metadata say."""
    at = _date(front.made_at)
    return (
        b"<</Title %s/Author %s/Subject %s/Keywords %s/Creator %s/Producer %s/CreationDate %s/ModDate %s>>"
        % (
            text(front.title), text(front.author), text(front.subject), text(front.keywords),
            text(PRODUCER), text(PRODUCER), at, at,
        )
    )  # fmt: skip


def _date(at: dt.datetime) -> bytes:
    return f"(D:{at.astimezone(dt.UTC):%Y%m%d%H%M%S}+00'00')".encode()


def xmp(front: FrontMatter) -> bytes:
    """The metadata as XMP, claiming PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1)."""
    said = {key: html.escape(_printable(value)) for key, value in vars(front).items() if isinstance(value, str)}
    at = f"{front.made_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}+00:00"
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance><pdfuaid:part>1</pdfuaid:part>
<dc:format>application/pdf</dc:format><dc:identifier>{said["identity"]}</dc:identifier>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{said["title"]}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{said["author"]}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{said["subject"]}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>{said["language"]}</rdf:li></rdf:Bag></dc:language>
<pdf:Keywords>{said["keywords"]}</pdf:Keywords><pdf:Producer>{PRODUCER}</pdf:Producer>
<xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool><xmp:CreateDate>{at}</xmp:CreateDate><xmp:ModifyDate>{at}</xmp:ModifyDate>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI><pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType><pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file keeps to</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF></x:xmpmeta>
{(" " * 99 + chr(10)) * 20}<?xpacket end="w"?>""".encode()


def _printable(words: str) -> str:
    """Without the characters that XML 1.0 can't hold."""
    return "".join(one if one >= " " or one == "\n" else " " for one in words if not "\ud800" <= one <= "\udfff")


def put_attachments(attached: Sequence[Attached], made_at: dt.datetime, volume: Volume) -> list[tuple[str, int]]:
    """Write the files and what describes them; name and number of each, sorted by name."""
    found = []
    for one in sorted(attached, key=lambda each: each.name):
        checksum = hashlib.md5(one.content, usedforsecurity=False).hexdigest().encode()
        told = (name(one.kind), len(one.content), _date(made_at), checksum)
        stored = volume.stream(
            one.content, b"/Type/EmbeddedFile/Subtype%s/Params<</Size %d/ModDate %s/CheckSum<%s>>>" % told
        )
        held = text(one.name)
        found.append(
            (
                one.name,
                volume.put(
                    b"<</Type/Filespec/F %s/UF %s/Desc %s/AFRelationship/Data/EF<</F %d 0 R/UF %d 0 R>>>>"
                    % (held, held, text(one.description), stored, stored)
                ),
            )
        )
    return found


def put_output_intent(volume: Volume) -> int:
    """The colours that all of the report's are: sRGB, with its profile."""
    profile = volume.stream(_srgb(), b"/N 3")
    return volume.put(
        b"<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB2014)/Info(sRGB2014)/DestOutputProfile %d 0 R>>"
        % profile
    )


@cache
def _srgb() -> bytes:
    return (files("weasyprint.pdf") / "sRGB2014.icc").read_bytes()
