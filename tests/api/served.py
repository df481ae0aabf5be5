"""The settings of a web server that a test starts: an installation's, without the manifest that collectstatic makes."""

from compliance.settings import *  # noqa: F403

STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
