"""Finding the places in Python code where a model is asked: SDK calls, framework classes, requests sent by hand."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from audits.scan.directory import Directory
from audits.scan.modules import Module, Scope
from audits.scan.tables import (
    CAMEL_PLATFORMS,
    CLIENTS,
    FRAMEWORKS,
    FUNCTIONS,
    HOST_KEYWORDS,
    HTTP_METHODS,
    HTTP_PACKAGES,
    METHODS,
    METHODS_OF,
    MODEL_KEYWORDS,
    MODEL_PATHS,
    SHORT_METHODS,
    VENDORS,
)
from audits.scan.values import Origin, Place, Program, Value, Worth, argument

_SUFFIXES = (
    "ChatGenerator",
    "ChatModel",
    "ChatCompletion",
    "ChatLLM",
    "Embeddings",
    "Embedding",
    "Embedder",
    "Generator",
    "Client",
    "LLM",
    "Model",
)
_FIRST_IS_MODEL = frozenset(
    ("completion", "acompletion", "LM", "run", "async_run", "stream", "GenerativeModel", "from_pretrained", "generate")
)


@dataclass(slots=True)
class Site:
    """One call that reaches a model. `served_by` is the channel of the SDK unless `address` says otherwise."""

    module: Module
    node: ast.Call
    scope: Scope
    sdk: str
    served_by: str
    models: Worth
    address: Worth = field(default_factory=Worth)
    purpose: str = ""
    places: list[Place] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    confidence: float = 0.9


class SiteFinder:
    """Reads the calls of a program."""

    def __init__(self, program: Program, directory: Directory) -> None:
        self._program = program
        self._directory = directory
        self._consumed: set[int] = set()

    def sites(self) -> list[Site]:
        """All sites outside tests; a client that nothing visible is called on counts as one, since it was made to be used."""
        modules = [module for module in self._program.modules if not module.is_test]
        found = [
            site for module in modules for call, scope in module.calls for site in self._of_call(call, module, scope)
        ]
        return found + [
            site
            for module in modules
            for call, scope in module.calls
            for site in self._idle_client(call, module, scope)
        ]

    def _of_call(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        meaning = module.meaning(call.func)
        if meaning in FUNCTIONS:
            yield self._function_site(meaning, call, module, scope)
        elif meaning.endswith("ModelFactory.create"):
            yield self._camel_site(call, module, scope)
        elif (vendor := _framework_vendor(meaning)) is not None:
            yield self._framework_site(vendor, meaning, call, module, scope)
        else:
            found = list(self._client_sites(call, module, scope))
            yield from found or self._http_sites(call, module, scope)

    def _function_site(self, meaning: str, call: ast.Call, module: Module, scope: Scope) -> Site:
        sdk = FUNCTIONS[meaning]
        address = self._address(call, module, scope)
        if sdk.package == "openai" and not address.values:
            address = self._module_wide_address(module)
        purpose = "student_base" if "FineTun" in meaning or "fine_tun" in meaning or "trainings" in meaning else ""
        purpose = "embed" if "mbed" in meaning else purpose
        models = self._models(call, module, scope)
        return Site(
            module,
            call,
            scope,
            sdk.package,
            sdk.served_by,
            models,
            address,
            purpose,
            [],
            [f"{meaning} is a call of {sdk.package}"],
        )

    def _module_wide_address(self, module: Module) -> Worth:
        """`openai.api_base = ...`, the way of openai before 1.0."""
        for name in ("api_base", "base_url"):
            for value in module.attributes.get(name, []):
                worth = self._program.worth(value, module, (None, None))
                if worth.values or worth.variables:
                    return worth
        return Worth()

    def _camel_site(self, call: ast.Call, module: Module, scope: Scope) -> Site:
        platform = argument(call, "model_platform", 0)
        name = platform.attr if isinstance(platform, ast.Attribute) else ""
        served_by = CAMEL_PLATFORMS.get(name, "" if "COMPATIBLE" in name else name.lower())
        given = argument(call, "model_type", 1)
        models = self._program.worth(given, module, scope) if not isinstance(given, ast.Attribute) else Worth()
        if isinstance(given, ast.Attribute) and given.attr != "DEFAULT":
            models = Worth([Value(given.attr.lower().replace("_", "-"), (Place(module, given),))])
        site = Site(module, call, scope, "camel", served_by or "openai", models, self._address(call, module, scope))
        site.steps.append(f"CAMEL's factory makes a model of platform {name or 'not known'}")
        return site

    def _framework_site(self, vendor: str, meaning: str, call: ast.Call, module: Module, scope: Scope) -> Site:
        package = meaning.partition(".")[0]
        purpose = "embed" if "mbed" in meaning.rpartition(".")[2] else ""
        models = self._models(call, module, scope)
        address = self._address(call, module, scope)
        step = f"{meaning} of {package} asks {vendor}"
        return Site(module, call, scope, package, vendor, models, address, purpose, [], [step], 0.85)

    def _client_sites(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        method, receiver = _method(call.func)
        if receiver is None or METHODS[method] == "-":
            return
        clients = [
            (origin, sdk) for origin in self._program.origins(receiver, module, scope) for sdk in self._client(origin)
        ]
        if not clients and method not in SHORT_METHODS:
            clients = self._clients_nearby(module)
        for origin, (package, served_by) in [c for c in clients if _has_method(c[1][0], method)][:4]:
            self._consumed.add(id(origin.node))
            models = self._models(call, module, scope)
            address = Worth()
            if isinstance(origin.node, ast.Call):
                address = self._address(origin.node, origin.module, origin.scope)
                if not models.values:
                    models.add(self._models(origin.node, origin.module, origin.scope))
            steps = [
                f"a client of {package} is made at {origin.module.path}:{origin.module.line(origin.node)}",
                f"{method} is called on it",
            ]
            yield Site(
                module,
                call,
                scope,
                package,
                served_by,
                models,
                address,
                METHODS[method],
                [Place(origin.module, origin.node)],
                steps,
            )

    def _client(self, origin: Origin) -> Iterator[tuple[str, str]]:
        """(package, channel) when this call makes a client."""
        call = origin.node
        if not isinstance(call, ast.Call):
            return
        meaning = origin.module.meaning(call.func).removesuffix(".from_pretrained")
        if meaning in CLIENTS:
            sdk = CLIENTS[meaning]
            vertex = (
                sdk.package == "google"
                and isinstance((flag := argument(call, "vertexai", -1)), ast.Constant)
                and flag.value
            )
            yield sdk.package, "google-vertex" if vertex else sdk.served_by
        elif meaning.startswith("boto3") or meaning.endswith(".client"):
            services = self._program.worth(argument(call, "service_name", 0), origin.module, origin.scope).values
            if any(value.text.startswith("bedrock") for value in services):
                yield "boto3", "amazon-bedrock"
        elif meaning.startswith(("instructor.", "outlines.", "weave.", "langsmith.", "wrap_openai")) and call.args:
            for inner in self._program.origins(call.args[0], origin.module, origin.scope):
                yield from self._client(inner) if inner.node is not call else ()

    def _clients_nearby(self, module: Module) -> list[tuple[Origin, tuple[str, str]]]:
        """Clients made in this file, for a call on something whose origin cannot be followed."""
        found = []
        for call, scope in module.calls:
            origin = Origin(module, call, scope)
            found += [(origin, sdk) for sdk in self._client(origin)]
        return found[:1]

    def _idle_client(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        if id(call) in self._consumed:
            return
        for package, served_by in self._client(Origin(module, call, scope)):
            models, address = self._models(call, module, scope), self._address(call, module, scope)
            step = f"a client of {package} is made, and what is called on it cannot be followed"
            yield Site(module, call, scope, package, served_by, models, address, "", [], [step], 0.55)

    def _http_sites(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        name = (
            call.func.attr
            if isinstance(call.func, ast.Attribute)
            else call.func.id
            if isinstance(call.func, ast.Name)
            else ""
        )
        if name not in HTTP_METHODS:
            return
        package = module.meaning(call.func).partition(".")[0]
        given = [argument(call, "url", -1), *call.args[:2]]
        for expression in (e for e in given if e is not None):
            worth = self._program.worth(expression, module, scope)
            for value in worth.values:
                host, served_by = self._directory.channel_of_url(value.text)
                if host and self._asks_a_model(value.text, served_by, name, module, package):
                    address = Worth([value], worth.variables, worth.open)
                    step = f"a request is sent to {host}"
                    models = self._payload_models(call, module, scope)
                    yield Site(
                        module,
                        call,
                        scope,
                        _http_package(package, module),
                        served_by or "",
                        models,
                        address,
                        "",
                        [],
                        [step],
                        0.8,
                    )
                    return

    def _asks_a_model(self, url: str, served_by: str | None, method: str, module: Module, package: str) -> bool:
        path = url.partition("://")[2].partition("/")[2]
        known = any(marker in "/" + path for marker in MODEL_PATHS)
        if not _http_package(package, module):
            return False
        if served_by is None:
            return method != "get" and "/chat/completions" in "/" + path
        if served_by == "self":
            return known and method != "get"
        return known or (method not in ("get", "put") and not path.rstrip("/").endswith("models"))

    def _payload_models(self, call: ast.Call, module: Module, scope: Scope) -> Worth:
        worth = Worth()
        for keyword in call.keywords:
            if keyword.arg in ("json", "data", "content", "body"):
                for payload in self._payloads(keyword.value, module, scope):
                    worth.add(self._program.worth(_entry(payload.node, "model"), payload.module, payload.scope))
        return worth

    def _payloads(self, expression: ast.expr, module: Module, scope: Scope) -> list[Origin]:
        found = []
        for origin in self._program.origins(expression, module, scope):
            if isinstance(origin.node, ast.Call) and origin.node.args and "dumps" in ast.dump(origin.node.func):
                found += self._program.origins(origin.node.args[0], origin.module, origin.scope)
            found.append(origin)
        return [origin for origin in found if isinstance(origin.node, ast.Dict)]

    def _models(self, call: ast.Call, module: Module, scope: Scope) -> Worth:
        """What the call (or the callers of the function around it, when it passes their keywords on) gives as the model."""
        for name in MODEL_KEYWORDS:
            given = argument(call, name, -1)
            if given is not None:
                return self._program.worth(given, module, scope)
        tail = (
            call.func.attr
            if isinstance(call.func, ast.Attribute)
            else call.func.id
            if isinstance(call.func, ast.Name)
            else ""
        )
        if call.args and tail in _FIRST_IS_MODEL:
            return self._program.worth(call.args[0], module, scope)
        worth = Worth()
        if any(keyword.arg is None for keyword in call.keywords):
            for keyword in call.keywords:
                if keyword.arg is None:
                    worth.add(self._passed_on(keyword.value, module, scope))
        return worth

    def _passed_on(self, expression: ast.expr, module: Module, scope: Scope) -> Worth:
        worth = Worth(open=True)
        for origin in self._program.origins(expression, module, scope):
            if isinstance(origin.node, ast.Dict):
                worth.add(self._program.worth(_entry(origin.node, "model"), origin.module, origin.scope))
            else:
                worth.add(self._program.worth(argument(origin.node, "model", -1), origin.module, origin.scope))
        function = scope[0]
        if function is not None and function.args.kwarg is not None:
            for caller, call, its_scope in self._program.callers(function.name)[:12]:
                for name in MODEL_KEYWORDS[:5]:
                    given = argument(call, name, -1)
                    if given is not None:
                        worth.add(self._program.worth(given, caller, its_scope))
        return worth

    def _endpoint(self, given: ast.expr | None, module: Module, scope: Scope) -> Worth:
        """Hugging Face's client takes a model or an address in the same place; an attribute called endpoint is an address."""
        worth = self._program.worth(given, module, scope) if given is not None else Worth()
        addresses = [value for value in worth.values if "://" in value.text]
        named = given.attr if isinstance(given, ast.Attribute) else given.id if isinstance(given, ast.Name) else ""
        unknown = "endpoint" in named.lower() or "url" in named.lower()
        return Worth(addresses, [named] if unknown and not addresses else [], unknown)

    def _address(self, call: ast.Call, module: Module, scope: Scope) -> Worth:
        for name in HOST_KEYWORDS:
            given = argument(call, name, -1)
            if given is not None:
                return self._program.worth(given, module, scope)
        if module.meaning(call.func).endswith("InferenceClient"):
            return self._endpoint(argument(call, "model", 0), module, scope)
        for keyword in call.keywords:
            if keyword.arg is None:
                for origin in self._program.origins(keyword.value, module, scope):
                    if isinstance(origin.node, ast.Dict) and _passes_address(origin.module, keyword.value):
                        return Worth(open=True)
        return Worth()


