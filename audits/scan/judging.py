"""From sites to uses: who answers, which models, whether the code is reached at all, and how sure that is."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from audits.scan.configs import Setting, Settings, is_model_name, names_a_client
from audits.scan.directory import Directory
from audits.scan.following import Program
from audits.scan.modules import Module
from audits.scan.reaching import Reach
from audits.scan.result import Evidence, Purpose, Status, Unresolved
from audits.scan.sdks import HOST_VARIABLES_OF
from audits.scan.site import Site
from audits.scan.surroundings import Surroundings, evidence
from audits.scan.tables import OWN_MODELS_ONLY
from audits.scan.values import Given, Place, Value


@dataclass(slots=True)
class Finding:
    """One site with one channel, on its way to becoming (part of) a use."""

    served_by: str
    host: str
    sdk: str
    models: list[str]
    purpose: Purpose
    status: Status
    confidence: float
    evidence: list[Evidence]
    reasoning: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Channel:
    served_by: str
    host: str
    places: tuple[Evidence, ...]
    step: str
    sure: bool = True


class Judge:
    """Decides, site by site."""

    def __init__(self, program: Program, directory: Directory, settings: Settings, sites: list[Site]) -> None:
        self._program, self._directory, self._settings, self._sites = program, directory, settings, sites
        self._reach, self._surroundings = Reach(program, settings), Surroundings(program)
        self._served: dict[str, list[Setting]] = {}
        self._started: dict[tuple[int, int], frozenset[int]] = {}
        self.unresolved: list[Unresolved] = []

    def findings(self, site: Site) -> Iterator[Finding]:
        """A finding for each channel the site may reach."""
        reached, why = self._reach.reached(site)
        asked = self._surroundings.asked(site)
        for channel in self._channels(site):
            if not channel.sure:
                self.unresolved.append(Unresolved(site.module.path, site.module.line(site.node), channel.step))
            models = self._models(site, channel.served_by)
            used = reached and channel.sure
            for one in asked:
                yield Finding(
                    channel.served_by,
                    channel.host,
                    site.sdk,
                    [value.text for value in models],
                    one.purpose,
                    "used" if used else "configurable",
                    round(site.confidence * (1 if channel.sure else 0.6) * (1 if reached else 0.5), 2),
                    self._places(site, channel, models, one.callers),
                    [s for s in (*site.steps, channel.step, why, f"the purpose is read from {one.told_by}") if s],
                )

    def _places(self, site: Site, channel: _Channel, models: list[Value], callers: list[Evidence]) -> list[Evidence]:
        places = [evidence(Place(site.module, site.node)), *map(evidence, site.places), *channel.places, *callers]
        places += [evidence(place) for value in models for place in value.places]
        return places + self._model_settings(models, channel.served_by)

    def _channels(self, site: Site) -> list[_Channel]:
        named = self._named_channels(site) or self._environment_channels(site)
        if site.served_by == "model" and not named:
            return self._channels_of_models(site)
        if (
            site.address.open
            and not site.address.variables
            and site.sdk in ("openai", "camel", "distilabel", "anthropic")
        ):
            configured = self._configured_channels()
            named += configured + (self._own_default(site) if configured else [])
        if named:
            return list({(channel.served_by, channel.host): channel for channel in named}.values())
        own = {name for names in HOST_VARIABLES_OF.values() for name in names}
        foreign = [name for name in site.address.variables if name not in own and not _is_own(name)]
        if foreign and site.address.open and site.served_by != "azure":
            return [
                _Channel(
                    site.served_by,
                    "",
                    (),
                    f"the address comes from the variable {foreign[0]}, which has no default",
                    sure=False,
                )
            ]
        if not site.served_by:
            return [
                _Channel("unknown", "", (), f"{site.sdk} asks a server whose address is not in the tree", sure=False)
            ]
        return [_Channel(site.served_by, "", (), f"no other address is given: {site.served_by} itself answers")]

    def _named_channels(self, site: Site) -> list[_Channel]:
        found = [c for c in (self._of_address(value, site) for value in site.address.values) if c is not None]
        if site.address.undecided and len({channel.served_by for channel in found}) > 1:
            step = "which of the addresses in a table is asked is decided at run time"
            return [replace(channel, step=f"{channel.host}: {step}", sure=False) for channel in found]
        return found

    def _environment_channels(self, site: Site) -> list[_Channel]:
        """Where the tree itself points an SDK that is given no address: in a script that starts this file, a .env, an image."""
        if site.address.values or (site.address.open and not site.address.variables):
            return []
        given = [
            value
            for name in (*HOST_VARIABLES_OF.get(site.sdk, ()), *site.address.variables)
            for value in self._program.environment.get(name, [])
            if _governs(value, site.module) or self._starts(value, site.module)
        ]
        values = [Value(str(one.value), (Place(one.home, one),) if one.home else ()) for one in given]
        return [c for c in (self._of_address(value, site) for value in values) if c is not None]

    def _starts(self, given: Given, module: Module) -> bool:
        """Whether a script that sets a variable starts a program which this file is part of."""
        home = given.home
        if home is None or home.dotted or not home.path.lower().endswith((".sh", ".bash", ".slurm", ".sbatch", ".md")):
            return False
        near = (0, 2_000) if not home.path.lower().endswith(".md") else (max(0, given.lineno - 40), given.lineno + 40)
        key = (id(home), near[0])
        if key not in self._started:
            text = "\n".join(home.lines[near[0] : near[1]])
            begun = [
                m
                for m in self._program.modules
                if f"{m.path.rpartition('/')[2]} " in text or f"-m {m.dotted_tail}" in text
            ]
            self._started[key] = self._program.parts_of(begun)
        return id(module) in self._started[key]

    def _of_address(self, value: Value, site: Site) -> _Channel | None:
        host, channel = self._directory.channel_of_url(value.text)
        if not host or host.strip("{}.") == "":
            return None
        places = tuple(evidence(place) for place in value.places)
        if site.served_by == "azure":
            return _Channel("azure", host, places, f"Azure's client is pointed at {host}")
        if "{" in host and self._has_rivals(site):
            step = f"{host} is completed at run time, and the same code has another provider to ask"
            return _Channel(channel or "unknown", host, places, step, sure=False)
        if channel is None:
            step = f"nobody known answers at {host}: say who does"
            return _Channel("unknown", host, places, step, sure=False)
        return _Channel(
            channel,
            host,
            places,
            f"the address {host} is {channel}'s" if channel != "self" else f"{host} is one's own machine",
        )

    def _has_rivals(self, site: Site) -> bool:
        """Whether the class or file around a site asks somebody else whose address is fully written out."""
        return any(
            other is not site
            and other.scope[1] is site.scope[1]
            and other.module is site.module
            and self._is_written_out(other)
            for other in self._sites
        )

    def _is_written_out(self, site: Site) -> bool:
        hosts = [self._directory.channel_of_url(value.text) for value in site.address.values]
        return any(channel is not None and "{" not in host for host, channel in hosts)

    def _channels_of_models(self, site: Site) -> list[_Channel]:
        found: dict[str, _Channel] = {}
        for value in site.models.values:
            channel = self._directory.channel_of_model(value.text) if is_model_name(value.text) else None
            if channel:
                found.setdefault(channel, _Channel(channel, "", (), f"{site.sdk} sends {value.text} to {channel}"))
        if found:
            return list(found.values())
        return [_Channel("unknown", "", (), f"{site.sdk} asks a model whose name is given at run time", sure=False)]

    def _configured_channels(self) -> list[_Channel]:
        """The channels that the tree's configuration files name: the address of a client is handed to it from there."""
        by_channel: dict[tuple[str, str], list[Setting]] = {}
        for setting in self._settings.addresses:
            host, channel = self._directory.channel_of_url(setting.value)
            if channel is not None and (channel != "self" or names_a_client(setting)):
                by_channel.setdefault((channel, host), []).append(setting)
        return [
            _Channel(
                channel,
                host,
                tuple(setting_evidence(s) for s in settings),
                f"the configuration sets the address to {host}",
            )
            for (channel, host), settings in by_channel.items()
        ]

    def _own_default(self, site: Site) -> list[_Channel]:
        """The SDK's own provider too, where a configuration that names no address names a model of that provider."""
        addressed = {setting.file for setting in self._settings.addresses}
        own = next((s for s in self._settings_served_by(site.served_by) if s.file not in addressed), None)
        if own is None or site.served_by not in OWN_MODELS_ONLY:
            return []
        step = f"{own.file} names {own.value} and no address: {site.served_by} itself answers"
        return [_Channel(site.served_by, "", (setting_evidence(own),), step)]

    def _models(self, site: Site, served_by: str) -> list[Value]:
        """The models asked for; when the call does not tell, those the file names itself and this channel may serve."""
        named = [v for v in site.models.values if is_model_name(v.text) and "{}" not in v.text]
        if site.served_by == "model":
            named = [v for v in named if (self._directory.channel_of_model(v.text) or "unknown") == served_by]
        elif served_by in OWN_MODELS_ONLY:
            named = [v for v in named if self._directory.developer(v.text) in ("", served_by)]
        named = named or self._configured_models(site, served_by)
        if not named:
            named = [value for value in self._named_in_file(site.module) if self._may_serve(value.text, served_by)]
        return list({value.text: value for value in reversed(named)}.values())[::-1]

    def _configured_models(self, site: Site, served_by: str) -> list[Value]:
        """Models that configuration files name under the key that the code asks for."""
        keys = {key.lower() for key in site.models.keys}
        found = [s for s in self._settings.models if s.key.lower().rpartition(".")[2] in keys]
        return [Value(s.value, ()) for s in found if self._may_serve(s.value, served_by)]

    def _named_in_file(self, module: Module) -> Iterator[Value]:
        for table in (module.values, module.attributes):
            for name, expressions in table.items():
                if "model" in name.lower() or name.lower() == "engine":
                    for expression in expressions[:4]:
                        yield from self._program.worth(expression, module, (None, None), 5).values

    def _may_serve(self, model: str, served_by: str) -> bool:
        if not is_model_name(model):
            return False
        developer = self._directory.developer(model)
        if served_by == "azure":
            return developer == "openai"
        resold = served_by not in self._directory.develops and served_by not in ("self", "unknown")
        return bool(developer) and (resold or developer == served_by)

    def _model_settings(self, models: list[Value], served_by: str) -> list[Evidence]:
        """Lines of configuration files that name these models or, when none is known, any that this channel may serve."""
        served = self._settings_served_by(served_by)
        return [setting_evidence(s) for s in served if not models or s.value in {value.text for value in models}][:40]

    def _settings_served_by(self, served_by: str) -> list[Setting]:
        known = self._served.get(served_by)
        if known is None:
            names = {setting.value for setting in self._settings.models}
            may = {name for name in names if self._may_serve(name, served_by)}
            known = self._served[served_by] = [s for s in self._settings.models if s.value in may]
        return known


def _is_own(variable: str) -> bool:
    """Whether a variable is by its name the address of an SDK's own provider, unless somebody changes it."""
    return variable.startswith("OPENAI")


def _governs(given: Given, module: Module) -> bool:
    """Whether what a script sets holds for a program: the script starts it, or stands for all that lies around it."""
    home = given.home
    if home is None or home is module:
        return True
    folder, _, name = home.path.rpartition("/")
    lowered = name.lower()
    if lowered.endswith((".example", ".sample", ".template")):
        return False
    if home.dotted or lowered.startswith((".env", "dockerfile")) or "compose" in lowered:
        return not folder or module.path.startswith(folder + "/")
    started = (module.path.rpartition("/")[2], f"-m {module.dotted}")
    return any(text in line for line in home.lines[:2_000] for text in started)


def setting_evidence(setting: Setting) -> Evidence:
    return Evidence(setting.file, setting.line, setting.snippet)
