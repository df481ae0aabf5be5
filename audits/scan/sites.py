"""Finding the places in Python code where a model is asked: SDK calls, framework classes, agents, requests sent by hand."""

import ast
import sys
from collections.abc import Iterator

from audits.scan.calls import CallReader
from audits.scan.clients import Client, ClientReader
from audits.scan.directory import Directory
from audits.scan.following import Program
from audits.scan.modules import Module, Scope
from audits.scan.sdks import ASKING_BY_DEFAULT, FUNCTIONS, METHODS, METHODS_OF, SHORT_METHODS, UNTOLD, WRAPPED_METHODS
from audits.scan.sent import SentByHand
from audits.scan.site import Site
from audits.scan.tables import AGENTS, AUTOGEN_TYPES, CAMEL_PLATFORMS, FRAMEWORKS, VENDORS
from audits.scan.values import Declared, Origin, Place, Value, Worth, argument, entries

_SUFFIXES = (
    "ChatCompletionClient",
    "ChatGenerator",
    "ChatModel",
    "ChatCompletion",
    "TextEmbedding",
    "TextEmbedder",
    "DocumentEmbedder",
    "ChatLLM",
    "ChatTarget",
    "Embeddings",
    "Embedding",
    "Embedder",
    "Generator",
    "Client",
    "LLM",
    "Model",
)


_NOWHERE = Origin(Module("", "", [], None, False), ast.Call(ast.Name("", ast.Load()), [], []), (None, None))


