"""Policies handed to gateways: written, kept as they were handed out, and told in the trail."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from compliance.actions.trail import record
from compliance.engine.portfolio import Cell
from compliance.exchange.gateways import CHOICES, Head, NothingToLetThrough
from compliance.exchange.litellm import to_litellm
from compliance.exchange.openrouter import to_guardrail, to_preferences
from compliance.exchange.portfolio_tables import matrix_sha256
from compliance.models import IssuedPolicy, Project, User
from compliance.queries.portfolio import Portfolio

Form = IssuedPolicy.Form
SUFFIX: Mapping[str, str] = {Form.LITELLM: "yaml", Form.OPENROUTER: "json", Form.GUARDRAIL: "json"}


@transaction.atomic
def issue_policy(
    *, form: str, portfolio: Portfolio, conditional: str, unknown: bool, project: Project | None, acting_user: User
) -> IssuedPolicy:
    """Write a policy from the matrix and keep it with what it was made from.

    Raises ValidationError naming the field: an unknown form or choice, several purposes where the form takes one, or a policy
    that would let nothing through.
    """
    if form not in Form.values:
        raise ValidationError({"form": f"Choose one of: {', '.join(Form.values)}."})
    if conditional not in CHOICES:
        raise ValidationError({"conditional": f"Choose one of: {', '.join(CHOICES)}."})
    asked = portfolio.asked
    if form != Form.LITELLM and len(asked.purposes) != 1:
        raise ValidationError({"purpose": "OpenRouter takes one purpose for each file. Choose it."})
    digest = matrix_sha256(portfolio.rows)
    head = Head(asked.on, portfolio.rulebook_sha256, digest, asked.facts, asked.agreements, conditional, unknown)
    content = _written(form, head, portfolio)
    policy = IssuedPolicy.objects.create(
        form=form, on=asked.on, purposes=list(asked.purposes), rulebook_sha256=portfolio.rulebook_sha256,
        matrix_sha256=digest, matrix=states_of(portfolio.rows), content=content, project=project, made_by=acting_user,
        content_sha256=hashlib.sha256(content.encode()).hexdigest(),
        asked={
            "facts": dict(asked.facts), "served_by": asked.served_by, "shown": asked.shown, "provider": asked.provider,
            "agreements": asked.agreements, "conditional": conditional, "unknown": unknown,
        },
    )  # fmt: skip
    record(
        acting_user=acting_user, action="policy issued", subject=policy, project=project, form=form,
        rulebook=policy.rulebook_sha256, content=policy.content_sha256,
    )  # fmt: skip
    return policy


def _written(form: str, head: Head, portfolio: Portfolio) -> str:
    try:
        if form == Form.LITELLM:
            return to_litellm(head, portfolio.rows)
        writer = to_preferences if form == Form.OPENROUTER else to_guardrail
        return writer(head, portfolio.rows, portfolio.asked.purposes[0])
    except NothingToLetThrough as problem:
        raise ValidationError(str(problem)) from problem


def states_of(rows: Sequence[Sequence[Cell]]) -> dict[str, dict[str, Any]]:
    """Way → purpose → state and the rules it rests on: what is compared with a later day."""
    return {
        row[0].way.key: {
            one.activity: {
                "state": one.state.value,
                "brief": one.brief,
                "rules": [f"{verdict.rule.id} r{verdict.rule.revision}" for verdict in one.deciding],
            }
            for one in row
        }
        for row in rows
    }
