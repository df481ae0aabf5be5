"""Requests of every kind against the OpenAPI document: nothing breaks, and every answer is one that the document tells of.

Schemathesis makes them, by the document (positive) and against it (negative); the database is real, and each request's changes
are taken back. Half of what addresses name is there (tests.api.places), so that requests get behind the look at permissions.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, cast

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.middleware.csrf import _get_new_csrf_string
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from audits.api.site import document
from compliance.models import Membership, User
from tests.api.operations import CASES
from tests.api.places import Everything, everything, places, rule, world
from tests.api.test_matrix import signed_in
from tests.factories import make_user

__all__ = ["everything", "places", "rule", "world"]
pytestmark = pytest.mark.django_db
EXAMPLES: Final = {GenerationMode.POSITIVE: 4, GenerationMode.NEGATIVE: 3}
PARTS: Final = 4
HELD_TO: Final = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
)  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """Somebody who may nearly everything, in person: an administrator who is also a reviewer of the project."""

    headers: dict[str, str]
    cookies: dict[str, str]

    @property
    def sent(self) -> dict[str, Any]:
        """What goes with each request. Cookies go by themselves: the client in between drops a header of theirs."""
        return {"headers": self.headers, "cookies": self.cookies}

    def ask(self, case: Case, where: dict[str, Any]) -> None:
        """Send one request, hold the answer to the document, and take its changes back."""
        if case.path_parameters is not None:
            case.path_parameters.update(where)
        with transaction.atomic():
            answer = case.call(**self.sent)
            transaction.set_rollback(True)
        case.validate_response(answer, checks=cast("list[Any]", CHECKS.get_by_names(list(HELD_TO))))


@pytest.fixture
def caller(everything: Everything, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    monkeypatch.setattr("compliance.api.guard.ASKED_PER_MINUTE", 10**9)
    person: User = make_user("administrator", is_superuser=True)
    Membership.objects.create(project=everything.world.project, user=person, role="legal")
    session, secret = signed_in(person).cookies["sessionid"].value, _get_new_csrf_string()
    # Between requests a server closes connections that are amid a transaction, as this test's is.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield Caller({"X-CSRFToken": secret}, {"sessionid": session, "csrftoken": secret})
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations(part: int) -> Iterator[Any]:
    """Every PARTS-th operation of the document."""
    schema = schemathesis.openapi.from_dict(deepcopy(document()))
    schema.app = get_wsgi_application()
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    yield from found[part::PARTS]


def tried(caller: Caller, operation: Any, mode: GenerationMode, where: dict[str, Any]) -> Callable[[], None]:
    """Some requests to one operation; those by the document name what is there."""

    @settings(
        max_examples=EXAMPLES[mode], phases=[Phase.generate], database=None, deadline=None,
        suppress_health_check=list(HealthCheck), derandomize=True,
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def hold(case: Case) -> None:
        caller.ask(case, where if mode is GenerationMode.POSITIVE else {})

    return hold


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("mode", list(EXAMPLES), ids=lambda mode: mode.value)
def test_nothing_that_is_sent_breaks_the_interface(
    everything: Everything, caller: Caller, mode: GenerationMode, part: int
):
    broken: list[str] = []
    for operation in operations(part):
        where = CASES[operation.definition.raw["operationId"]].where(everything)

        try:
            tried(caller, operation, mode, where)()
        except Unsatisfiable:
            continue  # nothing of it can be wrong: it takes no parameter and no body
        except BaseException as problem:  # noqa: BLE001 - every operation is tried, and all that broke is told at once
            broken.append(f"{operation.label}: {problem}"[:1500])
    assert not broken, "\n\n".join(broken)
