"""The logo that a report carries, taken into the context, so that the report says what it shows."""

import base64

from django.conf import settings
from django.db.models import Q

from audits.evidence.store import Missing, open_store
from audits.models import ReportBrand
from audits.reporting.context.material import Material


def logo_of(material: Material) -> str:
    """The logo as a data: address of a PNG; empty without one.

    Only a logo that was given for one of the report's projects, or for the organisation: other content of the store is no logo.
    """
    sha256 = material.options.brand.logo_sha256
    theirs = Q(project__in=[one.pk for one in material.projects]) | Q(project=None)
    if not sha256 or not ReportBrand.objects.filter(theirs, logo_sha256=sha256).exists():
        return ""
    try:
        with open_store(settings.EVIDENCE_URL).open(sha256) as stored:
            return f"data:image/png;base64,{base64.b64encode(stored.read()).decode()}"
    except Missing:
        return ""
