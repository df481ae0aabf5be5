"""The form in which two texts are compared: words only, so that what formatting does to a text changes nothing.

Case, white space, quotes, dashes, Unicode forms, accents, HTML tags and entities, Markdown marks and backslash escapes (one or
several levels of JSON) all fall away, on both sides alike. Scripts written without spaces are taken character by character.
"""

import html
import re
import unicodedata

# Bytes to bytes is the fastest table there is: letters in lower case, digits, and a space for all else.
_ASCII_TO_WORDS = bytes(ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else 32 for code in range(256))
_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_TAG = re.compile(r"<[!/?a-zA-Z][^<>]{0,500}>")
_LINK_TARGET = re.compile(r"\]\([^()\s]{0,2000}\)")
_ACCENT = re.compile("[\u0300-\u036f]")
# Characters that show nothing: soft hyphens, zero-width spaces and joiners, marks of direction, byte order marks.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORD = re.compile(r"[^\W_]+")
# Scripts without spaces between words: Thai, Lao, Myanmar, Khmer, kana, CJK ideographs and their extensions.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
)


def canonical_words(text: str) -> list[str]:
    """The words of a text in comparable form, in order; two texts that differ in formatting only give the same list."""
    if not text.isascii():
        text = _folded(text)  # before tags and entities: their signs have full-width forms too
    if "\\" in text:
        text = _with_joined_surrogates(_ESCAPE.sub(_unescaped, text))
    if "&" in text:
        text = _without_entities(text)
    if "](" in text:
        text = _LINK_TARGET.sub("] ", text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_TO_WORDS).decode("ascii").split()
    return _WORD.findall(_UNSPACED.sub(r" \1 ", _folded(text).casefold()))


def _folded(text: str) -> str:
    """Compatible forms made one (ligatures, full width), accents and invisible characters dropped."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", _ACCENT.sub("", plain))


def _unescaped(found: re.Match[str]) -> str:
    """What a backslash escape stands for, however many levels of JSON encoding piled the backslashes up."""
    code = found[1] or found[2]
    if code:
        return chr(int(code, 16))
    return " " if found[3] in "nrtbfvNRTBFV" else found[3]


def _with_joined_surrogates(text: str) -> str:
    """Characters beyond the basic plane whole again: JSON escapes them in two halves."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_entities(text: str) -> str:
    """HTML entities decoded, also when they were escaped more than once (`&amp;lt;`)."""
    for _ in range(3):
        decoded = html.unescape(text)
        if decoded == text:
            break
        text = decoded
    return text
