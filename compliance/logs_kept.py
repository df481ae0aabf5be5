"""For how many days logs of telling are kept: notices of people, deliveries of webhooks with their attempts."""

from collections.abc import Mapping
from typing import Final

from django.core.exceptions import ImproperlyConfigured

LEAST_DAYS: Final = 90
"""The database itself refuses to forget attempts that are younger."""
USUAL_DAYS: Final = 365


def logs_kept_days(environ: Mapping[str, str]) -> int:
    """LOGS_KEPT_DAYS of the environment. Raises ImproperlyConfigured for less than LEAST_DAYS, and for what is no number."""
    said = environ.get("LOGS_KEPT_DAYS", "").strip()
    if not said:
        return USUAL_DAYS
    if not said.isascii() or not said.isdigit() or not LEAST_DAYS <= int(said[:9]) <= 36_500:
        raise ImproperlyConfigured(
            f"LOGS_KEPT_DAYS: {said[:40]!r} is no whole number of days from {LEAST_DAYS} to 36500"
        )
    return int(said)