def _has_method(package: str, method: str) -> bool:
    """Whether clients of a package have such a method at all: a name may stand for clients of several packages."""
    known = METHODS_OF.get(package)
    return known is None or any(method == name or (name.endswith(".") and method.startswith(name)) for name in known)


def _passes_address(module: Module, expression: ast.expr) -> bool:
    """Whether `{name}["base_url"] = ...` is said somewhere in the file for the keywords handed on."""
    name = expression.id if isinstance(expression, ast.Name) else ""
    return bool(name) and any(f"{name}[{quote}base_url{quote}]" in line for line in module.lines for quote in "\"'")


def _entry(node: ast.AST, key: str) -> ast.expr | None:
    if isinstance(node, ast.Dict):
        for its_key, value in zip(node.keys, node.values, strict=True):
            if isinstance(its_key, ast.Constant) and its_key.value == key:
                return value
    return None


def _method(function: ast.expr) -> tuple[str, ast.expr | None]:
    """The longest known method that a call ends with, and what it is called on."""
    names: list[str] = []
    best: tuple[str, ast.expr | None] = ("", None)
    while isinstance(function, ast.Attribute) and len(names) < 4:
        names.insert(0, function.attr)
        function = function.value
        if ".".join(names) in METHODS:
            best = (".".join(names), function)
    method, receiver = best
    while isinstance(receiver, ast.Attribute) and receiver.attr in ("beta", "aio", "with_raw_response", "v1", "chat"):
        receiver = receiver.value
    return method, receiver


def _framework_vendor(meaning: str) -> str | None:
    """The channel that a framework's class stands for; None when this is no such class."""
    package, _, rest = meaning.partition(".")
    name = rest.rpartition(".")[2]
    if package not in FRAMEWORKS or not (name[:1].isupper() or name == "vLLM"):
        return None
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and name != suffix:
            name = name.removesuffix(suffix)
            break
    return VENDORS.get(name.lower()) or VENDORS.get(name.lower().removeprefix("async").removeprefix("chat"))


def _http_package(package: str, module: Module) -> str:
    """The package with which a request is sent: by name, or because the file imports one."""
    if package in HTTP_PACKAGES:
        return package
    return next(
        (name for name in sorted(HTTP_PACKAGES) if any(v.partition(".")[0] == name for v in module.names.values())), ""
    )
