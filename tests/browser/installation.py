"""Everything that a page can show, in one installation: what tests/browser/world.py makes, and what other rooms hold.

Names are as long, and as foreign, as people and tools make them: pages have to bear those too.
"""

import datetime as dt
import io
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from psycopg.types.range import DateRange

from audits.actions.approvals import put_forward, sign
from audits.actions.assigning import assign, keep_view
from audits.actions.ingesting import request_import
from audits.actions.notices import tell
from audits.actions.owners import say_owners
from audits.actions.patterns import keep_reading, request_reading
from audits.actions.remarks import remark
from audits.actions.retention import lift_hold, note_look, place_hold, set_retention
from audits.ingest.sources import SOURCES
from audits.models import (
    AnswerComparison,
    Approval,
    AssessedUse,
    FindingChange,
    Import,
    LimitEvent,
    Look,
    Pipeline,
    Rejudging,
    ReplayDifference,
    Run,
    Student,
    UsageEntry,
    UsageSignature,
)
from audits.patterns.calls import Indicator, Sample
from audits.procedures.approving import freeze
from audits.procedures.importing import carry_out, keep_file
from compliance.actions.anchoring import anchor_clauses
from compliance.actions.arrivals import Upload, upload
from compliance.actions.clauses import mark_passage, read_version
from compliance.actions.corrections import correct_model
from compliance.actions.dates import dates_as_json
from compliance.actions.invitations import invite
from compliance.actions.tokens import make_api_token
from compliance.models import (
    Agreement,
    Anchoring,
    Arrival,
    Membership,
    Project,
    Provider,
    Suggestion,
    TermsChange,
    User,
    Version,
)
from compliance.sources.dates import ProposedDates
from compliance.sources.keeping import Keeper
from tests.browser.world import BrowserWorld, make_world
from tests.factories import NOON, make_pipeline, make_project, make_run, make_use, make_user, sha
from tests.ingest.conftest import as_lines
from tests.ingest.samples import litellm_call
from tests.reader.texts import BAN, CHANGED, FIRST, POLICY_AFTER, POLICY_BEFORE, WITHOUT, make_versions

LONG_MODEL = "accounts/a-team-with-a-long-name/models/" + "llama-4-maverick-instruct-merged-distilled-" * 4 + "v2.1"
LONG_NAME = "Übersetzung, Zusammenfassung und Bewertung von Kundengesprächen für die Niederlassungen"
"""Longer than any list is wide."""


@dataclass(frozen=True)
class Installation:
    """What the pages point at. `keeper` may do everything that one person can."""

    world: BrowserWorld
    keeper: User
    nobody: User
    project: Project
    imported: Import
    table: Import
    entry: UsageEntry
    approval: Approval
    invitation: str
    versions: tuple[Version, ...]
    arrival: Arrival
    dated: Version
    suggestion: Suggestion
    anchoring: Anchoring
    use: AssessedUse
    agreement: Agreement
    rejudging: Rejudging
    long: Pipeline

    @property
    def run(self) -> Run:
        return self.world.run


def make_installation() -> Installation:
    """Make it all; takes some two seconds."""
    world = make_world()
    project = world.run.pipeline.project
    keeper = make_user(
        User.Role.LEGAL, username="keeper", first_name="Konstantin", last_name="Kallio", is_staff=True,
        email="konstantin.kallio@a-rather-long-subdomain.example",
    )  # fmt: skip
    Membership.objects.create(project=project, user=keeper, role="administrator")
    nobody = make_user(username="nobody")
    return Installation(
        world=world,
        keeper=keeper,
        nobody=nobody,
        project=project,
        long=_long_names(project, world.engineer),
        use=_judged(world),
        agreement=Agreement.objects.get(),
        rejudging=_rejudged(world, keeper),
        **_imports(project, keeper),
        **_review(world, project, keeper, nobody),
        **_texts(keeper),
    )


def _long_names(project: Project, person: User) -> Pipeline:
    """A pipeline of which nothing has a short name."""
    pipeline = make_pipeline(make_project(LONG_NAME, engineers=(person,)), name=LONG_NAME, created_by=person)
    Membership.objects.create(project=pipeline.project, user=User.objects.get(username="keeper"), role="administrator")
    run = make_run(
        pipeline, Run.State.FAILED, requested_by=person, started_at=NOON, finished_at=NOON + dt.timedelta(hours=4),
        reason="The program ended with exit code 1 after 4 hours; the last line that it wrote was about " + LONG_MODEL,
    )  # fmt: skip
    UsageSignature.objects.create(
        run=run, day=NOON.date(), provider="", served_by="openrouter", model=LONG_MODEL, operation="chat",
        access_kind="api", purpose="train", calls=1_204_331, input_tokens=9_204_331_220, output_tokens=4_120_331_020,
        first_at=NOON, last_at=NOON,
    )  # fmt: skip
    correct_model(
        name="house-blend-7", developer=Provider.objects.get(slug="openai"), family=None, base=None, licences=[],
        open_weights=False, reason="The gateway's own name for it.", acting_user=person,
    )  # fmt: skip
    return pipeline


