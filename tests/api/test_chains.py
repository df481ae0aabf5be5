"""Chains of operations, as the document's links lead: what is made is read, changed, ended, and ended once more.

Schemathesis follows the links and makes up what each step sends; how a chain begins is said here, so that it begins at all.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, Final, cast

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case
from schemathesis.checks import CHECKS
from schemathesis.specs.openapi.stateful import RootTransitions

from audits.api.links import LINKS
from audits.api.site import document
from tests.api.operations import CASES
from tests.api.places import Everything, everything, places, rule, world
from tests.api.test_schemathesis import HELD_TO, Caller, caller

__all__ = ["caller", "everything", "places", "rule", "world"]
pytestmark = pytest.mark.django_db
SOON: Final = (timezone.localdate() + dt.timedelta(days=9)).isoformat()
BEGINNINGS: Final[dict[str, dict[str, Any]]] = {
    "make_project": {"name": "Tutor of the north"},
    "invite_somebody": {"email": "b@firm.example", "role": "viewer"},
    "place_legal_hold": {"reason": "A matter."},
    "add_one_webhook": {"name": "Chat", "url": "https://hooks.example/", "form": "signed"},
    "ask_remedy": {"what": "Ask another model.", "due_on": SOON},
    "ask_fact": {"question": "Who uses it?"},
    "keep_finding_view": {"name": "mine", "query": "standing=open"},
    "share_report": {"recipient": "A firm", "expires_on": SOON, "forms": ["pdf"]},
    "start_audit": {},
    "ask_for_report": {"marking": "draft"},
    "issue_one_policy": {"form": "litellm", "purposes": ["evaluate"], "unknown": "allow"},
}
"""How each chain begins: the body of its first request."""
CHECKS_OF_CHAINS: Final = (*HELD_TO, "ensure_resource_availability")
SCENARIOS, STEPS = 2, 6


def reached_from(beginning: str) -> set[str]:
    """Every operation that a chain from there can come to."""
    found, waiting = {beginning}, [beginning]
    while waiting:
        further = set(LINKS.get(waiting.pop(), ())) - found
        found |= further
        waiting += further
    return found


def test_every_link_is_part_of_some_chain():
    linked = {name for source, targets in LINKS.items() for name in (source, *targets)}
    assert set().union(*(reached_from(name) for name in BEGINNINGS)) == linked


@pytest.fixture
def beginnings(everything: Everything) -> dict[str, dict[str, Any]]:
    """Whoever is asked for something is somebody of the project."""
    someone = everything.world.engineer.pk
    named = {"ask_remedy": {"owner": someone}, "ask_fact": {"asked_of": someone}}
    return {name: {**body, **named.get(name, {})} for name, body in BEGINNINGS.items()}


def only(beginning: str) -> Callable[..., RootTransitions]:
    """A chain begins there and nowhere else: what is read or ended has been made."""

    def roots(operations: Iterable[Any], *_: Any) -> RootTransitions:
        found = RootTransitions()
        found.reliable = {one.label for one in operations if one.definition.raw["operationId"] == beginning}
        return found

    return roots


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_chain_of_operations_breaks_nothing_and_forgets_nothing(
    everything: Everything, caller: Caller, beginnings: dict[str, dict[str, Any]], beginning: str,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.setattr("schemathesis.specs.openapi.stateful.classify_root_transitions", only(beginning))
    # A copy: what leads out of the chain is struck from it.
    schema = schemathesis.openapi.from_dict(deepcopy(document())).include(operation_id=sorted(reached_from(beginning)))
    schema.app = get_wsgi_application()
    checks = cast("list[Any]", CHECKS.get_by_names(list(CHECKS_OF_CHAINS)))
    came: dict[str, set[int]] = {}

    class Chain(schema.as_state_machine()):  # type: ignore[misc]
        """One scenario; what it changes is taken back at its end."""

        def setup(self) -> None:
            self.taken_back = transaction.atomic()
            self.taken_back.__enter__()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.taken_back.__exit__(None, None, None)

        def before_call(self, case: Case) -> None:
            name = case.operation.definition.raw["operationId"]
            if name == beginning:
                case.path_parameters, case.body, case.query = CASES[name].where(everything), beginnings[name], {}
                case.media_type = "application/json"

        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return caller.sent

        def after_call(self, response: Any, case: Case) -> None:
            came.setdefault(case.operation.definition.raw["operationId"], set()).add(response.status_code)

        def validate_response(self, response: Any, case: Case, **kwargs: Any) -> None:
            case.validate_response(response, checks=checks, transport_kwargs=kwargs)

    how = settings(
        max_examples=SCENARIOS, stateful_step_count=STEPS, phases=[Phase.generate], database=None, deadline=None,
        suppress_health_check=list(HealthCheck), derandomize=True,
    )  # fmt: skip
    run_state_machine_as_test(Chain, settings=how)
    assert 201 in came[beginning], "the chain began"
    assert len(came) > 1, "and went on"
