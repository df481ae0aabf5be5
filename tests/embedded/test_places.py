import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from compliance.embedded import places


def test_sockets_lie_below_var_when_the_path_is_short_enough(empty_var):
    assert places.socket_directory(empty_var) == empty_var / "sockets"


def test_a_long_path_gets_a_short_private_directory(distant_var):
    sockets = places.socket_directory(distant_var)

    assert len(str(places.postgres_socket(distant_var))) <= places.LONGEST_SOCKET_PATH
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["a b", "a,b", "a%b", "größe"])
def test_a_path_that_an_address_would_misread_gets_one_too(name):
    assert places.socket_directory(Path("/srv") / name) != Path("/srv") / name / "sockets"


def test_the_short_directory_is_found_again_by_a_shell_with_another_runtime_directory(
    distant_var, monkeypatch, tmp_path
):
    before = places.socket_directory(distant_var)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/var/tmp")

    assert places.socket_directory(distant_var) == before


def test_two_installations_never_share_a_short_directory(tmp_path):
    one, other = (tmp_path / ("deep" * 25) / name for name in ("one", "other"))

    assert places.socket_directory(one) != places.socket_directory(other)


def test_a_short_directory_laid_out_as_a_link_by_somebody_else_is_refused(distant_var, tmp_path):
    sockets = places.socket_directory(distant_var)
    sockets.rmdir()
    sockets.symlink_to(tmp_path)

    with pytest.raises(places.PlaceError, match="belongs to another user"):
        places.prepare_directories(distant_var)
    sockets.unlink()


def test_secrets_are_readable_by_their_owner_only(empty_var):
    places.secret(empty_var, "database")

    assert stat.S_IMODE((empty_var / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((empty_var / "secrets" / "database").stat().st_mode) == 0o600


def test_a_secret_is_made_once_and_differs_from_the_others(empty_var):
    assert (
        places.secret(empty_var, "database")
        == places.secret(empty_var, "database")
        != places.secret(empty_var, "broker")
    )


def test_many_who_ask_for_a_secret_at_once_get_the_same_one(empty_var):
    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(lambda _: places.secret(empty_var, "database"), range(64)))

    assert len(answers) == 1
    assert os.listdir(empty_var / "secrets") == ["database"]


def test_an_empty_secret_is_refused_by_name(empty_var):
    places.secret(empty_var, "database")
    (empty_var / "secrets" / "database").write_text("")

    with pytest.raises(places.PlaceError, match="secrets/database is empty"):
        places.secret(empty_var, "database")


def test_a_var_that_can_not_be_made_is_named():
    with pytest.raises(places.PlaceError, match="CLAUSETRAIL_VAR"):
        places.prepare_directories(Path("/proc/nowhere/var"))
