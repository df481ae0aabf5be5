"""The one table of kinds of gaps: it has every kind that the code can name, and the page in docs says the same."""

import ast
from collections.abc import Iterator
from pathlib import Path

from audits.gap_kinds import BEARS_ON_NOTHING, BOUNDS, GAP_KINDS, NOTHING, SET_UP, WHY_NOT, bears, gap_kind, why_not
from audits.reporting.language import catalogue
from audits.reporting.options import LANGUAGES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "capture-gaps.md"
SOURCES = [path for folder in ("capture", "procedures") for path in (ROOT / "audits" / folder).rglob("*.py")]


def constants(tree: ast.Module) -> dict[str, str]:
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)]
    return {
        target.id: node.value.value
        for node in assigned
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


def reason_in(said: ast.expr) -> ast.expr:
    assert isinstance(said, ast.Dict)
    keys = [key.value if isinstance(key, ast.Constant) else None for key in said.keys]
    return said.values[keys.index("reason")]


def named(tree: ast.Module) -> Iterator[ast.expr]:
    """What stands where a kind is named: in gaps that the recorder tells of, that the worker writes, and that rooms yield."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "gaps":
            told = [one.value for one in ast.walk(node) if isinstance(one, ast.Yield)]
            yield from (one.elts[0] for one in told if isinstance(one, ast.Tuple))
        if not isinstance(node, ast.Call):
            continue
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if function == "gap" or (function == "_gap" and isinstance(node.func, ast.Attribute)):
            yield node.args[0]
        elif function == "_gap":
            yield node.args[1]
        elif function == "line" and isinstance(node.args[0], ast.Constant) and node.args[0].value == "gap":
            yield reason_in(node.args[2])
        elif ast.unparse(node.func) == "Gap.objects.create":
            yield from (one.value for one in node.keywords if one.arg == "kind")


def test_every_kind_that_the_code_can_name_is_told_and_no_other() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]
    known = {name: value for tree in trees for name, value in constants(tree).items()}
    kinds, passed_on = set(), set()
    for expression in (one for tree in trees for one in named(tree)):
        if isinstance(expression, ast.Constant):
            kinds.add(expression.value)
        elif isinstance(expression, ast.Name) and expression.id in known:
            kinds.add(known[expression.id])
        else:
            passed_on.add(ast.unparse(expression))
    assert passed_on == {"kind"}, "a kind that no test can read: name it by a constant"
    assert kinds == set(GAP_KINDS)
    assert all(one.name and one.words and one.means and one.remedy for one in GAP_KINDS.values())


def test_the_page_in_docs_has_the_same_table() -> None:
    rows = [f"| `{code}` | {one.sentence} | {one.means} | {one.remedy} |" for code, one in GAP_KINDS.items()]
    held = DOCS.read_text(encoding="utf-8").partition("<!-- kinds -->\n")[2].partition("<!-- end of kinds -->")[0]
    due = "\n".join(
        ["| Kind | What could not be seen | For the verdict | What to do |", "|---|---|---|---|", *rows, ""]
    )
    assert held == due, f"docs/capture-gaps.md is due:\n{due}"


def test_each_kind_has_words_in_every_language_of_reports() -> None:
    said = {text for one in GAP_KINDS.values() for text in (one.name, one.words, one.means, one.remedy)} | {SET_UP}
    said |= set(WHY_NOT.values())
    for language in (one for one in LANGUAGES if one != "en"):
        assert said - set(catalogue(language)["words"]) == set(), language


def test_an_unknown_kind_is_told_by_its_code_and_counts_as_something_unseen() -> None:
    told = gap_kind("of_a_later_version")
    assert (told.sentence, told.means, told.remedy) == ("of a later version", BOUNDS, "")
    assert bears("of_a_later_version", "execute")


def test_a_gap_of_set_up_bears_on_no_verdict_nor_does_one_of_printed_lines() -> None:
    assert gap_kind("tls_refused_by_client", "prepare").means == SET_UP
    assert gap_kind("recorder", "conclude").means == NOTHING
    assert not bears("tls_refused_by_client", "prepare")
    assert "output" in BEARS_ON_NOTHING
    assert not bears("output", "execute")


def refusals() -> Iterator[str]:
    """The codes that the recorder gives to what it does not pass on, and to what did not come about upstream."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "audits" / "capture").rglob("*.py")]
    for node in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(node.func)
        place = 1 if name == "Refused" or name.endswith(".refused") else 0 if name == "UpstreamError" else None
        told = None if place is None else node.args[place]
        if isinstance(told, ast.Constant):
            yield str(told.value)


def test_every_reason_of_a_refusal_has_words_and_keeps_its_detail() -> None:
    assert {code.replace("_", " ") for code in refusals()} - {"replay"} <= set(WHY_NOT)
    assert why_not("raw address: 10.1.2.3") == (WHY_NOT["raw address"], "10.1.2.3")
    assert why_not("quic") == (WHY_NOT["quic"], "")
    assert why_not("of a later version: some: detail") == ("of a later version: some: detail", "")
