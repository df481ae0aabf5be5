"""Characters of captured text that hide, move or overwrite what stands beside them, shown by name. Standard library only."""

import re
from collections.abc import Callable

# C0 and C1 controls (tab and line feed aside), zero-width space, directional marks, embeddings, overrides and isolates,
# word joiner, byte order mark, line and paragraph separators, tag characters, lone surrogates, non-characters. Zero-width
# joiners stay:
# Persian, Indic scripts and emoji are spelt with them.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def name_of(character: str) -> str:
    """How an unseen character is shown: its control picture, or its number ("U+202E")."""
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else f"U+{code:04X}"


def with_names(text: str, wrap: Callable[[str], str] = "[{}]".format) -> str:
    """The text with each unseen character replaced by its name, wrapped."""
    return UNSEEN.sub(lambda match: wrap(name_of(match.group())), text)
