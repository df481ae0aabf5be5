"""What a call that reaches a model says: which model, which address, which provider by name."""

import ast
from collections.abc import Iterator

from audits.scan.following import Program
from audits.scan.modules import Module, Scope
from audits.scan.tables import HOST_KEYWORDS, MODEL_KEYWORDS, MODEL_PREFIXES, PROVIDER_KEYWORDS, VENDORS
from audits.scan.values import Declared, Origin, Worth, argument, called_name, entries

_FIRST_IS_MODEL = frozenset(
    (
        *(
            "completion",
            "acompletion",
            "LM",
            "LLM",
            "run",
            "async_run",
            "stream",
            "generate",
            "call",
            "from_pretrained",
        ),
        *("get_model", "init_chat_model", "init_embeddings", "from_provider", "GenerativeModel", "OpenaiChatModel"),
        *("InferenceClient", "AsyncInferenceClient", "openai", "anthropic", "azure_openai", "gemini"),
        *("OpenAI", "AzureOpenAI", "Anthropic", "VertexAI"),
    )
)
_SECOND_IS_MODEL = frozenset(("from_openai", "from_anthropic", "from_gemini", "from_azure_openai", "from_mistral"))
_CLIENT_PACKAGES = frozenset(("openai", "anthropic"))  # whose classes take keywords only


class CallReader:
    """Reads the arguments of calls."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def models(self, call: ast.Call, module: Module, scope: Scope, also: tuple[str, ...] = ()) -> Worth:
        """What the call (or the callers of the function around it, when it passes their keywords on) gives as the model."""
        for name in (*MODEL_KEYWORDS, *also):
            given = argument(call, name, -1)
            if given is not None:
                return self._program.worth(given, module, scope)
        at = self._position(call, module)
        if 0 <= at < len(call.args):
            return self._program.worth(call.args[at], module, scope)
        worth = Worth()
        for keyword in call.keywords:
            if keyword.arg is None:
                worth.add(self._passed_on(keyword.value, module, scope))
        return worth

    def _position(self, call: ast.Call, module: Module) -> int:
        name = called_name(call)
        if name in _SECOND_IS_MODEL:
            return 1
        package = module.meaning(call.func).partition(".")[0]
        return 0 if name in _FIRST_IS_MODEL and not (package in _CLIENT_PACKAGES and name[:1].isupper()) else -1

    def _passed_on(self, expression: ast.expr, module: Module, scope: Scope) -> Worth:
        worth = Worth(open=True)
        for origin in self._program.origins(expression, module, scope):
            for name in MODEL_KEYWORDS[:5]:
                for value in entries(origin.node, name):
                    worth.add(self._program.worth(value, origin.module, origin.scope))
        function = scope[0]
        if function is not None and function.args.kwarg is not None:
            for caller, call, its_scope in self._program.callers(function.name)[:12]:
                for name in MODEL_KEYWORDS[:5]:
                    given = argument(call, name, -1)
                    if given is not None:
                        worth.add(self._program.worth(given, caller, its_scope))
        return worth

    def address(self, call: ast.Call, module: Module, scope: Scope) -> Worth:
        """The address that a client or call is given; empty when it is given none, open when its type is all that is known."""
        if isinstance(call, Declared):
            return Worth(open=True)
        for name in HOST_KEYWORDS:
            given = argument(call, name, -1)
            if given is not None:
                return self._program.worth(given, module, scope)
        if called_name(call) in ("InferenceClient", "AsyncInferenceClient"):
            return self._endpoint(argument(call, "model", 0), module, scope)
        return self._address_in_table(call, module, scope)

    def _address_in_table(self, call: ast.Call, module: Module, scope: Scope) -> Worth:
        """An address in `**options` or in `http_options={"base_url": …}`."""
        tables = [keyword.value for keyword in call.keywords if keyword.arg in (None, "http_options", "litellm_params")]
        for table in tables:
            for origin in self._program.origins(table, module, scope):
                for name in HOST_KEYWORDS[:5]:
                    given = [*entries(origin.node, name), *_keyword(origin, name)]
                    if given:
                        return self._program.worth(given[0], origin.module, origin.scope)
                if isinstance(origin.node, ast.Dict) and _passes_address(origin.module, table):
                    return Worth(open=True)
        return Worth()

    def _endpoint(self, given: ast.expr | None, module: Module, scope: Scope) -> Worth:
        """Hugging Face's client takes a model or an address in the same place; an attribute called endpoint is an address."""
        worth = self._program.worth(given, module, scope) if given is not None else Worth()
        addresses = [value for value in worth.values if "://" in value.text]
        named = given.attr if isinstance(given, ast.Attribute) else given.id if isinstance(given, ast.Name) else ""
        unknown = "endpoint" in named.lower() or "url" in named.lower()
        return Worth(addresses, [named] if unknown and not addresses else [], unknown)

    def named_provider(self, call: ast.Call, module: Module, scope: Scope) -> str:
        """The channel that `provider="together"` or the like names; "" when it names none that is known."""
        for name in PROVIDER_KEYWORDS:
            for value in self._program.worth(argument(call, name, -1), module, scope).values[:1]:
                known = value.text.lower()
                return MODEL_PREFIXES.get(known) or VENDORS.get(known.replace("-", "").replace("_", "")) or ""
        return ""

    def tables(self, expression: ast.expr, module: Module, scope: Scope, depth: int = 0) -> Iterator[Origin]:
        """The dicts that an expression holds, those in its lists and entries too."""
        for origin in self._program.origins(expression, module, scope):
            if isinstance(origin.node, ast.Dict):
                yield origin
                for value in origin.node.values if depth < 3 else ():
                    if isinstance(value, (ast.List, ast.Dict, ast.Name)):
                        yield from self.tables(value, origin.module, origin.scope, depth + 1)


def _keyword(origin: Origin, name: str) -> list[ast.expr]:
    given = argument(origin.node, name, -1) if isinstance(origin.node, ast.Call) else None
    return [] if given is None else [given]


def _passes_address(module: Module, expression: ast.expr) -> bool:
    """Whether `{name}["base_url"] = ...` is said somewhere in the file for the keywords handed on."""
    name = expression.id if isinstance(expression, ast.Name) else ""
    return bool(name) and any(f"{name}[{quote}base_url{quote}]" in line for line in module.lines for quote in "\"'")
