"""Saying what a model's name means, where the catalogue can't tell or tells it wrong."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from compliance.actions.trail import record
from compliance.engine.catalogue import canonical_name
from compliance.models import CatalogueEntry, ModelCorrection, Provider, TermsDocument, User


@transaction.atomic
def correct_model(
    *,
    name: str,
    developer: Provider | None,
    family: CatalogueEntry | None,
    base: CatalogueEntry | None,
    licences: Sequence[TermsDocument],
    open_weights: bool,
    reason: str,
    acting_user: User,
) -> ModelCorrection:
    """Record a person's word on a name; a later one adds to the history. What was recorded is judged anew after the commit.

    A `family` says everything else too. Neither developer nor family takes the former word back. Raises ValidationError when
    the parts contradict each other, or no reason is given.
    """
    if not reason.strip():
        raise ValidationError({"reason": "Say why: what a model is decides which terms govern it."})
    known = family.definition["developer"] if family else developer.slug if developer else ""
    if family and developer and developer.slug != known:
        raise ValidationError({"family": f"{family} is a family of {known}, not of {developer}."})
    if not known and (base or licences or open_weights):
        raise ValidationError({"developer": "Say who developed it: a base and licences alone name no terms."})
    word = ModelCorrection.objects.create(
        name=canonical_name(name)[:300],
        developer=known,
        family=family.pattern if family else "",
        base=base.pattern if base else "",
        licences=[licence.identifier for licence in licences],
        open_weights=open_weights or bool(licences),
        reason=reason.strip(),
        corrected_by=acting_user,
    )
    record(
        acting_user=acting_user, action="model named", subject=word, asked_as=name, developer=known, family=word.family,
        base=word.base, licences=word.licences, reason=word.reason,
    )  # fmt: skip
    return word