def _judged(world: BrowserWorld) -> AssessedUse:
    """Beside a judged use: bounds that calls met, and where a replay left its record."""
    at = NOON + dt.timedelta(seconds=4)
    for what, hold in (("held", "h1"), ("refused", "")):
        LimitEvent.objects.create(
            run=world.going, at=at, limit="money", what=what, why="0.52 of 0.50 US dollars would be spent.",
            host="api.openai.com", method="POST", target="/v1/chat/completions", model="gpt-4.1-mini", tokens=2_000,
            excerpt="How do I reset my password?", hold=hold,
            until=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1) if hold else None,
        )  # fmt: skip
    ReplayDifference.objects.create(
        run=world.run, at=at, kind="new", host="api.openai.com", method="POST", target="/v1/chat/completions",
        model="gpt-4.1-mini", excerpt="Something else",
    )  # fmt: skip
    student = Student.objects.get(run=world.run)
    AnswerComparison.objects.create(
        student=student, made_by=world.engineer, teacher="gpt-4.1-mini", baseline="the base model", prompts=200,
        difference=0.12, low=0.08, high=0.16, reading="closer",
        files={side: {"name": f"{side}.jsonl", "sha256": sha(side), "size": 9} for side in ("student", "teacher", "baseline")},
        result={"measures": {}, "reading_words": "No nearer to the teacher than to the baseline."},
    )  # fmt: skip
    use = world.finding.use
    return use or make_use(world.run)


def _rejudged(world: BrowserWorld, person: User) -> Rejudging:
    done = Rejudging.objects.create(
        cause="The rulebook was released anew: 3 rules came, 1 changed.", caused_by=person, at=NOON, seconds=1.4, runs=2,
        uses=6, calls=48, changed_runs=1, changed_uses=1, changed_calls=24, changed_findings=1,
    )  # fmt: skip
    told = {"outcome": "needs_facts", "title": "No competing models", "sentence": "Nobody has said what it is for."}
    FindingChange.objects.create(
        rejudging=done, finding=world.finding, what="changed", reopened=True, before=told,
        after=told | {"outcome": "prohibited", "sentence": "Prohibited: it competes."},
    )  # fmt: skip
    return done


def _imports(project: Project, person: User) -> dict[str, Any]:
    log = as_lines(litellm_call(number) for number in range(1, 31)) + b'{"broken\n'
    table = b"When;LLM Model;In;Out;Spent\n20.11.2026;acme-large;100;50;0.02\n21.11.2026;acme-large;many;50;0.02\n"
    imported = _import(project, person, "litellm", "gateway, November, as exported by the platform team.jsonl", log)
    say_owners(
        project=project, named=[("key", "88dc28d0f030c55*")], team="Support", works_for=project, region="DE",
        acting_user=person,
    )  # fmt: skip
    _patterns(project, person)
    return {
        "imported": imported,
        "table": _given(project, person, "csv", "costs.csv", table),
        "entry": UsageEntry.objects.filter(imported=imported).earliest("pk"),
    }


def _import(project: Project, person: User, source: str, name: str, content: bytes) -> Import:
    return carry_out(_given(project, person, source, name, content).pk)


def _given(project: Project, person: User, source: str, name: str, content: bytes) -> Import:
    """An import that waits: a table until somebody has said what its columns mean."""
    kept = keep_file(io.BytesIO(content), name, SOURCES[source])
    return request_import(
        project=project, acting_user=person, source=source, name=name, sha256=kept.sha256, size=kept.size,
        parts=kept.parts,
    )  # fmt: skip


def _patterns(project: Project, person: User) -> None:
    first, last = NOON.date() - dt.timedelta(days=9), NOON.date()
    reading = request_reading(project=project, first_day=first, last_day=last, acting_user=person)
    asked = Sample(("entry", 1), NOON.timestamp(), "triage-prod", "gpt-4.1-mini", "Think step by step, then answer.")
    figures = {"counted": 2_400, "of": 4_800, "novelty": 0.97}
    found = Indicator("elicitation", "… Think step by step", 4_800, 0.5, 0.3, figures, (asked,))
    keep_reading(reading, [found], recorded=24, logged=30, wordless=2, accounts=3)


