"""What gateways are handed: unknown is blocked, an empty list is never written, and true readers understand it."""

import datetime as dt
import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from compliance.engine.facts import FactValue
from compliance.engine.library import Library, Provider
from compliance.engine.portfolio import Cell, library_sha256, matrix, ways_to
from compliance.engine.rulebook import join, load_directory, parse_rulebook
from compliance.exchange.gateways import Head, NothingToLetThrough
from compliance.exchange.litellm import to_litellm
from compliance.exchange.openrouter import to_guardrail, to_preferences
from compliance.exchange.portfolio_tables import matrix_sha256
from compliance.management.commands.assess import SHIPPED_RULEBOOK
from tests.capture.matrix.preparing import prepared_tree
from tests.engine.acme import BOOK

ON = dt.date(2024, 6, 1)
CLASSIFIER: Mapping[str, FactValue] = {"student.competes_with_provider": False, "student.kind": "classifier"}
PURPOSES = ("train_on_output", "evaluate")
Rows = tuple[tuple[Cell, ...], ...]


def anthropic() -> Library:
    """Acme's book under a name that gateways know, its channel's text held."""
    book = BOOK.replace('slug = "acme"', 'slug = "anthropic"').replace(
        'developers = ["acme"]', 'developers = ["anthropic"]'
    )
    return join([parse_rulebook(book, "book.toml")])


def policy(rows: Rows, **choices: object) -> Head:
    library = anthropic()
    return replace(Head(ON, library_sha256(library, ON), matrix_sha256(rows), CLASSIFIER, True), **choices)  # type: ignore[arg-type]


def rows_of(facts: Mapping[str, FactValue] = CLASSIFIER, served_by: str = "") -> Rows:
    library = anthropic()
    return matrix(ways_to(library, ("api",), served_by), PURPOSES, ON, facts, library)


def routes(text: str) -> dict[str, list[str]]:
    return {one["model_name"]: one["model_info"]["access_groups"] for one in yaml.safe_load(text)["model_list"]}


def test_a_route_stands_in_the_groups_of_the_purposes_it_is_open_for():
    assert routes(to_litellm(policy(rows_of()), rows_of())) == {"anthropic/*": ["clausetrail-train-on-output"]}


def test_unknown_is_blocked_unless_somebody_chose_otherwise():
    chosen = to_litellm(policy(rows_of(), unknown=True), rows_of())
    assert routes(chosen) == {"anthropic/*": ["clausetrail-train-on-output", "clausetrail-evaluate"]}
    assert "let through, by choice" in chosen


def test_conditional_is_blocked_unless_somebody_chose_otherwise():
    with pytest.raises(NothingToLetThrough, match="An empty list would bar nothing"):
        to_litellm(policy(rows_of({})), rows_of({}))
    assert routes(to_litellm(policy(rows_of({}), conditional="allow"), rows_of({})))


def test_forbidden_is_blocked_by_every_choice():
    facts: dict[str, FactValue] = {"student.competes_with_provider": True, "student.kind": "generative"}
    text = to_litellm(policy(rows_of(facts), conditional="allow", unknown=True), rows_of(facts))
    assert routes(text) == {"anthropic/*": ["clausetrail-evaluate"]}


def test_a_policy_names_its_day_its_rulebook_and_what_was_chosen():
    rows = rows_of()
    text = to_litellm(policy(rows), rows)
    for told in (ON.isoformat(), library_sha256(anthropic(), ON), matrix_sha256(rows), "Unknown", "blocked"):
        assert told in text.partition("model_list")[0]
    assert all(line.startswith("#") for line in text.partition("model_list")[0].strip().splitlines())


def test_openrouter_is_told_hosts_and_never_an_empty_list():
    library = anthropic()
    through = replace(library.bindings[0], served_by=("openrouter",))
    library = replace(
        library, bindings=(through,), providers={**library.providers, "openrouter": Provider("openrouter", "O")}
    )
    rows = matrix(ways_to(library, ("api",), "openrouter"), PURPOSES, ON, CLASSIFIER, library)
    told = json.loads(to_preferences(policy(rows), rows, "train_on_output"))
    assert told["provider"] == {"only": ["anthropic"], "allow_fallbacks": False, "enforce_distillable_text": True}
    assert told["metadata"]["clausetrail_day"] == ON.isoformat()
    assert json.loads(to_guardrail(policy(rows), rows, "train_on_output"))["allowed_providers"] == ["anthropic"]
    with pytest.raises(NothingToLetThrough):
        to_preferences(policy(rows), rows, "evaluate")


READERS = """
import json, sys
import yaml
from litellm import Router
from litellm.proxy._types import ProxyException
from litellm.proxy.auth.auth_checks import _can_object_call_model
from litellm.types.router import Deployment
from openrouter.components import ChatRequest, CreateGuardrailRequest

entries = yaml.safe_load(open(sys.argv[1]))["model_list"]
for entry in entries:
    Deployment(**entry)
router = Router(model_list=entries)
told = json.load(open(sys.argv[2]))
request = ChatRequest.model_validate({**told, "messages": [{"role": "user", "content": "Hello"}]})
guardrail = CreateGuardrailRequest.model_validate(json.load(open(sys.argv[3])))

def passes(group, model):
    try:
        return bool(_can_object_call_model(model=model, llm_router=router, models=[group], object_type="key"))
    except ProxyException:
        return False

print(json.dumps({
    "groups": {name: sorted(models) for name, models in router.get_model_access_groups().items()},
    "deepseek for training": passes("clausetrail-train-on-output", "deepseek/deepseek-chat"),
    "deepseek for evaluation": passes("clausetrail-evaluate", "deepseek/deepseek-chat"),
    "anthropic for training": passes("clausetrail-train-on-output", "anthropic/claude-opus-4-1"),
    "only": request.provider.only, "guardrail": guardrail.allowed_providers,
}))
"""


@pytest.mark.clients
def test_litellm_and_openrouter_read_what_is_written_from_the_shipped_rulebook(tmp_path: Path):
    """LiteLLM itself decides which keys reach which models; OpenRouter's own client accepts the rest."""
    library, on = load_directory(SHIPPED_RULEBOOK), dt.date(2026, 11, 22)
    direct = matrix(ways_to(library, ("api",)), PURPOSES, on, CLASSIFIER, library)
    through = matrix(ways_to(library, ("api",), "openrouter"), PURPOSES, on, CLASSIFIER, library)
    files = [tmp_path / name for name in ("litellm.yaml", "preferences.json", "guardrail.json", "read.py")]
    files[0].write_text(to_litellm(policy(direct), direct))
    files[1].write_text(to_preferences(policy(through, unknown=True), through, "evaluate"))
    files[2].write_text(to_guardrail(policy(through, unknown=True), through, "evaluate"))
    files[3].write_text(READERS)
    with prepared_tree() as tree:
        done = subprocess.run(
            [tree / "gateway" / "bin" / "python", files[3], *files[:3]],
            env={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["groups"] == {
        group: sorted(route for route, groups in routes(files[0].read_text()).items() if group in groups)
        for group in ("clausetrail-train-on-output", "clausetrail-evaluate")
    }
    assert (told["deepseek for training"], told["deepseek for evaluation"], told["anthropic for training"]) == (
        True,
        False,
        False,
    )
    assert told["only"] == told["guardrail"] == json.loads(files[1].read_text())["provider"]["only"]
