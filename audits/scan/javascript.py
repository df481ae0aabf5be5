"""JavaScript and TypeScript as syntax trees: what a file imports, binds, makes and calls."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

from audits.scan.tree import SourceFile

EXTENSIONS = frozenset((".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx", ".mts", ".cts"))
LONGEST_LINE = 20_000  # a line longer than this was written by a bundler
DEEPEST = 8
MOST_RETURNS = 8
MOST_STEPS = 2_000  # per question: names may refer to each other in more ways than can be followed
_TYPED = Language(tree_sitter_typescript.language_typescript())
_MARKED_UP = Language(tree_sitter_typescript.language_tsx())
_STRINGS = frozenset(("string", "template_string"))
_FROM_ADDRESS = re.compile(
    r"https?://(?:esm\.sh|cdn\.skypack\.dev|esm\.run|cdn\.jsdelivr\.net/npm|unpkg\.com|deno\.land/x)/((?:@[\w.-]+/)?[\w.-]+)"
)
_FUNCTIONS = frozenset(
    (
        "arrow_function",
        "function_expression",
        "function_declaration",
        "method_definition",
        "generator_function_declaration",
    )
)
_LINKS = frozenset(
    (
        *("member_expression", "call_expression", "non_null_expression", "await_expression", "subscript_expression"),
        *("parenthesized_expression", "as_expression"),
    )
)
_CLASSES = frozenset(("class_declaration", "class"))
_EITHER = frozenset(
    (
        *("binary_expression", "ternary_expression", "as_expression", "parenthesized_expression", "await_expression"),
        *("non_null_expression", "satisfies_expression"),
    )
)


@dataclass(slots=True, eq=False)
class Script:
    """One parsed file.

    `imports`: local name → (package, name there, "*" for all of it). `values`: what names are bound to. `entries`: what object
    literals hold under a key. `functions`: what is declared as one. `packages`: all that is imported from, types too.
    """

    file: SourceFile
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    values: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    entries: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    functions: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    calls: list[Node] = field(default_factory=list)
    packages: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Text:
    """A text that an expression may be worth, `{}` where a part is not known, and the line of the file that writes it."""

    text: str
    script: Script
    line: int


def parse_script(file: SourceFile) -> Script | None:
    """The file as a script; None for one that a bundler wrote."""
    if max(map(len, file.text.split("\n"))) > LONGEST_LINE or file.path.endswith(".min.js"):
        return None
    parser = Parser(_TYPED if file.extension in (".ts", ".mts", ".cts") else _MARKED_UP)
    script = Script(file)
    pending = [parser.parse(file.text.encode("utf-8", "replace")).root_node]
    while pending:
        node = pending.pop()
        _note(node, script)
        pending.extend(reversed(node.named_children))
    return script


def _note(node: Node, script: Script) -> None:
    if node.type == "import_statement":
        _note_import(node, script)
    elif node.type in ("call_expression", "new_expression"):
        script.calls.append(node)
    elif node.type in ("variable_declarator", "public_field_definition", "assignment_expression", "pair"):
        _note_binding(node, script)
    elif node.type in ("function_declaration", "method_definition", "generator_function_declaration"):
        script.functions[last_name(node.child_by_field_name("name") or node)].append(node)


def _note_import(node: Node, script: Script) -> None:
    source = node.child_by_field_name("source")
    package = package_named(plain(source)) if source else ""
    script.packages.add(package)
    if any(child.type == "type" for child in node.children):
        return
    for clause in node.named_children:
        for part in clause.named_children if clause.type == "import_clause" else ():
            if part.type == "identifier":
                script.imports[text_of(part)] = (package, "default")
            elif part.type == "namespace_import":
                script.imports[text_of(part.named_children[0])] = (package, "*")
            elif part.type == "named_imports":
                _note_named(part, package, script)


def _note_named(imports: Node, package: str, script: Script) -> None:
    for specifier in imports.named_children:
        name, alias = specifier.child_by_field_name("name"), specifier.child_by_field_name("alias")
        if name is not None and not any(child.type == "type" for child in specifier.children):
            script.imports[text_of(alias or name)] = (package, text_of(name))


def _note_binding(node: Node, script: Script) -> None:
    target = node.child_by_field_name("name") or node.child_by_field_name("left") or node.child_by_field_name("key")
    value = node.child_by_field_name("value") or node.child_by_field_name("right")
    if target is None or value is None:
        return
    required = _required(value)
    script.packages.add(required)
    if required and target.type == "identifier":
        script.imports[text_of(target)] = (required, "default")
    elif required and target.type == "object_pattern":
        for part in target.named_children:
            script.imports[text_of(part.child_by_field_name("value") or part)] = (required, text_of(part).split(":")[0])
    elif target.type != "object_pattern":
        (script.entries if node.type == "pair" else script.values)[last_name(target)].append(value)


def _required(value: Node) -> str:
    """The package in `require("…")`, also with `.default` or a name behind it."""
    while value.type in ("member_expression", "await_expression"):
        inner = value.child_by_field_name("object") or next(iter(value.named_children), None)
        if inner is None:
            return ""
        value = inner
    function = value.child_by_field_name("function") if value.type == "call_expression" else None
    if function is None or text_of(function) not in ("require", "import"):
        return ""
    given = arguments(value)
    return package_named(plain(given[0])) if given and given[0].type in _STRINGS else ""


def package_named(source: str) -> str:
    """The package that an import means: `npm:openai@4.28`, `https://esm.sh/openai@4` and `openai` are one."""
    address = _FROM_ADDRESS.match(source)
    name = address[1] if address else source.removeprefix("npm:").removeprefix("jsr:")
    scope, at, rest = name.partition("@") if not name.startswith("@") else ("@" + name[1:].partition("@")[0], "", "")
    return scope if address or at or rest else name


def text_of(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def plain(node: Node) -> str:
    """A string literal without its quotes."""
    return text_of(node)[1:-1]


def last_name(node: Node) -> str:
    """`a.b.c` → c; `this.client` → client."""
    named = node.child_by_field_name("property") if node.type == "member_expression" else node
    return text_of(named).strip("#\"'") if named else ""


def chain(node: Node) -> list[str]:
    """`client.chat.completions.create` → its names; calls and indexes in between are left out."""
    names: list[str] = []
    while node.type in _LINKS:
        if node.type == "member_expression":
            names.insert(0, last_name(node))
        inner = node.child_by_field_name("object") or node.child_by_field_name("function")
        inner = inner or next(iter(node.named_children), None)
        if inner is None:
            return names
        node = inner
    return [text_of(node), *names] if node.type in ("identifier", "this") else names


def arguments(call: Node) -> list[Node]:
    given = call.child_by_field_name("arguments")
    return list(given.named_children) if given else []


def properties(node: Node | None, name: str, deep: int = 3) -> Iterator[Node]:
    """The values of a property in an object literal and in the literals inside it; `{ model }` gives the name itself."""
    if node is None or deep < 0:
        return
    for part in node.named_children:
        key, value = part.child_by_field_name("key"), part.child_by_field_name("value")
        if part.type == "pair" and key is not None and value is not None and text_of(key).strip("\"'") == name:
            yield value
        elif part.type == "shorthand_property_identifier" and text_of(part) == name:
            yield part
        elif part.type in ("pair", "object", "call_expression", "arguments", "array"):
            yield from properties(part, name, deep - 1)


def returned(function: Node) -> list[Node]:
    """The expressions that a function may hand back, those of functions inside it left out."""
    body = function.child_by_field_name("body")
    if body is None:
        return []
    if body.type != "statement_block":
        return [body]
    found: list[Node] = []
    pending = list(body.named_children)
    while pending and len(found) < MOST_RETURNS:
        node = pending.pop()
        if node.type == "return_statement":
            found += node.named_children[:1]
        elif node.type not in _FUNCTIONS:
            pending.extend(node.named_children)
    return found


def sides(node: Node) -> list[Node]:
    """The parts of which an expression may be any: `a ?? b`, `test ? a : b`, `(a as T)`; else the expression itself."""
    if node.type == "ternary_expression":
        return list(node.named_children[1:])
    if node.type in ("as_expression", "satisfies_expression"):
        return list(node.named_children[:1])
    return list(node.named_children) if node.type in _EITHER else [node]


def names_around(node: Node) -> tuple[str, ...]:
    """The names of the functions and classes in which a node stands, innermost first."""
    names: list[str] = []
    current = node.parent
    while current is not None:
        named = current if current.type in _FUNCTIONS | _CLASSES else None
        if named is not None and named.child_by_field_name("name") is None:
            named = (
                current.parent if current.parent and current.parent.type in ("variable_declarator", "pair") else None
            )
        name = (named.child_by_field_name("name") or named.child_by_field_name("key")) if named is not None else None
        if name is not None:
            names.append(text_of(name).strip("\"'#"))
        current = current.parent
    return tuple(names[:6])


def line_of(node: Node) -> int:
    return int(node.start_point[0]) + 1


class Scripts:
    """The scripts of a tree together."""

    def __init__(self, scripts: Iterable[Script]) -> None:
        self.scripts = list(scripts)
        self._steps = 0
        self._returned: dict[tuple[str, int], list[Node]] = {}
        self._by_name: dict[str, list[Script]] = defaultdict(list)
        for script in self.scripts:
            path = script.file.path.rsplit(".", 1)[0].removesuffix("/index")
            self._by_name[path.rpartition("/")[2]].append(script)

    def bound(self, name: str, script: Script) -> list[tuple[Node, Script]]:
        """What a name stands for: in this file, else in the file of the tree from which it is imported."""
        here = [*script.values.get(name, ()), *script.functions.get(name, ())] or _entries(name, script)
        if here:
            return [(value, script) for value in here[:6]]
        package, original = script.imports.get(name, ("", ""))
        if not package.startswith((".", "@/", "~/", "src/")):
            return []
        tail = package.rpartition("/")[2].removesuffix(".js").removesuffix(".ts")
        homes = self._by_name.get(tail, [])[:3]
        return self._held(homes, original) or self._held(homes, name)

    def _held(self, homes: list[Script], name: str) -> list[tuple[Node, Script]]:
        held = [
            (home, [*home.values.get(name, ()), *home.functions.get(name, ()), *_entries(name, home)]) for home in homes
        ]
        return [(value, home) for home, values in held for value in values[:6]]

    def alternatives(self, node: Node | None, script: Script, depth: int = 0) -> Iterator[tuple[Node, Script]]:
        """The calls that an expression may stand for: names, choices, tables and what functions hand back are followed."""
        self._steps = 0 if depth == 0 else self._steps + 1
        if node is None or depth > DEEPEST or self._steps > MOST_STEPS:
            return
        if node.type in ("call_expression", "new_expression"):
            yield node, script
            function = node.child_by_field_name("function")
            for value, home in self._called(function, script) if function is not None else ():
                for part in self._handed_back(value, home):
                    yield from self.alternatives(part, home, depth + 2)
        elif node.type in ("identifier", "shorthand_property_identifier", "member_expression"):
            for value, home in self.bound(last_name(node), script):
                if value.type not in _FUNCTIONS:
                    yield from self.alternatives(value, home, depth + 1)
        elif node.type in _EITHER:
            for side in sides(node):
                yield from self.alternatives(side, script, depth + 1)

    def _handed_back(self, function: Node, home: Script) -> list[Node]:
        key = (home.file.path, function.start_byte)
        if key not in self._returned:
            self._returned[key] = returned(function)
        return self._returned[key]

    def _called(self, function: Node, script: Script) -> list[tuple[Node, Script]]:
        """The functions of the tree that a call may mean: by name, or an entry of a table of functions."""
        name = last_name(function) if function.type in ("identifier", "member_expression") else ""
        found: list[tuple[Node, Script]] = []
        for value, home in self.bound(name, script) if name else ():
            held = chain(value)[:1] if value.type in ("subscript_expression", "as_expression") else []
            tables = [t for one in held for t in self.bound(one, home)] or [(value, home)]
            for table, its in tables:
                parts = (
                    [p.child_by_field_name("value") for p in table.named_children]
                    if table.type == "object"
                    else [table]
                )
                found += [(part, its) for part in parts if part is not None and part.type in _FUNCTIONS]
        return found[:12]

    def texts(self, node: Node | None, script: Script, depth: int = 0) -> list[Text]:
        """What an expression may be worth."""
        self._steps = 0 if depth == 0 else self._steps + 1
        if node is None or depth > DEEPEST or self._steps > MOST_STEPS:
            return []
        if node.type == "string":
            return [Text(plain(node), script, line_of(node))]
        if node.type == "template_string":
            return [Text(self._filled(node, script, depth), script, line_of(node))]
        if node.type in ("identifier", "shorthand_property_identifier", "member_expression"):
            values = self.bound(last_name(node), script)
            return [text for value, home in values for text in self.texts(value, home, depth + 1)]
        if node.type in _EITHER:
            if node.type == "binary_expression" and "+" in [child.type for child in node.children]:
                parts = [
                    (self.texts(side, script, depth + 1) or [Text("{}", script, 0)])[0].text
                    for side in node.named_children
                ]
                return [Text("".join(parts), script, line_of(node))]
            return [text for side in sides(node) for text in self.texts(side, script, depth + 1)]
        return []

    def _filled(self, template: Node, script: Script, depth: int) -> str:
        filled = ""
        for part in template.named_children:
            if part.type == "template_substitution":
                inner = self.texts(part.named_children[0] if part.named_children else None, script, depth + 1)
                filled += inner[0].text if inner else "{}"
            else:
                filled += text_of(part)
        return filled


def _entries(name: str, script: Script) -> list[Node]:
    """What object literals hold under a name, those left out that are made of what the name means where they stand."""
    return [value for value in script.entries.get(name, ()) if not _mentions(value, name)]


def _mentions(node: Node, name: str) -> bool:
    pending = [node]
    for _ in range(200):
        if not pending:
            return False
        current = pending.pop()
        if current.type in ("identifier", "shorthand_property_identifier") and text_of(current) == name:
            return True
        pending.extend(current.named_children)
    return False
