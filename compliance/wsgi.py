"""The web application for WSGI servers; granian serves it (docs/decisions/0003-web-server.md)."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance.settings")
application = get_wsgi_application()

from django.urls import get_resolver  # noqa: E402 - it needs the settings

from audits.charts import warm_up  # noqa: E402 - it needs the settings
from compliance.page_templates import read_templates  # noqa: E402 - it needs the settings

# The first visitor should not wait for the drawing engine, nor for views, templates and the description of the interface.
warm_up()
_ = get_resolver().url_patterns
read_templates()

# What stands by now stays: without this, whoever comes when Python looks for garbage waits a fifth of a second while it goes
# through all of it (docs/decisions/0329-what-stands-at-the-start-is-not-looked-through.md). What requests leave is looked for in
# larger portions: nearly all of it is gone before.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
