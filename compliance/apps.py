"""The terms side of Clausetrail: what was promised, by whom, when."""

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "compliance"
    verbose_name = "Terms and rules"
    default_auto_field = "django.db.models.BigAutoField"
