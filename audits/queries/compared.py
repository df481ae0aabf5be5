"""Whether anything that an approval's findings were told from was written since they were compared with what is frozen."""

import hashlib
from typing import Final

from django.db import connection
from django.utils import timezone

from audits.models import Rejudging, Run

# Whoever writes a row, by whatever way, leaves a new version of it, with a place and a transaction of its own (decision 0309).
_VERSIONS: Final = (
    "SELECT count(*), coalesce(sum(hashtextextended(t.ctid::text || ' ' || t.xmin::text, 0)), 0) FROM {} AS t"
)
_OF_RUN: Final = ("audits_finding", "audits_assesseduse", "audits_seal")
_OF_PROJECT: Final = ("audits_decision", "audits_remedy")
_OF_LIBRARY: Final = (
    "compliance_provider", "compliance_termsdocument", "compliance_version", "compliance_rule", "compliance_rulerevision",
    "compliance_clause", "compliance_clausetext",
)  # fmt: skip
_DECIDERS: Final = (
    "SELECT count(*), coalesce(sum(hashtextextended(concat_ws(' ', u.id, u.username, u.first_name, u.last_name), 0)), 0) "
    "FROM compliance_user AS u WHERE u.id IN (SELECT decided_by_id FROM audits_decision WHERE project_id = %(project)s)"
)
_QUERY: Final = " UNION ALL ".join(
    [
        *(f"{_VERSIONS.format(table)} WHERE t.run_id = %(run)s" for table in _OF_RUN),
        *(f"{_VERSIONS.format(table)} WHERE t.project_id = %(project)s" for table in _OF_PROJECT),
        *(_VERSIONS.format(table) for table in _OF_LIBRARY),
        _DECIDERS,
    ]
)


def rows_behind(run: Run) -> str:
    """A SHA-256 that is another once a finding of the run, a decision of its project, or what both are told with was written, and
    on another day, on which a waiver may have ended. Two queries, however many findings.
    """
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, {"run": run.pk, "project": run.pipeline.project_id})
        told = [tuple(map(int, row)) for row in cursor.fetchall()]
    judged = Rejudging.objects.order_by("-pk").values_list("pk", flat=True).first()
    return hashlib.sha256(repr((told, judged, timezone.localdate())).encode()).hexdigest()
