"""Whether the terms already prohibit a call, by the table that was compiled when the run began."""

from __future__ import annotations

from audits.capture.allowance import Ban, Family, Terms
from audits.capture.asking import Asked, models_asked
from audits.capture.wire import ModelCall
from compliance.engine.catalogue import find_host, resolve_model
from compliance.engine.library import HostEntry, Library, ModelFamily, Provider


class Prohibitions:
    """Names a model the way later judging does (compliance.engine.catalogue), and looks its channel up in the table."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._library = _catalogue(terms)
        self._bans = {(ban.served_by, ban.developer, ban.family, ban.activity): ban for ban in terms.bans}

    def purpose(self, host: str) -> str:
        """The activity declared for calls to a host; empty: nobody said."""
        return self._terms.purposes.get(host.lower()) or self._terms.purposes.get("", "")

    def why(self, asked: Asked) -> str | None:
        """The sentence for the first call in a request that is prohibited for certain; None: none is."""
        activity = self.purpose(asked.host)
        if not activity:
            return None
        named = ((call, model) for call in asked.asking for model in models_asked(call))
        found = (self._ban(asked.host, call, model, activity) for call, model in named)
        return next((self._terms.reasons[ban.reason] for ban in found if ban is not None), None)

    def _ban(self, host: str, call: ModelCall, model: str | None, activity: str) -> Ban | None:
        entry = find_host(host, self._library)
        developer = entry.developer if entry else ""
        served_by = entry.served_by if entry else call.served_by or ""
        if call.operation == "fine_tune":
            activity = "fine_tune_weights"
        family = ""
        if model:
            identity = resolve_model(model, developer, self._library)
            developer, family = identity.developer or developer, identity.family
        ban = self._bans.get((served_by, developer, family, activity))
        return None if ban is None or (ban.text_only and call.output_modality != "text") else ban


def _catalogue(terms: Terms) -> Library:
    """As much of a library as resolving hosts and models takes."""
    by_channel: dict[str, list[HostEntry]] = {}
    for pattern, served_by, developer in terms.hosts:
        by_channel.setdefault(served_by, []).append(HostEntry(pattern, served_by, developer))
    providers = {slug: Provider(slug, slug, hosts=tuple(entries)) for slug, entries in by_channel.items()}
    return Library(providers=providers, families=tuple(map(_family, terms.families)))


def _family(family: Family) -> ModelFamily:
    return ModelFamily(
        id=family.id,
        developer=family.developer,
        patterns=family.patterns,
        within=family.within,
        base=family.base,
        open_weights=family.open_weights,
    )