class SiteFinder:
    """Reads the calls of a program."""

    def __init__(self, program: Program, directory: Directory) -> None:
        self._program = program
        self._calls = CallReader(program)
        self._clients = ClientReader(program, self._calls)
        self._sent = SentByHand(program, directory)
        self._consumed: set[int] = set()
        self._passed_by: set[int] = set()
        self._kept: list[ast.Call] = []

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
        for meant in self._meant(call, module, scope):
            for site in self._of_meant(meant, module, scope):
                site.node = call
                yield site

    def _meant(self, call: ast.Call, module: Module, scope: Scope) -> list[ast.Call]:
        """The call or, where a name is called that was given a function (`ask = client.messages.create`), calls of that."""
        if not isinstance(call.func, ast.Name) or call.func.id in module.names or call.func.id in module.functions:
            return [call]
        given = self._program.values_of(call.func, module, scope)
        functions = [f for f in given if isinstance(f, ast.Attribute) and self._is_known(f, module)]
        made = [ast.copy_location(ast.Call(function, call.args, call.keywords), call) for function in functions[:4]]
        self._kept += made
        return list(made) or [call]

    def _is_known(self, function: ast.Attribute, module: Module) -> bool:
        return module.meaning(function) in FUNCTIONS or method_of(function)[1] is not None

    def _of_meant(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        meaning = module.meaning(call.func)
        known = next((name for name in self._known_as(meaning, module) if name in FUNCTIONS), "")
        if known:
            yield self._function_site(known, call, module, scope)
        elif meaning.endswith("ModelFactory.create"):
            yield self._camel_site(call, module, scope)
        elif meaning in AGENTS:
            yield from self._agent_sites(meaning, call, module, scope)
        elif meaning in ASKING_BY_DEFAULT:
            yield from self._default_sites(meaning, call, module, scope)
        elif meaning == "litellm.Router" or argument(call, "llm_config", -1) is not None:
            yield from self._listed_sites(meaning, call, module, scope)
        elif (vendor := self._vendor(meaning, module)) is not None:
            yield self._framework_site(vendor, meaning, call, module, scope)
        else:
            found = [*self._client_sites(call, module, scope), *self._handed_on_sites(call, module, scope)]
            found = found or [*self._sent.sites(call, module, scope)] or [*self._given_clients(call, module, scope)]
            yield from found or self._on_unknown(call, module, scope)

    def _known_as(self, meaning: str, module: Module) -> list[str]:
        """The name by which something is known: its own or, for a class of the tree, those of what it goes back to."""
        owned = "." not in meaning or meaning.rpartition(".")[2][:1].isupper()
        return [meaning, *(self._program.bases(meaning, module) if owned else [])]

    def _vendor(self, meaning: str, module: Module) -> str | None:
        return next((v for name in self._known_as(meaning, module) if (v := framework_vendor(name)) is not None), None)

    def _function_site(self, meaning: str, call: ast.Call, module: Module, scope: Scope) -> Site:
        sdk = FUNCTIONS[meaning]
        address = self._calls.address(call, module, scope)
        served_by = self._calls.named_provider(call, module, scope) or sdk.served_by
        if sdk.package == "openai" and not address.values:
            address = self._module_wide_address(module)
            served_by = self._module_wide_type(module) or served_by
        purpose = "student_base" if "FineTun" in meaning or "fine_tun" in meaning or "trainings" in meaning else ""
        purpose = "embed" if "mbed" in meaning else purpose
        models = self._calls.models(call, module, scope)
        step = f"{meaning} is a call of {sdk.package}"
        return Site(module, call, scope, sdk.package, served_by, models, address, purpose, [], [step])

    def _module_wide_address(self, module: Module) -> Worth:
        """`openai.api_base = ...`, the way of openai before 1.0."""
        for name in ("api_base", "base_url"):
            for value in module.attributes.get(name, []):
                worth = self._program.worth(value, module, (None, None))
                if worth.values or worth.variables:
                    return worth
        return Worth()

    def _module_wide_type(self, module: Module) -> str:
        """`openai.api_type = "azure"`, likewise."""
        for value in module.attributes.get("api_type", []):
            if any(text.text.startswith("azure") for text in self._program.worth(value, module, (None, None)).values):
                return "azure"
        return ""

    def _camel_site(self, call: ast.Call, module: Module, scope: Scope) -> Site:
        platform = argument(call, "model_platform", 0)
        name = platform.attr if isinstance(platform, ast.Attribute) else ""
        served_by = CAMEL_PLATFORMS.get(name, "" if "COMPATIBLE" in name else name.lower())
        given = argument(call, "model_type", 1)
        models = self._program.worth(given, module, scope) if not isinstance(given, ast.Attribute) else Worth()
        if isinstance(given, ast.Attribute) and given.attr != "DEFAULT":
            models = Worth([Value(given.attr.lower().replace("_", "-"), (Place(module, given),))])
        address = self._calls.address(call, module, scope)
        site = Site(module, call, scope, "camel", served_by or "openai", models, address)
        site.steps.append(f"CAMEL's factory makes a model of platform {name or 'not known'}")
        return site

    def _agent_sites(self, meaning: str, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        """An agent that is given its model as a text; one that is given an object is told by where that object is made."""
        keyword, position = AGENTS[meaning]
        given = argument(call, keyword, position)
        models = self._program.worth(given, module, scope) if given is not None else Worth()
        if models.values:
            step = f"{meaning} asks the model it is given by name"
            package = meaning.partition(".")[0]
            yield Site(module, call, scope, package, "model", models, Worth(), "", [], [step], 0.85)

    def _default_sites(self, meaning: str, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        channel, others = ASKING_BY_DEFAULT[meaning]
        if any(argument(call, name, -1) is not None for name in others):
            given = argument(call, "model", -1) if "model" in others else None
            models = self._program.worth(given, module, scope) if given is not None else Worth()
            if not models.values:
                return
        else:
            models = Worth()
        step = f"{meaning} asks {channel} when it is given no other model"
        purpose = "" if "ynth" in meaning or "prompt" in meaning or "estset" in meaning else "evaluate"
        yield Site(module, call, scope, meaning.partition(".")[0], channel, models, Worth(), purpose, [], [step], 0.75)

    def _listed_sites(self, meaning: str, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        """LiteLLM's router and AutoGen's agents are given lists of models, each a dict."""
        routed = meaning == "litellm.Router"
        given = argument(call, "model_list", 0) if routed else argument(call, "llm_config", -1)
        for table in self._calls.tables(given, module, scope) if given is not None else ():
            models = entries(table.node, "model")
            if not models:
                continue
            worth = self._program.worth(models[0], table.module, table.scope)
            address = Worth()
            for expression in [*entries(table.node, "base_url"), *entries(table.node, "api_base")]:
                address.add(self._program.worth(expression, table.module, table.scope))
            kinds = [
                v.text for e in entries(table.node, "api_type") for v in self._program.worth(e, module, scope).values
            ]
            served_by = "model" if routed else AUTOGEN_TYPES.get(kinds[0], "") if kinds else "openai"
            package = "litellm" if routed else "autogen"
            step = f"{package} is given a list of models to ask"
            place = [Place(table.module, table.node)]
            yield Site(module, call, scope, package, served_by, worth, address, "", place, [step], 0.8)

    def _framework_site(self, vendor: str, meaning: str, call: ast.Call, module: Module, scope: Scope) -> Site:
        package = meaning.partition(".")[0]
        purpose = "embed" if "mbed" in meaning.rpartition(".")[2] else ""
        models = self._calls.models(call, module, scope, ("id", "llm"))
        address = self._calls.address(call, module, scope)
        vendor = self._calls.named_provider(call, module, scope) or vendor
        step = f"{meaning} of {package} asks {vendor or 'a server that speaks like OpenAI'}"
        return Site(module, call, scope, package, vendor, models, address, purpose, [], [step], 0.85)

    def _client_sites(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        method, receiver = method_of(call.func)
        if receiver is None or METHODS[method] == "-":
            return
        clients = self._clients.behind(receiver, module, scope)
        if not clients and method not in SHORT_METHODS:
            clients = self._clients.nearby(module)
        for client in clients:
            self._passed_by.add(id(client.origin.node))
        for client in [client for client in clients if _has_method(client, method)][:4]:
            yield self._on_client(client, method, call, call, module, scope)

    def _handed_on_sites(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        """`partial(client.chat.completions.create, model=…)`, `with_retry(client.chat.completions.create, model=…)`."""
        for given in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if not isinstance(given, ast.Attribute):
                continue
            if module.meaning(given) in FUNCTIONS:
                yield self._function_site(module.meaning(given), call, module, scope)
                continue
            method, receiver = method_of(given)
            if receiver is None or method in SHORT_METHODS or METHODS[method] == "-":
                continue
            for client in [c for c in self._clients.behind(receiver, module, scope) if _has_method(c, method)][:4]:
                yield self._on_client(client, method, call, given, module, scope)

    def _given_clients(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        """`OpenAIBackend(client, "text-embedding-3-small")`: something from outside the tree is given a client to ask with."""
        if not self._is_from_outside(call.func, module):
            return
        for given in [*call.args[:3], *(keyword.value for keyword in call.keywords)]:
            if not isinstance(given, (ast.Name, ast.Attribute)):
                continue
            for client in self._clients.behind(given, module, scope)[:2]:
                if client.wrapped or client.origin.node is call:
                    continue
                models = self._calls.models(call, module, scope)
                purpose = "embed" if "mbed" in module.meaning(call.func) else ""
                step = f"{module.meaning(call.func)} is given a client of {client.package}, and asks on its own"
                places = [Place(client.origin.module, client.origin.node)]
                address = self._clients.address(client)
                yield Site(
                    module, call, scope, client.package, client.served_by, models, address, purpose, places, [step], 0.6
                )

    def _is_from_outside(self, function: ast.expr, module: Module) -> bool:
        """Whether a class or function was imported from a package that is no part of the tree, nor of the language's own."""
        name = module.meaning(function)
        root = name.partition(".")[0]
        imported = any(value.partition(".")[0] == root for value in module.names.values())
        return imported and root not in sys.stdlib_module_names and not self._program.is_of_tree(name, module)

    def _on_unknown(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        """A method that only certain SDKs have, on something of which it can't be followed where it was made."""
        method, receiver = method_of(call.func)
        if (
            receiver is None
            or method in SHORT_METHODS
            or METHODS[method] == "-"
            or self._known_receiver(receiver, module)
        ):
            return
        imported = {name.partition(".")[0] for name in module.names.values()}
        packages = [
            p for p in (*UNTOLD, *METHODS_OF) if p in METHODS_OF and _has_method(Client(_NOWHERE, p, ""), method)
        ]
        package = next((p for p in packages if p in imported), "") or next(
            (p for p in packages if self._clients.made_with(p)), ""
        )
        if not package:
            return
        served_by = UNTOLD.get(package, package)
        models = self._calls.models(call, module, scope)
        step = f"{method} is called on a client of {package} that comes from elsewhere"
        yield Site(module, call, scope, package, served_by, models, Worth(open=True), METHODS[method], [], [step], 0.5)

    def _known_receiver(self, receiver: ast.expr, module: Module) -> bool:
        """Whether something is known of what a method is called on: then what was not found there is not asked there."""
        name = module.meaning(receiver)
        return name.partition(".")[0] in module.names.values() and self._program.is_of_tree(name, module)

    def _on_client(
        self, client: Client, method: str, call: ast.Call, named: ast.AST, module: Module, scope: Scope
    ) -> Site:
        origin = client.origin
        self._consumed.add(id(origin.node))
        models = self._calls.models(call, module, scope)
        address = self._clients.address(client)
        if not models.values and isinstance(origin.node, ast.Call):
            models.add(self._calls.models(origin.node, origin.module, origin.scope))
        made = "is given" if isinstance(origin.node, Declared) else "is made"
        steps = [
            f"a client of {client.package} {made} at {origin.module.path}:{origin.module.line(origin.node)}",
            f"{method} is called on it",
        ]
        places = [Place(origin.module, origin.node)]
        purpose = METHODS[method]
        return Site(module, call, scope, client.package, client.served_by, models, address, purpose, places, steps)

    def _idle_client(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        if id(call) in self._consumed:
            return
        for client in self._clients.made_by(Origin(module, call, scope)):
            if client.wrapped and not self._calls.models(call, module, scope).values:
                continue
            if client.wrapped:
                self._consumed.add(id(client.origin.node))
            models, address = self._calls.models(call, module, scope), self._clients.address(client)
            if id(call) in self._passed_by:
                step = (
                    f"a client of {client.package} is made, and what is called where it may stand is another client's"
                )
                site = Site(module, call, scope, client.package, client.served_by, models, address, "", [], [step], 0.4)
                site.unused = "nothing in the tree calls a method that this client has"
                yield site
                continue
            step = f"a client of {client.package} is made, and what is called on it cannot be followed"
            yield Site(module, call, scope, client.package, client.served_by, models, address, "", [], [step], 0.55)


def _has_method(client: Client, method: str) -> bool:
    """Whether such a client has such a method at all: a name may stand for clients of several packages."""
    if method in WRAPPED_METHODS:
        return client.wrapped
    known = METHODS_OF.get(client.package)
    return known is None or any(method == name or (name.endswith(".") and method.startswith(name)) for name in known)


def method_of(function: ast.expr) -> tuple[str, ast.expr | None]:
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


def framework_vendor(meaning: str) -> str | None:
    """The channel that a framework's class stands for, "" for any server that speaks like OpenAI's; None: no such class."""
    package, _, rest = meaning.partition(".")
    name = rest.rpartition(".")[2]
    if package not in FRAMEWORKS or not (name[:1].isupper() or name == "vLLM"):
        return None
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and name != suffix:
            name = name.removesuffix(suffix)
            break
    lowered = name.lower()
    for spelled in (lowered, lowered.removeprefix("async").removeprefix("chat"), lowered.removesuffix("chat")):
        if spelled in VENDORS:
            return VENDORS[spelled]
    return None
