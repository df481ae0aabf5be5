"""`answer_agreement`: does a student answer more like its teacher than a baseline does? An indicator."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.actions.comparisons import keep_comparison
from audits.datasets.answers import NoAnswers, prompts_in
from audits.lineage.rows import UnreadableDataset
from audits.models import Student
from audits.procedures.comparing import SIDES, Comparison, compare_files

EXAMPLES = """\
examples:
  python manage.py answer_agreement --student student.jsonl --teacher teacher.jsonl --baseline base.jsonl
  python manage.py answer_agreement --student s.jsonl --teacher t.jsonl --baseline b.jsonl --trained-on train.parquet
  python manage.py answer_agreement --student s.jsonl --teacher t.jsonl --baseline b.jsonl --keep-for-run 12 \\
      --teacher-name "gpt-4.1" --baseline-name "base model before training"

Each file holds answers to the same prompts, which the student was not trained on: {"prompt", "answer"} a line, or any format and
shape that trace reads. The baseline is best the student's own base model before training. Answers are matched by prompt.
"""


class Command(BaseCommand):
    """Needs a database only to keep the result."""

    help = (
        "Hold a student's answers against its teacher's, beside a baseline's: an indicator with a confidence interval."
    )
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=EXAMPLES, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        for side in SIDES:
            parser.add_argument(f"--{side}", type=Path, required=True, metavar="FILE", help=f"answers of the {side}")
        parser.add_argument(
            "--trained-on", type=Path, metavar="DATASET", help="leave out prompts that stand in this data set"
        )
        parser.add_argument(
            "--keep-for-run", type=int, metavar="RUN", help="keep the result on the page of this run's student"
        )
        parser.add_argument("--teacher-name", default="", help="what the teacher is called there")
        parser.add_argument("--baseline-name", default="", help="what the baseline is called there")
        parser.add_argument("--format", choices=("table", "json"), default="table")

    def handle(self, *, trained_on: Path | None, keep_for_run: int | None, format: str, **options: Any) -> None:
        """Compare, keep when asked to, and print."""
        try:
            seen = list(prompts_in(trained_on)) if trained_on else []
            found = compare_files({side: options[side] for side in SIDES}, trained_on=seen)
        except (UnreadableDataset, NoAnswers) as error:
            raise CommandError(str(error), returncode=2) from error
        if keep_for_run is not None:
            self._keep(keep_for_run, found, options["teacher_name"], options["baseline_name"])
        self.stdout.write(json.dumps(found.as_json()) if format == "json" else _table(found))

    def _keep(self, run: int, found: Comparison, teacher: str, baseline: str) -> None:
        student = Student.objects.filter(run=run).first()
        if student is None:
            raise CommandError(f"Run {run} has no student: audit.toml declares one under [student].", returncode=2)
        keep_comparison(
            student=student, teacher=teacher or "the teacher", baseline=baseline or "the baseline",
            found=found.as_json(), acting_user=None,
        )  # fmt: skip


def _table(found: Comparison) -> str:
    result = found.agreement
    lines = [f"{result.prompts:,} prompts answered by all three, {result.short:,} of them by a label.", ""]
    lines.append(f"{'agreement with the teacher':<36} {'mean':>8}   95 % interval")
    named = {"student": result.student, "baseline": result.baseline, "student less baseline": result.difference}
    lines += [f"{name:<36} {one.mean:>8.3f}   {one.low:.3f} to {one.high:.3f}" for name, one in named.items()]
    lines += [f"{'student, with other prompts':<36} {result.by_chance:>8.3f}"]
    lines += [f"{f'{name}: the very same words':<36} {share:>8.3f}" for name, share in result.same_answer.items()]
    left_out = [
        f"{count:,} prompts not answered in the file of the {side}" for side, count in result.left_out.items() if count
    ]
    if result.trained_on:
        left_out.append(f"{result.trained_on:,} prompts left out: they stand in what the student was trained on")
    left_out += [
        f"{file.unread:,} rows of the file of the {side} could not be used"
        for side, file in found.files.items()
        if file.unread
    ]
    lines += ["", *left_out] if left_out else []
    answer = found.as_json()
    return "\n".join([*lines, "", answer["reading_words"], answer["caveat"]])
