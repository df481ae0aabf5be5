"""What audits, findings and reports look like to programs."""

import datetime as dt
from typing import Any

from ninja import Field, Schema

from compliance.api.shapes import ProjectName


class PipelineName(Schema):
    """A pipeline by its names, and the project that it belongs to."""

    id: int
    slug: str
    name: str
    project: ProjectName


class RunName(Schema):
    """A run by its number."""

    id: int
    number: int
    pipeline: PipelineName


class RunShown(RunName):
    """A run in a list."""

    state: str = Field(
        description="queued, preparing, running, analysing; then completed, failed, errored, aborted, stale."
    )
    outcome: str = Field(description="The strictest of its findings; empty: not judged.")
    requested_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    requested_by: str | None
    simulated: bool = Field(description="Whether stand-ins answered for providers.")
    replay: bool = Field(description="Whether recorded answers stood in for providers.")
    ended: bool
    reason: str = Field(description="Why it did not complete, as a sentence.")

    @staticmethod
    def resolve_requested_by(obj: Any) -> str | None:
        return obj.requested_by.username if obj.requested_by else None

    @staticmethod
    def resolve_simulated(obj: Any) -> bool:
        return bool(obj.is_simulated)

    @staticmethod
    def resolve_replay(obj: Any) -> bool:
        return bool(obj.is_replay)

    @staticmethod
    def resolve_ended(obj: Any) -> bool:
        return not obj.is_active


class FindingName(Schema):
    """A finding by what it says."""

    id: int
    number: int
    kind: str
    outcome: str
    title: str
    provider: str


class FindingShown(FindingName):
    """A finding in a list, with how it stands."""

    run: RunName
    key: str = Field(description="Rule, subject and scope: decisions are kept under it, over all runs.")
    level: str
    sentence: str
    rule: str | None = Field(description="Identifier of the rule that it rests on.")
    document: str
    version: str
    section: str
    calls: int
    rows: int
    missing_facts: list[str]
    standing: str = Field(description="Where it stands today: open, decided, reopened, ended, waiting, ….")
    decision_until: dt.date | None
    assignee: str | None
    due_on: dt.date | None

    @staticmethod
    def resolve_rule(obj: Any) -> str | None:
        return obj.rule_revision.rule.identifier if obj.rule_revision else None

    @staticmethod
    def resolve_assignee(obj: Any) -> str | None:
        return getattr(obj, "assignee_name", None)

    @staticmethod
    def resolve_due_on(obj: Any) -> dt.date | None:
        return getattr(obj, "due_on", None)


class EntryShown(Schema):
    """One entry of an imported log."""

    id: int
    line: int
    kind: str
    at: dt.datetime
    until: dt.datetime | None
    host: str
    provider: str
    served_by: str
    operation: str
    request_model: str
    response_model: str
    calls: int | None
    failed: bool
    input_tokens: int | None
    output_tokens: int | None
    cost: str | None
    currency: str
    account: str
    person: str
    key_hint: str
    purpose: str
    prompt_excerpt: str
    output_excerpt: str
    response_id: str = Field(description="The id that the provider gave the answer, where the log has it.")
    request_id: str = Field(description="The id that the provider gave the request.")

    @staticmethod
    def resolve_cost(obj: Any) -> str | None:
        return None if obj.cost is None else format(obj.cost.normalize(), "f")
