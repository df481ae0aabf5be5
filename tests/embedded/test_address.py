import contextlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from compliance.embedded.address import AddressError, broker_url, database_settings, database_url

NOWHERE = Path("/nowhere")
words = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=20)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose sockets fit an address, however long the name of who runs the tests."""
    with TemporaryDirectory(dir="/tmp", prefix="ct-") as folder:
        yield Path(folder)


def test_without_a_url_the_embedded_server_is_meant(short_path):
    settings = database_settings(None, short_path)

    assert settings["HOST"] == str(short_path / "sockets")
    assert (settings["NAME"], settings["USER"]) == ("clausetrail", "clausetrail")
    assert len(str(settings["PASSWORD"])) > 40


def test_an_empty_url_counts_as_none(tmp_path):
    assert database_settings("", tmp_path) == database_settings(None, tmp_path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "POSTGRES"])
def test_a_url_names_user_password_host_port_and_database(scheme):
    settings = database_settings(f"{scheme}://anna:s%40fe%2F@db.example:5433/claus%20trail?sslmode=require", NOWHERE)

    assert settings["USER"] == "anna"
    assert settings["PASSWORD"] == "s@fe/"
    assert settings["HOST"] == "db.example"
    assert settings["PORT"] == "5433"
    assert settings["NAME"] == "claus trail"
    assert settings["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize(
    "url",
    [
        "postgres://anna@%2Frun%2Fpostgresql/ct",
        "postgresql://anna@/ct?host=/run/postgresql",
        "postgresql:///ct?user=anna&host=/run/postgresql",
    ],
)
def test_a_socket_directory_may_be_the_host(url):
    settings = database_settings(url, NOWHERE)

    assert (settings["HOST"], settings["USER"], settings["NAME"]) == ("/run/postgresql", "anna", "ct")


def test_several_hosts_and_ipv6_are_understood():
    settings = database_settings("postgres://u@first:1,[::1]:2,third:3/ct?target_session_attrs=read-write", NOWHERE)

    assert settings["HOST"] == "first,::1,third"
    assert settings["PORT"] == "1,2,3"


def test_an_ipv6_address_without_a_port_is_understood():
    assert database_settings("postgres://u@[2001:db8::1]/ct", NOWHERE)["HOST"] == "2001:db8::1"


def test_the_life_of_connections_is_set_in_the_url():
    settings = database_settings("postgres://u@h/ct?conn_max_age=0&conn_health_checks=false", NOWHERE)

    assert settings["CONN_MAX_AGE"] == 0
    assert settings["CONN_HEALTH_CHECKS"] is False
    assert "OPTIONS" not in settings


def test_a_plus_sign_stands_for_itself():
    assert database_settings("postgres://u@h/ct?application_name=a+b", NOWHERE)["OPTIONS"] == {
        "application_name": "a+b"
    }


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://u:secret@h/ct", "must begin with postgres://"),
        ("h/ct", "must begin with postgres://"),
        ("postgres://u:secret@h:port/ct", "port must be a number"),
        ("postgres://u:secret@h:70000/ct", "port must be a number"),
        ("postgres://u:secret@[::1/ct", "in brackets"),
        ("postgres://u:secret@h", "names no database"),
        ("postgres://u:secret@h/", "names no database"),
        ("postgres://u:secret@h/ct?sslmod=require", "no connection parameter 'sslmod'"),
        ("postgres://u:secret@h/ct?sslmode", "key=value"),
        ("postgres://u:secret@h/ct?conn_max_age=soon", "conn_max_age must be seconds"),
        ("postgres://u:secret%00@h/ct", "NUL byte"),
        ("postgres://u:secret%ff@h/ct", "not percent-encoded UTF-8"),
    ],
)
def test_a_url_that_can_not_be_read_names_the_part_and_keeps_the_password_secret(url, complaint):
    with pytest.raises(AddressError, match="DATABASE_URL") as refused:
        database_settings(url, NOWHERE)

    assert complaint in str(refused.value)
    assert "secret" not in str(refused.value)


@given(user=words, password=words, name=words, application=words)
def test_whatever_is_percent_encoded_comes_back_as_libpq_reads_it(user, password, name, application):
    encoded = [quote(text, safe="") for text in (user, password, name)]
    url = "postgresql://{}:{}@h/{}?".format(*encoded) + urlencode({"application_name": application}, quote_via=quote)

    settings = database_settings(url, NOWHERE)

    ours = {
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "dbname": settings["NAME"],
        "host": settings["HOST"],
    }
    assert ours | {"application_name": application} == conninfo_to_dict(url)
    assert settings["OPTIONS"] == {"application_name": application}


@given(st.text(max_size=60))
def test_no_text_whatsoever_raises_anything_but_our_complaint(text):
    with contextlib.suppress(AddressError):
        assert database_settings("postgres://" + text, NOWHERE)["NAME"]


def test_settings_become_a_url_again(tmp_path):
    settings = database_settings(None, tmp_path)

    assert database_settings(database_url(settings), NOWHERE) == settings


def test_the_broker_is_a_socket_with_a_password(short_path):
    assert broker_url(short_path).startswith("redis+socket://:")
    assert broker_url(short_path).endswith(f"@{short_path}/sockets/valkey.sock")
