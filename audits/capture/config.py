"""What a recorder is told before it starts: a frozen, strict configuration that travels as one JSON file.

The file may hold secret values, so `write_config` makes it readable by its owner only and `take_config` deletes it
once read. Nothing of it appears in a process's arguments or environment.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from audits.capture.allowance import Allowance, AllowanceError, allowance_from

Phase = Literal["setup", "execute"]
Policy = Literal["intercept", "splice", "refuse"]
# What is kept of contents: all of it; with personal data under pseudonyms; or hashes, sizes and token counts alone.
Content = Literal["full", "masked", "hashes"]

PHASES: tuple[Phase, ...] = ("setup", "execute")
POLICIES: tuple[Policy, ...] = ("intercept", "splice", "refuse")
CONTENTS: tuple[Content, ...] = ("full", "masked", "hashes")
# A shorter value would be found by chance all over the recorded bytes, and masking it would falsify them.
SHORTEST_SECRET = 6


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the key and what would mend it."""


@dataclass(frozen=True)
class Listeners:
    """Inherited, already listening or bound sockets, as file descriptor numbers of the recorder's process.

    transparent: TCP, connections redirected to it (original destination by SO_ORIGINAL_DST).
    proxy: TCP, an explicit HTTP proxy (CONNECT and absolute-form requests).
    dns: UDP, answered with synthetic addresses. udp_sink: UDP with IP_RECVORIGDSTADDR, recorded as refused.
    """

    transparent: tuple[int, ...] = ()
    proxy: tuple[int, ...] = ()
    dns: tuple[int, ...] = ()
    udp_sink: tuple[int, ...] = ()

    def all(self) -> tuple[int, ...]:
        """Every descriptor named, in a stable order."""
        return self.transparent + self.proxy + self.dns + self.udp_sink


@dataclass(frozen=True)
class Secret:
    """A credential the audited program holds only as `placeholder`; `value` goes out to `hosts` and nowhere else."""

    name: str
    placeholder: str
    value: str = field(repr=False)
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    """Bounds, in bytes, seconds and counts; `max_exchanges` None means unlimited.

    idle_seconds bounds the silence of a connection while an exchange is under way (long generations are slow),
    keep_alive_seconds the silence between exchanges, first_bytes_seconds the wait for a client that has connected.
    park_seconds is how long an upstream connection may wait for another client connection; it stays below the idle
    time-outs servers use, so that a request never meets a connection just being closed.
    """

    max_request_body: int = 2 * 1024**3
    max_exchanges: int | None = None
    first_bytes_seconds: float = 15.0
    connect_seconds: float = 30.0
    idle_seconds: float = 1800.0
    keep_alive_seconds: float = 300.0
    park_seconds: float = 2.0
    grace_seconds: float = 10.0
    backlog_bytes: int = 64 * 1024**2


@dataclass(frozen=True)
class Recording:
    """An earlier record that answers in the far end's place: its file, and the folder its bodies lie in.

    name: what refusals call it.
    """

    record: Path
    blobs: Path
    name: str


