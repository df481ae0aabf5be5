"""What answers look like that are one document of figures rather than a row: their members are described, and further ones may
come. They are checked against what is described here as they leave; nothing of them is left out."""

import datetime as dt
from typing import Annotated, Any

from pydantic import Field

from compliance.api.shapes import Json
from compliance.api.told import Told

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="As the frozen context has it.")]


class SignatureOfCertificate(Told):
    """One signature of a DSSE envelope."""

    keyid: str = Field(description="Fingerprint of the key.")
    sig: str = Field(description="Base64.")


class Certificate(Told):
    """A DSSE envelope: what was approved, by whom and when, signed by the installation’s sealing key."""

    payload: str = Field(description="Base64 of JSON: run, approval, context_sha256, evidence_root, steps, signatures.")
    payload_type: str = Field(alias="payloadType")
    public_key: str = Field(description="Base64, Ed25519.")
    signatures: list[SignatureOfCertificate]


class NodeTold(Told):
    """A node as it is drawn: a provider, a model, a data set, a student, or several of a kind together."""

    id: str
    kind: str
    kind_words: str
    mark: str = Field(description="What its colour says: a standing or an outcome; empty: neither.")
    label: str
    group: str
    holds: int = Field(description="Nodes that it stands for; 0: itself.")
    outcome: str | None
    outcome_words: str
    standing: str | None = Field(description="Of a question: whether it has to go.")
    standing_words: str
    marked: bool
    elsewhere: int
    x: float
    y: float
    level: int
    facts: Json


class EdgeTold(Told):
    """What leads from one node to another, and why that is held."""

    source: str
    target: str
    kind: str
    why: str
    rows: int | None
    by_name: bool
    carries: Any
    techniques: dict[str, int]
    tokens: int | None
    bytes: int | None


class RowsTold(Told):
    """A data set, and how many of its rows a clause or a question touches."""

    node: str
    label: str
    sha256: str | None
    datasets: list[int]
    runs: list[int]
    trained: bool
    rows: int
    of: int | None
    left: int | None
    standing: str | None
    why: str | None
    path: list[str] = Field(description="Labels of the nodes that lead to it.")


class StudentTold(Told):
    """A student that is touched."""

    node: str
    label: str
    runs: list[int]
    standing: str
    why: str
    path: list[str]
    by_name: bool


class BlastTold(Told):
    """Everything that a clause reaches."""

    clause: str
    title: str
    document: str
    section: str
    since: dt.date | None
    uses: int
    calls: int
    training_rows: int
    datasets: list[RowsTold]
    students: list[StudentTold]
    stopped: list[StudentTold] = Field(description="Students that it would reach, and no longer does.")


class Regenerated(Told):
    """What would have to be asked anew."""

    calls: int
    input_tokens: int | None
    output_tokens: int | None
    cost: Json | None


class WithoutTold(Told):
    """What if the answers of some models had to go."""

    models: list[str]
    datasets: list[RowsTold]
    further_datasets: list[RowsTold]
    students: list[StudentTold]
    to_regenerate: Regenerated


class GraphTold(Told):
    """The part of the graph that was asked for; docs/graph.md says what each member means."""

    nodes: list[NodeTold]
    edges: list[EdgeTold]
    nodes_in_all: int
    grouped: bool
    blast: BlastTold | None
    without: WithoutTold | None


class NodeInFull(Told):
    """One node with what leads to it and from it."""

    id: str
    kind: str
    facts: Json
    before: list[Json] = Field(description="Steps: {edge, other, leads}.")
    after: list[Json]


class FindingThen(Told):
    """A finding as one of two reports has it."""

    number: int
    outcome: str
    title: str
    provider_name: str
    document: str
    document_title: str
    section: str
    activity: str
    calls: int
    rows: int


class FindingOtherwise(FindingThen):
    """A finding that was judged otherwise; `was`: its number in the earlier report."""

    before: str
    stricter: bool
    was: int
    why: str


class DecisionThen(Told):
    """A decision that was made since, or no longer holds."""

    finding: int
    title: str
    what: str = Field(description="made, ended.")
    words: str
    by: str | None
    at: Moment
    until: dt.date | None


class VersionsThen(Told):
    """A document that governs in other versions than before."""

    document: str
    title: str
    before: list[str]
    after: list[str]


class SumThen(Told):
    """A sum of both reports."""

    what: str
    before: int | None
    after: int | None


class EarlierReport(Told):
    """The report that is held against."""

    number: int
    case: str
    made_at: Moment
    title: str
    outcome: str | None


