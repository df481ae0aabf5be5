"""Who answers at a host and who developed a model, asked of the rulebook: one truth for scan, capture and assessment."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from audits.capture.wire.hosts import is_own_machine
from audits.scan.tables import MODEL_PREFIXES
from compliance.engine.catalogue import find_host, resolve_model
from compliance.engine.library import Library


@dataclass(frozen=True, slots=True)
class Directory:
    """`served_by`: host name → channel, None when unknown. `developer`: model name → slug, "" when unknown. `develops`: slugs."""

    served_by: Callable[[str], str | None]
    developer: Callable[[str], str]
    develops: frozenset[str]

    def channel_of_url(self, url: str) -> tuple[str, str | None]:
        """(host, channel) of an address, which may hold `{}` where a part is not known; ("", None) when it names no host."""
        host = host_of(url)
        if not host:
            return "", None
        if is_own_machine(host) or host in ("0.0.0.0", "host.docker.internal"):  # noqa: S104  (what pipelines write, not what we bind)
            return host, "self"
        return host, self.served_by(host.replace("{}", "x"))

    def channel_of_model(self, model: str) -> str | None:
        """The channel that a model's prefix names (`together_ai/…`), else the developer's own; None when neither is known."""
        for sign in "/:":
            prefix, found, _ = model.partition(sign)
            if found and prefix.lower() in MODEL_PREFIXES:
                return MODEL_PREFIXES[prefix.lower()]
        return self.developer(model) or None

    def provider(self, model: str, served_by: str) -> str:
        """Who developed the model; without a known model the server itself, if it develops any; else "unknown"."""
        name = model.partition(":")[2] if model.partition(":")[0].lower() in MODEL_PREFIXES else model
        return (self.developer(name) if name else "") or (served_by if served_by in self.develops else "unknown")


def directory_of(library: Library) -> Directory:
    """The directory that a rulebook makes."""

    def served_by(host: str) -> str | None:
        entry = find_host(host, library)
        return entry.served_by if entry else None

    def developer(model: str) -> str:
        return resolve_model(model, "", library).developer

    return Directory(
        served_by, developer, frozenset(slug for slug, known in library.providers.items() if known.develops)
    )


def host_of(url: str) -> str:
    """The host of an address, in lower case and without port; "" when the text is not an address."""
    scheme, separator, rest = url.strip().partition("://")
    name = rest.partition("/")[0].partition("?")[0]
    if name.endswith("{}") and "." in name:  # an address with an unknown path put to its end
        name = name.removesuffix("{}")
    try:
        return (urlsplit(f"{scheme}://{name}").hostname or "").lower() if separator else ""
    except ValueError:
        return ""
