"""Names from archives made into identifiers of documents, and shown without their tricks. Pure: standard library only."""

import hashlib
import re
import unicodedata
from typing import Final

LONGEST: Final = 60


def slug(name: str) -> str:
    """A name as it may stand in an identifier: "Terms of Service" is terms-of-service. Never empty, never a path.

    Letters outside ASCII lose their marks; a name of which nothing is left, or too much, is told apart by a piece of its hash.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if words and len(words) <= LONGEST and _is_whole(name):
        return words
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{words[: LONGEST - 9].strip('-')}-{mark}".lstrip("-")


def _is_whole(name: str) -> bool:
    """Whether no letter of the name is lost in ASCII, so that two names don't become one."""
    marked = unicodedata.normalize("NFKD", name)
    return all(letter.isascii() or unicodedata.combining(letter) or not letter.isalnum() for letter in marked)


def shown(name: str) -> str:
    """A name whose control characters can't reach a terminal or a page, at most 200 characters."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)[:200]
