"""Which model a name means: developer, family, licences, and what it was built on. Host names likewise."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from compliance.engine.library import HEAD, HostEntry, Library, ModelFamily

_PREFIXES: Final = re.compile(
    r"^(?:(?:hf|huggingface|openrouter|bedrock|azure|azure_ai|vertex_ai|together_ai|together|fireworks_ai|groq|deepinfra|replicate"
    r"|perplexity|litellm|models|converse|invoke|ollama|ollama_chat|gemini|vllm|hosted_vllm)/)+"
)
_IN_PROSE: Final = re.compile(r"^(?:openai|anthropic)(?:'s|’s)?-")
_REGION: Final = re.compile(r"^(?:us|eu|apac|au|ca|jp|sa|mx|in|global|regional|us-gov)\.(?=[a-z0-9-]+\.)")
_CLOUD_VENDOR: Final = re.compile(
    r"^(?:anthropic|amazon|meta|mistral|cohere|deepseek|ai21|qwen|openai|stability|google|moonshotai?|minimax|nvidia|writer|zai|luma|twelvelabs)\.(?=[a-z])"
)
_TUNED: Final = re.compile(r"^ft:([^:]+)(?::.*)?$")
_SUFFIX: Final = re.compile(
    r"(?::(?:free|nitro|beta|extended|thinking|online|floor|exacto|latest)|@(?:\d{8}|latest|default))$"
)
# "publisher:…" entries tell who publishes under a name, and nothing of the single model.
PUBLISHER: Final = "publisher:"
# What a mirror or a quantised copy adds to the name of the very same weights; any other word is somebody's further training.
_SAME_WEIGHTS: Final = re.compile(
    r"(?:v?\d+(?:[._p]\d+)*[bkmt]?|\d+x\d+b|a\d+b|e\d+b|\d+e|instruct|chat|it|pt|base|hf|gguf|ggml|awq|gptq|exl[23]|mlx|onnx|fp\d+"
    r"|bf16|int\d|w\d+a\d+|nf4|mxfp4|nvfp4|\d+bit|i?q\d|k|m|s|l|xs|bnb|dynamic|quantized|turbo|lite|free|fast|versatile|instant"
    r"|preview|latest|tput|flash|pro|air|plus|max|next|vision|text|coder|code|python|math|vl|mini|small|medium|large|tiny|maverick|scout|thinking|reference)?"
)
_POINT: Final = re.compile(r"(?<=\d)[p_](?=\d)")
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
    if " " in name:  # as prose has it: "OpenAI GPT-4 Turbo"
        name = _IN_PROSE.sub("", "-".join(name.split()))
    if name.startswith("arn:"):
        name = name.rpartition("/")[2]
    name = name.removeprefix("https://huggingface.co/").removeprefix("hf:")
    for marker in ("publishers/", "accounts/"):
        if marker in name and "/models/" in name:
            name = name.partition(marker)[2].replace("/models/", "/")
    name = _PREFIXES.sub("", name)
    tuned = _TUNED.match(name)
    name = tuned.group(1) if tuned else name
    name = _CLOUD_VENDOR.sub("", _REGION.sub("", name)).removeprefix("databricks-")
    return _SUFFIX.sub("", name.removeprefix("@cf/").removeprefix("~"))


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
    found = _best_match(name, provider, library)
    if found is None or found[0].id.startswith(PUBLISHER):
        # "v3p1" and "3_3" are how names say 3.1 and 3.3 where a point is not allowed.
        found = _best_match(_POINT.sub(".", name), provider, library) or found
    if found is None:
        return ModelIdentity(model, provider, "", _undated(name))
    family, pattern = found
    if family.id.startswith(PUBLISHER):
        return ModelIdentity(model, family.developer, "", _undated(name), pattern=pattern)
    identity = _identity(model, name, family, pattern, library)
    if provider == family.developer or not _trained_further(name, family, pattern, library):
        return identity
    return _derivative(identity, name, provider, library)


def _trained_further(name: str, family: ModelFamily, pattern: str, library: Library) -> bool:
    """Whether somebody else's name, and words of theirs, stand around the name of open weights."""
    if "/" not in name or "/" in pattern or not family.open_weights:
        return False
    publisher, _, tail = name.rpartition("/")
    if library.publishers.get(publisher.rpartition("/")[2]) == family.developer:
        return False
    added = tail.removeprefix(pattern.split("*")[0])
    return not all(_SAME_WEIGHTS.fullmatch(word) for word in re.split(r"[-_.:@]", added))


def _derivative(base: ModelIdentity, name: str, provider: str, library: Library) -> ModelIdentity:
    """A model of another's making, built on catalogued weights: their licences travel along, its developer may be unknown."""
    publisher = name.rpartition("/")[0].rpartition("/")[2]
    developer = library.publishers.get(publisher, provider)
    inherited = tuple((licence, base.family) for licence in base.licences) + base.inherited
    return replace(
        base,
        developer=developer,
        family="",
        licences=(),
        base_model=base.family,
        inherited=inherited,
        open_weights=True,
    )


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


def _best_match(name: str, provider: str, library: Library) -> tuple[ModelFamily, str] | None:
    """The family whose pattern says most: models before publishers, the same developer, then the most literal characters."""
    tail = name.rpartition("/")[2]
    best: tuple[tuple[bool, bool, int, int], ModelFamily, str] | None = None
    for place, family, pattern in _patterns_beginning_like({name, tail}, library):
        if fnmatchcase(name if "/" in pattern else tail, pattern):
            of_models = not family.id.startswith(PUBLISHER)
            rank = (of_models, family.developer == provider, len(pattern.replace("*", "")), -place)
            if best is None or rank > best[0]:
                best = (rank, family, pattern)
    return (best[1], best[2]) if best else None


def _patterns_beginning_like(names: Iterable[str], library: Library) -> Iterable[tuple[int, ModelFamily, str]]:
    """The few patterns whose beginning lets them match one of the names: nearly all of the catalogue's can't."""
    heads = {name[:size] for name in names for size in range(HEAD + 1)}
    for head in heads:
        yield from library.patterns_by_head.get(head, ())


def derived_from(model: str, families: tuple[str, ...], library: Library) -> bool | None:
    """Whether `model` is, or was built on, one of the families; None when nobody has catalogued it."""
    if model.strip().casefold() == "none":
        return False
    identity = resolve_model(model, "", library)
    if identity.lineage & set(families):
        return True
    return False if identity.family or identity.base_model else None


def find_host(host: str, library: Library) -> HostEntry | None:
    """The channel that answers on `host` (a name, with or without a port); the most specific pattern decides."""
    name = host.strip().casefold().rstrip(".")
    name = name.partition(":")[0] if name.count(":") == 1 else name
    return next((entry for entry in library.hosts if fnmatchcase(name, entry.pattern)), None)


def hosts_for_secret(name: str, library: Library) -> tuple[str, ...]:
    """The host patterns to which the secret in the environment variable `name` may be sent; empty when unknown."""
    holders = (provider for provider in library.providers.values() if name.strip().upper() in provider.secrets)
    return tuple(entry.pattern for provider in holders for entry in provider.hosts)