class OutcomeThen(Told):
    """The outcome of both."""

    before: str | None
    after: str | None


class ChangesTold(Told):
    """What changed from one report to another, from their frozen contexts alone."""

    earlier: EarlierReport
    outcome: OutcomeThen
    new: list[FindingThen]
    gone: list[FindingThen]
    changed: list[FindingOtherwise]
    decisions: list[DecisionThen]
    terms: list[VersionsThen]
    sums: list[SumThen]
    same: int


class MoveTold(Told):
    """Calls whose outcome goes from one to another; the same, when only the reasons change."""

    before: str
    after: str
    calls: int
    uses: int


class RunTouched(Told):
    """A run that publishing would change."""

    run: int
    pipeline: str
    project: str
    calls: int


class ImpactTold(Told):
    """What publishing a revision would change."""

    moves: list[MoveTold]
    changed_runs: int
    changed_calls: int
    waiting_calls: int = Field(description="Calls that change anyway, since they wait to be judged anew.")
    runs: list[RunTouched]


class AskedTold(Told):
    """Calls of a model by a channel."""

    served_by: str | None
    provider: str | None
    model: str | None
    calls: int


class NamedTold(Told):
    """What the code names, and the place in it that names it: {file, line}."""

    served_by: str | None
    provider: str | None
    model: str | None
    status: str
    place: Json | None


class AskedAndNamed(NamedTold):
    """The same, with the calls of it that the run showed."""

    calls: int


class ComparedTold(Told):
    """What the code says beside what the run showed."""

    scanned: bool
    in_both: list[AskedAndNamed]
    in_code_only: list[NamedTold]
    in_run_only: list[AskedTold]


class CodeTold(Told):
    """The comparison, and the answer of the `scan` command."""

    compared: ComparedTold
    scan: Json


class LimitsTold(Told):
    """Bounds that were set, what was used of them, and which were met."""

    set: Json
    used: Json
    met: list[Json]


class ProviderCalls(Told):
    """Calls of one provider’s models."""

    total: int
    models: dict[str, int]
    input_tokens: int
    output_tokens: int


class CallsTold(Told):
    """Calls in figures."""

    total: int
    by_provider: dict[str, ProviderCalls]
    unparsed: int = Field(description="Exchanges that nobody could read.")
    failed: int


class RefusedTold(Told):
    """Connections that were refused."""

    host: str | None
    port: int
    protocol: str
    count: int | None


class GapTold(Told):
    """What could not be observed."""

    kind: str
    subject: str
    detail: str
    count: int
    words: str = Field(description="The kind in plain words: what happened, and what could not be seen.")
    remedy: str = Field(description="What to do about it; empty where nobody knows.")


class FindingTold(Told):
    """A finding in short."""

    id: int
    number: int
    kind: str
    outcome: str
    provider: str
    rule: str
    document: str
    version: str
    section: str
    title: str
    sentence: str
    calls: int
    rows: int
    level: str


class EvidenceTold(Told):
    """The seal."""

    exchanges: int
    root: str | None
    key: str | None = Field(description="Fingerprint of the key that sealed it.")
    bundle: str | None


class SummaryTold(Told):
    """A run in figures, as the `audit` command prints it."""

    run: int
    pipeline: str
    state: str
    reason: str
    isolation: Any
    simulated_upstreams: list[str]
    replay: Json | None
    limits: LimitsTold
    content: str | None
    calls: CallsTold
    refused: list[RefusedTold]
    gaps: list[GapTold]
    code: ComparedTold
    lineage: list[Json] = Field(description="For each data set: rows, and how many derive from which model.")
    contradictions: list[Json]
    outcome: str | None
    findings: list[FindingTold]
    evidence: EvidenceTold
    report: str | None
    reports_ready: int


class TestTold(Told):
    """One condition of a rule with what it found."""

    part: str
    phrase: str
    held: bool | None
    answer: str
    fact: str
    source: str
    by: str


class AnswerTold(Told):
    """What one rule answers."""

    rule: str
    title: str
    effect: str
    section: str
    applies: bool | None = Field(description="null: it cannot be told.")
    answer: str
    explanation: str
    tests: list[TestTold]
    revision: int | None


class PaperTold(Told):
    """A document with its rules’ answers."""

    document: str
    title: str
    version: str
    role: str
    why: str
    governs: bool
    answers: list[AnswerTold]


class WhyTold(Told):
    """One use and, paper by paper, what every rule answers."""

    use: int
    on: dt.date
    days: list[dt.date]
    outcome: str
    papers: list[PaperTold]
