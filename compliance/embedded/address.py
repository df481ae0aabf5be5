"""Addresses of the database and the broker for the settings: of the environment, or the embedded servers' sockets."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode

from compliance.embedded.places import POSTGRES_PORT, secret, socket_directory, valkey_socket

DATABASE_NAME = DATABASE_USER = "clausetrail"
EXAMPLE = "postgres://user:password@host:5432/name?sslmode=require"

# Parameters of the connection that are Django's own; all others go to libpq, whose names they must be.
_DJANGO_PARAMETERS = {"conn_max_age", "conn_health_checks"}
_LIBPQ_PARAMETERS = frozenset(
    [
        "application_name",
        "channel_binding",
        "client_encoding",
        "connect_timeout",
        "fallback_application_name",
        "gssdelegation",
        "gssencmode",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "krbsrvname",
        "load_balance_hosts",
        "max_protocol_version",
        "min_protocol_version",
        "options",
        "passfile",
        "replication",
        "require_auth",
        "requirepeer",
        "service",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "sslcert",
        "sslcertmode",
        "sslcompression",
        "sslcrl",
        "sslcrldir",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslpassword",
        "sslrootcert",
        "sslsni",
        "target_session_attrs",
        "tcp_user_timeout",
    ]
)


class AddressError(ValueError):
    """A URL of the environment can't be read; the message names the part and never shows the password."""


def database_settings(url: str | None, var: Path) -> dict[str, object]:
    """A Django DATABASES entry: from `url` (DATABASE_URL) when given, else the embedded server's socket under `var`.

    Understood are postgres:// and postgresql:// URLs as libpq reads them: percent-encoding, several hosts, a socket
    directory as host (`postgres://user@%2Frun%2Fpostgresql/name` or `postgresql:///name?host=/run/postgresql`), and
    options after `?`.
    Raises AddressError.
    """
    parts = _read(url) if url else _embedded(var)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 600,  # whoever comes after a new connection waits for PostgreSQL to read its catalogue anew
        "CONN_HEALTH_CHECKS": True,
        **parts,
    }


def broker_url(var: Path) -> str:
    """The embedded broker's address for Celery: a unix socket under `var`, with its password."""
    return f"redis+socket://:{quote(secret(var, 'broker'), safe='')}@{quote(str(valkey_socket(var)))}"


def cache_settings(url: str) -> dict[str, object]:
    """Django's cache on the Redis or Valkey of this URL, in its database 1; each process for itself when it is another broker."""
    if not url.startswith(("redis://", "rediss://", "redis+socket://", "unix://")):
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    place = url.replace("redis+socket://", "unix://", 1)
    return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": place, "OPTIONS": {"db": 1}}


def database_url(settings: Mapping[str, object]) -> str:
    """The URL that `database_settings` reads back into these settings; for handing a database to another process."""
    query = {"host": str(settings["HOST"]), "port": str(settings["PORT"])}
    user, password = (quote(str(settings[key]), safe="") for key in ("USER", "PASSWORD"))
    query = {key: value for key, value in query.items() if value}
    return f"postgresql://{user}:{password}@/{quote(str(settings['NAME']), safe='')}?{urlencode(query)}"


def _embedded(var: Path) -> dict[str, object]:
    return {
        "NAME": DATABASE_NAME,
        "USER": DATABASE_USER,
        "PASSWORD": secret(var, "database"),
        "HOST": str(socket_directory(var)),
        "PORT": str(POSTGRES_PORT),
    }


def _read(url: str) -> dict[str, object]:
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() not in ("postgres", "postgresql"):
        raise AddressError(f"DATABASE_URL must begin with postgres:// or postgresql://, like {EXAMPLE}")
    rest, _, query = rest.partition("?")
    authority, _, name = rest.partition("/")
    credentials, _, hosts = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    host, port = _hosts(hosts)
    found = {
        "NAME": _decoded(name, "name"),
        "USER": _decoded(user, "user"),
        "PASSWORD": _decoded(password, "password"),
        "HOST": host,
        "PORT": port,
    }
    return _with_parameters(found, query)


def _hosts(text: str) -> tuple[str, str]:
    """'a:1,[::1]:2' as libpq's ('a,::1', '1,2'); ports are left out when none is given."""
    hosts, ports = [], []
    for one in text.split(","):
        host, port = _host_and_port(one)
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise AddressError(f"DATABASE_URL: the port must be a number from 1 to 65535, like {EXAMPLE}")
        hosts.append(_decoded(host, "host"))
        ports.append(port)
    return ",".join(hosts), ",".join(ports) if any(ports) else ""


def _host_and_port(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise AddressError("DATABASE_URL: an IPv6 host is written in brackets, like [::1]:5432")
        return host, rest[1:]
    host, _, port = text.partition(":")
    return host, port


def _with_parameters(found: dict[str, str], query: str) -> dict[str, object]:
    named = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    django: dict[str, object] = {}
    options: dict[str, object] = {}
    for key, value in _pairs(query):
        if key in named:
            found[named[key]] = value
        elif key in _DJANGO_PARAMETERS:
            django[key.upper()] = _django_value(key, value)
        elif key in _LIBPQ_PARAMETERS:
            options[key] = value
        else:
            raise AddressError(f"DATABASE_URL: PostgreSQL knows no connection parameter {key!r}")
    if not found["NAME"]:
        raise AddressError(f"DATABASE_URL names no database; it is what stands after the host, like {EXAMPLE}")
    return {**found, **django, **({"OPTIONS": options} if options else {})}


def _pairs(query: str) -> list[tuple[str, str]]:
    # libpq takes + literally, unlike HTML forms.
    try:
        return parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except ValueError as error:
        raise AddressError("DATABASE_URL: what follows ? must read key=value&key=value, percent-encoded") from error


def _django_value(key: str, value: str) -> object:
    if key == "conn_health_checks" and value in ("true", "false"):
        return value == "true"
    if key == "conn_max_age" and value == "none":
        return None
    if key == "conn_max_age" and value.isascii() and value.isdigit():
        return int(value)
    raise AddressError(
        f"DATABASE_URL: {key} must be {'true or false' if key.endswith('checks') else 'seconds, or none'}"
    )


def _decoded(text: str, part: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise AddressError(f"DATABASE_URL: the {part} is not percent-encoded UTF-8") from error
    if "\x00" in decoded:
        raise AddressError(f"DATABASE_URL: the {part} holds a NUL byte")
    return decoded
