"""People, providers, documents, clauses, rules, agreements."""

from compliance.models.agreements import Agreement
from compliance.models.answered import AnsweredRequest
from compliance.models.corrections import ModelCorrection
from compliance.models.documents import Clause, ClauseText, Snapshot, SourceDocument, TermsDocument, Version
from compliance.models.incoming import Arrival, TermsChange, Watch, WatchedHost
from compliance.models.invitations import Invitation
from compliance.models.library_changes import LibraryChange
from compliance.models.people import Membership, Project, TrailEntry, User
from compliance.models.policies import HouseRules, IssuedPolicy
from compliance.models.providers import CatalogueEntry, Governance, Provider
from compliance.models.rules import Rule, RuleRevision
from compliance.models.suggestions import Anchoring, Suggestion, VersionReading
from compliance.models.tokens import ApiToken

__all__ = [
    "Agreement",
    "Anchoring",
    "AnsweredRequest",
    "ApiToken",
    "Arrival",
    "CatalogueEntry",
    "Clause",
    "ClauseText",
    "Governance",
    "HouseRules",
    "Invitation",
    "IssuedPolicy",
    "LibraryChange",
    "Membership",
    "ModelCorrection",
    "Project",
    "Provider",
    "Rule",
    "RuleRevision",
    "Snapshot",
    "SourceDocument",
    "Suggestion",
    "TermsChange",
    "TermsDocument",
    "TrailEntry",
    "User",
    "Version",
    "VersionReading",
    "Watch",
    "WatchedHost",
]
