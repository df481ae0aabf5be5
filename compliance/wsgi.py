"""The web application for WSGI servers; granian serves it (docs/decisions/0003-web-server.md)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance.settings")
application = get_wsgi_application()

from django.urls import get_resolver  # noqa: E402 - it needs the settings

from audits.charts import warm_up  # noqa: E402 - it needs the settings

# The first visitor should not wait for the drawing engine, nor for every view and the interface's description to be read.
warm_up()
_ = get_resolver().url_patterns
