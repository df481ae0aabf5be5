"""Requests sent by hand: requests, httpx, aiohttp, urllib and http.client to the address of a model."""

import ast
from collections.abc import Iterator

from audits.scan.directory import Directory
from audits.scan.following import Program
from audits.scan.modules import Module, Scope
from audits.scan.site import Site
from audits.scan.tables import HTTP_METHODS, HTTP_PACKAGES, MODEL_PATHS
from audits.scan.values import Origin, Value, Worth, argument, called_name, entries

_CONNECTIONS = frozenset(("HTTPSConnection", "HTTPConnection"))


class SentByHand:
    """Finds calls that send a request to a host which answers with models."""

    def __init__(self, program: Program, directory: Directory) -> None:
        self._program = program
        self._directory = directory

    def sites(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Site]:
        """A site when the call sends a request to a model, else nothing."""
        name = called_name(call)
        if name not in HTTP_METHODS:
            return
        package = http_package(module.meaning(call.func).partition(".")[0], module)
        for worth in self._addresses(call, module, scope) if package else ():
            asked = [value for value in worth.values if self._asked_at(value, name)]
            if asked:
                hosts = [self._directory.channel_of_url(value.text) for value in asked]
                address = Worth(asked, worth.variables, worth.open, worth.undecided)
                step = f"a request is sent to {' or '.join(dict.fromkeys(host for host, _ in hosts))}"
                models = self._payload_models(call, module, scope)
                yield Site(module, call, scope, package, hosts[0][1] or "", models, address, "", [], [step], 0.8)
                return

    def _asked_at(self, value: Value, method: str) -> bool:
        host, served_by = self._directory.channel_of_url(value.text)
        return bool(host) and self._asks_a_model(value.text, served_by, method)

    def _addresses(self, call: ast.Call, module: Module, scope: Scope) -> Iterator[Worth]:
        """What may be the address: an argument as it stands, or put behind the address of the session it is sent with."""
        for expression in [argument(call, "url", -1), *call.args[:2]]:
            if expression is None:
                continue
            worth = self._program.worth(expression, module, scope)
            yield worth
            paths = [value for value in worth.values if value.text.startswith("/") or "://" not in value.text]
            if paths and isinstance(call.func, ast.Attribute):
                for base in self._bases(call.func.value, module, scope):
                    yield Worth(
                        [_joined(one, path) for one in base.values for path in paths], base.variables, base.open
                    )

    def _bases(self, session: ast.expr, module: Module, scope: Scope) -> Iterator[Worth]:
        for origin in self._program.origins(session, module, scope):
            if not isinstance(origin.node, ast.Call):
                continue
            plain = called_name(origin.node) in _CONNECTIONS
            given = argument(origin.node, "host" if plain else "base_url", 0)
            if given is None or not (plain or called_name(origin.node) in ("Client", "AsyncClient", "ClientSession")):
                continue
            base = self._program.worth(given, origin.module, origin.scope)
            if plain:
                base.values = [Value(f"https://{value.text}", value.places) for value in base.values]
            yield base

    def _asks_a_model(self, url: str, served_by: str | None, method: str) -> bool:
        path = url.partition("://")[2].partition("/")[2]
        known = any(marker in "/" + path for marker in MODEL_PATHS)
        if served_by is None:
            return method != "get" and "/chat/completions" in "/" + path
        if served_by == "self":
            return known and method != "get"
        return known or (method not in ("get", "put") and not path.rstrip("/").endswith("models"))

    def _payload_models(self, call: ast.Call, module: Module, scope: Scope) -> Worth:
        worth = Worth()
        given = [k.value for k in call.keywords if k.arg in ("json", "data", "content", "body")]
        for expression in given or call.args[1:3]:
            for payload in self._payloads(expression, module, scope):
                for value in entries(payload.node, "model"):
                    worth.add(self._program.worth(value, payload.module, payload.scope))
        return worth

    def _payloads(self, expression: ast.expr, module: Module, scope: Scope, depth: int = 0) -> list[Origin]:
        found = []
        for origin in self._program.origins(expression, module, scope):
            call = origin.node
            if isinstance(call, ast.Call) and depth < 3:
                if called_name(call) in ("dumps", "Request") and call.args:
                    found += self._payloads(call.args[0], origin.module, origin.scope, depth + 1)
                if called_name(call) == "encode" and isinstance(call.func, ast.Attribute):
                    found += self._payloads(call.func.value, origin.module, origin.scope, depth + 1)
            found.append(origin)
        return found


def _joined(base: Value, path: Value) -> Value:
    return Value(f"{base.text.rstrip('/')}/{path.text.lstrip('/')}", (*base.places, *path.places))


def http_package(package: str, module: Module) -> str:
    """The package with which a request is sent: by name, or because the file imports one."""
    if package in HTTP_PACKAGES:
        return package
    return next(
        (name for name in sorted(HTTP_PACKAGES) if any(v.partition(".")[0] == name for v in module.names.values())), ""
    )
