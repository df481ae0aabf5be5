import os
import subprocess
import sys
from pathlib import Path

from compliance.embedded.application import PROJECT

PRODUCTION = {
    "DATABASE_URL": "postgres://clausetrail:secret@db.internal:5432/clausetrail?sslmode=verify-full",
    "CELERY_BROKER_URL": "rediss://:secret@broker.internal:6379/0",
    "EVIDENCE_URL": "file:///srv/clausetrail/evidence",
    "SECRET_KEY": "x4J-vq9Tn2_Lb7Rk0Zy5Wd8Hs3Gf6Pc1Ma4Ue7Io2Qj5Xt8Bn-example",
    "ALLOWED_HOSTS": "audits.example,audits.internal",
}


def check(var: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    machine = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    command = [sys.executable, "manage.py", "check", *arguments]
    environment = machine | {"CLAUSETRAIL_VAR": str(var)} | environment
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def test_production_differs_by_the_environment_only_and_passes_the_deployment_checks(tmp_path):
    answer = check(tmp_path / "var", "--deploy", "--fail-level", "DEBUG", **PRODUCTION)

    assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout


def test_production_writes_no_secret_of_its_own(tmp_path):
    check(tmp_path / "var", **PRODUCTION)

    assert not (tmp_path / "var").exists()


def test_a_database_url_that_can_not_be_read_is_named_and_its_password_is_not(tmp_path):
    answer = check(tmp_path / "var", **PRODUCTION | {"DATABASE_URL": "postgres://u:hidden@h:port/ct"})

    assert answer.returncode != 0
    assert "DATABASE_URL: the port must be a number" in answer.stderr
    assert "hidden" not in answer.stderr
