"""What answers look like that are one document rather than a row: their members are described, and further ones may come."""

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from compliance.api.shapes import Json


class Told(BaseModel):
    """A part of such an answer. It is checked against what is described as it leaves; nothing of it is left out."""

    model_config = ConfigDict(extra="allow")


class TallyTold(Told):
    """How many passages changed in one way, and how many of them bear on building models."""

    kind: str
    passages: int
    bearing: int


class PassageTold(Told):
    """A passage that changed."""

    kind: str = Field(description="reworded, added, gone, moved.")
    old: str
    new: str
    moved: bool
    section: str
    labels: list[str]
    bears: bool = Field(description="On building models from output.")


class ComparisonTold(Told):
    """What changed from one version to another."""

    old: int
    new: int
    tally: list[TallyTold]
    changes: list[PassageTold]


class AccessTold(Told):
    """How a model is reached, and by whom it is served."""

    kind: str
    served_by: str


class PaperInForce(Told):
    """A document that governs a use."""

    document: str
    title: str
    role: str
    why: str
    audience: str
    region: str
    version: str | None = Field(description="null: no text of that day is held.")
    effective_on: dt.date | None
    last_day: dt.date | None
    basis: str | None
    text_held: bool
    text_sha256: str | None


class InForceTold(Told):
    """The papers that govern a use on a day, and which of them are missing."""

    on: dt.date
    provider: str
    access: AccessTold
    model: str | None
    region: str | None
    depends_on_region: bool
    governing_documents: list[PaperInForce]
    missing: list[str]


class RuleOfCell(Told):
    """A rule that decides a cell, at its revision."""

    rule: str
    revision: int
    sha256: str
    document: str
    version: str
    section: str
    effect: str
    applies: bool | None
    explanation: str


class PaperOfCell(Told):
    """A paper that governs a cell, at its version."""

    document: str
    version: str | None
    role: str


class CellTold(Told):
    """What one use of one provider’s models comes to."""

    provider: str
    access: str
    served_by: str
    model_family: str | None
    purpose: str
    state: str
    outcome: str
    deciding_facts: list[str]
    texts_not_held: list[str]
    rules: list[RuleOfCell]
    papers: list[PaperOfCell]
    lifted_by: list[str]


class PortfolioTold(Told):
    """The matrix, with the hash of the rulebook that gave it."""

    format: str
    on: dt.date
    rulebook_sha256: str
    matrix_sha256: str
    declared: Json
    cells: list[CellTold]
