"""What a draft is made of: what is asked, in our words, and what the record says, with where each sentence comes from. PURE."""

from dataclasses import dataclass
from typing import Final

RECORDED, DECLARED, UNKNOWN = "recorded", "declared", "unknown"
SOURCES: Final = {
    RECORDED: "Recorded",
    DECLARED: "Declared",
    UNKNOWN: "To be filled by a person",
}
"""Recorded: observed in the run and hashed. Declared: somebody said so. The rest is not on record, and is never guessed."""


@dataclass(frozen=True)
class Answer:
    """One sentence or list, and where it comes from. `basis`: where in the record, or who said so."""

    text: str
    source: str
    basis: str = ""


@dataclass(frozen=True)
class Field:
    """One thing that is asked. `place`: where the law or template asks it; `asks`: in our words."""

    place: str
    asks: str
    answers: tuple[Answer, ...]

    @property
    def is_open(self) -> bool:
        """Whether a person has to add something."""
        return any(one.source == UNKNOWN for one in self.answers)


@dataclass(frozen=True)
class Section:
    """Fields under one heading."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Draft:
    """A draft as a whole. `law`: what asks for it, with date and section; `notes`: what the reader has to know first."""

    name: str
    title: str
    subject: str
    law: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def open_fields(self) -> int:
        """How many fields wait for a person."""
        return sum(field.is_open for section in self.sections for field in section.fields)

    @property
    def fields(self) -> int:
        """How many fields there are."""
        return sum(len(section.fields) for section in self.sections)


def recorded(text: str, basis: str = "") -> Answer:
    """What the record shows."""
    return Answer(text, RECORDED, basis)


def declared(text: str, basis: str) -> Answer:
    """What somebody said."""
    return Answer(text, DECLARED, basis)


def unknown(text: str) -> Answer:
    """What a person has to fill in; the text says what."""
    return Answer(text, UNKNOWN)
