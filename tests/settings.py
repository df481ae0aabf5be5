"""The settings of the test session: Clausetrail's own, on servers of the session's own."""

from tests.servers import prepare_environment

prepare_environment()

from compliance.settings import *  # noqa: E402, F403 - it reads the environment prepared above

# collectstatic makes the manifest of static files, and tests of pages do without it; hashing passwords is slow on purpose.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
