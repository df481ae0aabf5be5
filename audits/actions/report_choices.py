"""Options kept under a name, and the name, colour and logo that a project's reports carry."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from audits.models import ReportBrand, ReportPreset
from compliance.actions.trail import record
from compliance.models import Project, User

MOST_PRESETS: Final = 40
NOT_KEPT: Final = ("scope", "since")
"""What a preset says nothing of: it is for any report."""


@transaction.atomic
def keep_preset(
    *, name: str, options: Mapping[str, Any], acting_user: User, project: Project | None = None
) -> ReportPreset:
    """Keep options under a name, for oneself, or for all who have a project's reports made. The same name is kept anew.

    Raises ValidationError without a name, or when there are too many.
    """
    name = name.strip()
    if not name or len(name) > 80:
        raise ValidationError({"name": "Give the choice a name of at most 80 characters."})
    owner = None if project else acting_user
    held = ReportPreset.objects.filter(owner=owner, project=project)
    if held.exclude(name=name).count() >= MOST_PRESETS:
        raise ValidationError({"name": f"At most {MOST_PRESETS} are kept. Remove one first."})
    kept = {key: value for key, value in options.items() if key not in NOT_KEPT}
    preset, _ = held.update_or_create(
        name=name, defaults={"options": kept, "made_by": acting_user}, create_defaults={
            "name": name, "owner": owner, "project": project, "options": kept, "made_by": acting_user,
        },
    )  # fmt: skip
    if project:
        record(acting_user=acting_user, action="report preset kept", subject=preset, project=project)
    return preset


@transaction.atomic
def forget_preset(*, preset: ReportPreset, acting_user: User) -> None:
    """Remove options kept under a name."""
    if preset.project:
        record(acting_user=acting_user, action="report preset removed", subject=preset, project=preset.project)
    preset.delete()


@transaction.atomic
def set_brand(
    *, project: Project | None, name: str, colour: str, acting_user: User, logo_sha256: str | None = None
) -> ReportBrand:
    """What reports of a project carry; without a project: reports about more than one. `logo_sha256` None leaves the logo."""
    fields = {"name": name, "colour": colour, "set_by": acting_user}
    if logo_sha256 is not None:
        fields |= {"logo_sha256": logo_sha256, "logo_type": "image/png" if logo_sha256 else ""}
    brand, _ = ReportBrand.objects.update_or_create(project=project, defaults=fields)
    record(acting_user=acting_user, action="report brand set", subject=brand, project=project, logo=brand.logo_sha256)
    return brand
