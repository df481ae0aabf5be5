"""Keeping comparisons of a student's answers with its teacher's."""

from typing import Any

from django.db import transaction

from audits.models import AnswerComparison, Student
from audits.text import storable, storable_json
from compliance.actions.trail import record
from compliance.models import User


@transaction.atomic
def keep_comparison(
    *, student: Student, teacher: str, baseline: str, found: dict[str, Any], acting_user: User | None
) -> AnswerComparison:
    """Keep what was found (`found`: the answer of the answer_agreement command) with the names that a person gave."""
    difference = found["difference"]
    made = AnswerComparison.objects.create(
        student=student,
        made_by=acting_user,
        teacher=storable(teacher)[:200],
        baseline=storable(baseline)[:200],
        prompts=found["prompts"],
        difference=difference["mean"],
        low=difference["low"],
        high=difference["high"],
        reading=found["reading"],
        files=storable_json(
            {side: {key: file[key] for key in ("name", "sha256", "size")} for side, file in found["files"].items()}
        ),
        result=storable_json(found),
    )
    record(
        acting_user=acting_user, action="answers compared", subject=made, project=student.run.pipeline.project,
        reading=made.reading,
    )  # fmt: skip
    return made
