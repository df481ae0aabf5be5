"""The lawyers' desk with one governed API, and a run whose use of it is recorded and judged."""

import datetime as dt
from dataclasses import dataclass, replace

import pytest

from audits.actions.rejudging import rejudge
from audits.models import AssessedUse, Run
from compliance.actions.rulebook import load_rulebook
from compliance.engine.library import Binding, Library
from tests.admin.conftest import Desk, desk, live_desk, small_library  # noqa: F401
from tests.factories import make_pipeline, make_project, make_run, make_use

DAYS = (dt.date(2025, 6, 3), dt.date(2026, 2, 4))
OBSERVED = {
    "provider": "openai", "model": "gpt-4.1-mini", "access.kind": "api", "access.served_by": "openai",
    "activity": "train_on_output",
}  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """The desk, and one recorded use on two days, on each of which another version was in force."""

    desk: Desk
    run: Run

    @property
    def use(self) -> AssessedUse:
        """The use as it is judged now."""
        return AssessedUse.objects.filter(run=self.run).order_by("pk")[0]


def governed_library() -> Library:
    """The desk's library, whose one document governs OpenAI's API."""
    binding = Binding(
        "openai/services-agreement", "principal", "these terms cover the API", ("openai",), ("api",), ("developer",)
    )
    return replace(small_library(), bindings=(binding,))


@pytest.fixture
def recorded(desk: Desk) -> Recorded:  # noqa: F811
    load_rulebook(governed_library())
    project = make_project(engineers=(desk.engineer,))
    run = make_run(
        make_pipeline(project),
        Run.State.COMPLETED,
        manifest={
            "pipeline": {"name": "Support triage"},
            "student": {"name": "acme-triage", "competes_with": ["openai"]},
        },
    )
    facts = {path: {"value": value, "source": "observed", "by": ""} for path, value in OBSERVED.items()}
    make_use(
        run, facts=facts, calls=30, rows=2, first_on=DAYS[0], last_on=DAYS[1],
        days={DAYS[0].isoformat(): 10, DAYS[1].isoformat(): 20},
    )  # fmt: skip
    rejudge(cause="setting up", caused_by=None)
    return Recorded(desk, run)
