"""The lawyers' desk, as the tests of the admin have it."""

from tests.admin.conftest import desk, live_desk  # noqa: F401
