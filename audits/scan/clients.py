"""Clients of SDKs: what makes one, what stands behind a name, what was put around it, where it is pointed."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from audits.scan.calls import CallReader
from audits.scan.following import Program
from audits.scan.modules import Module, Scope
from audits.scan.sdks import CLIENTS
from audits.scan.tables import WRAPS
from audits.scan.values import Declared, Origin, Worth, argument, called_name, entries

_TAKEN_AS = frozenset(("client", "openai_client", "async_client", "azure_client", "llm_client", "model_client"))
MOST_CLIENTS = 50  # that one call may make or hand back
MOST_LOOKED_INSIDE = 2_000  # wrappers inside wrappers, in a whole tree


@dataclass(frozen=True, slots=True)
class Client:
    """A client: the call that made it, the SDK's package, who answers unless it is pointed elsewhere, what is put around it."""

    origin: Origin
    package: str
    served_by: str
    wrapped: bool = False


class ClientReader:
    """Finds the clients behind expressions."""

    def __init__(self, program: Program, calls: CallReader) -> None:
        self._program = program
        self._calls = calls
        self._made: dict[str, list[Client]] | None = None
        self._looked_inside = 0
        self._nearby: dict[int, list[Client]] = {}
        self._known: dict[tuple[int, int], tuple[ast.AST, list[Client]]] = {}

    def behind(self, expression: ast.expr, module: Module, scope: Scope) -> list[Client]:
        """The clients that an expression may stand for."""
        origins = self._program.origins(expression, module, scope)
        return list({id(c.origin.node): c for o in origins for c in self._given_by(o)}.values())

    def _given_by(self, origin: Origin) -> list[Client]:
        """The clients an origin makes; where only a type is known, those of that type which the tree makes somewhere."""
        found = list(self.made_by(origin))
        if not isinstance(origin.node, Declared) or not found:
            return found
        elsewhere = self._all_made().get(found[0].package, [])
        same = [client for client in elsewhere if _meaning(client.origin) == _meaning(origin)]
        return same[:4] or found

    def made_with(self, package: str) -> bool:
        """Whether the tree makes a client of this package anywhere."""
        return bool(self._all_made().get(package))

    def _all_made(self) -> dict[str, list[Client]]:
        if self._made is None:
            self._made = defaultdict(list)
            for module in self._program.modules:
                for call, scope in module.calls if not module.is_test else ():
                    if _meaning(Origin(module, call, scope)) in CLIENTS:
                        for client in self.made_by(Origin(module, call, scope)):
                            self._made[client.package].append(client)
        return self._made

    def made_by(self, origin: Origin, depth: int = 0) -> list[Client]:
        """The clients that this call makes, or hands back with something put around them."""
        key = (id(origin.node), depth)
        if key not in self._known:
            self._known[key] = (origin.node, [])  # while it is asked, a call that leads back to itself makes nothing
            different = {
                id(client.origin.node): client for client in islice(self._made_by(origin, depth), MOST_CLIENTS)
            }
            self._known[key] = (origin.node, list(different.values()))
        return self._known[key][1]

    def _made_by(self, origin: Origin, depth: int) -> Iterator[Client]:
        call = origin.node
        if not isinstance(call, ast.Call) or depth > 3:
            return
        meaning = _meaning(origin)
        known = next((name for name in [meaning, *self._program.bases(meaning, origin.module)] if name in CLIENTS), "")
        if known:
            sdk = CLIENTS[known]
            named = self._calls.named_provider(call, origin.module, origin.scope)
            served_by = "google-vertex" if sdk.package == "google" and _says_vertex(call) else sdk.served_by
            if served_by == "openai" and self._speaks_azure(call, origin):
                served_by = "azure"
            yield Client(origin, sdk.package, named or served_by)
        elif meaning.startswith("boto3") or meaning.endswith(".client"):
            services = self._program.worth(argument(call, "service_name", 0), origin.module, origin.scope).values
            if any(value.text.startswith("bedrock") for value in services):
                yield Client(origin, "boto3", "amazon-bedrock")
        elif _may_wrap(call):
            yield from self._wrapped(call, origin, depth)

    def _speaks_azure(self, call: ast.Call, origin: Origin) -> bool:
        """Whether OpenAI's client is given the header or the version in its query that Azure wants."""
        given = [argument(call, "default_headers", -1), argument(call, "default_query", -1)]
        tables = [o for g in given if g is not None for o in self._program.origins(g, origin.module, origin.scope)]
        return any(entries(table.node, key) for table in tables for key in ("api-key", "api-version"))

    def _wrapped(self, call: ast.Call, origin: Origin, depth: int) -> Iterator[Client]:
        self._looked_inside += depth > 0
        if self._looked_inside > MOST_LOOKED_INSIDE:
            return
        given = [*call.args[:2], *(keyword.value for keyword in call.keywords if keyword.arg in _TAKEN_AS)]
        for expression in given:
            if not isinstance(expression, (ast.Name, ast.Attribute, ast.Call)):
                continue
            for inner in self._program.origins(expression, origin.module, origin.scope):
                if inner.node is not call:
                    for client in self.made_by(inner, depth + 1):
                        yield replace(client, wrapped=True)

    def nearby(self, module: Module) -> list[Client]:
        """A client made in this file, for a call on something whose origin cannot be followed."""
        if id(module) not in self._nearby:
            made = (c for call, scope in module.calls for c in self.made_by(Origin(module, call, scope)))
            self._nearby[id(module)] = list(islice(made, 1))
        return self._nearby[id(module)]

    def address(self, client: Client) -> Worth:
        """The address that a client is given when it is made."""
        origin = client.origin
        if not isinstance(origin.node, ast.Call):
            return Worth()
        return self._calls.address(origin.node, origin.module, origin.scope)


def _meaning(origin: Origin) -> str:
    if not isinstance(origin.node, ast.Call):
        return ""
    return origin.module.meaning(origin.node.func).removesuffix(".from_pretrained")


def _says_vertex(call: ast.Call) -> bool:
    flag = argument(call, "vertexai", -1)
    return isinstance(flag, ast.Constant) and bool(flag.value)


def _may_wrap(call: ast.Call) -> bool:
    """Whether a call of something from outside the tree may hand back a client that it was given."""
    name = called_name(call)
    return name.startswith(WRAPS) or (name[:1].isupper() and not name.isupper() and bool(call.args or call.keywords))
