"""The terms side of Clausetrail: what was promised, by whom, when."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin


class ComplianceConfig(AppConfig):
    name = "compliance"
    verbose_name = "Terms and rules"
    default_auto_field = "django.db.models.BigAutoField"


class AdminSiteConfig(admin.AdminConfig):
    """The admin on a site of our own; it stands in INSTALLED_APPS instead of django.contrib.admin."""

    default = False
    default_site = "compliance.site.ClausetrailAdminSite"
