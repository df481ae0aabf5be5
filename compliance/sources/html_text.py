"""The text of a page as Markdown: headings, numbered and plain lists, tables, links and bold words, in page order.

selectolax (Lexbor) builds the tree as browsers do; this walks it. Nothing is guessed about what is "the article" beyond the
page's own marks: leaving out a clause is worse than carrying a line of navigation, which sameness ignores anyway.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from compliance.sources.markdown import MarkdownWriter

DROPPED: Final = (
    "script, style, template, svg, canvas, iframe, object, embed, audio, video, map, nav, dialog, button, select, "
    "textarea, input, datalist, progress, meter, [role=navigation], [role=banner], [role=contentinfo], [role=search], "
    "[role=dialog], [role=alertdialog], [role=menu], [role=menubar], [role=tablist], #onetrust-consent-sdk, "
    "#CybotCookiebotDialog, #usercentrics-root, #cookie-banner, #cookie-consent, .cookie-banner, .cookie-consent, .cc-window"
)
"""What no clause stands in. Hidden parts are kept: folded sections of terms are terms."""
FRAME: Final = "header, footer, aside"
"""Around the text, unless they stand inside it."""
ENOUGH: Final = 0.4
"""Share of the page's words that its marked main part must hold to be taken for the text."""
_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)


def text_of_html(content: bytes, charset: str = "") -> str:
    """The text of a page. `charset`: what HTTP says. Raises ValueError when there is no text in it."""
    tree = LexborHTMLParser(_decoded(content, charset))
    body = tree.body
    if body is None:
        raise ValueError("no page: it has no body")
    for node in tree.css("noscript"):
        if _has_words(body):
            node.decompose()
    for node in tree.css(DROPPED):
        node.decompose()
    text = _written(_root(tree, body))
    if not text.strip():
        raise ValueError("no text in it: the page is empty, or made by a script that did not run")
    return text


def _decoded(content: bytes, charset: str) -> str:
    """By its byte order mark, by what HTTP says, by what the page says, as UTF-8, and else as Windows' Latin."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    named = next((name for mark, name in marks if content.startswith(mark)), "") or charset
    if not named:
        meta = _META.search(content[:4096])
        named = meta.group(1).decode("ascii", "replace") if meta else ""
    for name in (named, "utf-8"):
        try:
            return content.decode(name) if name else content.decode("utf-8")
        except (LookupError, UnicodeError):
            continue
    return content.decode("cp1252", "replace")


def _has_words(body: LexborNode) -> bool:
    copy = LexborHTMLParser(body.html or "")
    for node in copy.css(f"noscript, {DROPPED}"):
        node.decompose()
    return bool(copy.body and copy.body.text(deep=True).strip())


def _root(tree: LexborHTMLParser, body: LexborNode) -> LexborNode:
    """The part that the page marks as its main one, if it holds enough of the words; else the whole without its frame."""
    marked = list(tree.css("main, [role=main], article"))
    sizes = [len(node.text(deep=True)) for node in marked]
    if sizes and max(sizes) >= ENOUGH * len(body.text(deep=True)):
        return marked[sizes.index(max(sizes))]
    for node in body.css(FRAME):
        node.decompose()
    return body


def _written(root: LexborNode) -> str:
    writer = MarkdownWriter()
    for opens, node in _walk(root):
        tag = node.tag or ""
        if tag == "-text":
            if opens:
                writer.words((node.text_content or "").translate(_CONTROLS))
        elif opens:
            writer.open(tag, {name: value or "" for name, value in node.attributes.items()})
        else:
            writer.close(tag)
    return writer.finished()


def _walk(root: LexborNode) -> Iterator[tuple[bool, LexborNode]]:
    """Every node when it opens and when it closes, without recursion: pages nest as deep as they please."""
    node: LexborNode = root
    while True:
        yield True, node
        inner = node.first_child
        if inner is not None:
            node = inner
            continue
        yield False, node
        while node.mem_id != root.mem_id and node.next is None:
            parent = node.parent
            if parent is None:
                return
            node = parent
            yield False, node
        if node.mem_id == root.mem_id:
            return
        following = node.next
        if following is None:
            return
        node = following
