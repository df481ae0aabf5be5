import pytest
from django.db import connection


@pytest.mark.django_db
def test_the_session_has_a_database_of_its_own():
    with connection.cursor() as cursor:
        cursor.execute("select current_database(), current_setting('fsync')")
        assert cursor.fetchone()[0].startswith("test_clausetrail")
