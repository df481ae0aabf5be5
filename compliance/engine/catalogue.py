"""Which model a name means: developer, family, licences, and what it was built on. Host names likewise."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from compliance.engine.library import HostEntry, Library, ModelFamily

_PREFIXES: Final = re.compile(
    r"^(?:(?:hf|huggingface|openrouter|bedrock|azure|azure_ai|vertex_ai|together_ai|together|fireworks_ai|groq|deepinfra|replicate"
    r"|perplexity|litellm|models|converse|invoke|ollama|ollama_chat|gemini|vllm|hosted_vllm)/)+"
)
_REGION: Final = re.compile(r"^(?:us|eu|apac|au|ca|jp|global|us-gov)\.(?=[a-z0-9-]+\.)")
_CLOUD_VENDOR: Final = re.compile(
    r"^(?:anthropic|amazon|meta|mistral|cohere|deepseek|ai21|qwen|openai|stability|google|moonshotai?|minimax|nvidia|writer)\.(?=[a-z])"
)
_TUNED: Final = re.compile(r"^ft:([^:]+)(?::.*)?$")
_SUFFIX: Final = re.compile(
    r"(?::(?:free|nitro|beta|extended|thinking|online|floor|exacto|latest)|@(?:\d{8}|latest|default))$"
)
_DATED: Final = re.compile(r"(?:-v\d+:\d+(?::\w+)?|-\d{4}-\d{2}-\d{2}|-20\d{6}|@20\d{6}|-latest)$")


@dataclass(frozen=True)
class ModelIdentity:
    """What a model name means. `family` is "" when nobody has catalogued it.

    `lineage`: the family, the broader families it belongs to, and those it was built on. `inherited`: (document, family) of the
    licences that its base models' weights carry along. `pattern`: the catalogue's pattern that matched. `corrected_by`: the
    person whose word it is.
    """

    requested: str
    developer: str
    family: str
    canonical: str
    licences: tuple[str, ...] = ()
    base_model: str = ""
    inherited: tuple[tuple[str, str], ...] = ()
    lineage: frozenset[str] = frozenset()
    open_weights: bool = False
    pattern: str = ""
    corrected_by: str = ""


def canonical_name(model: str) -> str:
    """A model's name in lower case without channel prefixes, cloud ids, fine-tune ids and routing suffixes."""
    name = model.strip().casefold()
    if name.startswith("arn:"):
        name = name.rpartition("/")[2]
    name = name.removeprefix("https://huggingface.co/").removeprefix("hf:")
    for marker in ("publishers/", "accounts/"):
        if marker in name and "/models/" in name:
            name = name.partition(marker)[2].replace("/models/", "/")
    name = _PREFIXES.sub("", name)
    tuned = _TUNED.match(name)
    name = tuned.group(1) if tuned else name
    name = _CLOUD_VENDOR.sub("", _REGION.sub("", name))
    return _SUFFIX.sub("", name)


def resolve_model(model: str, provider: str, library: Library) -> ModelIdentity:
    """The identity of a requested model. `provider`, the developer if known, breaks ties; an unknown model keeps it."""
    known = library.memory.models.get((model, provider))
    if isinstance(known, ModelIdentity):
        return known
    identity = _resolve(model, provider, library)
    library.memory.keep(library.memory.models, (model, provider), identity)
    return identity


def _resolve(model: str, provider: str, library: Library) -> ModelIdentity:
    name = canonical_name(model)
    corrected = library.corrections.get(name)
    if corrected:
        return replace(_identity(model, name, corrected.family, name, library), corrected_by=corrected.by)
    found = _best_match(name, provider, library.families)
    return _identity(model, name, *found, library) if found else ModelIdentity(model, provider, "", _undated(name))


def _identity(model: str, name: str, family: ModelFamily, pattern: str, library: Library) -> ModelIdentity:
    bases = list(_bases(family, library))
    inherited = tuple(
        (licence, base.id) for base in bases for licence in base.licences if licence not in family.licences
    )
    lineage = frozenset(name for member in (family, *bases) for name in (member.id, *member.within))
    base = family.base
    return ModelIdentity(
        model,
        family.developer,
        family.id,
        _undated(name),
        family.licences,
        base,
        inherited,
        lineage,
        family.open_weights,
        pattern,
    )


def _undated(name: str) -> str:
    return _DATED.sub("", name.rpartition("/")[2])


def _bases(family: ModelFamily, library: Library) -> Iterable[ModelFamily]:
    seen = {family.id}
    while family.base and family.base not in seen:
        seen.add(family.base)
        family = library.families_by_id[family.base]
        yield family


def _best_match(name: str, provider: str, families: tuple[ModelFamily, ...]) -> tuple[ModelFamily, str] | None:
    """The family whose matching pattern says most: same developer first, then the most literal characters."""
    tail = name.rpartition("/")[2]
    best: tuple[tuple[bool, int], ModelFamily, str] | None = None
    for family in families:
        for pattern in family.patterns:
            if fnmatchcase(name if "/" in pattern else tail, pattern):
                rank = (family.developer == provider, len(pattern.replace("*", "")))
                if best is None or rank > best[0]:
                    best = (rank, family, pattern)
    return (best[1], best[2]) if best else None


def derived_from(model: str, families: tuple[str, ...], library: Library) -> bool | None:
    """Whether `model` is, or was built on, one of the families; None when nobody has catalogued it."""
    if model.strip().casefold() == "none":
        return False
    identity = resolve_model(model, "", library)
    return None if not identity.family else bool(identity.lineage & set(families))


def find_host(host: str, library: Library) -> HostEntry | None:
    """The channel that answers on `host` (a name, with or without a port); the most specific pattern decides."""
    name = host.strip().casefold().rstrip(".")
    name = name.partition(":")[0] if name.count(":") == 1 else name
    return next((entry for entry in library.hosts if fnmatchcase(name, entry.pattern)), None)


def hosts_for_secret(name: str, library: Library) -> tuple[str, ...]:
    """The host patterns to which the secret in the environment variable `name` may be sent; empty when unknown."""
    holders = (provider for provider in library.providers.values() if name.strip().upper() in provider.secrets)
    return tuple(entry.pattern for provider in holders for entry in provider.hosts)
