"""Pipelines, runs, usage, datasets, findings, decisions, evidence, reports."""

from audits.models.answers import FactAnswer
from audits.models.approvals import Approval, Signature
from audits.models.chains import AnswerInPrompt, ChainShare
from audits.models.comparisons import AnswerComparison
from audits.models.datasets import Dataset, RowMatch, Student
from audits.models.decisions import Decision
from audits.models.evidence import EvidenceEntry, Seal
from audits.models.findings import AssessedUse, Finding, Outcome
from audits.models.following import UnfollowedEnd
from audits.models.impacts import ImpactedRun, KeptImpact
from audits.models.imports import Import, ReceiverToken, RejectedLine, UsageDay, UsageEntry
from audits.models.limits import LimitEvent, ReplayDifference
from audits.models.notices import Attempt, Delivery, Notice, NoticeChoice, Webhook
from audits.models.papers import ReportSignature
from audits.models.patterns import AccountOwner, PatternIndicator, PatternReading
from audits.models.pipelines import Pipeline
from audits.models.proofs import SealProof
from audits.models.rejudging import FindingChange, Rejudging
from audits.models.report_forms import ReportForm
from audits.models.reports import Report, ReportBrand, ReportPreset
from audits.models.retention import ErasedContent, Erasure, LegalHold, Look, Retention
from audits.models.review import Assignment, Enclosure, FactRequest, Remark, Remedy, RemedyStep, SavedView
from audits.models.run_counts import RunCounts
from audits.models.runs import Connection, Gap, LogLine, Run, RunStep
from audits.models.same_calls import RecordedId, SameCall
from audits.models.schedules import ReportSchedule, ScheduledReport
from audits.models.senders import ImportedDay, SenderDay
from audits.models.sharing import ShareLink, ShareLook
from audits.models.taught import TaughtCalls, TaughtRows
from audits.models.usage import Exchange, ModelCall, UsageSignature

__all__ = [
    "AccountOwner",
    "AnswerComparison",
    "AnswerInPrompt",
    "Approval",
    "AssessedUse",
    "Assignment",
    "Attempt",
    "ChainShare",
    "Connection",
    "Dataset",
    "Decision",
    "Delivery",
    "Enclosure",
    "ErasedContent",
    "Erasure",
    "EvidenceEntry",
    "Exchange",
    "FactAnswer",
    "FactRequest",
    "Finding",
    "FindingChange",
    "Gap",
    "ImpactedRun",
    "Import",
    "ImportedDay",
    "KeptImpact",
    "LegalHold",
    "LimitEvent",
    "LogLine",
    "Look",
    "ModelCall",
    "Notice",
    "NoticeChoice",
    "Outcome",
    "PatternIndicator",
    "PatternReading",
    "Pipeline",
    "ReceiverToken",
    "RecordedId",
    "RejectedLine",
    "Rejudging",
    "Remark",
    "Remedy",
    "RemedyStep",
    "ReplayDifference",
    "Report",
    "ReportBrand",
    "ReportForm",
    "ReportPreset",
    "ReportSchedule",
    "ReportSignature",
    "Retention",
    "RowMatch",
    "Run",
    "RunCounts",
    "RunStep",
    "SameCall",
    "SavedView",
    "ScheduledReport",
    "Seal",
    "SealProof",
    "SenderDay",
    "ShareLink",
    "ShareLook",
    "Signature",
    "Student",
    "TaughtCalls",
    "TaughtRows",
    "UnfollowedEnd",
    "UsageDay",
    "UsageEntry",
    "UsageSignature",
    "Webhook",
]
