"""The web application for ASGI servers. Set `?conn_max_age=0` in DATABASE_URL there: its threads come and go.

No more of a request is read than its address takes (compliance.api.bounds): such servers hand on bodies of any length.
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance.settings")
_django = get_asgi_application()

from compliance.api.bounds import Bounded  # noqa: E402 - it needs the settings

application = Bounded(_django)
