"""Where JavaScript and TypeScript ask a model: SDK clients, Vercel's AI SDK, LangChain, Bedrock commands, fetch."""

from collections.abc import Iterator

from tree_sitter import Node

from audits.scan.directory import Directory
from audits.scan.javascript import (
    Script,
    Scripts,
    Text,
    arguments,
    chain,
    line_of,
    properties,
    text_of,
)
from audits.scan.plain import PlainSite
from audits.scan.sites import framework_vendor
from audits.scan.tables import JS_CLIENTS, JS_COMMANDS, JS_METHODS, JS_PROVIDERS, MODEL_PATHS

_ADDRESS = ("baseURL", "baseUrl", "basePath", "endpoint", "serverURL", "host", "azureOpenAIEndpoint")
_MODEL = ("model", "modelName", "modelId", "model_id", "deployment", "deploymentName", "engine")
_SENDERS = frozenset(("fetch", "post", "request", "axios", "got", "$fetch", "ky"))
_VERBS = frozenset(("chat", "languageModel", "responses", "completion", "embedding", "textEmbeddingModel", "messages"))


class JavaScriptSites:
    """Reads the scripts of a tree."""

    def __init__(self, scripts: Scripts, directory: Directory) -> None:
        self._scripts = scripts
        self._directory = directory
        self._used: set[tuple[str, int]] = set()

    def sites(self) -> list[PlainSite]:
        """All sites; a client that nothing visible is called on counts as one."""
        found = [
            site for script in self._scripts.scripts for call in script.calls for site in self._of_call(call, script)
        ]
        return found + [
            site for script in self._scripts.scripts for call in script.calls for site in self._idle(call, script)
        ]

    def _of_call(self, call: Node, script: Script) -> Iterator[PlainSite]:
        if call.type == "new_expression":
            yield from self._made(call, script)
            return
        function = call.child_by_field_name("function")
        names = chain(function) if function is not None else []
        method = next((".".join(names[-n:]) for n in (4, 3, 2, 1) if ".".join(names[-n:]) in JS_METHODS), "")
        found = []
        if method and len(names) > method.count(".") + 1:
            holder = names[-method.count(".") - 2]
            found = [
                site for made, home in self._clients(holder, script) for site in self._on(made, home, call, script)
            ]
        if not found and function is not None:
            found = [*self._vercel(call, names, script), *self._sent(call, names, script)]
        yield from found

    def _clients(self, name: str, script: Script, depth: int = 0) -> Iterator[tuple[Node, Script]]:
        """The calls that make the client a name stands for."""
        for value, home in self._scripts.bound(name, script) if depth < 4 else ():
            if value.type == "new_expression" and self._client_of(value, home):
                yield value, home
            elif value.type in ("call_expression", "await_expression", "binary_expression"):
                for inner in _inner(value):
                    if inner.type == "new_expression" and self._client_of(inner, home):
                        yield inner, home
                    elif inner.type in ("identifier", "member_expression") and chain(inner):
                        yield from self._clients(chain(inner)[0], home, depth + 1)

    def _client_of(self, made: Node, script: Script) -> str:
        """The channel of the client that `new X(...)` makes; "" when X is none."""
        constructor = made.child_by_field_name("constructor")
        names = chain(constructor) if constructor is not None else []
        package, original = script.imports.get(names[0], ("", "")) if names else ("", "")
        known = JS_CLIENTS.get(package, {})
        for name in (names[-1] if names else "", original):
            if name in known:
                return known[name]
        return known.get("default", "") if original in ("default", "*") and len(names) == 1 else ""

    def _on(self, made: Node, home: Script, call: Node, script: Script) -> Iterator[PlainSite]:
        self._used.add((home.file.path, made.start_byte))
        models = self._models(call, script) or self._models(made, home)
        step = f"a client is made at {home.file.path}:{line_of(made)}, and asked here"
        yield self._site(call, script, self._client_of(made, home), models, made, home, step)

    def _made(self, call: Node, script: Script) -> Iterator[PlainSite]:
        constructor = call.child_by_field_name("constructor")
        name = text_of(constructor) if constructor is not None else ""
        package, original = script.imports.get(name, ("", ""))
        if package in JS_COMMANDS and original in JS_COMMANDS[package][1]:
            step = f"{original} is sent"
            yield self._site(call, script, JS_COMMANDS[package][0], self._models(call, script), call, script, step)
        elif package.startswith(("@langchain/", "langchain", "llamaindex", "@llamaindex/")):
            vendor = framework_vendor(f"langchain.{original}")
            if vendor:
                step = f"{original} of {package} asks {vendor}"
                yield self._site(call, script, vendor, self._models(call, script), call, script, step)

    def _vercel(self, call: Node, names: list[str], script: Script) -> Iterator[PlainSite]:
        """`openai("gpt-4o")`: a model of a provider of Vercel's AI SDK, the provider imported or made by `createOpenAI`."""
        given = arguments(call)
        if not names or not given or len(names) > 2 or (len(names) == 2 and names[1] not in _VERBS):
            return
        models = self._scripts.texts(given[0], script)
        package, original = script.imports.get(names[0], ("", ""))
        if package in JS_PROVIDERS and not original.startswith("create"):
            step = f"a model of {package} is asked for"
            yield self._site(call, script, JS_PROVIDERS[package], models, call, script, step)
            return
        for value, home in self._scripts.bound(names[0], script):
            function = value.child_by_field_name("function")
            package, original = home.imports.get(text_of(function), ("", "")) if function else ("", "")
            if package in JS_PROVIDERS and original.startswith("create"):
                step = f"a model of a provider made by {original} is asked for"
                yield self._site(call, script, JS_PROVIDERS[package], models, value, home, step)

    def _sent(self, call: Node, names: list[str], script: Script) -> Iterator[PlainSite]:
        if not names or names[-1] not in _SENDERS:
            return
        given = arguments(call)
        addresses = self._scripts.texts(given[0], script) if given else []
        addresses += (
            [t for node in properties(given[0], "url", 0) for t in self._scripts.texts(node, script)] if given else []
        )
        for address in addresses:
            host, channel = self._directory.channel_of_url(address.text)
            path = "/" + address.text.partition("://")[2].partition("/")[2]
            if channel and any(marker in path for marker in MODEL_PATHS):
                models = self._models(call, script) or self._near(script, line_of(call))
                yield PlainSite(
                    script.file, _lines(script, [line_of(call)], [address, *models]), "HTTP", channel, host,
                    _names(models), "", f"a request is sent to {host}",
                )  # fmt: skip
                return

    def _near(self, script: Script, line: int) -> list[Text]:
        """The model in a body that is put together in a variable just above."""
        bodies = [v for name in ("body", "payload", "data", "requestBody") for v in script.values.get(name, [])]
        near = [body for body in bodies if 0 <= line - line_of(body) < 40]
        return [
            t
            for body in near
            for name in _MODEL
            for n in properties(body, name)
            for t in self._scripts.texts(n, script)
        ]

    def _idle(self, call: Node, script: Script) -> Iterator[PlainSite]:
        if call.type == "new_expression" and (script.file.path, call.start_byte) not in self._used:
            served_by = self._client_of(call, script)
            if served_by:
                step = "a client is made, and what is called on it cannot be followed"
                yield self._site(call, script, served_by, self._models(call, script), call, script, step)

    def _models(self, call: Node, script: Script) -> list[Text]:
        given = call.child_by_field_name("arguments")
        return [t for name in _MODEL for node in properties(given, name) for t in self._scripts.texts(node, script)]

    def _site(
        self, call: Node, script: Script, served_by: str, models: list[Text], made: Node, home: Script, step: str
    ) -> PlainSite:
        given = made.child_by_field_name("arguments")
        addresses = [n for name in _ADDRESS for n in properties(given, name)]
        texts = [t for node in addresses for t in self._scripts.texts(node, home)]
        host, open_ = "", ""
        for address in texts:
            host, channel = self._directory.channel_of_url(address.text)
            if host and channel is None and served_by != "azure":
                open_ = f"nobody known answers at {host}: say who does"
            served_by = channel or served_by
        if addresses and not texts and served_by != "azure" and not any(_own(text_of(node)) for node in addresses):
            open_ = "the address comes from elsewhere, and has no default"
        lines = _lines(script, [line_of(call)], [*models, *texts]) + ((line_of(made),) if home is script else ())
        return PlainSite(script.file, lines, "JavaScript", served_by, host, _names(models), "", step, open_)


def _own(text: str) -> bool:
    """Whether an address is read from the variable that the SDK reads by itself."""
    return any(name in text for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL"))


def _inner(node: Node) -> Iterator[Node]:
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        if current.type in ("call_expression", "await_expression", "binary_expression", "arguments"):
            pending.extend(current.named_children[:6])


def _lines(script: Script, lines: list[int], texts: list[Text]) -> tuple[int, ...]:
    return tuple(dict.fromkeys([*lines, *(text.line for text in texts if text.script is script and text.line)]))


def _names(models: list[Text]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(model.text for model in models if model.text and "{}" not in model.text))[:8]
