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
    names_around,
    properties,
    text_of,
)
from audits.scan.plain import PlainSite
from audits.scan.sites import framework_vendor
from audits.scan.tables import MODEL_PATHS
from audits.scan.tables_javascript import (
    JS_ASKS,
    JS_CLIENTS,
    JS_COMMANDS,
    JS_METHODS,
    JS_METHODS_OF,
    JS_PROVIDERS,
)

_ADDRESS = ("baseURL", "baseUrl", "basePath", "endpoint", "serverURL", "host", "azureOpenAIEndpoint")
_MODEL = ("model", "modelName", "modelId", "model_id", "deployment", "deploymentName", "engine")
_SENDERS = frozenset(("fetch", "post", "request", "axios", "got", "$fetch", "ky"))
_VERBS = frozenset(
    (
        *("chat", "languageModel", "responses", "completion", "embedding", "textEmbeddingModel", "messages", "image"),
        *("chatModel", "textEmbedding", "speech", "transcription", "imageModel"),
    )
)
_FRAMEWORKS = ("@langchain/", "langchain", "llamaindex", "@llamaindex/")


class JavaScriptSites:
    """Reads the scripts of a tree."""

    def __init__(self, scripts: Scripts, directory: Directory) -> None:
        self._scripts = scripts
        self._directory = directory
        self._used: set[tuple[str, int]] = set()

    def sites(self) -> list[PlainSite]:
        """All sites; a client or provider that nothing visible is called on counts as one."""
        every = [(call, script) for script in self._scripts.scripts for call in script.calls]
        found = [site for call, script in every for site in self._of_call(call, script)]
        return found + [site for call, script in every for site in self._idle(call, script)]

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
            clients = list(self._clients(holder, script))
            found = [site for made, home in clients for site in self._on(made, home, call, method, script)]
            found = found or list(self._on_unknown(call, method, script))
        if not found and function is not None:
            found = [*self._asked(call, names, script), *self._vercel(call, script), *self._sent(call, names, script)]
        yield from found

    def _clients(self, name: str, script: Script, depth: int = 0) -> Iterator[tuple[Node, Script]]:
        """The calls that make the client a name stands for."""
        for value, home in self._scripts.bound(name, script) if depth < 4 else ():
            for made, its in self._scripts.alternatives(_itself(value), home):
                if self._client_of(made, its):
                    yield made, its
                elif made.type == "call_expression":
                    for inner in _inner(made):
                        if inner.type == "new_expression" and self._client_of(inner, its):
                            yield inner, its
                        elif inner.type in ("identifier", "member_expression") and chain(inner):
                            yield from self._clients(chain(inner)[0], its, depth + 1)

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

    def _on(self, made: Node, home: Script, call: Node, method: str, script: Script) -> Iterator[PlainSite]:
        self._used.add((home.file.path, made.start_byte))
        models = self._models(call, script) or self._models(made, home)
        step = f"a client is made at {home.file.path}:{line_of(made)}, and asked here"
        yield self._site(call, script, self._client_of(made, home), models, made, home, step, method)

    def _on_unknown(self, call: Node, method: str, script: Script) -> Iterator[PlainSite]:
        """A method that only certain SDKs have, on something of which it can't be followed where it was made."""
        for package, methods in JS_METHODS_OF.items() if "." in method else ():
            if method in methods and package in script.packages:
                served_by = JS_CLIENTS[package].get("default") or next(iter(JS_CLIENTS[package].values()))
                step = f"{method} of {package} is called on a client that comes from elsewhere"
                yield self._site(call, script, served_by, self._models(call, script), call, script, step, method)
                return

    def _made(self, call: Node, script: Script) -> Iterator[PlainSite]:
        constructor = call.child_by_field_name("constructor")
        name = text_of(constructor) if constructor is not None else ""
        package, original = script.imports.get(name, ("", ""))
        if package in JS_COMMANDS and original in JS_COMMANDS[package][1]:
            step = f"{original} is sent"
            yield self._site(call, script, JS_COMMANDS[package][0], self._models(call, script), call, script, step)
        elif package.startswith(_FRAMEWORKS):
            vendor = framework_vendor(f"langchain.{original}")
            if vendor:
                step = f"{original} of {package} asks {vendor}"
                method = "embed" if "mbed" in original else ""
                yield self._site(call, script, vendor, self._models(call, script), call, script, step, method)

    def _vercel(self, call: Node, script: Script) -> Iterator[PlainSite]:
        """`openai("gpt-4o")`: a model of a provider of Vercel's AI SDK, the provider imported or made by `createOpenAI`."""
        for served_by, made, home in self._provider(call, script):
            self._used.add((home.file.path, made.start_byte))
            models = self._scripts.texts(arguments(call)[0], script) if arguments(call) else []
            names = chain(call.child_by_field_name("function") or call)
            method = "embed" if "mbedding" in names[-1] else ""
            step = f"a model of {served_by or 'a server that speaks like OpenAI'} is asked for"
            yield self._site(call, script, served_by, models, made, home, step, method)

    def _provider(self, call: Node, script: Script) -> Iterator[tuple[str, Node, Script]]:
        """(channel, the call that makes the provider, its file) when the call asks a provider for a model by its name."""
        function = call.child_by_field_name("function")
        given = arguments(call)
        names = chain(function) if function is not None else []
        if function is None or not names or not given or (len(names) > 1 and names[-1] not in _VERBS) or len(names) > 2:
            return
        package, original = script.imports.get(names[0], ("", ""))
        if package in JS_PROVIDERS and not original.startswith("create"):
            yield JS_PROVIDERS[package], call, script
            return
        holder = function.child_by_field_name("object") if function.type == "member_expression" else function
        for made, home in self._scripts.alternatives(holder, script):
            channel = self._made_provider(made, home)
            if channel is not None and made.id != call.id:
                yield channel, made, home

    def _made_provider(self, made: Node, home: Script) -> str | None:
        """The channel of `createOpenAI(…)`; "" where its address alone tells; None when the call makes no provider."""
        maker = made.child_by_field_name("function") or made.child_by_field_name("constructor")
        package, original = home.imports.get(text_of(maker), ("", "")) if maker is not None else ("", "")
        return JS_PROVIDERS[package] if package in JS_PROVIDERS and original.startswith("create") else None

    def _asked(self, call: Node, names: list[str], script: Script) -> Iterator[PlainSite]:
        """`generateText({ model })`: the place at which a model that was made elsewhere is asked."""
        package, original = script.imports.get(names[0], ("", "")) if len(names) == 1 else ("", "")
        if package not in JS_ASKS or original not in JS_ASKS[package]:
            return
        method = "embed" if original.startswith("embed") else ""
        seen: set[str] = set()
        given = call.child_by_field_name("arguments")
        for node in properties(given, "model", 1):
            for made, home in self._inner_calls(node, script):
                for served_by, maker, its in self._provider(made, home):
                    models = self._scripts.texts(arguments(made)[0], home) if arguments(made) else []
                    site = self._site(call, script, served_by, models, maker, its, f"{original} asks it", method)
                    if site.served_by not in seen:
                        seen.add(site.served_by)
                        yield site
            if not seen and node.type in ("string", "template_string"):
                yield from self._by_gateway(call, node, original, script)

    def _inner_calls(self, node: Node, script: Script) -> Iterator[tuple[Node, Script]]:
        """The calls behind a model, those inside what is put around it (`wrapLanguageModel({ model: … })`) too."""
        for made, home in self._scripts.alternatives(node, script):
            yield made, home
            for inner in properties(made.child_by_field_name("arguments"), "model", 1):
                yield from self._scripts.alternatives(inner, home, 2)

    def _by_gateway(self, call: Node, node: Node, name: str, script: Script) -> Iterator[PlainSite]:
        """A model named by a text alone (`"anthropic/claude-sonnet-4"`): a gateway asks the provider in its name."""
        for text in self._scripts.texts(node, script):
            channel = self._directory.channel_of_model(text.text)
            if channel:
                step = f"{name} asks {text.text} by way of a gateway"
                yield self._site(call, script, channel, [text], call, script, step)
                return

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
                    _names(models), "", f"a request is sent to {host}", names=names_around(call),
                )  # fmt: skip
                return

    def _near(self, script: Script, line: int) -> list[Text]:
        """The model in a body that is put together in a variable just above."""
        bodies = [
            v
            for name in ("body", "payload", "data", "requestBody")
            for v in (*script.values.get(name, ()), *script.entries.get(name, ()))
        ]
        near = [body for body in bodies if 0 <= line - line_of(body) < 40]
        return [
            t
            for body in near
            for name in _MODEL
            for n in properties(body, name)
            for t in self._scripts.texts(n, script)
        ]

    def _idle(self, call: Node, script: Script) -> Iterator[PlainSite]:
        if (script.file.path, call.start_byte) in self._used:
            return
        served_by = (
            self._client_of(call, script) if call.type == "new_expression" else self._made_provider(call, script)
        )
        if served_by or (served_by == "" and call.type != "new_expression"):
            step = "a client is made, and what is called on it cannot be followed"
            yield self._site(call, script, served_by, self._models(call, script), call, script, step)

    def _models(self, call: Node, script: Script) -> list[Text]:
        given = call.child_by_field_name("arguments")
        return [t for name in _MODEL for node in properties(given, name) for t in self._scripts.texts(node, script)]

    def _site(
        self,
        call: Node,
        script: Script,
        served_by: str,
        models: list[Text],
        made: Node,
        home: Script,
        step: str,
        method: str = "",
    ) -> PlainSite:
        given = made.child_by_field_name("arguments")
        addresses = (
            [n for name in _ADDRESS for n in properties(given, name)] if made.id != call.id or _makes(made) else []
        )
        texts = [t for node in addresses for t in self._scripts.texts(node, home)]
        host, open_ = "", ""
        if served_by == "openai" and _speaks_azure(given):
            served_by, step = "azure", f"{step}; the header api-key and the version in its query are Azure's"
        for address in texts:
            host, channel = self._directory.channel_of_url(address.text)
            if host and channel is None and served_by != "azure":
                open_ = f"nobody known answers at {host}: say who does"
            served_by = channel or served_by
        from_outside = [node for node in addresses if "env" in text_of(node).lower() or not served_by]
        if from_outside and not texts and served_by != "azure" and not any(_own(text_of(node)) for node in addresses):
            open_ = "the address comes from elsewhere, and has no default"
        if not served_by:
            open_ = open_ or "a server that speaks like OpenAI is asked, whose address is not in the tree"
        lines = _lines(script, [line_of(call)], [*models, *texts]) + ((line_of(made),) if home is script else ())
        purpose = "embed" if "mbed" in method else "student_base" if "fineTuning" in method else ""
        return PlainSite(
            script.file, lines, "JavaScript", served_by, host, _names(models), purpose, step, open_, names_around(call)
        )


def _itself(value: Node) -> Node:
    """What a name is bound to, a function that hands something back taken as a call of it."""
    body = value.child_by_field_name("body")
    return body if value.type == "arrow_function" and body is not None and body.type != "statement_block" else value


def _makes(node: Node) -> bool:
    """Whether a node makes something, rather than only asking it: then an address among its arguments is its own."""
    return node.type == "new_expression" or text_of(node.child_by_field_name("function") or node).startswith("create")


def _speaks_azure(given: Node | None) -> bool:
    keys = {"api-key", "api-version"}
    return any(any(True for _ in properties(given, key, 4)) for key in keys)


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
