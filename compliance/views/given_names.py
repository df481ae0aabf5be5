"""What a name that a person gives may not hold: it goes out in mails, chats, documents and tables that others' programs read."""

import unicodedata
from typing import Final

from django.core.exceptions import ValidationError

TEMPLATE_MARKS: Final = ("{{", "}}", "{%", "%}", "{#", "#}", "${", "#{", "<%", "%>")
UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs"})
JOINERS: Final = frozenset("\u200c\u200d")
"""Several scripts are not written rightly without these two."""


def plain_name(name: str) -> None:
    """Raises ValidationError for marks by which a template is told from words, and for characters that nobody sees."""
    for mark in TEMPLATE_MARKS:
        if mark in name:
            raise ValidationError(
                f"A name can’t hold “{mark}”: a program that shows it could take it for a template. Leave these signs out."
            )
    for sign in name:
        if unicodedata.category(sign) in UNSEEN and sign not in JOINERS:
            raise ValidationError(
                f"A name can’t hold the character U+{ord(sign):04X}, which nobody sees. Type it anew."
            )