@dataclass(frozen=True)
class RecorderConfig:
    """Everything a recorder needs; see `from_json` for the checks.

    default_policy None stands for the phase's own: `intercept` in execute, `refuse` in setup.
    policies and upstreams are keyed by host name; a key that begins with "*." covers the names below it.
    private_hosts may resolve to addresses that are not public (an in-house model server); no other name may, so that
    a name which resolves to 127.0.0.1 is no way back into the machine the recorder runs on.
    mask_salt makes the fingerprints of credentials; keep one per installation to compare them between runs. Empty: a
    salt made for this recorder alone.
    allowance: bounds held before a call leaves. recording: replay, in which nothing leaves at all.
    content: what is kept of bodies.
    """

    run_id: str
    phase: Phase
    spool_directory: Path
    blob_directory: Path
    ca_certificate: Path
    ca_key: Path
    listeners: Listeners = Listeners()
    default_policy: Policy | None = None
    policies: Mapping[str, Policy] = field(default_factory=dict)
    upstreams: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    private_hosts: tuple[str, ...] = ()
    mask_salt: str = field(default="", repr=False)
    limits: Limits = Limits()
    allowance: Allowance | None = None
    recording: Recording | None = None
    content: Content = "full"

    def policy_for(self, host: str) -> Policy:
        """The policy of a host name or address literal, any case, with or without a trailing dot."""
        found: Policy | None = match_host(self.policies, host)
        if found is not None:
            return found
        if match_host(self.upstreams, host) is not None:
            return "intercept"
        return self.default_policy or ("intercept" if self.phase == "execute" else "refuse")

    def upstream_for(self, host: str) -> str | None:
        """The URL that stands in for `host`, or None: the real host is meant."""
        url: str | None = match_host(self.upstreams, host)
        return url

    def may_be_private(self, host: str) -> bool:
        """Whether `host` may resolve to an address that is not public."""
        return match_host(dict.fromkeys(self.private_hosts, True), host) is not None

    def to_json(self) -> str:
        """The whole configuration, secret values included."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> RecorderConfig:
        """Parse and check; raises ConfigError naming the key. Unknown keys are errors, never ignored."""
        try:
            raw = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f"the recorder's configuration is not JSON (line {error.lineno}: {error.msg})") from error
        values = _known(cls, raw, "configuration")
        for key in ("spool_directory", "blob_directory", "ca_certificate", "ca_key"):
            values[key] = Path(_text(values, key))
        values["listeners"] = _listeners(values.get("listeners", {}))
        values["limits"] = Limits(**_known(Limits, values.get("limits", {}), "limits"))
        values["secrets"] = tuple(_secret(item) for item in values.get("secrets", ()))
        values["private_hosts"] = tuple(values.get("private_hosts", ()))
        values["recording"] = _recording(values.get("recording"))
        try:
            values["allowance"] = allowance_from(values.get("allowance"))
        except AllowanceError as error:
            raise ConfigError(str(error)) from error
        config = cls(**values)
        config.check()
        return config

    def check(self) -> None:
        """Raise ConfigError for the first value that cannot be meant."""
        if self.phase not in PHASES:
            raise ConfigError(f"phase: {self.phase!r} is none of {', '.join(PHASES)}")
        if self.content not in CONTENTS:
            raise ConfigError(f"content: {self.content!r} is none of {', '.join(CONTENTS)}")
        named = [("default_policy", self.default_policy)] if self.default_policy else []
        for key, policy in [*named, *((f"policies.{host}", policy) for host, policy in self.policies.items())]:
            if policy not in POLICIES:
                raise ConfigError(f"{key}: {policy!r} is none of {', '.join(POLICIES)}")
        for host, url in self.upstreams.items():
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ConfigError(f"upstreams.{host}: {url!r} is not an http or https address")
        for secret in self.secrets:
            _check_secret(secret)


def match_host(table: Mapping[str, Any], host: str) -> Any:
    """The entry of `table` for `host`: the exact name first, then the closest "*." pattern above it, else None."""
    name = host.lower().rstrip(".")
    if name in table:
        return table[name]
    labels = name.split(".")
    for start in range(1, len(labels)):
        pattern = "*." + ".".join(labels[start:])
        if pattern in table:
            return table[pattern]
    return None


def is_named(patterns: Iterable[str], host: str) -> bool:
    """Whether a host is meant by one of some patterns: a star stands for part of one label, a leading "*." for any labels.

    Stricter than a glob on purpose: where a key may go, no star reaches over a dot into somebody else's name.
    """
    name = host.lower().rstrip(".")
    return any(re.fullmatch(_pattern(pattern), name) for pattern in patterns)


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> str:
    lead, rest = (r"(?:[^.]+\.)+", pattern[2:]) if pattern.startswith("*.") else ("", pattern)
    return lead + r"[^.]*".join(re.escape(part) for part in rest.lower().split("*"))


def write_config(config: RecorderConfig, path: Path) -> None:
    """Write `config` to a new file that only its owner can read; raises FileExistsError when `path` is taken."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(config.to_json())


def take_config(path: Path) -> RecorderConfig:
    """Read the configuration and delete its file, whether or not it can be used."""
    try:
        text = path.read_text(encoding="utf-8")
    finally:
        path.unlink(missing_ok=True)
    return RecorderConfig.from_json(text)


def _known(kind: type, raw: object, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: an object is expected, not {type(raw).__name__}")
    names = {item.name for item in fields(kind)}
    for key in raw:
        if key not in names:
            raise ConfigError(f"{where}: {key!r} is not known; known are {', '.join(sorted(names))}")
    return dict(raw)


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{key}: a path is expected")
    return value


def _listeners(raw: object) -> Listeners:
    values = _known(Listeners, raw, "listeners")
    for key, numbers in values.items():
        if not isinstance(numbers, list | tuple) or not all(isinstance(number, int) for number in numbers):
            raise ConfigError(f"listeners.{key}: a list of file descriptor numbers is expected")
    return Listeners(**{key: tuple(numbers) for key, numbers in values.items()})


def _recording(raw: object) -> Recording | None:
    if raw is None:
        return None
    values = _known(Recording, raw, "recording")
    return Recording(Path(_text(values, "record")), Path(_text(values, "blobs")), _text(values, "name"))


def _secret(raw: object) -> Secret:
    values = _known(Secret, raw, "secrets")
    for key in ("name", "placeholder", "value"):
        if not isinstance(values.get(key), str):
            raise ConfigError(f"secrets: {key!r} is missing or not a string")
    return Secret(**{**values, "hosts": tuple(cast("list[str]", values.get("hosts", [])))})


def _check_secret(secret: Secret) -> None:
    if len(secret.value) < SHORTEST_SECRET or len(secret.placeholder) < SHORTEST_SECRET:
        raise ConfigError(f"secrets.{secret.name}: value and placeholder need at least {SHORTEST_SECRET} characters")
    if secret.value in secret.placeholder or any(ord(char) < 33 or ord(char) > 126 for char in secret.placeholder):
        raise ConfigError(f"secrets.{secret.name}: the placeholder must be printable ASCII and not hold the value")
    if any(char in secret.value for char in "\r\n\0"):
        raise ConfigError(f"secrets.{secret.name}: the value holds a line break, which no header can carry")
