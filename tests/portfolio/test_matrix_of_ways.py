"""Every cell is one use, judged by the engine: what is allowed, what depends, what is barred, and what nobody knows."""

import csv
import datetime as dt
import io
from dataclasses import replace
from typing import Any

from compliance.engine.assessment import assess
from compliance.engine.facts import Fact, FactValue, Use
from compliance.engine.library import Agreement, Library
from compliance.engine.portfolio import (
    PURPOSES,
    Cell,
    State,
    Way,
    cell,
    library_sha256,
    matrix,
    reachable,
    trials,
    ways_to,
)
from compliance.exchange.portfolio_tables import COLUMNS, to_csv, to_json

ON = dt.date(2024, 6, 1)
API = Way("acme", "api", "acme")


def judged(
    library: Library, activity: str = "train_on_output", on: dt.date = ON, way: Way = API, **facts: FactValue
) -> Cell:
    return cell(way, activity, on, {f"student.{name}": value for name, value in facts.items()}, library)


def test_what_a_prohibition_bars_is_forbidden_and_says_which(library: Library):
    found = judged(library, competes_with_provider=True, kind="generative")
    assert (found.state, found.brief) == (State.FORBIDDEN, "2(e)")
    assert [verdict.rule.id for verdict in found.deciding] == ["acme/terms:competing-models"]


def test_what_hangs_on_a_fact_is_conditional_and_names_it(library: Library):
    found = judged(library)
    assert found.state is State.CONDITIONAL
    assert "student.competes_with_provider" in found.facts
    assert "competes" in found.brief


def test_a_permission_that_nothing_bars_is_allowed(library: Library):
    assert judged(library, competes_with_provider=False, kind="classifier").state is State.ALLOWED


def test_silence_is_unknown_and_never_allowed(library: Library):
    assert judged(library, "evaluate").state is State.UNKNOWN
    assert judged(library, "evaluate").brief == "terms are silent"


def test_a_paper_that_is_not_held_is_unknown_whatever_is_declared(library: Library):
    found = judged(library, way=Way("acme", "api", "bazaar"), competes_with_provider=False, kind="classifier")
    assert (found.state, found.texts, found.brief) == (State.UNKNOWN, ("bazaar/terms",), "text not held")


def test_the_day_chooses_the_version(library: Library):
    before, after = dt.date(2024, 1, 31), dt.date(2024, 2, 1)
    facts: dict[str, Any] = {"competes_with_provider": True, "kind": "generative"}
    assert judged(library, on=before, **facts).state is not State.FORBIDDEN
    assert judged(library, on=after, **facts).state is State.FORBIDDEN


def test_an_agreement_turns_a_ban_into_a_permission_and_is_named(library: Library):
    agreement = Agreement("Order form 7", "acme", ("train_on_output",))
    found = judged(replace(library, agreements=(agreement,)), competes_with_provider=True, kind="generative")
    assert (found.state, found.lifted_by) == (State.ALLOWED, ("Order form 7",))


def test_each_cell_says_what_the_engine_says(library: Library):
    for row in matrix(ways_to(library, ("api", "consumer_app", "weights")), PURPOSES, ON, {}, library):
        for one in row:
            told: dict[str, FactValue] = {
                "provider": one.way.provider, "access.kind": one.way.access, "access.served_by": one.way.served_by,
                "on": ON, "activity": one.activity,
            }  # fmt: skip
            told |= {"model": one.way.model} if one.way.model else {}
            answer = assess(Use("", {path: Fact(value) for path, value in told.items()}), library)
            assert one.assessment.outcome == answer.outcome
            assert (one.state is State.FORBIDDEN) == (answer.outcome == "prohibited")
            assert one.state is not State.ALLOWED or answer.outcome == "permitted"


def test_what_each_open_fact_would_make_of_it_is_tried(library: Library):
    found = judged(library, kind="generative")
    tried = {(one.fact, one.value): one.state for one in trials(found, ON, {"student.kind": "generative"}, library)}
    assert tried[("student.competes_with_provider", True)] is State.FORBIDDEN
    assert tried[("student.competes_with_provider", False)] is State.UNKNOWN
    assert reachable(found, ON, {"student.kind": "generative"}, library) == {State.FORBIDDEN, State.UNKNOWN}


def test_weights_have_a_row_for_each_family_with_a_licence(library: Library):
    families = tuple(replace(one, open_weights=True) for one in library.families)
    ways = ways_to(replace(library, families=families), ("weights",))
    assert [(way.key, way.model) for way in ways] == [("acme/weights/self/acme-1", "acme-1-")]


def test_where_a_channel_serves_open_weights_the_model_decides(library: Library):
    """The licence of the weights comes on top of the channel's terms, and nobody has named the model."""
    open_weights = tuple(replace(one, open_weights=True) for one in library.families)
    reseller = replace(library.bindings[0], document="acme/terms", served_by=("bazaar",), developers=("acme",))
    library = replace(library, families=open_weights, bindings=(reseller,))
    facts: dict[str, FactValue] = {"student.competes_with_provider": False, "student.kind": "classifier"}
    found = cell(Way("acme", "api", "bazaar"), "train_on_output", ON, facts, library)
    assert (found.assessment.outcome, found.state, found.facts) == ("permitted", State.CONDITIONAL, ("model",))


def test_the_hash_of_a_rulebook_follows_its_rules_and_its_day(library: Library):
    same = library_sha256(library, ON)
    assert library_sha256(library, ON) == same
    assert library_sha256(replace(library, rules=library.rules[1:]), ON) != same
    assert library_sha256(library, dt.date(2023, 3, 1)) != same


def test_tables_have_a_line_for_each_cell_and_the_hash(library: Library):
    rows = matrix(ways_to(library, ("api",)), PURPOSES, ON, {}, library)
    lines = list(csv.DictReader(io.StringIO(to_csv(rows, ON, "ab12"))))
    assert (tuple(lines[0]), len(lines)) == (COLUMNS, len(rows) * len(PURPOSES))
    told = to_json(rows, ON, "ab12", {})
    assert [one["state"] for one in told["cells"]] == [line["state"] for line in lines]
    assert {line["rulebook_sha256"] for line in lines} == {"ab12"}
