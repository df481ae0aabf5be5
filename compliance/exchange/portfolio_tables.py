"""A matrix as CSV and JSON, each cell with what it rests on. Pure."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from compliance.engine.portfolio import Cell
from compliance.text.cells import harmless

FORMAT: Final = "clausetrail-portfolio/1"
COLUMNS: Final = (
    "provider", "access", "served_by", "model_family", "purpose", "state", "outcome", "deciding_facts", "texts_not_held",
    "rules", "papers", "lifted_by", "on", "rulebook_sha256",
)  # fmt: skip


def cell_as_json(cell: Cell) -> dict[str, Any]:
    """One cell with its outcome, the facts that decide, the rules at their revisions, and the papers at their versions."""
    way = cell.way
    return {
        "provider": way.provider,
        "access": way.access,
        "served_by": way.served_by,
        "model_family": way.family or None,
        "purpose": cell.activity,
        "state": cell.state.value,
        "outcome": cell.assessment.outcome,
        "deciding_facts": list(cell.facts),
        "texts_not_held": list(cell.texts),
        **({"broken_rules": [rule.id for rule in cell.broken]} if cell.broken else {}),
        "rules": [
            {
                "rule": verdict.rule.id,
                "revision": verdict.rule.revision,
                "sha256": verdict.rule.content_sha256,
                "document": verdict.rule.document,
                "version": verdict.version.label,
                "section": verdict.citation.section,
                "effect": verdict.rule.effect,
                "applies": verdict.applies,
                "explanation": verdict.explanation,
            }
            for verdict in cell.deciding
        ],
        "papers": [
            {"document": paper.document, "version": paper.version.label if paper.version else None, "role": paper.role}
            for paper in cell.assessment.governing
        ],
        "lifted_by": list(cell.lifted_by),
    }


def matrix_sha256(rows: Sequence[Sequence[Cell]]) -> str:
    """Hash of every cell with what it rests on."""
    cells = [cell_as_json(cell) for row in rows for cell in row]
    return hashlib.sha256(json.dumps(cells, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def to_json(rows: Sequence[Sequence[Cell]], on: date, rulebook_sha256: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The whole matrix as one document."""
    return {
        "format": FORMAT,
        "on": on.isoformat(),
        "rulebook_sha256": rulebook_sha256,
        "matrix_sha256": matrix_sha256(rows),
        "declared": dict(facts),
        "cells": [cell_as_json(cell) for row in rows for cell in row],
    }


def to_csv(rows: Sequence[Sequence[Cell]], on: date, rulebook_sha256: str) -> str:
    """A line for each cell. No cell begins a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        for cell in row:
            writer.writerow([harmless(value) for value in (*_line(cell), on.isoformat(), rulebook_sha256)])
    return out.getvalue()


def _line(cell: Cell) -> list[str]:
    told = cell_as_json(cell)
    rules = "; ".join(f"{one['rule']} r{one['revision']}" for one in told["rules"])
    papers = "; ".join(f"{one['document']} {one['version'] or 'not held'}" for one in told["papers"])
    plain = [str(told[name] or "") for name in COLUMNS[:7]]
    return [*plain, "; ".join(cell.facts), "; ".join(cell.texts), rules, papers, "; ".join(cell.lifted_by)]
