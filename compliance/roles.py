"""What each role may do: one table, read by compliance.access alone. Pure.

Two kinds of roles add up: one in the whole installation (User.Role) and one in a project (Membership.Role). Separations that
the table keeps on purpose: administrators run the house and decide nothing; who approves does not decide; notes that lawyers
keep among themselves are not read by engineers or administrators; auditors and viewers change nothing.
"""

from collections.abc import Iterable
from enum import StrEnum


class Deed(StrEnum):
    """Something that a person may do in a project."""

    SEE = "see its pipelines, runs, findings and reports"
    READ_CONTENTS = "read what was said in calls, and evidence bundles"
    RUN = "start and cancel audits, import usage"
    ANSWER = "answer questions about students"
    COMMENT = "take part in discussions"
    DECIDE = "decide findings"
    APPROVE = "approve audits"
    READ_PRIVILEGED = "read notes that lawyers keep among themselves"
    WRITE_PRIVILEGED = "write notes that lawyers keep among themselves"
    REPORT = "have reports made"
    SHARE = "share reports with people outside"
    KEEP = "set retention and legal holds"
    ADMINISTER = "say who belongs to the project"
    READ_TRAIL = "read the project's audit trail"


Deeds = frozenset[Deed]
NOTHING: Deeds = frozenset()
_READ = frozenset({Deed.SEE, Deed.READ_CONTENTS})
_LAWYER = _READ | {Deed.COMMENT, Deed.READ_PRIVILEGED, Deed.WRITE_PRIVILEGED}
_REVIEWER = _LAWYER | {Deed.DECIDE, Deed.ANSWER, Deed.REPORT, Deed.SHARE, Deed.KEEP, Deed.READ_TRAIL}
_ADMINISTRATOR = _READ | {
    Deed.RUN, Deed.ANSWER, Deed.COMMENT, Deed.REPORT, Deed.KEEP, Deed.ADMINISTER, Deed.READ_TRAIL,
}  # fmt: skip
_AUDITOR = _READ | {Deed.READ_PRIVILEGED, Deed.READ_TRAIL}

IN_PROJECT: dict[str, Deeds] = {
    "viewer": frozenset({Deed.SEE}),
    "engineer": _READ | {Deed.RUN, Deed.ANSWER, Deed.COMMENT, Deed.REPORT},
    "legal": _REVIEWER,
    "approver": _LAWYER | {Deed.APPROVE, Deed.REPORT, Deed.READ_TRAIL},
    "administrator": _ADMINISTRATOR,
    "auditor": _AUDITOR,
    "counsel": _LAWYER,
}
EVERYWHERE: dict[str, Deeds] = {
    "member": NOTHING,
    "legal": _REVIEWER | {Deed.APPROVE},
    "administrator": _ADMINISTRATOR,
    "auditor": _AUDITOR,
}
BY_PROGRAM: dict[str, Deeds] = {
    "read": frozenset({Deed.SEE, Deed.READ_TRAIL}),
    "contents": _READ,
    "run": frozenset({Deed.SEE, Deed.RUN}),
    "report": frozenset({Deed.SEE, Deed.REPORT}),
    "discuss": frozenset({Deed.SEE, Deed.COMMENT}),
}
"""What each scope of a token leaves of its maker's deeds. Judgements, privileged notes and the keeping of people and evidence
are in no scope: they take a person (decision 0286)."""
assert all(Deed.SEE in deeds for deeds in IN_PROJECT.values()), "whoever belongs to a project sees it"


def deeds_of(everywhere: str, in_project: str | None) -> Deeds:
    """What follows from a role in the installation and a role in the project; an unknown role gives nothing."""
    mine = EVERYWHERE.get(everywhere, NOTHING)
    return mine | IN_PROJECT.get(in_project, NOTHING) if in_project else mine


def roles_with(deed: Deed) -> frozenset[str]:
    """The roles in a project that allow it."""
    return frozenset(role for role, deeds in IN_PROJECT.items() if deed in deeds)


def deeds_by_program(scopes: Iterable[str]) -> Deeds:
    """What a token with these scopes can do at most; an unknown scope gives nothing."""
    return NOTHING.union(*(BY_PROGRAM.get(scope, NOTHING) for scope in scopes))
