"""The web application for ASGI servers. Set `?conn_max_age=0` in DATABASE_URL there: its threads come and go."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance.settings")
application = get_asgi_application()
