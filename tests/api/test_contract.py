"""The interface keeps its promises: what is published stays, and every page's address is answered for."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from ninja import Schema

from audits.api.site import document
from audits.management.commands.api_document import PUBLISHED, as_text
from compliance.api.contract import broken_promises
from compliance.api.explained import ANYBODY
from tests.api.pages_covered import COVERED, LEFT_OUT
from tests.people.test_matrix import names

Document = dict[str, Any]


def published() -> Document:
    told: Document = json.loads(PUBLISHED.read_text())
    return told


def test_nothing_that_was_published_is_broken():
    """When this fails, a program that worked stops working: keep the old field or path, or begin another version."""
    assert broken_promises(published(), json.loads(as_text(document()))) == []


def test_what_is_new_is_published():
    """When this fails: python manage.py api_document --publish."""
    assert as_text(document()) == PUBLISHED.read_text(), "run: python manage.py api_document --publish"


def _without_path(told: Document) -> None:
    del told["paths"]["/api/v1/runs"]


def _without_method(told: Document) -> None:
    del told["paths"]["/api/v1/pipelines"]["post"]


def _without_field(told: Document) -> None:
    del told["components"]["schemas"]["RunShown"]["properties"]["outcome"]


def _with_another_type(told: Document) -> None:
    told["components"]["schemas"]["RunShown"]["properties"]["number"] = {"type": "string"}


def _with_a_null(told: Document) -> None:
    told["components"]["schemas"]["RunShown"]["properties"]["state"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def _with_a_required_field(told: Document) -> None:
    told["components"]["schemas"]["RemarkAsked"]["required"].append("privileged")


def _with_a_required_parameter(told: Document) -> None:
    told["paths"]["/api/v1/runs"]["get"]["parameters"][0]["required"] = True


def _without_a_parameter(told: Document) -> None:
    told["paths"]["/api/v1/runs"]["get"]["parameters"].pop(0)


def _with_fewer_choices(told: Document) -> None:
    told["components"]["schemas"]["Kind"]["enum"].remove("waive")


def _with_a_tighter_bound(told: Document) -> None:
    told["components"]["schemas"]["RemarkAsked"]["properties"]["body"]["maxLength"] = 10


def _with_another_scope(told: Document) -> None:
    told["paths"]["/api/v1/runs"]["get"]["x-scope"] = "run"


def _without_an_answer(told: Document) -> None:
    del told["paths"]["/api/v1/pipelines"]["post"]["responses"]["201"]


BREAKS = [
    _without_path, _without_method, _without_field, _with_another_type, _with_a_null, _with_a_required_field,
    _with_a_required_parameter, _without_a_parameter, _with_fewer_choices, _with_a_tighter_bound, _with_another_scope,
    _without_an_answer,
]  # fmt: skip


@pytest.mark.parametrize("break_it", BREAKS, ids=lambda one: one.__name__.strip("_"))
def test_a_breaking_change_is_told(break_it: Callable[[Document], None]):
    old = json.loads(as_text(document()))
    new = copy.deepcopy(old)
    break_it(new)
    assert broken_promises(old, new), "this breaks programs"


def test_what_is_added_breaks_nothing():
    old = json.loads(as_text(document()))
    new = copy.deepcopy(old)
    new["paths"]["/api/v1/new"] = {"get": {"operationId": "new", "responses": {"200": {}}}}
    new["components"]["schemas"]["RunShown"]["properties"]["further"] = {"type": "string"}
    new["components"]["schemas"]["RemarkAsked"]["properties"]["further"] = {"type": "string"}
    new["components"]["schemas"]["Kind"]["enum"].append("another")
    assert broken_promises(old, new) == []


def test_every_operation_says_who_may_call_it_and_how_it_fails():
    for path, item in document()["paths"].items():
        for method, told in item.items():
            assert told["summary"], path
            assert told["description"], f"{method} {path}"
            assert told["security"] if told["x-scope"] != ANYBODY else told["security"] == [], path
            assert {"401", "403", "404", "422", "429"} <= set(told["responses"]), path


def test_no_two_shapes_share_a_name():
    """The document keeps one shape by a name: of two, it would tell the wrong one of every operation of the other."""
    document()
    named: dict[str, set[str]] = {}
    waiting = [Schema]
    while waiting:
        shape = waiting.pop()
        waiting += shape.__subclasses__()
        if shape.__module__.startswith(("audits.api", "compliance.api")) and "[" not in shape.__name__:
            named.setdefault(shape.__name__, set()).add(shape.__module__)
    assert {name: places for name, places in named.items() if len(places) > 1} == {}


def test_operations_have_names_of_their_own():
    found = [told["operationId"] for item in document()["paths"].values() for told in item.values()]
    assert len(found) == len(set(found))


def test_every_page_is_covered_by_an_operation_or_left_out_with_a_reason():
    operations = {told["operationId"] for item in document()["paths"].values() for told in item.values()}
    pages = set(names())
    assert pages - set(COVERED) - set(LEFT_OUT) == set(), "say which operation covers these pages, or why none does"
    assert (set(COVERED) | set(LEFT_OUT)) - pages == set(), "these pages are gone"
    assert set(COVERED) & set(LEFT_OUT) == set()
    named = {operation for covering in COVERED.values() for operation in covering}
    assert named - operations == set(), "there are no such operations"
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())
