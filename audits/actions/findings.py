"""Storing what matching found. Findings are computed and may be computed again; decisions are kept beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from audits.matching.verdicts import FindingDraft, JudgedUse
from audits.models import AssessedUse, Finding, Run
from compliance.engine.facts import Fact
from compliance.models import RuleRevision


@transaction.atomic
def store_findings(*, run: Run, judged: Sequence[JudgedUse], drafts: Sequence[FindingDraft]) -> list[Finding]:
    """Write the assessed uses and the findings of a run, numbered from 1 in the order given."""
    uses = AssessedUse.objects.bulk_create(_use(run, one) for one in judged)
    revisions = _published(draft.rule for draft in drafts)
    return Finding.objects.bulk_create(
        Finding(
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
            rule_revision=revisions.get(draft.rule),
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
        for number, draft in enumerate(drafts, 1)
    )


def _use(run: Run, one: JudgedUse) -> AssessedUse:
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


def _published(identifiers: Any) -> dict[str, RuleRevision]:
    published = RuleRevision.objects.filter(
        rule__identifier__in={name for name in identifiers if name}, status=RuleRevision.Status.PUBLISHED
    ).select_related("rule")
    return {revision.rule.identifier: revision for revision in published}
