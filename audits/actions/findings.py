"""Storing what matching found. Findings are computed and may be computed again; decisions are kept beside them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from audits.matching.verdicts import FindingDraft, JudgedUse
from audits.models import AssessedUse, Finding, Run
from compliance.engine.facts import Fact
from compliance.models import RuleRevision


@transaction.atomic
def store_findings(*, run: Run, judged: Sequence[JudgedUse], drafts: Sequence[FindingDraft]) -> list[Finding]:
    """Write the assessed uses and the findings of a run, numbered from 1 in the order given."""
    uses = AssessedUse.objects.bulk_create(use_row(run, one) for one in judged)
    revisions = published_revisions(draft.rule for draft in drafts)
    return Finding.objects.bulk_create(
        finding_row(run, draft, number, uses, revisions.get(draft.rule)) for number, draft in enumerate(drafts, 1)
    )


def finding_row(
    run: Run, draft: FindingDraft, number: int, uses: Sequence[AssessedUse], revision: RuleRevision | None
) -> Finding:
    """A finding as it is stored. `uses`: the run's assessed uses, in the order that the draft's positions count."""
    return Finding(
        run=run,
        use=uses[draft.uses[0]] if draft.uses else None,
        number=number,
        key=draft.key[:500],
        kind=draft.kind,
        outcome=draft.outcome,
        level=draft.level,
        provider=draft.provider,
        title=draft.title[:300],
        sentence=draft.sentence,
        rule_revision=revision,
        document=draft.document,
        version=draft.version,
        section=draft.section,
        because=list(draft.because),
        missing_facts=list(draft.missing_facts),
        detail={**draft.detail, "uses": [uses[position].pk for position in draft.uses]},
        calls=draft.calls,
        rows=draft.rows,
        basis_sha256=draft.basis_sha256,
    )


def use_row(run: Run, one: JudgedUse) -> AssessedUse:
    """An assessed use as it is stored."""
    use = one.use
    return AssessedUse(
        run=run,
        provider=use.provider,
        served_by=use.served_by,
        model=use.model,
        activity=use.activity,
        first_on=use.day,
        last_on=one.last_on,
        calls=use.calls,
        rows=use.rows,
        outcome=one.answer["outcome"],
        facts=facts_as_json(use.facts),
        answer=dict(one.answer),
        simulated=use.simulated,
        days={day.isoformat(): calls for day, calls in sorted(one.days.items())},
        law_sha256=one.law_sha256,
    )


def facts_as_json(facts: Mapping[str, Fact]) -> dict[str, dict[str, Any]]:
    """Facts as they are stored and shown: value, source, who said so, note."""
    return {
        path: {
            "value": fact.value if isinstance(fact.value, str | bool | int | float) else str(fact.value),
            "source": fact.source,
            "by": fact.by,
            "note": fact.note,
        }
        for path, fact in facts.items()
    }


def published_revisions(identifiers: Iterable[str]) -> dict[str, RuleRevision]:
    """The published revision of each named rule. One query."""
    published = RuleRevision.objects.filter(
        rule__identifier__in={name for name in identifiers if name}, status=RuleRevision.Status.PUBLISHED
    ).select_related("rule")
    return {revision.rule.identifier: revision for revision in published}
