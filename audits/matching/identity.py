"""Who served a call and who developed its model, from the host and the model's name."""

from dataclasses import dataclass
from functools import lru_cache

from compliance.engine.catalogue import find_host, resolve_model
from compliance.engine.library import Library

LOCAL = ("localhost", "127.", "[::1]", "::1", "0.0.0.0")  # noqa: S104 - matched, never bound

REMEMBERED = 4096


@dataclass(frozen=True)
class Identity:
    """Slugs; an empty one is unknown. `served_by` "self": a server of the pipeline's own."""

    developer: str
    served_by: str


class Identities:
    """Answers for one library, remembered: a run asks for few models many times; not all, since names are the pipeline's."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.of = lru_cache(REMEMBERED)(self._of)

    def _of(self, host: str, model: str) -> Identity:
        entry = find_host(host, self._library)
        served_by = entry.served_by if entry else "self" if host.lower().startswith(LOCAL) else ""
        developer = entry.developer if entry else ""
        resolved = resolve_model(model, developer, self._library) if model else None
        return Identity(developer=(resolved.developer if resolved else "") or developer, served_by=served_by)
