"""The student that a run made, as declared and as found."""

from typing import Any

from audits.models import Run

STUDENT_FACTS = ("kind", "base_model", "general_purpose", "competes_with", "distributed", "commercial")


def student_part(run: Run) -> dict[str, Any] | None:
    """Name, files and what was declared of it; None: none was declared."""
    student = getattr(run, "student", None)
    if student is None:
        return None
    return {
        "name": student.name,
        "kind": student.kind,
        "path": student.path,
        "sha256": student.sha256,
        "size": student.size,
        "files": student.files,
        "gap": student.gap,
        "facts": _stated(student.facts),
    }


def _stated(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """What was declared of the student, in the order in which people ask for it."""
    order = [name for name in STUDENT_FACTS if name in facts]
    order += sorted(name for name in facts if name not in (*STUDENT_FACTS, "name", "path"))
    return [{"fact": name, "value": facts[name]} for name in order]