def _review(world: BrowserWorld, project: Project, keeper: User, nobody: User) -> dict[str, Any]:
    """What people said, were told, asked and signed; what is kept, held and was looked at."""
    finding, engineer = world.finding, world.engineer
    assign(findings=[finding], assignee=engineer, due_on=NOON.date(), acting_user=keeper)
    keep_view(name="Grave ones", query="outcome=prohibited", acting_user=keeper)
    for privileged in (False, True):
        remark(
            finding=finding,
            body=f"@{engineer.username}, see section 3.3(e).",
            privileged=privileged,
            acting_user=world.legal,
        )
    tell(
        user=keeper, kind="assigned", text=f"You are to see to “{finding.title}”", address=f"/findings/{finding.pk}/",
        key="told once", project=project,
    )  # fmt: skip
    set_retention(project=project, acting_user=keeper, content_days=90, metadata_days=400)
    lift_hold(
        hold=place_hold(project=project, acting_user=keeper, reason="Matter 4711: inquiry by a provider"),
        acting_user=keeper, because="Settled.",
    )  # fmt: skip
    place_hold(project=project, acting_user=keeper, reason="Matter 4712: the same provider asks again")
    for what in (Look.What.CALL, Look.What.REPORT):
        note_look(
            acting_user=nobody, what=what, project=project, run=world.run, subject="run 2, call 14", address="192.0.2.7"
        )
    make_api_token(name="nightly export", scopes=["read"], expires_at=_soon(), acting_user=keeper, project=project)
    _, secret = invite(
        project=project, email="someone-with-a-long-name@outside-counsel.example", role="counsel", access_ends_at=_soon(),
        acting_user=keeper,
    )  # fmt: skip
    return {"approval": _approved(world), "invitation": secret}


def _soon() -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(days=30)


def _approved(world: BrowserWorld) -> Approval:
    """Put forward in two steps, the first of them signed."""
    context, digest = freeze(world.run)
    signer = make_user(User.Role.LEGAL, username="signer", first_name="Saga", last_name="Nyström")
    approval = put_forward(
        run=world.run, context=context, context_sha256=digest, acting_user=world.engineer,
        steps=[{"name": "Legal", "quorum": 1}, {"name": "Head of legal", "quorum": 1}],
        warnings=[lack for lack in context["lacks"] if lack["weight"] != "grave"],
    )  # fmt: skip
    sign(approval=approval, word="approved", reason="Read.", context_sha256=digest, acting_user=signer)
    return approval


def _texts(keeper: User) -> dict[str, Any]:
    """Terms with suggestions, clauses that changed, texts and dates that wait for a person."""
    versions = make_versions(FIRST, CHANGED, WITHOUT)
    policy = make_versions(POLICY_BEFORE, POLICY_AFTER, identifier="harpco/policy", title="Harp Policy")
    for version in (*versions, *policy):
        read_version(version)
    mark_passage(
        acting_user=keeper, version=versions[0], near=FIRST.index("You may not use"), key="rival-models",
        labels=["train_competing"], wording=BAN,
        section="2.2",
    )  # fmt: skip
    document = versions[0].document
    anchor_clauses(document)
    brought = Upload(
        b"# Harp terms\n\nEffective: August 1, 2026\n\n" + FIRST.encode(), "text/markdown", "terms.md", NOON
    )
    dated = Version.objects.create(
        document=policy[0].document, label="2026-08-01", in_force=DateRange(empty=True), basis="captured", text=POLICY_AFTER,
        definition={
            "dates": dates_as_json(ProposedDates(dt.date(2026, 8, 1), "the text says so", effective=dt.date(2026, 8, 1)))
        },
    )  # fmt: skip
    TermsChange.objects.create(
        document=document, version=versions[1], judgement="changed", captured_at=NOON, mark="m", reason="Two sentences are new.",
        added=["You may not use any output."], gone=["You may not use output."],
    )  # fmt: skip
    return {
        "versions": tuple(versions),
        "arrival": upload(document, brought, acting_user=keeper, keep=Keeper(settings.EVIDENCE_URL)),
        "dated": dated,
        "suggestion": Suggestion.objects.filter(state="suggested").earliest("pk"),
        "anchoring": Anchoring.objects.filter(state="waiting").earliest("pk"),
    }
