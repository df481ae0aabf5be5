"""Keys: what the pipeline is given in their place, where the worker has them from, and to which hosts each may go.

A key comes from the worker's environment, or from a file that an administrator put outside the database; the file goes
before. It is handed to the recorder alone. Where the pipeline runs there are placeholders.
"""

import os
import secrets
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audits.capture.config import Secret
from audits.procedures.lifecycle import AuditFailed
from compliance.engine.catalogue import hosts_for_secret
from compliance.engine.library import Library

PLACEHOLDER_SHAPES = {"ANTHROPIC": "sk-ant-api03-", "GOOGLE": "AIza", "GEMINI": "AIza", "GROQ": "gsk_", "XAI": "xai-"}
_UPPER = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Credentials:
    """What the pipeline is given (placeholders) and what the recorder puts in their place on the way out."""

    variables: Mapping[str, str]
    secrets: tuple[Secret, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The values that must never be shown."""
        return tuple(secret.value for secret in self.secrets)


@dataclass(frozen=True)
class Held:
    """A key as an administrator keeps it. hosts None: those of the provider that its name belongs to."""

    value: str
    hosts: tuple[str, ...] | None = None


def find_credentials(names: tuple[str, ...], library: Library, file: Path) -> tuple[Credentials, list[str]]:
    """Placeholders for the secrets that a manifest names, and the names for which this worker holds no value.

    Each goes only to the hosts that `file` names for it, or else to those of the provider that the name belongs to; a
    name that nobody catalogued goes nowhere. Raises AuditFailed for a file that others may read, or that can't be used.
    """
    kept = read_credentials(file)
    variables, found, missing = {}, [], []
    for name in names:
        placeholder = placeholder_for(name)
        variables[name] = placeholder
        held = kept.get(name) or Held(os.environ.get(name, ""))
        if held.value:
            hosts = held.hosts if held.hosts is not None else tuple(hosts_for_secret(name, library))
            found.append(Secret(name=name, placeholder=placeholder, value=held.value, hosts=hosts))
        else:
            missing.append(name)
    return Credentials(variables, tuple(found)), missing


def read_credentials(file: Path) -> dict[str, Held]:
    """The keys of a file such as `[OPENAI_API_KEY]`, `value = "…"`, `hosts = ["api.openai.com"]`; none without a file."""
    try:
        mode = file.stat().st_mode
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise AuditFailed(f"The file of keys, {file.name}, can't be read: {error}") from error
    if mode & 0o077:
        raise AuditFailed(f"The file of keys, {file.name}, may be read by others than its owner: chmod 600 {file.name}")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The parser's own words could quote a key.
        raise AuditFailed(
            f"The file of keys, {file.name}, is no TOML: {str(error).rpartition('(')[2].rstrip(')')}"
        ) from None
    return {name: _held(name, table, file) for name, table in tables.items()}


def _held(name: str, table: Any, file: Path) -> Held:
    known = isinstance(table, dict) and set(table) <= {"value", "hosts"} and isinstance(table.get("value"), str)
    hosts = table.get("hosts") if isinstance(table, dict) else None
    if not known or not (hosts is None or (isinstance(hosts, list) and all(isinstance(host, str) for host in hosts))):
        raise AuditFailed(f'{file.name}: {name}: write [{name}], value = "…" and, if need be, hosts = ["…"]')
    return Held(table["value"], None if hosts is None else tuple(host.lower() for host in hosts))


def placeholder_for(name: str) -> str:
    """What stands for a secret where the pipeline runs: some SDKs check how a key looks before they use it."""
    upper = name.upper()
    if upper.endswith("AWS_ACCESS_KEY_ID"):
        return "AKIAPLACE" + "".join(secrets.choice(_UPPER) for _ in range(11))
    if upper.endswith("AWS_SECRET_ACCESS_KEY"):
        return "placeholder" + secrets.token_hex(16)[:29]
    shape = next((shape for word, shape in PLACEHOLDER_SHAPES.items() if word in upper), "sk-")
    return f"{shape}placeholder-{secrets.token_hex(16)}"
