"""A step back and forth over what guards sealed rows: undoing an upgrade must not lose a guard, nor be held up by one."""

from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from audits.migrations._sealed import BACKWARD, FORWARD
from tests.evidence.sealed import sealed_run

pytestmark = pytest.mark.django_db
# Later migrations put other versions in their places, which a step back over this one alone does not know.
REPLACED_LATER = ["audits_keep_report", "audits_keep_imported"]


def guards() -> set[str]:
    """The triggers and functions of the audits, as PostgreSQL writes them, with how triggers are enabled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%%s of %%s, %%s: %%s', tgname, tgrelid::regclass, tgenabled, pg_get_triggerdef(oid))"
            " FROM pg_trigger WHERE NOT tgisinternal AND tgname <> 'no_truncate'"
            " UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND proname LIKE 'audits%%' AND proname <> ALL(%s)",
            [REPLACED_LATER],
        )
        return {text for (text,) in cursor.fetchall()}


def rename(run: int, host: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE audits_exchange SET host = %s WHERE run_id = %s", [host, run])


def test_the_guards_of_sealed_rows_are_taken_off_and_put_back_as_they_were(tmp_path: Path) -> None:
    run = sealed_run(tmp_path).pk
    before = guards()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(BACKWARD)
        rename(run, "unguarded.example")
        assert not [one for one in guards() if "audits_keep_sealed" in one]
        cursor.execute(FORWARD)
    assert guards() == before
    with pytest.raises(IntegrityError, match="is refused"):
        rename(run, "guarded.example")
